import { countedField, type CountedField, type EventSummary } from "@outweigh/schema";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { healthQuery, summaryQuery } from "../../api/queries.ts";
import { count, size } from "../../format/size.ts";
import { span, stamp } from "../../format/time.ts";
import { usePreferences } from "../../preferences.ts";
import { useUrl } from "../../ui/list-state.ts";
import { Problem } from "../../ui/states.tsx";
import { Muted, Value } from "../../ui/text.tsx";
import { Bar } from "../../ui/bar.tsx";
import { chartOf, withinTime } from "./bars.ts";
import { Hunts } from "./hunts.tsx";
import s from "./summary.module.css";

/** Above the list of events: how all that match lie in time, and which values they have most. */
export function Summary({ total }: { readonly total: number }) {
  const { search, go } = useUrl();
  const filter = search.filter ?? "";
  const by = countedField.catch("principal").parse(search.by);
  const { data, error } = useQuery({ ...summaryQuery(filter, by, total), placeholderData: keepPreviousData });
  return (
    <section className={s.summary} aria-label="What these events have in common">
      <div className={s.time}>
        {error ? <Problem error={error} /> : data && <Over of={data} filter={filter} />}
        <Hunts filter={filter} />
      </div>
      <div className={s.values}>
        <label className={s.by}>
          <Muted>Most by</Muted>{" "}
          <select value={by} onChange={(event) => go({ by: event.target.value }, true)}>
            {countedField.options.map((it) => (
              <option value={it} key={it}>
                {it}
              </option>
            ))}
          </select>
          {data && <Muted>{count(data.different)} different</Muted>}
        </label>
        {data && <Most of={data} by={by} />}
      </div>
    </section>
  );
}

/** Events over time; a click on a bar narrows the list to it. Silences of sources are hatched: nothing is not none. */
function Over({ of: it, filter }: { readonly of: EventSummary; readonly filter: string }) {
  const { zone } = usePreferences();
  const { go } = useUrl();
  const { data: health } = useQuery(healthQuery);
  const gaps = (health?.items ?? []).flatMap((source) => source.gaps);
  const chart = chartOf(it, gaps);
  if (!chart) return null;
  return (
    <figure className={s.chart}>
      <div
        className={s.bars}
        role="group"
        aria-label={`${count(it.events)} events over ${span(chart.to - chart.from)}`}
      >
        {chart.gaps.map((gap, i) => (
          <span
            className={s.gap}
            style={{ left: percent(gap.left), width: percent(gap.width) }}
            title={`${gap.source} was not seen`}
            key={i}
          />
        ))}
        {chart.bars.map((bar) => (
          <button
            type="button"
            className={s.bar}
            style={{ left: percent(bar.left), width: percent(bar.width) }}
            title={`${count(bar.events)} events in ${span(it.barMs)} from ${stamp(bar.at, zone)}`}
            aria-label={`${count(bar.events)} events from ${stamp(bar.at, zone)}: only these`}
            tabIndex={-1}
            onClick={() => go({ filter: withinTime(filter, bar.at, bar.to), sel: undefined })}
            key={bar.at}
          >
            <i style={{ height: percent(bar.height) }} />
          </button>
        ))}
      </div>
      <figcaption className={s.ends}>
        <span>{stamp(chart.from, zone)}</span>
        <span>
          one bar: {span(it.barMs)}
          {chart.gaps.length > 0 && " · hatched: a source was not seen"}
        </span>
        <span>{stamp(chart.to, zone)}</span>
      </figcaption>
    </figure>
  );
}

function percent(fraction: number): string {
  return `${fraction * 100}%`;
}

/** Values that are shown: what fits beside the chart. */
const maxShown = 5;

function Most({ of: { values, events }, by }: { readonly of: EventSummary; readonly by: CountedField }) {
  return (
    <ol className={s.most}>
      {values.slice(0, maxShown).map((it) => (
        <li key={it.value}>
          {it.value === "" ? (
            <Muted>not said</Muted>
          ) : (
            <Value field={by} inRow>
              {it.value}
            </Value>
          )}
          <Bar
            fraction={it.events / events}
            bound="exact"
            accounted
            label={`${count(it.events)} of ${count(events)}`}
          />
          <span>{count(it.events)}</span>
          <Muted>{it.bytes > 0 ? size(it.bytes) : ""}</Muted>
        </li>
      ))}
    </ol>
  );
}
