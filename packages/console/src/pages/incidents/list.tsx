import { isOpen, type IncidentRow } from "@outweigh/schema";
import { useNavigate } from "@tanstack/react-router";
import { lists } from "../../api/queries.ts";
import { count, heldShort } from "../../format/size.ts";
import type { Column } from "../../ui/grid.tsx";
import { Level } from "../../ui/level.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { incidentFields, pivot } from "../fields.ts";
import { InDoubt } from "../evidence/doubt.tsx";
import { WatchedMark } from "../watched/mark.tsx";
import { Bulk } from "./bulk.tsx";
import { NoIncidents } from "./empty.tsx";
import { IncidentPane } from "./pane.tsx";
import { statusWord } from "./words.ts";

/** The queue: open incidents first, then the worst, then the latest, as the server orders them. */
export function IncidentList() {
  const navigate = useNavigate();
  return (
    <ListPage
      list="incidents"
      title="Incidents"
      read={lists.incidents}
      columns={columns}
      idOf={idOf}
      fields={incidentFields}
      filter="status:open"
      placeholder="All incidents. Filter: status:open model:acme-13b severity:>=high"
      pane={(it) => <IncidentPane row={it} />}
      open={(id) => void navigate({ to: "/incidents/$id", params: { id } })}
      empty={(filter) => <NoIncidents filter={filter} />}
      pivot={pivot}
      stillWorks="Detection goes on: what is found now is shown as soon as the list can be read again."
      bulk={(rows, done) => <Bulk rows={rows} done={done} />}
    />
  );
}

const idOf = (it: IncidentRow) => it.id;

const columns: readonly Column<IncidentRow>[] = [
  {
    id: "severity",
    title: "Severity",
    track: "124px",
    sort: "-severity",
    cell: (it) => <Level of={it.severity} />,
  },
  {
    id: "number",
    title: "Number",
    track: "76px",
    from: 900,
    sort: "-number",
    cell: (it) => <Muted>INC-{it.number}</Muted>,
  },
  {
    id: "title",
    title: "Incident",
    track: "minmax(200px, 1fr)",
    sort: "title",
    cell: (it) => (
      <>
        <InDoubt of={it.doubt} />
        <Shown>{it.title}</Shown>
      </>
    ),
  },
  {
    id: "status",
    title: "Status",
    track: "96px",
    from: 1100,
    sort: "status",
    cell: (it) => (isOpen(it.status) ? statusWord[it.status] : <Muted>{statusWord[it.status]}</Muted>),
  },
  {
    id: "assignee",
    title: "Assignee",
    track: "96px",
    from: 1000,
    sort: "assignee",
    cell: (it) => (it.assignee ? <Shown>{it.assignee}</Shown> : <Muted>—</Muted>),
  },
  {
    id: "model",
    title: "Model",
    track: "minmax(104px, 0.3fr)",
    sort: "model",
    cell: (it) => (
      <>
        <WatchedMark of={it} />
        <Several field="model" of={it.models} many="models" />
      </>
    ),
  },
  {
    id: "principal",
    title: "Principal",
    track: "minmax(96px, 0.4fr)",
    from: 740,
    sort: "principal",
    cell: (it) => <Several field="principal" of={it.principals} many="principals" />,
  },
  {
    id: "unaccounted",
    title: "Unaccounted",
    track: "minmax(122px, 0.25fr)",
    end: true,
    cell: (it) => <span>{it.unaccounted ? heldShort(it.unaccounted) : "—"}</span>,
  },
  {
    id: "last",
    title: "Last seen",
    track: "82px",
    end: true,
    sort: "-last",
    cell: (it) => <Ago at={it.lastAt} />,
  },
];

/** One of them by name; several by their number. */
function Several({
  field,
  of,
  many,
}: {
  readonly field: string;
  readonly of: readonly string[];
  readonly many: string;
}) {
  const [first] = of;
  if (first === undefined) return <Muted>—</Muted>;
  if (of.length > 1) return <span title={of.slice(0, 20).join("\n")}>{`${count(of.length)} ${many}`}</span>;
  return (
    <Value field={field} inRow>
      {first}
    </Value>
  );
}
