import { interleavedRow } from "../gather.ts";
import type { Dtype, Tensor } from "../tensor.ts";

/** One axis of a tensor: how long it is and how far apart its neighbours are stored, in elements. */
export interface Axis {
  readonly length: number;
  readonly stride: number;
  /** Where elements are packed in words: the places of the elements of one word; `stride` is then that between words. */
  readonly inWord?: readonly number[];
}

/** How far from the first the i-th element along an axis lies, in elements. */
export function offsetAlong({ stride, inWord }: Axis, i: number): number {
  if (!inWord) return i * stride;
  return Math.floor(i / inWord.length) * stride + (inWord[i % inWord.length] ?? 0);
}

/**
 * A tensor, or one of the matrices fused in it, as a matrix in one form whatever the file's own: the longest axis is `rows`, the
 * next one `cols`, the others `rest`. Out×in and in×out, HWIO and OIHW, GGUF and safetensors give equal forms, but for axes of equal length,
 * whose order stays the stored one: then the transpose has to be tried too.
 */
export interface Matrix {
  readonly tensor: Tensor;
  /** How its elements are to be read: the tensor's type, or that of what is packed in its words. */
  readonly dtype: Dtype;
  /** Which of the fused matrices it is, from 0; undefined for a whole tensor. */
  readonly part?: number;
  /** Of its first element, in elements from the tensor's. */
  readonly start: number;
  readonly rows: Axis;
  readonly cols: Axis;
  /** Longest first; their product is the number of matrices that lie in the tensor, of which tiles may come. */
  readonly rest: readonly Axis[];
}

/** Fewest columns of a matrix that is compared: with less, a permutation of them proves little. */
const minColumns = 8;

/** Least sides of the matrices of a stack of experts; a smaller innermost axis is the kernel of a convolution. */
const minStackedSide = 64;

/** Most matrices one stack is split into: the largest public mixtures have 512 experts a layer. */
const maxStack = 1024;

// Names only say where a fused tensor may be cut. A thief who changes them gains nothing on copies of the same tensor.
const fusedAttention = /(?:^|[._/])(?:attn_qkv|qkv|qkv_proj|wqkv|w_pack|c_attn|in_proj|query_key_value)(?=$|[._/])/i;
const fusedGate = /(?:^|[._/])(?:gate_up|gate_up_proj|gate_and_up|up_gate|gate_up_exps|w13)(?=$|[._/])/i;

/**
 * The matrices of a tensor with at least `minElements` elements each; none for vectors, scalars and narrow tensors.
 * Stacks of experts are taken apart, and fused query-key-value and gate-up matrices are split.
 */
export function matricesOf(tensor: Tensor, minElements: number): Matrix[] {
  const axes = axesOf(tensor);
  if (restCount(axes) > Number.MAX_SAFE_INTEGER) return []; // no file is that large, so the shape lies
  const stack = stackOf(axes);
  const wholes = stack
    ? Array.from({ length: stack.length }, (_, i) => ({ start: i * stack.stride, axes: axes.slice(1) }))
    : [{ start: 0, axes }];
  const pieces = wholes.flatMap((it) => split(it, tensor.name));
  const many = pieces.length > 1;
  return pieces.flatMap((piece, i) => {
    const matrix = canonical({ tensor, dtype: tensor.dtype, start: piece.start, ...(many && { part: i }) }, piece.axes);
    return matrix && elementsOf(matrix) >= minElements ? [matrix] : [];
  });
}

/** Rows, columns and the product of the rest: what two matrices must share to be compared. */
export function shapeClass({ rows, cols, rest }: Matrix): string {
  return `${rows.length}x${cols.length}x${restCount(rest)}`;
}

export function restCount(rest: readonly Axis[]): number {
  return rest.reduce((product, it) => product * it.length, 1);
}

interface Piece {
  readonly start: number;
  readonly axes: readonly Axis[];
}

/** Its axes longer than 1, as stored. */
function axesOf({ shape, strides, interleavedHeads }: Tensor): Axis[] {
  const axes: Axis[] = [];
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const length = shape[i] ?? 1;
    axes.unshift({ length, stride: strides?.[i] ?? stride });
    stride *= length;
  }
  const [rows] = axes;
  if (rows && interleavedHeads !== undefined) axes[0] = headRows(rows, interleavedHeads);
  return axes.filter((it) => it.length !== 1);
}

/** Rows in their original order: those of a head are one word, in which they are interleaved. */
function headRows({ length, stride }: Axis, heads: number): Axis {
  const rows = length / heads;
  const inWord = Array.from({ length: rows }, (_, row) => interleavedRow(row, rows) * stride);
  return { length, stride: rows * stride, inWord };
}

function stackOf(axes: readonly Axis[]): Axis | undefined {
  const [outer, ...inner] = axes;
  if (!outer || inner.length !== 2 || outer.length > maxStack) return undefined;
  return inner.every((it) => it.length >= minStackedSide) ? outer : undefined;
}

function split({ start, axes }: Piece, name: string): Piece[] {
  const [first, second] = axes;
  if (!first || !second || axes.length !== 2) return [{ start, axes }];
  const [long, short] = first.length >= second.length ? [first, second] : [second, first];
  if (fusedAttention.test(name)) return cut({ start, axes }, long, attentionParts(long.length, short.length));
  if (!fusedGate.test(name)) return [{ start, axes }];
  const fused = long.length >= 2 * short.length ? long : first;
  return cut({ start, axes }, fused, fused.length % 2 === 0 ? [fused.length / 2, fused.length / 2] : [fused.length]);
}

/** Queries as wide as the model; keys and values share what is left (grouped-query attention). */
function attentionParts(long: number, short: number): number[] {
  const left = long - short;
  return left > 0 && left % 2 === 0 ? [short, left / 2, left / 2] : [long];
}

function cut({ start, axes }: Piece, along: Axis, lengths: readonly number[]): Piece[] {
  let from = 0;
  return lengths.map((length) => {
    const piece = {
      start: start + from * along.stride,
      axes: axes.map((it) => (it === along ? { length, stride: along.stride } : it)),
    };
    from += length;
    return piece;
  });
}

/** The longest axis as rows; undefined for a narrow matrix. */
export function canonical(
  whole: Pick<Matrix, "tensor" | "dtype" | "part" | "start">,
  axes: readonly Axis[],
): Matrix | undefined {
  const [rows, cols, ...rest] = axes.toSorted((a, b) => b.length - a.length); // stable
  if (!rows || !cols || cols.length < minColumns) return undefined;
  return { ...whole, rows, cols, rest };
}

export function elementsOf({ rows, cols, rest }: Matrix): number {
  return rows.length * cols.length * restCount(rest);
}
