// Source: protobuf.dev, "Encoding".
import type { Cursor } from "../cursor.ts";
import { WeightsError } from "../error.ts";

/** One field of a message. For wire type 2, `at` and `length` are its bytes; for the others, `value` is its number. */
export interface Field {
  readonly number: number;
  readonly wire: 0 | 1 | 2 | 5;
  readonly at: number;
  readonly length: number;
  readonly value: bigint;
}

/**
 * Calls `visit` for each field up to `end`; `visit` may move the cursor, the walk goes on behind the field.
 * @throws {WeightsError} MALFORMED for groups, field 0 and fields that leave their message; TRUNCATED, TOO_LARGE from the cursor.
 */
export async function walkMessage(
  cursor: Cursor,
  end: number,
  what: string,
  visit: (field: Field) => Promise<void> | void,
): Promise<void> {
  while (cursor.at < end) {
    const field = await readField(cursor, what);
    const next = field.at + field.length;
    if (next > end) {
      throw new WeightsError("MALFORMED", `field ${field.number} of ${what} leaves it at ${end}`, { at: field.at });
    }
    const pending = visit(field);
    if (pending) await pending;
    cursor.seek(next, `the end of field ${field.number} of ${what}`);
  }
}

async function readField(cursor: Cursor, what: string): Promise<Field> {
  const tagAt = cursor.at;
  const tag = Number(await readVarint(cursor, what));
  const number = Math.floor(tag / 8);
  const wire = tag % 8;
  const at = cursor.at;
  if (number === 0 || number > 536_870_911)
    throw new WeightsError("MALFORMED", `${what} has field ${number}`, { at: tagAt });
  switch (wire) {
    case 0: {
      const value = await readVarint(cursor, what);
      return { number, wire, at, length: cursor.at - at, value };
    }
    case 1:
      return { number, wire, at, length: 8, value: 0n };
    case 2: {
      const length = await readVarint(cursor, what);
      if (length > BigInt(Number.MAX_SAFE_INTEGER - cursor.at)) {
        throw new WeightsError("MALFORMED", `field ${number} of ${what} has ${length} bytes`, { at: tagAt });
      }
      return { number, wire, at: cursor.at, length: Number(length), value: 0n };
    }
    case 5:
      return { number, wire, at, length: 4, value: 0n };
    default:
      throw new WeightsError("MALFORMED", `${what} has the wire type ${wire}`, { at: tagAt });
  }
}

/** An unsigned 64-bit varint. @throws {WeightsError} MALFORMED if it is longer than 10 bytes. */
export async function readVarint(cursor: Cursor, what: string): Promise<bigint> {
  let low = 0; // up to 2^49: most varints are small, and numbers are faster than bigints
  for (let shift = 0; shift < 49; shift += 7) {
    if (!cursor.holds(1)) await cursor.want(1, what);
    const byte = cursor.u8();
    low += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return BigInt(low);
  }
  let value = BigInt(low);
  for (let shift = 49n; shift < 70n; shift += 7n) {
    if (!cursor.holds(1)) await cursor.want(1, what);
    const byte = cursor.u8();
    value += BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw new WeightsError("MALFORMED", `${what} has a number of more than 10 bytes`, { at: cursor.at });
}

/** The tag and end of the top-level field at `at` of `head`; undefined if it does not fit there or is no field. For recognising. */
export function peekField(head: Uint8Array, at: number): { tag: number; dataAt: number; next: number } | undefined {
  const tag = peekVarint(head, at);
  if (!tag) return undefined;
  switch (tag.value % 8) {
    case 0: {
      const value = peekVarint(head, tag.next);
      return value && { tag: tag.value, dataAt: tag.next, next: value.next };
    }
    case 1:
      return { tag: tag.value, dataAt: tag.next, next: tag.next + 8 };
    case 2: {
      const length = peekVarint(head, tag.next);
      return length && { tag: tag.value, dataAt: length.next, next: length.next + length.value };
    }
    case 5:
      return { tag: tag.value, dataAt: tag.next, next: tag.next + 4 };
    default:
      return undefined;
  }
}

function peekVarint(head: Uint8Array, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 7; i++) {
    const byte = head[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return undefined;
}
