// Puts strided and byte-swapped tensors into the order that digests are defined over.
import { readExactly } from "./cursor.ts";
import { bitsOf, blockOf, countElements } from "./dtype.ts";
import { WeightsError } from "./error.ts";
import { digestPieceBytes, maxGatherBytes } from "./limits.ts";
import type { Reader, Tensor } from "./tensor.ts";

/** How far the next run of a strided read may lie ahead to be read along with this one, in bytes. */
const windowBytes = 1024 * 1024;

/** Bytes from a tensor's first to its last stored byte, both included: more than `bytes` for a sparse view, less for a broadcast one. */
export function storedSpan(tensor: Tensor): number {
  if (!tensor.strides || tensor.bytes === 0) return tensor.bytes;
  const size = elementBytes(tensor);
  let last = 0;
  for (const [axis, length] of tensor.shape.entries()) last += (length - 1) * (tensor.strides[axis] ?? 0);
  return (last + 1) * size;
}

/**
 * The bytes of a strided view in C order, in blocks of at most `maxGatherBytes`.
 * Each block reads its source in ascending order, so a transposed matrix of n blocks costs at most n passes over its storage.
 * @throws {WeightsError} UNSUPPORTED for block or sub-byte types, TRUNCATED where the storage ends early.
 */
export async function* gatherCOrder(reader: Reader, tensor: Tensor): AsyncGenerator<Uint8Array> {
  const size = elementBytes(tensor);
  const strides = tensor.strides ?? [];
  if (tensor.bytes === 0) return;
  yield* gatherBox(reader, tensor.offset, { shape: tensor.shape, strides, size });
}

/** Where row `row` of a head of `rows` rows is stored, if its halves are interleaved. Source: llama.cpp, conversion, `permute`. */
export function interleavedRow(row: number, rows: number): number {
  const half = rows / 2;
  return row < half ? 2 * row : 2 * (row - half) + 1;
}

/**
 * The bytes of a tensor with interleaved heads, in the original order of its rows, some heads at a time.
 * @throws {WeightsError} TOO_LARGE for a head beyond `maxGatherBytes`, TRUNCATED where the file ends early.
 */
export async function* gatherHeads(
  reader: Reader,
  { shape, bytes, offset, ...tensor }: Tensor,
): AsyncGenerator<Uint8Array> {
  const heads = tensor.interleavedHeads ?? 1;
  const headBytes = bytes / heads;
  const rows = (shape[0] ?? 0) / heads;
  const rowBytes = headBytes / rows;
  if (headBytes > maxGatherBytes)
    throw new WeightsError("TOO_LARGE", `an attention head of ${headBytes} bytes`, { at: offset });
  const perPiece = Math.max(1, Math.floor(digestPieceBytes / headBytes));
  for (let head = 0; head < heads; head += perPiece) {
    const count = Math.min(perPiece, heads - head);
    const stored = await readExactly(
      reader,
      offset + head * headBytes,
      count * headBytes,
      "attention heads",
      maxGatherBytes,
    );
    const out = new Uint8Array(stored.length);
    for (let row = 0; row < count * rows; row++) {
      const from = (row - (row % rows) + interleavedRow(row % rows, rows)) * rowBytes;
      out.set(stored.subarray(from, from + rowBytes), row * rowBytes);
    }
    yield out;
  }
}

interface Box {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly size: number;
}

async function* gatherBox(reader: Reader, at: number, { shape, strides, size }: Box): AsyncGenerator<Uint8Array> {
  const [length = 1, ...innerShape] = shape;
  const [stride = 0, ...innerStrides] = strides;
  const rowBytes = countElements(innerShape, "a strided tensor") * size;
  if (rowBytes > maxGatherBytes) {
    for (let i = 0; i < length; i++) {
      yield* gatherBox(reader, at + i * stride * size, { shape: innerShape, strides: innerStrides, size });
    }
    return;
  }
  const rows = Math.max(1, Math.floor(maxGatherBytes / rowBytes));
  for (let i = 0; i < length; i += rows) {
    const block = { shape: [Math.min(rows, length - i), ...innerShape], strides: [stride, ...innerStrides], size };
    yield await gatherBlock(reader, at + i * stride * size, block);
  }
}

interface Axis {
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

/** One block in memory: the source is walked with its largest stride outermost, each element put where C order wants it. */
async function gatherBlock(reader: Reader, at: number, { shape, strides, size }: Box): Promise<Uint8Array> {
  const out = new Uint8Array(shape.reduce((product, it) => product * it, size));
  let to = size;
  const axes: Axis[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] ?? 1;
    if (length > 1) axes.push({ length, from: (strides[axis] ?? 0) * size, to });
    to *= length;
  }
  axes.sort((a, b) => b.from - a.from);
  const run = axes.pop() ?? { length: 1, from: size, to: size };
  const source = new Window(reader, at + spanOf([...axes, run], size));
  const counters = axes.map(() => 0);
  let from = at;
  let target = 0;
  for (;;) {
    await copyRun(source, from, run, out, target, size);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { length, from: step, to: stepTo } = axes[axis] ?? run;
      from += step;
      target += stepTo;
      counters[axis] = (counters[axis] ?? 0) + 1;
      if ((counters[axis] ?? 0) < length) break;
      from -= length * step;
      target -= length * stepTo;
      counters[axis] = 0;
    }
    if (axis < 0) return out;
  }
}

