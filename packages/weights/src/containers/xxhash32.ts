// Source: Yann Collet, "xxHash fast digest algorithm" 0.1.1, XXH32, with seed 0.

const primes = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const;
const [p1, p2, p3, p4, p5] = primes;
const stripeBytes = 16;

/** A running XXH32. */
export class XxHash32 {
  #a = (p1 + p2) | 0;
  #b: number = p2;
  #c = 0;
  #d = -p1;
  #total = 0;
  #rest = new Uint8Array(0);

  update(bytes: Uint8Array): this {
    this.#total += bytes.length;
    let input = bytes;
    if (this.#rest.length > 0) {
      input = new Uint8Array(this.#rest.length + bytes.length);
      input.set(this.#rest);
      input.set(bytes, this.#rest.length);
    }
    const whole = input.length - (input.length % stripeBytes);
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    for (let at = 0; at < whole; at += stripeBytes) {
      this.#a = round(this.#a, view.getUint32(at, true));
      this.#b = round(this.#b, view.getUint32(at + 4, true));
      this.#c = round(this.#c, view.getUint32(at + 8, true));
      this.#d = round(this.#d, view.getUint32(at + 12, true));
    }
    this.#rest = input.slice(whole);
    return this;
  }

  digest(): number {
    const merged = rotated(this.#a, 1) + rotated(this.#b, 7) + rotated(this.#c, 12) + rotated(this.#d, 18);
    let sum = ((this.#total >= stripeBytes ? merged : p5) + this.#total) | 0;
    const view = new DataView(this.#rest.buffer, this.#rest.byteOffset, this.#rest.length);
    let at = 0;
    for (; at + 4 <= this.#rest.length; at += 4) {
      sum = Math.imul(rotated((sum + Math.imul(view.getUint32(at, true), p3)) | 0, 17), p4);
    }
    for (; at < this.#rest.length; at++) {
      sum = Math.imul(rotated((sum + Math.imul(view.getUint8(at), p5)) | 0, 11), p1);
    }
    sum = Math.imul(sum ^ (sum >>> 15), p2);
    sum = Math.imul(sum ^ (sum >>> 13), p3);
    return (sum ^ (sum >>> 16)) >>> 0;
  }
}

function round(lane: number, word: number): number {
  return Math.imul(rotated((lane + Math.imul(word, p2)) | 0, 13), p1);
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
