import { includesRole, type ActionRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { lists, sessionQuery } from "../../api/queries.ts";
import { plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Block, Dotted, PaneActions, Section, Title } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty, Problem, Waiting } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago, At, useNow } from "../../ui/when.tsx";
import { Outcome, stateWord } from "../actions/outcome.tsx";
import { Done } from "../actions/preview.tsx";
import { Order } from "../actions/respond.tsx";
import { captureFields, pivot } from "../fields.ts";
import s from "./clients.module.css";

/** Every capture that was asked for, whether an incident is named or not: who agreed, until when, and who opened it. */
export function CaptureList() {
  return (
    <ListPage
      list="captures"
      title="Captures"
      read={lists.captures}
      columns={columns}
      idOf={(it) => it.id}
      fields={captureFields}
      placeholder="All captures, those that wait for somebody first. Filter: state:verified by:ana"
      pane={(it) => <Pane of={it} key={it.id} />}
      empty={(filter) => (filter === "" ? <NoCapture /> : <Empty title="No capture matches the filter" />)}
      pivot={pivot}
      stillWorks="A capture that runs goes on at its gateway, and ends there by itself."
    />
  );
}

const columns: readonly Column<ActionRow>[] = [
  { id: "state", title: "State", track: "128px", sort: "state", cell: (it) => <State of={it} /> },
  { id: "client", title: "Client", track: "minmax(140px, 1fr)", cell: (it) => <Shown>{clientOf(it)}</Shown> },
  {
    id: "by",
    title: "Asked by",
    track: "88px",
    sort: "by",
    cell: (it) => (
      <Value field="by" inRow word>
        {it.by}
      </Value>
    ),
  },
  {
    id: "agreed",
    title: "Agreed by",
    track: "88px",
    cell: (it) =>
      it.decidedBy === undefined || it.state === "declined" ? <Muted>–</Muted> : <Shown>{it.decidedBy}</Shown>,
  },
  {
    id: "until",
    title: "Until",
    track: "216px",
    from: 860,
    cell: (it) => {
      const end = it.undoneAt ?? it.endsAt;
      return end === undefined ? <Muted>–</Muted> : <At at={end} />;
    },
  },
  {
    id: "incident",
    title: "Incident",
    track: "80px",
    cell: (it) => <Muted>{it.incidentNumber === undefined ? "none" : `INC-${it.incidentNumber}`}</Muted>,
  },
  { id: "at", title: "Asked", track: "82px", end: true, sort: "-time", cell: (it) => <Ago at={it.at} /> },
];

/** The client's name: the target names its gateway before it. */
function clientOf({ target }: ActionRow): string {
  return target.slice(target.indexOf(":") + 1);
}

function State({ of: it }: { readonly of: ActionRow }) {
  return stateOf(it, useNow());
}

function stateOf({ state, endsAt }: ActionRow, now: number): string {
  if (state === "undone" || (state === "verified" && endsAt !== undefined && endsAt <= now)) return "Ended";
  return state === "verified" ? "Runs" : stateWord[state];
}

/** Whether something may lie sealed: one that nobody agreed to holds nothing. */
function isSealed({ state }: ActionRow): boolean {
  return state === "verified" || state === "undone";
}

function Pane({ of: it }: { readonly of: ActionRow }) {
  const { data: session } = useQuery(sessionQuery);
  const [opening, setOpening] = useState(false);
  const mayAsk = session?.user.grants.some((grant) => includesRole(grant.role, "analyst")) === true;
  return (
    <>
      <Title
        meta={
          <Dotted>
            {[
              <State of={it} key="state" />,
              <Link to="/clients/$id" params={{ id: it.target }} key="client">
                the client
              </Link>,
              it.incident === undefined ? (
                "of no incident"
              ) : (
                <Link to="/incidents/$id" params={{ id: it.incident }} key="incident">
                  INC-{it.incidentNumber}
                </Link>
              ),
            ]}
          </Dotted>
        }
      >
        {it.title}
      </Title>
      {isSealed(it) && mayAsk && (
        <PaneActions>
          <Button look="main" onClick={() => setOpening(true)}>
            Ask to open it
          </Button>
        </PaneActions>
      )}
      <div className={s.outcome}>
        <Outcome of={it} named={false} />
      </div>
      {isSealed(it) && <Openings of={it} />}
      {isSealed(it) && <HowToOpen of={it} />}
      {opening && <Open of={it} onClose={() => setOpening(false)} />}
    </>
  );
}

