import { concat } from "./bytes.ts";

export function varint(value: number | bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(out);
}

/** A number field. */
export function number(field: number, value: number | bigint): Uint8Array {
  return concat(varint(field * 8), varint(value));
}

/** A field of bytes: a text (UTF-8), a message made of its fields, or raw. */
export function bytes(field: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const body = concat(...parts.map((it) => (typeof it === "string" ? Buffer.from(it) : it)));
  return concat(varint(field * 8 + 2), varint(body.length), body);
}
