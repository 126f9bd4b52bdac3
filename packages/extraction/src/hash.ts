// Small deterministic hashes. They spread; they are no secret: where a key matters, the caller's key is mixed in first.

/** SplitMix32 of an integer: spreads neighbouring numbers over all 32 bits. Source: Steele, Lea, Flood 2014, finaliser. */
export function mix(n: number): number {
  let z = (n + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** A number in 0…1 that is the same for the same three integers: the tie-breaker of p-values, reproducible in a replay. */
export function uniform(seed: number, a: number, b: number): number {
  return (mix(mix(mix(seed) ^ a) ^ b) + 0.5) / 4294967296;
}

/** FNV-1a of the vector's 16-bit fixed-point coordinates: two inputs are exact repeats if these and their lengths agree. */
export function hashVector(vector: Int16Array): number {
  let h = 0x811c9dc5;
  for (const it of vector) {
    h = Math.imul(h ^ (it & 0xff), 0x01000193);
    h = Math.imul(h ^ ((it >> 8) & 0xff), 0x01000193);
  }
  return mix(h);
}
