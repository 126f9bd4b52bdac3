import { readExactly } from "../../cursor.ts";
import { decoderOf, type Decoder } from "../../dequantise/decoder.ts";
import type { Axis, Matrix } from "../../fingerprint/canonical.ts";
import { swapper } from "../../gather.ts";
import type { Reader } from "../../tensor.ts";

/** Vectors of equal width, one after the other. */
export interface Rows {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Bytes read at a time. */
const pieceBytes = 4 * 1024 * 1024;

/** Which vectors of a matrix are wanted: along one axis, and which of their entries; undefined means all. */
export interface Wanted {
  readonly along: "rows" | "cols";
  readonly vectors?: readonly number[] | undefined;
  readonly entries?: readonly number[] | undefined;
}

/**
 * Vectors of a matrix, read line by line as it is stored.
 * @returns undefined if its values can't be computed, or neither axis is contiguous.
 * @throws {WeightsError} TRUNCATED where the file ends before.
 */
export async function readRows(reader: Reader, matrix: Matrix, wanted: Wanted): Promise<Rows | undefined> {
  const decoder = decoderOf(matrix.dtype);
  const swap = swapper(matrix.tensor);
  const [along, across] = wanted.along === "rows" ? [matrix.rows, matrix.cols] : [matrix.cols, matrix.rows];
  if (!decoder || !swap || matrix.rest.length > 0 || matrix.tensor.inline) return undefined;
  if (matrix.rows.inWord || matrix.cols.inWord) return undefined;
  const vectors = wanted.vectors ?? indexes(along.length);
  const entries = wanted.entries ?? indexes(across.length);
  const out = new Float32Array(vectors.length * entries.length);
  const layout = { matrix, decoder, swap };
  if (across.stride === 1) {
    for await (const { line, place } of linesOf(reader, layout, along, across.length, vectors)) {
      for (const [k, entry] of entries.entries()) out[place * entries.length + k] = line[entry] ?? 0;
    }
  } else if (along.stride === 1) {
    for await (const { line, place } of linesOf(reader, layout, across, along.length, entries)) {
      for (const [k, vector] of vectors.entries()) out[k * entries.length + place] = line[vector] ?? 0;
    }
  } else return undefined;
  return { count: vectors.length, width: entries.length, values: out };
}

/** Bytes that `readRows` reads. */
export function costOf({ dtype, rows, cols }: Matrix, { along, vectors, entries }: Wanted): number {
  const decoder = decoderOf(dtype);
  if (!decoder) return 0;
  const [own, other] = along === "rows" ? [rows, cols] : [cols, rows];
  const lines = other.stride === 1 ? (vectors?.length ?? own.length) : (entries?.length ?? other.length);
  return lines * (other.stride === 1 ? other.length : own.length) * (decoder.bytes / decoder.elements);
}

interface Layout {
  readonly matrix: Matrix;
  readonly decoder: Decoder;
  readonly swap: (piece: Uint8Array) => Uint8Array;
}

/** Stored lines, decoded, with their place in `lines`. Neighbours are read together. The line is overwritten by the next. */
async function* linesOf(
  reader: Reader,
  { matrix, decoder, swap }: Layout,
  outer: Axis,
  length: number,
  lines: readonly number[],
): AsyncGenerator<{ line: Float32Array; place: number }> {
  const size = decoder.bytes / decoder.elements;
  const most = outer.stride === length ? Math.max(1, Math.floor(pieceBytes / (length * size))) : 1;
  for (let i = 0; i < lines.length;) {
    let run = 1;
    while (run < most && lines[i + run] === (lines[i] ?? 0) + run) run++;
    const first = matrix.start + (lines[i] ?? 0) * outer.stride;
    const skipped = first % decoder.elements;
    const units = Math.ceil((skipped + run * length) / decoder.elements);
    const at = matrix.tensor.offset + ((first - skipped) / decoder.elements) * decoder.bytes;
    const stored = units * decoder.bytes;
    const bytes = swap(await readExactly(reader, at, stored, `tensor ${JSON.stringify(matrix.tensor.name)}`, stored));
    const values = new Float32Array(units * decoder.elements);
    decoder.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, units, values, 0);
    for (let k = 0; k < run; k++) {
      yield { line: values.subarray(skipped + k * length, skipped + (k + 1) * length), place: i + k };
    }
    i += run;
  }
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
