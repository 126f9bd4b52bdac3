import type { Reader } from "../tensor.ts";

/** What a pickle spells before its first array, or an escape that may stand for a letter of it: `\x6e`, `\156`, `\u006e`. */
const sign = /numpy|joblib|\\(?:x[0-9a-f]{2}|[0-7]{3}|u00|U0000)/i;

/** No sign is longer, so none is lost between two pieces. */
const overlapBytes = 8;
const pieceBytes = 256 * 1024;

/** Pickles without any sign in so many bytes are walked all the same: finding out costs as much. */
const maxSearchBytes = 64 * 1024 * 1024;

/**
 * Whether a pickle may hold arrays, by the names of the modules that make them: most pickles on a disk are tables of locales, scores or test
 * data, and walking a large one takes seconds and a hundred MB. Never says no of one that does. Throws only what the reader throws.
 */
export async function mayHoldArrays(reader: Reader): Promise<boolean> {
  for (let at = 0; at < reader.size; at += pieceBytes) {
    if (at >= maxSearchBytes) return true;
    const read = await reader.read(at, Math.min(pieceBytes + overlapBytes, reader.size - at));
    if (sign.test(Buffer.from(read.buffer, read.byteOffset, read.length).toString("latin1"))) return true;
  }
  return false;
}
