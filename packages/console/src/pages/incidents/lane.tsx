import type { Gap, TimelineEntry } from "@outweigh/schema";
import { span, stamp } from "../../format/time.ts";
import { usePreferences } from "../../preferences.ts";
import { plural } from "../../format/size.ts";
import { Glyph } from "../../ui/level.tsx";
import { useNow } from "../../ui/when.tsx";
import { lane } from "./timeline.ts";
import s from "./incidents.module.css";

/** The shape of the evidence on one line: bursts, pauses, and the times in which nobody saw. */
export function LaneView({
  entries,
  gaps,
}: {
  readonly entries: readonly TimelineEntry[];
  readonly gaps: readonly Gap[];
}) {
  const { zone } = usePreferences();
  const it = lane(entries, gaps, useNow());
  if (!it) return null;
  const about = `${plural(it.marks.length, "moment")} over ${span(it.to - it.from)}, ${plural(it.gaps.length, "gap")}`;
  return (
    <figure>
      <div className={s.laneBox} role="img" aria-label={about}>
        {it.gaps.map((gap, i) => (
          <span className={s.laneGap} style={{ left: at(gap.from), width: at(gap.to - gap.from) }} key={i} />
        ))}
        {it.marks.map((mark, i) =>
          mark.kind === "alert" && mark.severity ? (
            <span className={s.laneAlert} style={{ left: at(mark.at) }} key={i}>
              <Glyph of={mark.severity} />
            </span>
          ) : (
            <span
              className={mark.kind === "action" ? s.laneAction : s.laneTick}
              style={{ left: at(mark.at) }}
              key={i}
            />
          ),
        )}
      </div>
      <figcaption className={s.laneEnds}>
        <span>{stamp(it.from, zone)}</span>
        <span>{span(it.to - it.from)}</span>
        <span>{stamp(it.to, zone)}</span>
      </figcaption>
    </figure>
  );
}

function at(fraction: number): string {
  return `${fraction * 100}%`;
}
