import type { ActionRow } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { lists } from "../../api/queries.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Dotted, Title } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { actionFields, pivot } from "../fields.ts";
import { Outcome, stateWord } from "./outcome.tsx";
import s from "./actions.module.css";

/** What was done, by whom and why, whether it worked, and the way back. */
export function ActionList() {
  return (
    <ListPage
      list="actions"
      title="Actions"
      read={lists.actions}
      columns={columns}
      idOf={idOf}
      fields={actionFields}
      placeholder="All actions, those that wait for somebody first. Filter: state:pending,verified"
      pane={(it) => <Pane of={it} />}
      empty={(filter) => (
        <Empty title={filter === "" ? "Nothing was done yet" : "No action matches the filter"}>
          <p>
            Actions are ordered on an <Link to="/incidents">incident</Link> with Respond: previewed, given a reason,
            approved by a second person where the policy says so, verified, and undone from here or by themselves.
          </p>
          {filter === "" && <SampleOffer />}
        </Empty>
      )}
      pivot={pivot}
    />
  );
}

const idOf = (it: ActionRow) => it.id;

const columns: readonly Column<ActionRow>[] = [
  { id: "state", title: "State", track: "128px", sort: "state", cell: (it) => stateWord[it.state] },
  { id: "title", title: "Action", track: "minmax(220px, 1fr)", sort: "title", cell: (it) => <Shown>{it.title}</Shown> },
  {
    id: "seen",
    title: "Seen",
    track: "minmax(160px, 0.6fr)",
    from: 1100,
    cell: (it) => <Muted>{it.state === "undone" ? "" : <Shown>{it.problem ?? it.seen ?? ""}</Shown>}</Muted>,
  },
  {
    id: "verb",
    title: "Verb",
    track: "120px",
    from: 860,
    sort: "verb",
    cell: (it) => (
      <Value field="verb" inRow word>
        {it.verb}
      </Value>
    ),
  },
  {
    id: "by",
    title: "By",
    track: "minmax(72px, 0.15fr)",
    sort: "by",
    cell: (it) => (
      <Value field="by" inRow word>
        {it.by}
      </Value>
    ),
  },
  {
    id: "incident",
    title: "Incident",
    track: "80px",
    cell: (it) => <Muted>{it.incidentNumber === undefined ? "—" : `INC-${it.incidentNumber}`}</Muted>,
  },
  {
    id: "at",
    title: "When",
    track: "82px",
    end: true,
    sort: "-time",
    cell: (it) => <Ago at={it.at} />,
  },
];

function Pane({ of: it }: { readonly of: ActionRow }) {
  return (
    <>
      <Title
        meta={
          <Dotted>
            {[
              <Mono key="verb">{it.verb}</Mono>,
              it.incident !== undefined && (
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
      <div className={s.pane}>
        <Outcome of={it} named={false} />
      </div>
    </>
  );
}
