import type { IncidentDetail } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { ApiError } from "../../api/client.ts";
import { incidentQuery } from "../../api/queries.ts";
import { Level } from "../../ui/level.tsx";
import { useUrl } from "../../ui/list-state.ts";
import { Page, Prose, Section, Tabs, Title, type Tab } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Failed, Partial, Waiting } from "../../ui/states.tsx";
import { FilterBy } from "../../ui/text.tsx";
import { ActionTable } from "../actions/table.tsx";
import { Holdings } from "../books/holdings.tsx";
import { Activity } from "../evidence/activity.tsx";
import { RestsOn } from "../evidence/rests.tsx";
import { pivot } from "../fields.ts";
import { factsOf } from "../playbooks/facts.ts";
import { byWorstAlert } from "../playbooks/order.ts";
import { Background, DoNext } from "../playbooks/playbook.tsx";
import { IncidentActions } from "./actions.tsx";
import { IncidentAlerts } from "./alerts.tsx";
import { Comments } from "./comments.tsx";
import { Entities } from "./entities.tsx";
import { Evidence } from "./evidence.tsx";
import { StoryGraph } from "./graph.tsx";
import { Groupings } from "./groupings.tsx";
import { ImpactOf } from "./impact.tsx";
import { LaneView } from "./lane.tsx";
import { LinkedAccounts } from "./linked.tsx";
import { IncidentMeta } from "./meta.tsx";
import { Pack } from "./pack.tsx";
import { Pins } from "./pins.tsx";

/** Lines of evidence before "more": a page of reading. */
const maxLines = 200;

/** One incident's page: one sentence first, then the evidence, then what to do. */
export function IncidentPage() {
  const { id = "" } = useParams({ strict: false });
  const router = useRouter();
  const navigate = useNavigate();
  const { data, error, refetch, errorUpdatedAt } = useQuery(incidentQuery(id));
  useShortcuts({
    back: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/incidents" })),
  });
  // Of one that was merged into another, the address of that one is its own now.
  const leadsTo = data?.incident.id;
  useEffect(() => {
    if (leadsTo !== undefined && leadsTo !== id)
      void navigate({ to: "/incidents/$id", params: { id: leadsTo }, replace: true });
  }, [leadsTo, id, navigate]);
  if (data) return <Told of={data} />;
  if (error) {
    return (
      <Failed
        what="The incident cannot be read"
        error={error}
        since={errorUpdatedAt}
        again={() => void refetch()}
        {...(!(error instanceof ApiError && error.status === 404) && {
          stillWorks: "Its alerts and events are kept; the other pages still work.",
        })}
      />
    );
  }
  return <Waiting lines={12} />;
}

function Told({ of: it }: { readonly of: IncidentDetail }) {
  const { search, go } = useUrl();
  const navigate = useNavigate();
  const tabs: readonly Tab<string>[] = [
    { id: "story", title: "Story" },
    { id: "graph", title: "Graph" },
    { id: "alerts", title: "Alerts", count: it.alerts.length },
    { id: "actions", title: "Actions", count: it.actions.length },
    { id: "activity", title: "Activity", count: it.activity.length },
  ];
  const tab = tabs.some((one) => one.id === search.tab) ? (search.tab ?? "story") : "story";
  return (
    <FilterBy
      value={(...value) => {
        const { to, filter } = pivot(...value);
        void navigate({ to, search: { filter } });
      }}
    >
      <Page
        title={`INC-${it.incident.number} ${it.incident.title}`}
        crumb={
          <>
            <Link to="/incidents">Incidents</Link> / INC-{it.incident.number}
          </>
        }
        head={
          <>
            <Level of={it.incident.severity} />
            <Title meta={<IncidentMeta of={it.incident} />}>{it.incident.title}</Title>
          </>
        }
        actions={<IncidentActions incident={it.incident} options={it.options} all />}
        tabs={
          <Tabs
            label="Incident"
            tabs={tabs}
            value={tab}
            onChange={(to) => go({ tab: to === "story" ? undefined : to }, true)}
          />
        }
        side={<Side of={it} />}
      >
        <Partial of={it} />
        <Content of={it} tab={tab} />
      </Page>
    </FilterBy>
  );
}

function Content({ of: it, tab }: { readonly of: IncidentDetail; readonly tab: string }) {
  switch (tab) {
    case "graph":
      return (
        <Section title="How it ran">
          <StoryGraph incident={it.incident.id} />
        </Section>
      );
    case "alerts":
      return <IncidentAlerts incident={it.incident.id} alerts={it.alerts} />;
    case "actions":
      return <ActionTable actions={it.actions} />;
    case "activity":
      return (
        <>
          <Pack of={it.incident} />
          <Activity entries={it.activity} />
        </>
      );
    default:
      return (
        <>
          <Section title="What happened" aside={<RestsOn of={it.rests} />}>
            <Prose>{it.story}</Prose>
          </Section>
          <LinkedAccounts of={it} />
          <Section title="Evidence">
            <LaneView entries={it.timeline} gaps={it.gaps} />
            <Evidence entries={it.timeline} gaps={it.gaps} max={maxLines} details />
          </Section>
          <ImpactOf of={it.impact} />
          <Holdings holdings={it.holdings} coalitions={it.incident.unaccounted ? [it.incident.unaccounted] : []} />
          <Section title="Why these alerts stand together">
            <Prose>{it.incident.reason}</Prose>
            <Groupings incident={it.incident.id} all={it.groupings} />
          </Section>
        </>
      );
  }
}

function Side({ of: it }: { readonly of: IncidentDetail }) {
  const playbooks = byWorstAlert(it.playbooks, it.alerts);
  return (
    <>
      <DoNext playbooks={playbooks} facts={factsOf(it.incident)} />
      <Pins incident={it.incident.id} pins={it.pins} />
      <Entities of={it.entities} />
      <Comments incident={it.incident.id} comments={it.comments} />
      <Background playbooks={playbooks} />
    </>
  );
}
