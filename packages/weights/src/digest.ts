import { createHash } from "node:crypto";
import { bitsOf, blockOf } from "./dtype.ts";
import { WeightsError } from "./error.ts";
import { gatherCOrder, gatherHeads, swapper, storedSpan } from "./gather.ts";
import { Sources } from "./sources.ts";
import { digestPieceBytes, maxDigestPasses } from "./limits.ts";
import type { ModelFile, Reader, Tensor } from "./tensor.ts";

/** The identity of one tensor's stored bytes. */
export interface TensorDigest {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Of its bytes in C order, little-endian, in hex; undefined if they could not all be read, then `why` says why. */
  readonly sha256?: string;
  readonly why?: string;
  /** Every element is the same: fresh norms, biases, masks. Such tensors say nothing about kinship. */
  readonly constant: boolean;
}

export interface DigestOptions {
  /** The sibling file of this name; undefined if there is none. */
  sibling?(name: string): Promise<Reader | undefined>;
  /** Called after each piece with the bytes done so far, of `totalBytes(file)` in all. */
  onProgress?(doneBytes: number): void;
}

/** Bytes that `digestTensors` will hash: the same stored range counts once. */
export function totalBytes(file: ModelFile): number {
  const ranges = new Map(file.tensors.map((it) => [placeKey(it), it.bytes]));
  return [...ranges.values()].reduce((sum, it) => sum + it, 0);
}

/**
 * SHA-256 of each tensor's stored bytes, in C order and little-endian, so that container, order, names, byte order,
 * strides and llama.cpp's order of query and key rows do not matter. Type and shape are no part of it: a tensor that was reshaped or renamed keeps its digest.
 *
 * Reads front to back in pieces of `digestPieceBytes`, the next one under way while one is hashed. A tensor beyond the end of the file, in a
 * missing sibling, or of which too many overlap has no `sha256` but a `why`.
 *
 * @returns One digest for each tensor, in the file's order.
 * Blind spot: any change of values or type; query and key rows that a converter permuted without saying so.
 */
export async function digestTensors(
  reader: Reader,
  file: ModelFile,
  options: DigestOptions = {},
): Promise<TensorDigest[]> {
  const done = new Map<string | Uint8Array, Outcome>();
  const sources = new Sources(reader, options);
  let doneBytes = 0;
  const progress = (bytes: number): void => {
    doneBytes += bytes;
    options.onProgress?.(doneBytes);
  };

  for (const tensor of file.tensors.toSorted(byPlace)) {
    const key = placeKey(tensor);
    if (done.has(key)) continue;
    const source = await sources.of(tensor);
    const spent =
      doneBytes + Math.max(tensor.bytes, storedSpan(tensor)) > maxDigestPasses * Math.max(source?.size ?? 0, 1 << 20);
    done.set(
      key,
      spent ? { why: "overlapping tensors exceed the file many times over" } : await digest(tensor, source, progress),
    );
  }
  return file.tensors.map((tensor) => {
    const { name, dtype, shape, bytes } = tensor;
    const outcome = done.get(placeKey(tensor)) ?? {};
    return { name, dtype, shape, bytes, constant: false, ...outcome };
  });
}

/**
 * SHA-256 of a whole file, in hex: the identity of a format whose tensors we cannot list.
 * @throws {WeightsError} TRUNCATED if the file ends before its size.
 */
export async function digestFile(
  reader: Reader,
  options: { onProgress?(doneBytes: number): void } = {},
): Promise<string> {
  const hash = createHash("sha256");
  let done = 0;
  for await (const piece of pieces(reader, 0, reader.size)) {
    hash.update(piece);
    done += piece.length;
    options.onProgress?.(done);
  }
  return hash.digest("hex");
}

/**
 * The identity of a set of weights: SHA-256 of its distinct, sorted tensor digests, concatenated as raw bytes, in hex.
 *
 * A set, because one container stores a shared tensor once and another twice. Undefined unless every tensor has a digest.
 */
export function modelDigest(digests: readonly Pick<TensorDigest, "sha256">[]): string | undefined {
  const distinct = new Set<string>();
  for (const { sha256 } of digests) {
    if (sha256 === undefined) return undefined;
    distinct.add(sha256);
  }
  return distinct.size === 0 ? undefined : rootOf(distinct);
}

