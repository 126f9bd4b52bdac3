import { doubtOf, type AlertRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { alertQuery, lists } from "../../api/queries.ts";
import { count } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import type { Column } from "../../ui/grid.tsx";
import { Level } from "../../ui/level.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { PaneActions, Section, Title } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty, Problem, Waiting } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { InDoubt } from "../evidence/doubt.tsx";
import { alertFields, pivot } from "../fields.ts";
import { AlertMeta, Claim, Particulars, ProvingEvents, RuleText } from "./body.tsx";
import { Matched } from "./matched.tsx";

/** Every claim, the latest first, whether or not an incident tells of it. */
export function AlertList() {
  const navigate = useNavigate();
  return (
    <ListPage
      list="alerts"
      title="Alerts"
      read={lists.alerts}
      columns={columns}
      idOf={idOf}
      fields={alertFields}
      placeholder="All alerts. Filter: severity:>=medium rule:… model:acme-13b"
      pane={(it) => <Pane row={it} />}
      open={(id) => void navigate({ to: "/alerts/$id", params: { id } })}
      empty={(filter) => (
        <Empty title={filter === "" ? "No alert yet" : "No alert matches the filter"}>
          <p>
            Rules have seen nothing to claim. <Link to="/sources">Sources</Link> says what arrives, and{" "}
            <Link to="/rules">Rules</Link> what is looked for.
          </p>
          {filter === "" && <SampleOffer />}
        </Empty>
      )}
      pivot={pivot}
      stillWorks="Open incidents hold their own alerts."
    />
  );
}

const idOf = (it: AlertRow) => it.id;

const columns: readonly Column<AlertRow>[] = [
  {
    id: "severity",
    title: "Severity",
    track: "124px",
    sort: "-severity",
    cell: (it) => <Level of={it.severity} />,
  },
  {
    id: "title",
    title: "Alert",
    track: "minmax(200px, 1fr)",
    sort: "title",
    cell: (it) => (
      <>
        <InDoubt of={doubtOf([it.rests])} />
        <Shown>{it.title}</Shown>
      </>
    ),
  },
  {
    id: "rule",
    title: "Rule",
    track: "minmax(120px, 0.5fr)",
    from: 980,
    sort: "rule",
    cell: (it) => (
      <Value field="rule" inRow>
        {it.rule}
      </Value>
    ),
  },
  {
    id: "model",
    title: "Model",
    track: "minmax(104px, 0.25fr)",
    sort: "model",
    cell: (it) => optional("model", it.model),
  },
  {
    id: "principal",
    title: "Principal",
    track: "minmax(96px, 0.4fr)",
    sort: "principal",
    cell: (it) => optional("principal", it.principal),
  },
  {
    id: "count",
    title: "Events",
    track: "68px",
    end: true,
    from: 700,
    sort: "-count",
    cell: (it) => <span>{count(it.count)}</span>,
  },
  {
    id: "incident",
    title: "Incident",
    track: "76px",
    cell: (it) => <Muted>{it.incidentNumber === undefined ? "—" : `INC-${it.incidentNumber}`}</Muted>,
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

function optional(field: string, value: string | undefined) {
  if (value === undefined) return <Muted>—</Muted>;
  return (
    <Value field={field} inRow>
      {value}
    </Value>
  );
}

function Pane({ row }: { readonly row: AlertRow }) {
  const { data, error } = useQuery(alertQuery(row.id));
  const navigate = useNavigate();
  return (
    <>
      <Level of={row.severity} />
      <Title meta={data && <AlertMeta of={data} />}>{row.title}</Title>
      {data ? (
        <>
          <PaneActions>
            <Button shortcut="open" onClick={() => void navigate({ to: "/alerts/$id", params: { id: row.id } })}>
              Open
            </Button>
          </PaneActions>
          <Claim of={data} />
          <Section title="Why it matched">
            <Matched of={row.matched} />
          </Section>
          <Particulars of={data} />
          <RuleText of={data} />
          <ProvingEvents of={data} />
        </>
      ) : error ? (
        <Problem error={error} />
      ) : (
        <Waiting lines={8} />
      )}
    </>
  );
}
