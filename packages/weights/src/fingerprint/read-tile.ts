import type { Decoder } from "../dequantise/decoder.ts";
import { WeightsError } from "../error.ts";
import { swapper } from "../gather.ts";
import type { Reader } from "../tensor.ts";
import { offsetAlong, type Axis, type Matrix } from "./canonical.ts";
import type { Cell } from "./cells.ts";

/** A tile that spans no more than this many bytes is read at once; a seek costs more. */
const maxSpanBytes = 64 * 1024;

/** A line of a tile that spans more bytes than this is read element by element. */
const maxLineBytes = 256 * 1024;

/**
 * The values of one tile, row by row; length `cell.rows * cell.cols`. Reads only the elements and blocks that it needs.
 * @throws {WeightsError} TRUNCATED where the file ends before; what the reader throws.
 */
export async function readTile(reader: Reader, matrix: Matrix, cell: Cell, decoder: Decoder): Promise<Float32Array> {
  const lines = linesOf(matrix, cell);
  const pieces = await fetchLines(reader, matrix, lines, decoder);
  const swap = swapper(matrix.tensor) ?? ((piece: Uint8Array) => piece);
  const values = new Float32Array(cell.rows * cell.cols);
  const buffer = new Float32Array(Math.max(...pieces.map((it) => it.units)) * decoder.elements);
  let decoded: Piece | undefined;
  for (const { line, piece } of pieces.flatMap((it) => it.lines.map((line) => ({ line, piece: it })))) {
    if (piece !== decoded) {
      const bytes = swap(piece.bytes);
      decoder.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, piece.units, buffer, 0);
      decoded = piece;
    }
    const from = line.first - piece.firstUnit * decoder.elements;
    for (const [k, offset] of line.offsets.entries()) values[line.to + k * line.step] = buffer[from + offset] ?? 0;
  }
  return values;
}

/** Some elements of the file and where they go in the tile. */
interface Line {
  readonly first: number;
  /** Of each element, from the first. */
  readonly offsets: readonly number[];
  readonly to: number;
  readonly step: number;
}

/** Bytes read at once, and the lines in it. */
interface Piece {
  readonly firstUnit: number;
  readonly units: number;
  readonly bytes: Uint8Array;
  readonly lines: readonly Line[];
}

/** Runs along the axis whose neighbours lie closer together. */
function linesOf({ start, rows, cols, rest }: Matrix, cell: Cell): Line[] {
  const alongRow = Math.abs(cols.stride) <= Math.abs(rows.stride);
  const [across, along] = alongRow ? [rows, cols] : [cols, rows];
  const [fromAcross, fromAlong] = alongRow ? [cell.row, cell.col] : [cell.col, cell.row];
  const [lines, count] = alongRow ? [cell.rows, cell.cols] : [cell.cols, cell.rows];
  const corner = start + restOffset(rest, cell.rest);
  const places = Array.from({ length: count }, (_, k) => offsetAlong(along, fromAlong + k));
  const least = Math.min(...places);
  const offsets = places.map((it) => it - least);
  return Array.from({ length: lines }, (_, i) => ({
    first: corner + offsetAlong(across, fromAcross + i) + least,
    offsets,
    to: alongRow ? i * cell.cols : i,
    step: alongRow ? 1 : cell.cols,
  }));
}

function restOffset(rest: readonly Axis[], index: number): number {
  let offset = 0;
  let left = index;
  for (const { length, stride } of rest.toReversed()) {
    offset += (left % length) * stride;
    left = Math.floor(left / length);
  }
  return offset;
}

async function fetchLines(
  reader: Reader,
  { tensor }: Matrix,
  lines: readonly Line[],
  decoder: Decoder,
): Promise<Piece[]> {
  const wanted = groupLines(lines, decoder).map((group) => {
    const firstUnit = Math.floor(Math.min(...group.map((it) => it.first)) / decoder.elements);
    const lastUnit = Math.floor(Math.max(...group.map(lastOf)) / decoder.elements);
    return { firstUnit, units: lastUnit - firstUnit + 1, lines: group };
  });
  const fetch = (firstUnit: number, units: number): Uint8Array | Promise<Uint8Array> => {
    const [at, length] = [firstUnit * decoder.bytes, units * decoder.bytes];
    if (tensor.inline) return tensor.inline.subarray(at, at + length);
    return readAt(reader, tensor.offset + at, length);
  };
  return Promise.all(wanted.map(async (it) => ({ ...it, bytes: await fetch(it.firstUnit, it.units) })));
}

/** As `readExactly`, without a promise where the reader needs none: a 70B model takes 8,000 of these reads. */
function readAt(reader: Reader, at: number, length: number): Uint8Array | Promise<Uint8Array> {
  const got = at >= 0 && at + length <= reader.size ? reader.read(at, length) : new Uint8Array(0);
  return got instanceof Uint8Array ? whole(got, length, at) : got.then((it) => whole(it, length, at));
}

function whole(bytes: Uint8Array, length: number, at: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new WeightsError("TRUNCATED", `a tile needs ${length} bytes, the file gave ${bytes.length}`, { at });
}

/** All lines together if they lie close, else each for itself, else element by element. */
function groupLines(lines: readonly Line[], { elements, bytes }: Decoder): Line[][] {
  const size = bytes / elements;
  const first = Math.min(...lines.map((it) => it.first));
  const last = Math.max(...lines.map(lastOf));
  if ((last - first) * size <= maxSpanBytes) return [[...lines]];
  return lines.flatMap((line) => {
    if ((lastOf(line) - line.first) * size <= maxLineBytes) return [[line]];
    return line.offsets.map((offset, k) => [
      { ...line, first: line.first + offset, offsets: [0], to: line.to + k * line.step },
    ]);
  });
}

/** Its last element; the first one lies at `first`. */
function lastOf({ first, offsets }: Line): number {
  return first + Math.max(...offsets);
}