/** As `modelDigest`, over digests that are known to be whole. */
export function rootOf(digests: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const digest of [...new Set(digests)].sort()) hash.update(digest, "hex");
  return hash.digest("hex");
}

interface Outcome {
  readonly sha256?: string;
  readonly why?: string;
  readonly constant?: boolean;
}

/** Equal for tensors whose digest is the same without looking. */
function placeKey({
  inline,
  file,
  files,
  offset,
  bytes,
  strides,
  shape,
  dtype,
  byteOrder,
  interleavedHeads,
}: Tensor): string | Uint8Array {
  if (inline) return inline;
  const order = [...(strides ? [strides, shape, dtype] : []), byteOrder && dtype, interleavedHeads];
  return JSON.stringify([file, files, offset, bytes, ...order]);
}

function byPlace(a: Tensor, b: Tensor): number {
  const [one = "", other = ""] = [a.file ?? a.files?.[0], b.file ?? b.files?.[0]];
  return one === other ? a.offset - b.offset : one < other ? -1 : 1;
}

async function digest(tensor: Tensor, reader: Reader | undefined, progress: (bytes: number) => void): Promise<Outcome> {
  if (!reader && !tensor.inline) return { why: `${JSON.stringify(tensor.files ?? tensor.file)} is missing` };
  if (reader && !tensor.inline && tensor.offset + storedSpan(tensor) > reader.size) {
    return { why: "its bytes lie beyond the end of the file" };
  }
  const swap = swapper(tensor);
  if (!swap) return { why: `the byte order of ${tensor.dtype} cannot be changed` };

  const hash = createHash("sha256");
  const constant = new ConstantCheck(tensor);
  const source = sourceOf(tensor, reader);
  try {
    for await (const piece of source) {
      const ordered = swap(piece);
      hash.update(ordered);
      constant.add(ordered);
      progress(piece.length);
    }
  } catch (error) {
    if (error instanceof WeightsError) return { why: error.message };
    throw error;
  }
  return { sha256: hash.digest("hex"), constant: constant.holds };
}

function sourceOf(tensor: Tensor, reader: Reader | undefined): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (tensor.inline || !reader) return tensor.inline ? [tensor.inline] : [];
  if (tensor.interleavedHeads !== undefined) return gatherHeads(reader, tensor);
  return tensor.strides ? gatherCOrder(reader, tensor) : pieces(reader, tensor.offset, tensor.bytes);
}

/** Whether all elements are equal. Gives up at the first difference, so learned weights pay for one comparison. */
class ConstantCheck {
  holds: boolean;
  readonly #period: number;
  #first: Uint8Array | undefined;
  #done = 0;

  constructor(tensor: Tensor) {
    this.#period = elementPeriod(tensor);
    this.holds = tensor.bytes > 0;
  }

  add(piece: Uint8Array): void {
    if (!this.holds) return;
    this.#first ??= piece.slice(0, this.#period);
    const first = this.#first;
    for (let i = 0; i < piece.length && this.holds; i++) {
      this.holds = piece[i] === first[(this.#done + i) % this.#period];
    }
    this.#done += piece.length;
  }
}

/** Bytes after which equal elements repeat; the whole tensor for types that do not fill bytes. */
function elementPeriod({ dtype, bytes }: Tensor): number {
  const bits = bitsOf(dtype) ?? 8 * (blockOf(dtype)?.bytes ?? 1);
  return Math.max(1, Math.min(bytes, bits / 8));
}

/** A file's range in pieces, read ahead by one. @throws {WeightsError} TRUNCATED where the reader gives less than it promised. */
async function* pieces(reader: Reader, at: number, length: number): AsyncGenerator<Uint8Array> {
  let next = length > 0 ? Promise.resolve(reader.read(at, Math.min(length, digestPieceBytes))) : undefined;
  for (let done = 0; next;) {
    const piece = await next;
    const wanted = Math.min(length - done, digestPieceBytes);
    if (piece.length !== wanted) {
      throw new WeightsError("TRUNCATED", `${wanted} bytes were promised, ${piece.length} came`, { at: at + done });
    }
    done += wanted;
    const more = Math.min(length - done, digestPieceBytes);
    next = more > 0 ? Promise.resolve(reader.read(at + done, more)) : undefined;
    next?.catch(() => undefined); // awaited in the next turn; until then a failure is not unhandled
    yield piece;
  }
}
