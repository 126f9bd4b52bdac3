// Protocol Buffers as a sender writes them: fields one after another.

export function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

/** A field of bytes, or of another message. */
export function bytes(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint((BigInt(number) << 3n) | 2n), varint(BigInt(value.length)), value]);
}

export function text(number: number, value: string): Buffer {
  return bytes(number, Buffer.from(value));
}

export function whole(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number) << 3n), varint(value)]);
}

/** A field of 64 bits. */
export function fixed(number: number, value: bigint): Buffer {
  const it = Buffer.alloc(8);
  it.writeBigUInt64LE(value);
  return Buffer.concat([varint((BigInt(number) << 3n) | 1n), it]);
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let left = BigInt.asUintN(64, value);
  while (left >= 0x80n) {
    out.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  return Buffer.from([...out, Number(left)]);
}
