import { restsText, type Report } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { reportQuery } from "../../api/queries.ts";
import { count, plural, share, size } from "../../format/size.ts";
import { date, span } from "../../format/time.ts";
import { usePreferences } from "../../preferences.ts";
import { Bar } from "../../ui/bar.tsx";
import { Level } from "../../ui/level.tsx";
import { useUrl } from "../../ui/list-state.ts";
import { Bullets, Page, Section, Tabs, Title } from "../../ui/parts.tsx";
import { Failed, Waiting } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./report.module.css";

const spans = [
  { id: "7", title: "7 days" },
  { id: "30", title: "30 days" },
  { id: "90", title: "90 days" },
  { id: "365", title: "A year" },
] as const;

/** What happened in a time, for those who decide about people and money. It prints on a page or two. */
export function ReportPage() {
  const { search, go } = useUrl();
  const { zone } = usePreferences();
  const days = spans.find((it) => it.id === search.tab)?.id ?? "30";
  const { data, error, refetch, errorUpdatedAt } = useQuery(reportQuery(Number(days)));
  if (error)
    return (
      <Failed
        what="The report cannot be made"
        error={error}
        since={errorUpdatedAt}
        again={() => void refetch()}
        stillWorks="Incidents and the evidence can be read."
      />
    );
  return (
    <Page
      title="Report"
      crumb={<Muted>For those who decide</Muted>}
      head={<Title meta={data && `${date(data.from, zone)} to ${date(data.to, zone)}`}>What happened</Title>}
      tabs={
        <Tabs
          label="How far back"
          tabs={spans}
          value={days}
          onChange={(to) => go({ tab: to === "30" ? undefined : to }, true)}
        />
      }
    >
      {data ? <Told of={data} /> : <Waiting lines={10} />}
    </Page>
  );
}

function Told({ of: it }: { readonly of: Report }) {
  const { incidents, models, sight } = it;
  return (
    <>
      <div className={s.figures}>
        <Figure title="Incidents opened" about={`${count(incidents.closed)} closed`}>
          {count(incidents.opened)}
        </Figure>
        <Figure title="Were thefts" about="of those judged">
          {incidents.precision === undefined ? "—" : share(incidents.precision)}
        </Figure>
        <Figure title="Until somebody said a word" about="median">
          {incidents.toFirstDecisionMs === undefined ? "—" : span(incidents.toFirstDecisionMs)}
        </Figure>
        <Figure title="Until closed" about="median">
          {incidents.toCloseMs === undefined ? "—" : span(incidents.toCloseMs)}
        </Figure>
        <Figure title="Books that balance" about={`${plural(models.registered, "model")} registered`}>
          {models.booked === 0 ? "—" : `${count(models.balanced)} of ${count(models.booked)}`}
        </Figure>
        <Figure title="Sources sending" about={sight.grades ? `now; of all, ${restsText(sight.grades)}` : "now"}>
          {`${count(sight.sending)} of ${count(sight.sources)}`}
        </Figure>
      </div>
      <Open of={incidents} />
      <Counts title="Opened, by method of theft" of={incidents.byMethod} none="No incident was opened." />
      <Counts title="Closed, by verdict" of={incidents.byVerdict} none="No incident was closed." />
      <Unaccounted of={models.unaccounted} />
      <Unseen of={it} />
      <Rules of={it.rules} />
      <Section title="Watched after confirmed thefts" aside={<Link to="/watched">All of them</Link>}>
        {it.watched.length === 0 ? (
          <Muted>Nothing: no theft was confirmed lately, or its watch is over.</Muted>
        ) : (
          <p>{it.watched.map((one) => plural(one.count, one.name, watchedMany[one.name])).join(", ")}</p>
        )}
      </Section>
      <Section title="Permits to take a model out">
        {it.permits.given + it.permits.holding === 0 ? (
          <Muted>None was given.</Muted>
        ) : (
          <p>{`${count(it.permits.given)} given in this time, ${count(it.permits.holding)} hold at its end`}</p>
        )}
      </Section>
      <Section title="What was done">
        {it.actions.length === 0 ? (
          <Muted>No action was taken.</Muted>
        ) : (
          <Bullets items={it.actions.map((one) => `${one.verb.replaceAll("-", " ")}: ${one.count} ${one.state}`)} />
        )}
      </Section>
    </>
  );
}

