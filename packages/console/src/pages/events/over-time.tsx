import type { EventSummary, Gap } from "@outweigh/schema";
import { useNavigate } from "@tanstack/react-router";
import { count } from "../../format/size.ts";
import { span, stamp } from "../../format/time.ts";
import { usePreferences } from "../../preferences.ts";
import { chartOf, withinTime } from "./bars.ts";
import s from "./summary.module.css";

interface OverTimeProps {
  readonly of: EventSummary;
  /** When sources were not seen. */
  readonly gaps: readonly Gap[];
  /** What the events were asked for by: a click on a bar asks for its part of them. */
  readonly filter: string;
}

/** Events over time; a click on a bar leads to those. Silences of sources are hatched: nothing is not none. */
export function OverTime({ of: it, gaps, filter }: OverTimeProps) {
  const { zone } = usePreferences();
  const navigate = useNavigate();
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
            onClick={() => void navigate({ to: "/events", search: { filter: withinTime(filter, bar.at, bar.to) } })}
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
