import { ExtractionError } from "./error.ts";

/** Newest queries kept, and older ones kept as a sample: 512 rows of at most 32 coordinates of 2 bytes are 32 KiB. */
const recent = 256;
const sampled = 256;
/** Coordinates kept of each query: the principal axes beyond carry little of the distance between natural inputs. */
export const historyDimensions = 32;

/**
 * A principal's own past queries, bounded: a ring of the newest 256 and, of everything older, the 256 with the smallest hash.
 * The sample by smallest hash is uniform over distinct inputs, needs no dice, and two of them merge.
 */
export class History {
  readonly #width: number;
  readonly #rows: Int16Array;
  readonly #strata = new Int16Array(recent + sampled).fill(-1);
  readonly #hashes = new Uint32Array(recent + sampled);
  #seen = 0;
  #sample = 0;

  constructor(dimensions: number) {
    this.#width = Math.min(dimensions, historyDimensions);
    this.#rows = new Int16Array((recent + sampled) * this.#width);
  }

  /** Coordinates kept of each query. */
  get width(): number {
    return this.#width;
  }

  /** Smallest squared distance to an own earlier query of the stratum, and their number; undefined without one. Exact repeats are the caller's to drop. */
  nearest(query: Int16Array, stratum: number): { squared: number; of: number } | undefined {
    const width = this.#width;
    let squared = Infinity;
    let of = 0;
    const used = Math.min(this.#seen, recent);
    for (let slot = 0; slot < recent + this.#sample; slot++) {
      if (slot === used && used < recent) slot = recent;
      if (slot >= recent + this.#sample || this.#strata[slot] !== stratum) continue;
      of++;
      let sum = 0;
      for (let i = 0, at = slot * width; i < width && sum < squared; i++) {
        const d = this.#rows[at + i]! - query[i]!;
        sum += d * d;
      }
      if (sum < squared) squared = sum;
    }
    return of === 0 ? undefined : { squared, of };
  }

  /** True if a query with this hash is still remembered: a retry or a cache, which is nobody's attack. */
  has(hash: number): boolean {
    const used = Math.min(this.#seen, recent);
    for (let i = 0; i < used; i++) if (this.#hashes[i] === hash) return true;
    for (let i = recent; i < recent + this.#sample; i++) if (this.#hashes[i] === hash) return true;
    return false;
  }

  add(query: Int16Array, stratum: number, hash: number): void {
    const slot = this.#seen % recent;
    if (this.#seen >= recent) this.#demote(slot);
    this.#put(slot, query, stratum, hash);
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

  #put(slot: number, query: Int16Array, stratum: number, hash: number): void {
    this.#rows.set(query.subarray(0, this.#width), slot * this.#width);
    this.#strata[slot] = stratum;
    this.#hashes[slot] = hash;
  }

  /** Plain data that restores to the same answers. */
  snapshot(): HistoryState {
    const code = (it: Int16Array | Uint32Array) =>
      Buffer.from(it.buffer, it.byteOffset, it.byteLength).toString("base64");
    return {
      seen: this.#seen,
      sample: this.#sample,
      rows: code(this.#rows),
      strata: code(this.#strata),
      hashes: code(this.#hashes),
    };
  }

  /** @throws {ExtractionError} BAD_STATE when the state is of another size. */
  restore(state: HistoryState): void {
    fill(this.#rows, state.rows);
    fill(this.#strata, state.strata);
    fill(this.#hashes, state.hashes);
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

function fill(target: Int16Array | Uint32Array, text: string): void {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== target.byteLength) {
    throw new ExtractionError("BAD_STATE", `expected ${target.byteLength} bytes of history, got ${bytes.length}`);
  }
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
}
