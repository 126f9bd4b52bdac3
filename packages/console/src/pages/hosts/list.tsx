import type { HostRow } from "@outweigh/schema";
import { useNavigate } from "@tanstack/react-router";
import { lists } from "../../api/queries.ts";
import { count } from "../../format/size.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { hostFields, pivot } from "../fields.ts";
import { WatchedMark } from "../watched/mark.tsx";
import { HostPane } from "./pane.tsx";
import { ScannedHosts } from "./scanned.tsx";
import { hostState, isWell } from "./words.ts";

/** Hosts with an agent: whether each is seen, how well, and what can be asked of it. */
export function HostList() {
  const navigate = useNavigate();
  return (
    <ListPage
      list="hosts"
      title="Hosts"
      read={lists.hosts}
      columns={columns}
      idOf={idOf}
      fields={hostFields}
      placeholder="All hosts. Filter: state:silent tier:T0"
      pane={(it) => <HostPane id={it.id} row={it} />}
      open={(id) => void navigate({ to: "/hosts/$id", params: { id } })}
      empty={(filter) => (filter === "" ? <NoHost /> : <Empty title="No host matches the filter" />)}
      pivot={pivot}
      stillWorks="Agents keep what they see until the server answers."
    />
  );
}

const idOf = (it: HostRow) => it.id;

const columns: readonly Column<HostRow>[] = [
  {
    id: "state",
    title: "State",
    track: "124px",
    sort: "state",
    cell: (it) => (isWell(it) ? <Muted>{hostState(it)}</Muted> : hostState(it)),
  },
  {
    id: "name",
    title: "Host",
    track: "minmax(104px, 1fr)",
    sort: "name",
    cell: (it) => (
      <span>
        <WatchedMark of={it} />
        <Shown>{it.name}</Shown>
      </span>
    ),
  },
  {
    id: "tier",
    title: "Sight",
    track: "64px",
    sort: "tier",
    cell: (it) =>
      it.tier === undefined ? (
        <Muted>–</Muted>
      ) : (
        <Value field="tier" inRow word>
          {it.tier}
        </Value>
      ),
  },
  {
    id: "watched",
    title: "Weights watched",
    track: "128px",
    end: true,
    from: 680,
    cell: (it) => <span>{count(it.watchedFiles ?? 0)}</span>,
  },
  {
    id: "system",
    title: "System",
    track: "minmax(104px, 1fr)",
    from: 760,
    sort: "system",
    cell: (it) => <Shown>{it.system}</Shown>,
  },
  {
    id: "seen",
    title: "Last report",
    track: "92px",
    end: true,
    sort: "-seen",
    cell: (it) => (it.lastSeenAt === undefined ? <Muted>never</Muted> : <Ago at={it.lastSeenAt} />),
  },
];

function NoHost() {
  return (
    <Empty title="No host has an agent">
      <p>
        Who opens weights on a host, and what is made from them, is not seen. Logs of the audit system can stand in.
      </p>
      <ol>
        <li>
          Here: <code>npx outweigh agent token</code> makes a token that enrols one host.
        </li>
        <li>
          On the host: <code>npx outweigh agent enrol URL --token TOKEN</code>, then <code>npx outweigh agent run</code>
          . No root is needed.
        </li>
      </ol>
      <ScannedHosts />
      <SampleOffer />
    </Empty>
  );
}
