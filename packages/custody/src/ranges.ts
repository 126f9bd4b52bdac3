/**
 * Byte ranges as one flat, sorted array: start, end, start, end … Each end is the first byte after its range; ranges
 * neither overlap nor touch. All numbers are safe integers.
 */
export type Ranges = number[];

/** Adds the bytes from `start` up to `end` and returns how many of them are new. In place. */
export function addRange(ranges: Ranges, start: number, end: number): number {
  if (end <= start) return 0;
  // The first range that ends at or after `start`, and the first that begins after `end`: all between melt together.
  const from = firstPair(ranges, (at) => (ranges[at + 1] ?? 0) >= start);
  const to = firstPair(ranges, (at) => (ranges[at] ?? 0) > end);
  let known = 0;
  for (let at = from; at < to; at += 2) {
    known += Math.min(end, ranges[at + 1] ?? 0) - Math.max(start, ranges[at] ?? 0);
  }
  if (from === to) {
    ranges.splice(from, 0, start, end);
    return end - start;
  }
  const first = Math.min(start, ranges[from] ?? start);
  const last = Math.max(end, ranges[to - 1] ?? end);
  if (to - from === 2) {
    ranges[from] = first;
    ranges[from + 1] = last;
  } else {
    ranges.splice(from, to - from, first, last);
  }
  return end - start - known;
}

/** Index of the first pair for which `holds`, given that it holds for all pairs after one for which it holds. */
function firstPair(ranges: Ranges, holds: (at: number) => boolean): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(2 * middle)) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

/** How many bytes the ranges hold. */
export function lengthOf(ranges: Ranges): number {
  let sum = 0;
  for (let at = 0; at < ranges.length; at += 2) sum += (ranges[at + 1] ?? 0) - (ranges[at] ?? 0);
  return sum;
}

/**
 * Closes the smallest gaps until at most `keep` ranges are left, and returns how many bytes that added: the result holds
 * all that it held before and these, which perhaps nobody read. In place; `keep` is at least 1.
 */
export function closeGaps(ranges: Ranges, keep: number): number {
  const count = ranges.length / 2;
  if (count <= keep) return 0;
  const gaps = Array.from({ length: count - 1 }, (_, i) => ({
    at: i,
    bytes: (ranges[2 * i + 2] ?? 0) - (ranges[2 * i + 1] ?? 0),
  }));
  gaps.sort((a, b) => a.bytes - b.bytes || a.at - b.at);
  const closed = new Uint8Array(count);
  let added = 0;
  for (const { at, bytes } of gaps.slice(0, count - keep)) {
    closed[at] = 1;
    added += bytes;
  }
  let write = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0 || closed[i - 1] === 0) ranges[write++] = ranges[2 * i] ?? 0;
    if (closed[i] === 0) ranges[write++] = ranges[2 * i + 1] ?? 0;
  }
  ranges.length = write;
  return added;
}
