// Source: HDF5 File Format Specification 3.0, IV.A.2.l; h5py, `lzf_filter.c` and LibLZF for LZF; The HDF Group's H5checksum.c for Fletcher-32.
import { inflateSync, zstdDecompressSync } from "node:zlib";
import { WeightsError } from "../error.ts";
import type { Filter } from "./layout.ts";

const deflate = 1;
const shuffle = 2;
const fletcher32 = 3;
const lzf = 32_000;
const zstd = 32_015;

const known = new Set([deflate, shuffle, fletcher32, lzf, zstd]);

/** The first filter that can't be undone: szip, or a plug-in; undefined if all can. */
export function unknownFilter(filters: readonly Filter[]): number | undefined {
  return filters.find((it) => !known.has(it.id))?.id;
}

/**
 * Undoes the filters of a chunk, last first.
 * @param most What it may unpack to, in bytes. @param skipped Bit i: filter i was left out.
 * @throws {WeightsError} MALFORMED for bytes that no filter gave, or a wrong checksum.
 */
export function undoFilters(filters: readonly Filter[], stored: Uint8Array, skipped: number, most: number): Uint8Array {
  let bytes = stored;
  for (let i = filters.length - 1; i >= 0; i--) {
    const filter = filters[i];
    if (filter && !((skipped >>> i) & 1)) bytes = undo(filter, bytes, most);
  }
  return bytes;
}

function undo({ id, values }: Filter, bytes: Uint8Array, most: number): Uint8Array {
  switch (id) {
    case deflate:
      return unpacked(() => inflateSync(bytes, { maxOutputLength: most + 4 })); // and a checksum
    case zstd:
      return unpacked(() => zstdDecompressSync(bytes, { maxOutputLength: most + 4 }));
    case shuffle:
      return unshuffled(bytes, values[0] ?? 1);
    case fletcher32:
      return checked(bytes);
    case lzf:
      return unpackLzf(bytes, most + 4);
    default:
      throw new WeightsError("UNSUPPORTED", `HDF5 filter ${id}`);
  }
}

function unpacked(unpack: () => Uint8Array): Uint8Array {
  try {
    return unpack();
  } catch (cause) {
    throw new WeightsError("MALFORMED", "a broken chunk", { cause });
  }
}

/** First bytes of all elements, then second bytes, and so on. What is left over stays where it is. */
function unshuffled(bytes: Uint8Array, size: number): Uint8Array {
  if (size < 2 || size > bytes.length) return bytes;
  const count = Math.floor(bytes.length / size);
  const out = new Uint8Array(bytes.length);
  for (let k = 0; k < size; k++) for (let i = 0; i < count; i++) out[i * size + k] = bytes[k * count + i] ?? 0;
  out.set(bytes.subarray(count * size), count * size);
  return out;
}

function checked(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 4;
  if (end < 0) throw new WeightsError("MALFORMED", "a chunk too short for its checksum");
  const data = bytes.subarray(0, end);
  const stated = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0, true);
  if (fletcher(data) !== stated) throw new WeightsError("MALFORMED", "a chunk with a wrong Fletcher-32");
  return data;
}

/** Over big-endian 16-bit words, whatever the machine; a last odd byte is the upper half of one. */
function fletcher(bytes: Uint8Array): number {
  let low = 0;
  let high = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    low += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    high += low;
    if ((i & 0xfe) === 0xfe) {
      low = low % 65_535;
      high = high % 65_535;
    }
  }
  low %= 65_535;
  high %= 65_535;
  return ((high << 16) | low) >>> 0;
}

/** LibLZF: runs of literals, and matches at most 8,192 bytes back. */
function unpackLzf(bytes: Uint8Array, most: number): Uint8Array {
  const out = new Uint8Array(most);
  let to = 0;
  for (let at = 0; at < bytes.length;) {
    const control = bytes[at++] ?? 0;
    if (control < 32) {
      const length = control + 1;
      if (to + length > most || at + length > bytes.length)
        throw new WeightsError("MALFORMED", "a broken chunk of LZF");
      out.set(bytes.subarray(at, at + length), to);
      at += length;
      to += length;
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9) length += bytes[at++] ?? 0;
    const from = to - ((control & 31) << 8) - (bytes[at++] ?? 0) - 1;
    if (from < 0 || to + length > most) throw new WeightsError("MALFORMED", "a broken chunk of LZF");
    for (let i = 0; i < length; i++) out[to + i] = out[from + i] ?? 0;
    to += length;
  }
  return out.subarray(0, to);
}
