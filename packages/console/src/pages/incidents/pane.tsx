import type { IncidentDetail, IncidentRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { incidentQuery } from "../../api/queries.ts";
import { plural } from "../../format/size.ts";
import { Level } from "../../ui/level.tsx";
import { PaneActions, Prose, Section, Title } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { RestsOn } from "../evidence/rests.tsx";
import { factsOf } from "../playbooks/facts.ts";
import { byWorstAlert } from "../playbooks/order.ts";
import { DoNext } from "../playbooks/playbook.tsx";
import { IncidentActions } from "./actions.tsx";
import { Evidence } from "./evidence.tsx";
import { IncidentMeta } from "./meta.tsx";

/** Lines of evidence in the pane: the newest stand on the page, which Enter opens. */
const maxLines = 8;

/** The incident beside its list: what happened, the evidence, what to do next. */
export function IncidentPane({ row }: { readonly row: IncidentRow }) {
  const { data, error } = useQuery(incidentQuery(row.id));
  return (
    <>
      <Level of={row.severity} />
      <Title meta={<IncidentMeta of={row} />}>{row.title}</Title>
      <PaneActions>
        <IncidentActions incident={row} options={data?.options} />
      </PaneActions>
      {data ? <Told of={data} /> : error ? <Problem error={error} /> : <Waiting lines={8} />}
    </>
  );
}

function Told({ of: it }: { readonly of: IncidentDetail }) {
  return (
    <>
      <Section title="What happened" aside={<RestsOn of={it.rests} />}>
        <Prose>{it.story}</Prose>
      </Section>
      <Section
        title="Evidence"
        aside={
          <Link to="/incidents/$id" params={{ id: it.incident.id }} search={{ tab: "alerts" }}>
            {plural(it.alerts.length, "alert")}
          </Link>
        }
      >
        <Evidence entries={it.timeline} gaps={it.gaps} max={maxLines} />
      </Section>
      <DoNext playbooks={byWorstAlert(it.playbooks, it.alerts).slice(0, 1)} facts={factsOf(it.incident)} />
    </>
  );
}