const watchedMany: Readonly<Record<string, string>> = { address: "addresses" };

function Figure(props: { readonly title: string; readonly about: string; readonly children: ReactNode }) {
  return (
    <div className={s.figure}>
      <Muted>{props.title}</Muted>
      <strong>{props.children}</strong>
      <Muted>{props.about}</Muted>
    </div>
  );
}

function Open({ of: { open } }: { readonly of: Report["incidents"] }) {
  return (
    <Section title="Open now">
      {open.length === 0 && <Muted>None.</Muted>}
      {open.map((it) => (
        <div className={s.row} key={it.severity}>
          <Level of={it.severity} />
          <Link to="/incidents" search={{ filter: `status:open severity:${it.severity}` }}>
            {plural(it.count, "incident")}
          </Link>
        </div>
      ))}
    </Section>
  );
}

interface CountsProps {
  readonly title: string;
  readonly of: readonly { readonly name: string; readonly count: number }[];
  readonly none: string;
}

function Counts({ title, of, none }: CountsProps) {
  const most = Math.max(1, ...of.map((it) => it.count));
  return (
    <Section title={title}>
      {of.length === 0 && <Muted>{none}</Muted>}
      {of.map((it) => (
        <div className={s.counted} key={it.name}>
          <Shown>{it.name.replaceAll("-", " ")}</Shown>
          <Bar fraction={it.count / most} bound="exact" accounted label={count(it.count)} />
          <span>{count(it.count)}</span>
        </div>
      ))}
    </Section>
  );
}

function Unaccounted({ of }: { readonly of: Report["models"]["unaccounted"] }) {
  return (
    <Section title="What nobody accounts for">
      {of.length === 0 && <Muted>Nothing that was logged.</Muted>}
      {of.map((it) => (
        <div className={s.counted} key={it.model}>
          <Link to="/models/$name" params={{ name: it.model }}>
            <Shown>{it.model}</Shown>
          </Link>
          <Bar fraction={it.fraction ?? 0} bound={it.bound} accounted={false} label={size(it.bytes)} />
          <span>
            {it.bound === "<=" ? "≤ " : ""}
            {it.fraction === undefined ? size(it.bytes) : share(it.fraction)}
          </span>
        </div>
      ))}
    </Section>
  );
}

/** What was not seen belongs into every report: a quiet month may be a blind one. */
function Unseen({ of: { from, to, sight } }: { readonly of: Report }) {
  return (
    <Section title="When we did not see">
      {sight.unseen.length === 0 && <Muted>No source that was expected to speak was silent.</Muted>}
      {sight.unseen.map((it) => (
        <div className={s.counted} key={it.source}>
          <Shown>{it.source}</Shown>
          <Bar fraction={it.ms / (to - from)} bound="exact" accounted={false} label={span(it.ms)} />
          <span>{span(it.ms)}</span>
        </div>
      ))}
    </Section>
  );
}

function Rules({ of }: { readonly of: Report["rules"] }) {
  return (
    <Section title="Rules that make most work" aside={<Muted>alerts, of those in incidents that were no theft</Muted>}>
      {of.length === 0 && <Muted>No alert.</Muted>}
      {of.map((it) => (
        <div className={s.counted} key={it.rule}>
          <Link to="/alerts" search={{ filter: `rule:${it.rule}` }}>
            <Shown>{it.rule}</Shown>
          </Link>
          <Bar
            fraction={it.noTheft / it.alerts}
            bound="exact"
            accounted={false}
            label={`${count(it.noTheft)} no theft`}
          />
          <span>
            {count(it.alerts)}, {count(it.noTheft)}
          </span>
        </div>
      ))}
    </Section>
  );
}
