/** How one matrix fared, as `compareModels` says. */
interface StripEntry {
  /** Its name in A; decides the order. */
  readonly a: string;
  readonly rho: number;
  readonly significant: boolean;
}

const heights = "▁▂▃▄▅▆▇█";

/** Not alike beyond chance. */
const nothing = "·";

/**
 * One mark for each matrix of A, in the order of their names: the higher, the more alike; a dot where chance explains it. Of more matrices than
 * `width` neighbours share a mark, which shows the least alike of them, so that a gap is never hidden.
 */
export function tensorStrip(entries: readonly StripEntry[], width: number): string {
  const sorted = entries.toSorted((x, y) => x.a.localeCompare(y.a, "en", { numeric: true }));
  const marks = Math.min(width, sorted.length);
  return Array.from({ length: marks }, (_, i) => {
    const own = sorted.slice(Math.floor((i * sorted.length) / marks), Math.floor(((i + 1) * sorted.length) / marks));
    return own.every((it) => it.significant) ? markOf(Math.min(...own.map((it) => Math.abs(it.rho)))) : nothing;
  }).join("");
}

function markOf(rho: number): string {
  return heights[Math.max(0, Math.min(heights.length - 1, Math.ceil(rho * heights.length - 1e-9) - 1))] ?? nothing;
}
