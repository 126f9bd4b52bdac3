import type { EventSummary, Gap } from "@outweigh/schema";

/** A chart of events over time, places and heights as fractions from 0 to 1. */
interface Chart {
  readonly from: number;
  readonly to: number;
  readonly bars: readonly {
    readonly at: number;
    readonly to: number;
    readonly events: number;
    readonly left: number;
    readonly width: number;
    readonly height: number;
  }[];
  readonly gaps: readonly { readonly source: string; readonly left: number; readonly width: number }[];
}

/** Undefined when there is nothing to draw. A gap that still lasts runs to the chart's end; gaps outside are left out. */
export function chartOf({ bars, barMs }: EventSummary, gaps: readonly Gap[]): Chart | undefined {
  const first = bars[0];
  const last = bars.at(-1);
  if (!first || !last) return undefined;
  const [from, to] = [first.at, last.at + barMs];
  const most = Math.max(...bars.map((it) => it.events));
  const place = (at: number) => Math.min(1, Math.max(0, (at - from) / (to - from)));
  return {
    from,
    to,
    bars: bars.map(({ at, events }) => ({
      at,
      to: at + barMs,
      events,
      left: place(at),
      width: place(at + barMs) - place(at),
      height: events / most,
    })),
    gaps: gaps
      .filter((it) => it.from < to && (it.to ?? to) > from)
      .map((it) => ({ source: it.source, left: place(it.from), width: place(it.to ?? to) - place(it.from) })),
  };
}

/** `filter` within a time and nowhere else: what a click on a bar leads to. Both in ms; the end is not part of it. */
export function withinTime(filter: string, from: number, to: number): string {
  const rest = filter.replaceAll(/(^|\s)time:\S+/g, "").trim();
  const iso = (at: number) => new Date(at).toISOString().replace(/\.000Z$/, "Z");
  return `${rest} time:>=${iso(from)} time:<${iso(to)}`.trim();
}