function Open({ of: it, onClose }: { readonly of: ActionRow; readonly onClose: () => void }) {
  const [done, setDone] = useState<ActionRow>();
  if (done) return <Done title="Open the capture" of={done} onUndone={setDone} onClose={onClose} />;
  const about = it.incident === undefined ? {} : { incident: it.incident };
  return (
    <Dialog title="Open the capture" onClose={onClose} wide>
      <Order
        {...about}
        option={{ verb: "open-capture", target: it.id, label: "Open it" }}
        onDone={setDone}
        onClose={onClose}
      />
    </Dialog>
  );
}

/** Who asked to open it and who agreed, and each time that its key was given out. */
function Openings({ of: it }: { readonly of: ActionRow }) {
  const asked = useFew(lists.actions, "actions", `verb:open-capture target:"${it.id}"`);
  const given = useFew(lists.evidence, "evidence", `kind:capture-key-given "${it.id}"`);
  return (
    <Section title="Opened">
      {asked.error && <Problem error={asked.error} />}
      {!asked.data && !asked.error && <Waiting lines={2} />}
      {asked.data?.items.length === 0 && <Muted>Nobody asked to open it.</Muted>}
      {asked.data?.items.map((one) => (
        <p key={one.id}>
          <Shown>{one.by}</Shown> asked <At at={one.at} />
          {one.decidedBy !== undefined && (
            <>
              , <Shown>{one.decidedBy}</Shown> {one.state === "declined" ? "declined" : "agreed"}
            </>
          )}
          : <Muted>{stateWord[one.state].toLowerCase()}</Muted>{" "}
          <Link to="/actions" search={{ sel: one.id }}>
            the action
          </Link>
        </p>
      ))}
      {given.error && <Muted>Who had its key stands in the evidence, which cannot be read from here.</Muted>}
      {given.data && (
        <p>
          <Muted>
            {given.data.total === 0
              ? "Its key was given to nobody."
              : `Its key was given out ${plural(given.data.total, "time")}:`}
          </Muted>
        </p>
      )}
      {given.data?.items.map((one) => (
        <p key={one.seq}>
          <Shown>{one.by}</Shown> had it <At at={one.at} />
        </p>
      ))}
    </Section>
  );
}

/** Most openings that are shown: an hour and two people each. */
const mostOpenings = 50;

function useFew<Page>(
  read: (query: { filter: string; limit: number }, signal: AbortSignal) => Promise<Page>,
  noun: string,
  filter: string,
) {
  return useQuery({
    queryKey: [noun, "few", filter],
    queryFn: ({ signal }) => read({ filter, limit: mostOpenings }, signal),
  });
}

function HowToOpen({ of: it }: { readonly of: ActionRow }) {
  return (
    <Section title="How to open it">
      <p>
        The gateway sealed it to a key made for this capture alone. The files lie in the gateway's data folder, the key
        on this server; both are removed a month after its end.
      </p>
      <p>
        Once two people agreed to open it, for an hour, a lead runs this on the server's machine, with the folder of the
        files behind it if they were copied there:
      </p>
      <Block label="The command that opens it">{`outweigh capture open ${it.id}`}</Block>
      <Muted>Each time that it asks for the key stands in the evidence.</Muted>
    </Section>
  );
}

function NoCapture() {
  return (
    <Empty title="Nothing was captured">
      <p>
        A capture keeps what one <Link to="/clients">client</Link> asks and is answered, sealed, for a day at most. It
        is ordered on the client's page, and two people agree to it.
      </p>
      <SampleOffer />
    </Empty>
  );
}
