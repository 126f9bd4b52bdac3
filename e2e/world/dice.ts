// Chance that repeats: all of the world's randomness comes from seeds.

/** Random numbers that the seed alone decides. Mulberry32. */
export function dice(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A whole number from 0 to `below` - 1. */
export function pick(random: () => number, below: number): number {
  return Math.floor(random() * below);
}

/** One of a list. @throws {RangeError} for an empty list. */
export function oneOf<T>(random: () => number, list: readonly T[]): T {
  const it = list[pick(random, list.length)];
  if (it === undefined) throw new RangeError("nothing to choose from");
  return it;
}

/** The same things in another order. */
export function shuffled<T>(random: () => number, list: readonly T[]): T[] {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const k = pick(random, i + 1);
    [all[i], all[k]] = [all[k]!, all[i]!];
  }
  return all;
}
