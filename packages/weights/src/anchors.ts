import { createHash } from "node:crypto";
import { WeightsError } from "./error.ts";
import { KeyedStream } from "./fingerprint/keyed-stream.ts";

/** Bytes before an anchor that name it. */
const windowBytes = 64;

/** One position in 2^20 begins an anchor: one in a MiB. */
const shift = 12;

/** Least distance of two anchors, in bytes: a hostile file could otherwise have one at every byte. One true anchor in 1,000 is lost to it. */
const minGapBytes = 1024;

/** Most anchors of one file: those of 1 TiB. */
const maxAnchors = 1 << 20;

/** Fewest anchors, in order, that tie a fragment to a file. */
const minMatches = 3;

/** Places in a stream of bytes that its content chooses, so that a fragment has the same ones as the whole. By rising position. */
export interface Anchors {
  /** First 64 bits of the SHA-256 of the 64 bytes before. */
  readonly ids: BigUint64Array;
  /** Where those bytes end. */
  readonly at: Float64Array;
}

const gear = gearTable();

/**
 * Finds the anchors of a stream, piece by piece: where the top 20 bits of a rolling hash of the last 32 bytes are 0.
 *
 * An anchor that was seen before is not repeated, so runs of zeros and padding have none. About one in a MiB: a fragment of F MiB has three with probability
 * P(Poisson(F) >= 3), .986 at 8 MiB. The bytes must be those of the tensors: uncompressed, not encrypted.
 * Source: gear hash, Xia et al. 2014 (Ddelta).
 */
export class AnchorScanner {
  readonly #ids: bigint[] = [];
  readonly #at: number[] = [];
  readonly #seen = new Set<bigint>();
  #hash = 0;
  #done = 0;
  #tail: Uint8Array = new Uint8Array(0);

  push(piece: Uint8Array): void {
    let hash = this.#hash;
    for (let i = 0; i < piece.length; i++) {
      hash = ((hash << 1) + (gear[piece[i] ?? 0] ?? 0)) | 0;
      if (hash >>> shift === 0) this.#mark(piece, i + 1);
    }
    this.#hash = hash;
    this.#done += piece.length;
    const joined = piece.length >= windowBytes ? piece : concat(this.#tail, piece);
    this.#tail = new Uint8Array(joined.subarray(-windowBytes)); // a copy: callers reuse their buffers
  }

  /** Those found so far. */
  anchors(): Anchors {
    return { ids: BigUint64Array.from(this.#ids), at: Float64Array.from(this.#at) };
  }

  #mark(piece: Uint8Array, end: number): void {
    const at = this.#done + end;
    const last = this.#at.at(-1) ?? -minGapBytes;
    if (at < windowBytes || at - last < minGapBytes || this.#ids.length >= maxAnchors) return;
    const window =
      end >= windowBytes ? piece.subarray(end - windowBytes, end) : concat(this.#tail, piece.subarray(0, end));
    const id = createHash("sha256").update(window.subarray(-windowBytes)).digest().readBigUInt64LE(0);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#ids.push(id);
    this.#at.push(at);
  }
}

/** How a fragment fits a file. */
export interface AnchorMatch {
  /** Anchors that both have, in the same order in both. */
  readonly inOrder: number;
  /** Enough of them to tie the fragment to the file. */
  readonly fits: boolean;
  /** Where the first and the last of them lie in the file; undefined without any. */
  readonly from?: number;
  readonly to?: number;
  /** Anchors that chance would have in common. */
  readonly byChance: number;
}

/**
 * Whether a fragment is a part of a file, by the longest chain of anchors that stand in the same order in both.
 * @param common Ids met in two unrelated lineages or more: libraries, tables and public weights. They count for nothing.
 */
export function matchAnchors(file: Anchors, fragment: Anchors, common: ReadonlySet<bigint> = new Set()): AnchorMatch {
  const places = new Map<bigint, number>();
  for (const [i, id] of file.ids.entries()) if (!common.has(id)) places.set(id, file.at[i] ?? 0);
  const met = Array.from(fragment.ids).flatMap((id) => places.get(id) ?? []);
  const chain = longestRising(met);
  const [from] = chain;
  const to = chain.at(-1);
  return {
    inOrder: chain.length,
    fits: chain.length >= minMatches,
    ...(from !== undefined && to !== undefined && { from, to }),
    byChance: (file.ids.length * fragment.ids.length) / 2 ** 64,
  };
}

/** As stored: ids, then positions, 16 bytes an anchor, little-endian. */
export function encodeAnchors({ ids, at }: Anchors): Uint8Array {
  const bytes = new Uint8Array(16 * ids.length);
  const view = new DataView(bytes.buffer);
  for (const [i, id] of ids.entries()) {
    view.setBigUint64(8 * i, id, true);
    view.setFloat64(8 * (ids.length + i), at[i] ?? 0, true);
  }
  return bytes;
}

/** @throws {WeightsError} MALFORMED unless positions rise, TOO_MANY above 2^20 anchors. */
export function decodeAnchors(bytes: Uint8Array): Anchors {
  if (bytes.length % 16 !== 0)
    throw new WeightsError("MALFORMED", `anchors of ${bytes.length} bytes, not a multiple of 16`);
  const count = bytes.length / 16;
  if (count > maxAnchors) throw new WeightsError("TOO_MANY", `${count} anchors, more than ${maxAnchors}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const ids = BigUint64Array.from({ length: count }, (_, i) => view.getBigUint64(8 * i, true));
  const at = Float64Array.from({ length: count }, (_, i) => view.getFloat64(8 * (count + i), true));
  const rising = at.every((it, i) => Number.isSafeInteger(it) && it > (at[i - 1] ?? -1));
  if (!rising) throw new WeightsError("MALFORMED", "the positions of the anchors do not rise");
  return { ids, at };
}

/** Patience sorting. */
function longestRising(values: readonly number[]): number[] {
  const ends: number[] = [];
  const before: number[] = [];
  for (const [i, value] of values.entries()) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[ends[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before[i] = ends[low - 1] ?? -1;
    ends[low] = i;
  }
  const chain: number[] = [];
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i] ?? -1) chain.unshift(values[i] ?? 0);
  return chain;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** 256 words such that no run of one byte has an anchor: there the hash settles at minus the byte's word. */
function gearTable(): Int32Array {
  const stream = new KeyedStream(new TextEncoder().encode("outweigh anchors 1"), "gear");
  return Int32Array.from({ length: 256 }, () => {
    for (;;) {
      const word = stream.next() | 0;
      if (-word >>> shift !== 0) return word;
    }
  });
}
