import { KeyedStream } from "./keyed-stream.ts";

/** Bits of a sketch, and its 32-bit words. */
export const sketchBits = 256;
export const sketchWords = sketchBits / 32;

/** Entries of the largest tile: the length of the projections. */
const length = 4096;

/** Public: sketches of two installations may be compared where their tiles may. */
const seed = new TextEncoder().encode("outweigh sketch 1");

const signs = new KeyedStream(seed, "signs");
const flips = Float32Array.from({ length }, () => (signs.next() & 1 ? -1 : 1));
const picks = pickRows();

/**
 * Signs of 256 projections of a tile that was clipped and centred: SimHash. Two tiles with correlation rho differ in about
 * 256 acos(rho)/pi bits; independent ones in 128 with a standard deviation of 8.
 *
 * The projections are 256 rows of a Hadamard matrix of 4,096 with its columns' signs flipped at random: +-1 vectors, orthogonal to each other,
 * at 12 additions an entry instead of 256. Source: Charikar 2002; Ailon and Chazelle 2009.
 */
export function sketchOf(values: Float32Array): Uint32Array {
  const mixed = new Float32Array(length);
  for (const [i, it] of values.entries()) mixed[i] = it * (flips[i] ?? 1);
  transform(mixed);
  const sketch = new Uint32Array(sketchWords);
  for (const [bit, row] of picks.entries()) {
    if ((mixed[row] ?? 0) > 0) sketch[bit >> 5] = (sketch[bit >> 5] ?? 0) | (1 << (bit & 31));
  }
  return sketch;
}

/** Bits in which two sketches differ, from word `at` of `a` and word `bt` of `b` on. */
export function distanceBetween(a: Uint32Array, at: number, b: Uint32Array, bt: number): number {
  let distance = 0;
  for (let i = 0; i < sketchWords; i++) distance += bitsSet((a[at + i] ?? 0) ^ (b[bt + i] ?? 0));
  return distance;
}

function bitsSet(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Fast Walsh-Hadamard transform, in place. */
function transform(values: Float32Array): void {
  for (let half = 1; half < length; half *= 2) {
    for (let block = 0; block < length; block += 2 * half) {
      for (let i = block; i < block + half; i++) {
        const x = values[i] ?? 0;
        const y = values[i + half] ?? 0;
        values[i] = x + y;
        values[i + half] = x - y;
      }
    }
  }
}

function pickRows(): number[] {
  const stream = new KeyedStream(seed, "rows");
  const rows = new Set<number>();
  while (rows.size < sketchBits) rows.add(stream.below(length));
  return [...rows];
}
