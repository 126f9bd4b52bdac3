/** Different things seen in the last `spanMs`, the oldest sighting first. Plain data: may be stored as JSON. */
export interface SlidingSet {
  readonly spanMs: number;
  /** At most `maxMembers`; each thing once, with its last sighting in ms since 1970 and the event that showed it. */
  readonly members: readonly { readonly name: string; readonly at: number; readonly event: string }[];
}

/** Most things kept: above every limit we count up to, so that forgetting the oldest hides nothing. */
export const maxMembers = 256;

/** An empty set. */
export function slidingSet(spanMs: number): SlidingSet {
  return { spanMs, members: [] };
}

/**
 * Adds a sighting and forgets what left the window. A sighting older than the window is ignored; one that is late
 * but inside counts, so that the order in which sources deliver does not matter within a window.
 */
export function see({ spanMs, members }: SlidingSet, name: string, at: number, event: string): SlidingSet {
  const newest = Math.max(at, members.at(-1)?.at ?? at);
  if (at <= newest - spanMs) return { spanMs, members };
  const known = members.find((it) => it.name === name);
  const sighting = known && known.at > at ? known : { name, at, event };
  const others = members.filter((it) => it.name !== name && it.at > newest - spanMs);
  const next = [...others, sighting].sort((a, b) => a.at - b.at);
  return { spanMs, members: next.slice(-maxMembers) };
}