function spanOf(axes: readonly Axis[], size: number): number {
  return axes.reduce((sum, { length, from }) => sum + (length - 1) * from, size);
}

async function copyRun(
  source: Window,
  from: number,
  run: Axis,
  out: Uint8Array,
  to: number,
  size: number,
): Promise<void> {
  const perPiece = run.from === 0 ? run.length : Math.max(1, Math.floor((windowBytes - size) / run.from));
  for (let i = 0; i < run.length; i += perPiece) {
    const count = Math.min(perPiece, run.length - i);
    const start = from + i * run.from;
    const bytes = (count - 1) * run.from + size;
    const piece = source.holds(start, bytes) ?? (await source.load(start, bytes));
    if (run.from === size && run.to === size) out.set(piece, to + i * size);
    else scatter(piece, run.from, { out, at: to + i * run.to, step: run.to }, count, size);
  }
}

/** Single elements, `from` bytes apart, to places `step` bytes apart. */
function scatter(
  piece: Uint8Array,
  from: number,
  { out, at, step }: { out: Uint8Array; at: number; step: number },
  count: number,
  size: number,
): void {
  const source = new DataView(piece.buffer, piece.byteOffset, piece.length);
  const target = new DataView(out.buffer, out.byteOffset, out.length);
  if (size === 2) for (let k = 0; k < count; k++) target.setUint16(at + k * step, source.getUint16(k * from));
  else if (size === 4) for (let k = 0; k < count; k++) target.setUint32(at + k * step, source.getUint32(k * from));
  else for (let k = 0; k < count; k++) for (let b = 0; b < size; b++) out[at + k * step + b] = piece[k * from + b] ?? 0;
}

/** Keeps the last read; reads ahead up to `windowBytes`, never beyond `end`. */
class Window {
  readonly #reader: Reader;
  readonly #end: number;
  #at = 0;
  #bytes = new Uint8Array(0);

  constructor(reader: Reader, end: number) {
    this.#reader = reader;
    this.#end = end;
  }

  holds(at: number, length: number): Uint8Array | undefined {
    const from = at - this.#at;
    return from >= 0 && from + length <= this.#bytes.length ? this.#bytes.subarray(from, from + length) : undefined;
  }

  async load(at: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(length, Math.min(windowBytes, this.#end - at));
    this.#bytes = new Uint8Array(await readExactly(this.#reader, at, wanted, "a strided tensor"));
    this.#at = at;
    return this.#bytes.subarray(0, length);
  }
}

function elementBytes({ dtype, name }: Tensor): number {
  const bits = bitsOf(dtype);
  if (bits === undefined || bits < 8) {
    throw new WeightsError("UNSUPPORTED", `tensor ${JSON.stringify(name)} has strides over ${dtype}`);
  }
  return bits / 8;
}

/**
 * Turns big-endian pieces into little-endian ones; returns pieces as they are where nothing is to be turned; undefined for GGML
 * types whose blocks we do not know how to turn. Pieces must hold whole elements and blocks, or be turned after joining.
 */
export function swapper({ dtype, byteOrder }: Tensor): ((piece: Uint8Array) => Uint8Array) | undefined {
  if (byteOrder !== "big") return (piece) => piece;
  const bits = bitsOf(dtype);
  if (bits !== undefined) {
    const size = dtype.startsWith("c") ? bits / 16 : bits / 8;
    return size <= 1 ? (piece) => piece : (piece) => swapped(piece, size);
  }
  const block = blockOf(dtype);
  if (!block || block.halves.length === 0) return undefined;
  return swapBlocks(block.bytes, block.halves);
}

function swapped(piece: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(piece.length);
  for (let i = 0; i < piece.length; i += size) {
    for (let b = 0; b < size; b++) out[i + b] = piece[i + size - 1 - b] ?? 0;
  }
  return out;
}

/** Blocks do not divide the pieces they come in, so the position in the block is carried from piece to piece. */
function swapBlocks(bytes: number, halves: readonly number[]): (piece: Uint8Array) => Uint8Array {
  let rest = new Uint8Array(0);
  return (piece) => {
    const joined = new Uint8Array(rest.length + piece.length);
    joined.set(rest);
    joined.set(piece, rest.length);
    const whole = joined.length - (joined.length % bytes);
    for (let at = 0; at < whole; at += bytes) {
      for (const half of halves) {
        const first = joined[at + half] ?? 0;
        joined[at + half] = joined[at + half + 1] ?? 0;
        joined[at + half + 1] = first;
      }
    }
    rest = joined.slice(whole);
    return joined.subarray(0, whole);
  };
}
