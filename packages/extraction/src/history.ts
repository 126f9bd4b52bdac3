import { fromText, toText } from "./bytes.ts";
import type { Space } from "./space.ts";

/** Newest queries kept, and older ones kept as a sample: 448 rows of at most 32 coordinates of one byte are 14 KiB a space. */
const recent = 256;
const sampled = 192;
/** Coordinates kept of each query in a space: the principal axes beyond carry little of the distance between natural inputs. */
const maxKept = 32;

/** A kept coordinate is this many times coarser than a point's: 1/16 sd, up to ±8 sd. A chain's links are further apart than the rounding. */
const coarse = 64;

/** A distance between points as a squared distance between what is kept of them. */
export function keptSquare(distance: number): number {
  return (distance / coarse) ** 2;
}

/** The first axes, and the columns if the space has any. */
export function keptOf({ dimensions, columns }: Pick<Space, "dimensions" | "columns">): number[] {
  const axes = Math.min(dimensions, maxKept - columns.length);
  return [
    ...Array.from({ length: axes }, (_, i) => i),
    ...Array.from({ length: columns.length }, (_, i) => dimensions + i),
  ];
}

/** How near the nearest own earlier query of the stratum was. */
export interface Near {
  /** Squared distance in each space, of the query that is nearest there, in kept units. */
  readonly squared: readonly number[];
  /** Own queries of the stratum. */
  readonly of: number;
}

/**
 * A principal's own past queries in one or more spaces, bounded: a ring of the newest 256 and, of everything older, the 192 with
 * the smallest hash. The sample by smallest hash is uniform over distinct inputs, needs no dice, and two of them merge.
 */
export class History {
  /** Coordinates kept, per space. */
  readonly widths: readonly number[];
  /** Which coordinates of a point they are, per space. */
  readonly #kept: readonly (readonly number[])[];
  readonly #width: number;
  readonly #rows: Int8Array;
  readonly #strata = new Int16Array(recent + sampled).fill(-1);
  readonly #hashes = new Uint32Array(recent + sampled);
  #seen = 0;
  #sample = 0;

  constructor(spaces: readonly Pick<Space, "dimensions" | "columns">[]) {
    this.#kept = spaces.map(keptOf);
    this.widths = this.#kept.map((it) => it.length);
    this.#width = this.widths.reduce((sum, it) => sum + it, 0);
    this.#rows = new Int8Array((recent + sampled) * this.#width);
  }

  /** A query's points, one per space, as they are kept. */
  coarsen(points: readonly Int16Array[]): Int8Array {
    const row = new Int8Array(this.#width);
    let at = 0;
    points.forEach((point, space) => {
      for (const i of this.#kept[space] ?? []) {
        row[at++] = Math.max(-127, Math.min(127, Math.round((point[i] ?? 0) / coarse)));
      }
    });
    return row;
  }

  /** Undefined without an own query of the stratum. Exact repeats are the caller's to drop. */
  nearest(row: Int8Array, stratum: number): Near | undefined {
    const squared = this.widths.map(() => Infinity);
    let of = 0;
    const used = Math.min(this.#seen, recent);
    for (let slot = 0; slot < recent + this.#sample; slot++) {
      if (slot === used && used < recent) slot = recent;
      if (slot >= recent + this.#sample || this.#strata[slot] !== stratum) continue;
      of++;
      let from = 0;
      for (let space = 0; space < squared.length; space++) {
        const width = this.widths[space]!;
        const sum = this.#distance(slot * this.#width + from, row, from, width, squared[space]!);
        if (sum < squared[space]!) squared[space] = sum;
        from += width;
      }
    }
    return of === 0 ? undefined : { squared, of };
  }

  /**
   * The own earlier query that is nearest in the last space, of whatever stratum: its kept coordinates there, and how many lie
   * within the square root of `alike`, in kept units. Undefined for the first query.
   */
  closest(row: Int8Array, alike: number): { readonly row: Int8Array; readonly alike: number } | undefined {
    const width = this.widths.at(-1) ?? 0;
    const from = this.#width - width;
    const used = Math.min(this.#seen, recent);
    let [best, at, count] = [Infinity, -1, 0];
    for (let slot = 0; slot < recent + this.#sample; slot++) {
      if (slot === used && used < recent) slot = recent;
      if (slot >= recent + this.#sample) break;
      const sum = this.#distance(slot * this.#width + from, row, from, width, best > alike ? best : alike);
      if (sum < alike) count++;
      if (sum < best) [best, at] = [sum, slot * this.#width + from];
    }
    return at < 0 ? undefined : { row: this.#rows.subarray(at, at + width), alike: count };
  }

  /** Squared distance, given up once it passes `most`. */
  #distance(at: number, row: Int8Array, from: number, width: number, most: number): number {
    const rows = this.#rows;
    let sum = 0;
    let i = 0;
    for (; i + 3 < width && sum < most; i += 4) {
      const a = rows[at + i]! - row[from + i]!;
      const b = rows[at + i + 1]! - row[from + i + 1]!;
      const c = rows[at + i + 2]! - row[from + i + 2]!;
      const d = rows[at + i + 3]! - row[from + i + 3]!;
      sum += a * a + b * b + c * c + d * d;
    }
    for (; i < width && sum < most; i++) {
      const d = rows[at + i]! - row[from + i]!;
      sum += d * d;
    }
    return sum;
  }

  /** True if a query with this hash is still remembered: a retry or a cache, which is nobody's attack. */
  has(hash: number): boolean {
    const used = Math.min(this.#seen, recent);
    for (let i = 0; i < used; i++) if (this.#hashes[i] === hash) return true;
    for (let i = recent; i < recent + this.#sample; i++) if (this.#hashes[i] === hash) return true;
    return false;
  }

  add(row: Int8Array, stratum: number, hash: number): void {
    const slot = this.#seen % recent;
    if (this.#seen >= recent) this.#demote(slot);
    this.#put(slot, row, stratum, hash);
    this.#seen++;
  }

  /** Moves what leaves the ring into the sample, if its hash is among the smallest. */
  #demote(slot: number): void {
    const hash = this.#hashes[slot]!;
    let target = recent + this.#sample;
    if (this.#sample < sampled) this.#sample++;
    else {
      target = recent;
      for (let i = recent + 1; i < recent + sampled; i++) if (this.#hashes[i]! > this.#hashes[target]!) target = i;
      if (hash >= this.#hashes[target]!) return;
    }
    this.#put(target, this.#rows.subarray(slot * this.#width, (slot + 1) * this.#width), this.#strata[slot]!, hash);
  }

  #put(slot: number, row: Int8Array, stratum: number, hash: number): void {
    this.#rows.set(row, slot * this.#width);
    this.#strata[slot] = stratum;
    this.#hashes[slot] = hash;
  }

  /** Plain data that restores to the same answers. */
  snapshot(): HistoryState {
    return {
      seen: this.#seen,
      sample: this.#sample,
      rows: toText(this.#rows),
      strata: toText(this.#strata),
      hashes: toText(this.#hashes),
    };
  }

  /** @throws {ExtractionError} BAD_STATE when the state is of another size. */
  restore(state: HistoryState): void {
    fromText(this.#rows, state.rows);
    fromText(this.#strata, state.strata);
    fromText(this.#hashes, state.hashes);
    this.#seen = state.seen;
    this.#sample = state.sample;
  }
}

export interface HistoryState {
  readonly seen: number;
  readonly sample: number;
  readonly rows: string;
  readonly strata: string;
  readonly hashes: string;
}
