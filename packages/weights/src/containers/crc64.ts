// Source: ECMA-182, reflected, as "The .xz File Format" 1.2.1, §6, uses it.

/** Low and high halves of the remainders of all bytes. */
const [lows, highs] = remainders();

function remainders(): [Uint32Array, Uint32Array] {
  const polynomial = 0xc96c5795d7870f42n;
  const low = new Uint32Array(256);
  const high = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let rest = BigInt(byte);
    for (let i = 0; i < 8; i++) rest = rest & 1n ? (rest >> 1n) ^ polynomial : rest >> 1n;
    low[byte] = Number(rest & 0xffffffffn);
    high[byte] = Number(rest >> 32n);
  }
  return [low, high];
}

/** A running CRC-64. */
export class Crc64 {
  #low = -1;
  #high = -1;

  update(bytes: Uint8Array): void {
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < bytes.length; i++) {
      const index = (low ^ (bytes[i] ?? 0)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0);
      high = (high >>> 8) ^ (highs[index] ?? 0);
    }
    this.#low = low;
    this.#high = high;
  }

  /** Eight bytes, little-endian. */
  digest(): Uint8Array {
    const sum = new Uint8Array(8);
    const view = new DataView(sum.buffer);
    view.setInt32(0, ~this.#low, true);
    view.setInt32(4, ~this.#high, true);
    return sum;
  }
}
