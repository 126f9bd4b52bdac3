import { countedField, type CountedField, type EventSummary } from "@outweigh/schema";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { healthQuery, summaryQuery } from "../../api/queries.ts";
import { count, size } from "../../format/size.ts";
import { useUrl } from "../../ui/list-state.ts";
import { Problem } from "../../ui/states.tsx";
import { Muted, Value } from "../../ui/text.tsx";
import { Bar } from "../../ui/bar.tsx";
import { Hunts } from "./hunts.tsx";
import { OverTime } from "./over-time.tsx";
import s from "./summary.module.css";

/** Above the list of events: how all that match lie in time, and which values they have most. */
export function Summary({ total }: { readonly total: number }) {
  const { search, go } = useUrl();
  const filter = search.filter ?? "";
  const by = countedField.catch("principal").parse(search.by);
  const { data: health } = useQuery(healthQuery);
  const gaps = (health?.items ?? []).flatMap((source) => source.gaps);
  const { data, error } = useQuery({ ...summaryQuery(filter, by, total), placeholderData: keepPreviousData });
  return (
    <section className={s.summary} aria-label="What these events have in common">
      <div className={s.time}>
        {error ? <Problem error={error} /> : data && <OverTime of={data} gaps={gaps} filter={filter} />}
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
