import type { HostDetail, HostOrder, HostRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { hostQuery } from "../../api/queries.ts";
import { count } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Bullets, Dotted, Facts, PaneActions, Section, Title } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { Watch } from "../watched/watch.tsx";
import { Ask } from "./ask.tsx";
import { Answered } from "./order.tsx";
import { Order } from "./order-form.tsx";
import { Revoke } from "./revoke.tsx";
import { hostState, orderText, scanProgress } from "./words.ts";

interface HostPaneProps {
  readonly id: string;
  readonly row: HostRow;
  /** Whether it stands on the host's own page, which has its name. */
  readonly isPage?: boolean;
}

/** One host: whether it is seen, what its agent misses, what was asked of it and what it answered. */
export function HostPane({ id, row, isPage = false }: HostPaneProps) {
  const { data, error } = useQuery(hostQuery(id));
  const [open, setOpen] = useState<"ask" | "revoke" | "stop" | { readonly undo: HostOrder }>();
  const it = data?.host ?? row;
  return (
    <>
      {!isPage && (
        <>
          <Muted>{hostState(it)}</Muted>
          <Title
            meta={
              <Dotted>{[it.tier && <Mono key="tier">{it.tier}</Mono>, <Shown key="system">{it.system}</Shown>]}</Dotted>
            }
          >
            {it.name}
          </Title>
          <p>
            <Link to="/hosts/$id" params={{ id }}>
              What its processes did with weights
            </Link>
          </p>
        </>
      )}
      {it.state !== "revoked" && (
        <PaneActions>
          <Button look="main" onClick={() => setOpen("ask")}>
            Ask this host
          </Button>
          <Button onClick={() => setOpen("revoke")}>Revoke its agent</Button>
        </PaneActions>
      )}
      {error && <Problem error={error} />}
      {it.watched && <Watch of={it.watched} />}
      <Section title="Health">
        <p>{healthOf(it)}</p>
        {it.scan && it.state === "reporting" && (
          <p>
            It scans: {scanProgress(it.scan)}. <Button onClick={() => setOpen("stop")}>Stop the scan</Button>
          </p>
        )}
        <Problems of={it} />
        <Facts
          rows={[
            ["Last report", it.lastSeenAt === undefined ? undefined : <Ago at={it.lastSeenAt} key="seen" />],
            ["May change the host", (it.may?.length ?? 0) > 0 ? it.may?.join(", ") : "no: it only looks"],
            ["Weights watched", it.watchedFiles === undefined ? undefined : count(it.watchedFiles)],
            ["Lines lost", it.dropped ? count(it.dropped) : undefined],
            ["Enrolled", <At at={it.enrolledAt} key="enrolled" />],
            ["By", <Shown key="by">{it.enrolledBy}</Shown>],
            ...(data ? factsOf(data) : []),
          ]}
        />
      </Section>
      <Section title="Asked of it" aside={data && <Muted>{count(data.orders.length)}</Muted>}>
        {!data && !error && <Waiting lines={2} />}
        {data?.orders.length === 0 && <Muted>Nothing yet. A scan finds copies; facts say who runs there now.</Muted>}
        {data?.orders.map((order) => (
          <Answered
            of={order}
            key={order.id}
            onUndo={data.orders.some((other) => undoes(other, order)) ? undefined : () => setOpen({ undo: order })}
          />
        ))}
      </Section>
      {open === "ask" && <Ask host={it} onClose={() => setOpen(undefined)} />}
      {open === "stop" && (
        <Order host={it} order={{ verb: "stop-scan" }} says="Stop its scan" onClose={() => setOpen(undefined)} />
      )}
      {typeof open === "object" && (
        <Order
          host={it}
          order={{ verb: "undo", order: open.undo.id }}
          says={`Take back: ${orderText(open.undo)}`}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === "revoke" && <Revoke host={it} onClose={() => setOpen(undefined)} />}
    </>
  );
}

/** What its agent misses; of one that is not heard of, what it said last: neither that it still holds, nor that it is over, is known. */
function Problems({ of: { state, problems, lastSeenAt } }: { readonly of: HostRow }) {
  if (problems.length === 0) return null;
  return (
    <>
      {state !== "reporting" && lastSeenAt !== undefined && (
        <p>
          When it was last heard of, <At at={lastSeenAt} />, it said:
        </p>
      )}
      <Bullets items={problems} />
    </>
  );
}

/** Whether an order takes this one back, and was not refused. */
function undoes(other: HostOrder, it: HostOrder): boolean {
  return (
    other.order.verb === "undo" && other.order.order === it.id && (other.state === "done" || other.state === "waiting")
  );
}

function factsOf({ facts, source }: HostDetail) {
  return [
    [
      "Activity",
      <Link to="/events" search={{ filter: `source:${source}` }} key="events">
        its events
      </Link>,
    ],
    ["Kernel", <Mono key="kernel">{`${facts.kernel} ${facts.arch}`}</Mono>],
    ["Agent", <Shown key="agent">{`${facts.version}, runs as ${facts.user}`}</Shown>],
  ] as const;
}

function healthOf(it: HostRow): string {
  switch (it.state) {
    case "reporting":
      return it.tier === "T2"
        ? "The kernel tells who opens weights."
        : "Looks four times a second: programs that start and end in between are not seen.";
    case "waiting":
      return "Enrolled, but its agent has not reported yet: outweigh agent run starts it.";
    case "silent":
      return "No report for longer than 50 s. What happens there is not known.";
    case "revoked":
      return "Its reports are refused. To see it again, enrol it again.";
  }
}
