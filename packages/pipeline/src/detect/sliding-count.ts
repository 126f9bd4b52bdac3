/** How many buckets a window is cut into: the count may lag by one bucket, 1/32 of the window. */
const buckets = 32;

/** Counts what happened in the last `spanMs`, in memory that does not grow with the traffic. Plain data: may be stored as JSON. */
interface SlidingCount {
  readonly spanMs: number;
  /** Number of the newest bucket since time 0. */
  readonly newest: number;
  /** Always 32 counts, the newest bucket last. */
  readonly counts: readonly number[];
}

/** An empty count. */
export function slidingCount(spanMs: number): SlidingCount {
  return { spanMs, newest: 0, counts: Array.from({ length: buckets }, () => 0) };
}

/** Adds one at `time`, in ms since 1970. A time before the window is ignored: late events must not revive old counts. */
export function add(count: SlidingCount, time: number): SlidingCount {
  const bucket = Math.floor(time / (count.spanMs / buckets));
  if (bucket <= count.newest - buckets) return count;
  const newest = Math.max(bucket, count.newest);
  const passed = Math.min(newest - count.newest, buckets);
  const counts = [...count.counts.slice(passed), ...Array.from({ length: passed }, () => 0)];
  const slot = buckets - 1 - (newest - bucket);
  counts[slot] = (counts[slot] ?? 0) + 1;
  return { ...count, newest, counts };
}

/** How many happened in the window that ends with the newest. */
export function total(count: SlidingCount): number {
  let sum = 0;
  for (const it of count.counts) sum += it;
  return sum;
}
