// Source: Igor Pavlov, "LZMA specification" (LZMA SDK, public domain).
import { WeightsError } from "../error.ts";
import { maxDictionaryBytes } from "../limits.ts";

/** Most packed bytes that one symbol takes: what must be there before it may be begun. */
export const maxSymbolBytes = 20;

/** Unpacked bytes handed out at a time. */
const pieceBytes = 256 * 1024;

const states = 12;
const posStates = 16;
const lengthModel = 2 + 2 * 8 * posStates + 256; // two choices, low and middle for each position, high

// Where each model lies among the probabilities.
const isMatch = 0;
const isRep = isMatch + states * posStates;
const isRepG0 = isRep + states;
const isRepG1 = isRepG0 + states;
const isRepG2 = isRepG1 + states;
const isRep0Long = isRepG2 + states;
const slotModel = isRep0Long + states * posStates;
const distanceModel = slotModel + 4 * 64;
const alignModel = distanceModel + 128;
const matchLength = alignModel + 16;
const repLength = matchLength + lengthModel;
const literalModel = repLength + lengthModel;

const endMarker = 0xffffffff;

/**
 * An LZMA decoder that stops where its input runs short and goes on when more is there. Its window grows with what was unpacked,
 * so that a short file that claims a large window costs nothing.
 */
export class LzmaDecoder {
  /** Set once an end marker was read. */
  ended = false;
  readonly #windowBytes: number;
  #window = new Uint8Array(64 * 1024);
  #pos = 0;
  #given = 0;
  #wrapped = false;
  #pending = 0;

  #probs = new Uint16Array(literalModel);
  #lc = 0;
  #lpMask = 0;
  #pbMask = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;

  // Both as int32, whose bits are those of the unsigned number: V8 keeps them unboxed so.
  #range = -1;
  #code = 0;
  #input: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** @throws {WeightsError} TOO_LARGE for a window beyond `maxDictionaryBytes`, unless `size` (what is unpacked in all) is smaller. */
  constructor(windowBytes: number, size = Infinity) {
    this.#windowBytes = Math.max(4096, Math.min(windowBytes, size));
    if (this.#windowBytes > maxDictionaryBytes) {
      throw new WeightsError("TOO_LARGE", `unpacking needs a window of ${windowBytes} bytes`);
    }
  }

  /** The properties byte: (pb * 5 + lp) * 9 + lc. Resets the state. @throws {WeightsError} MALFORMED for one that none is. */
  setProperties(byte: number): void {
    if (byte >= 9 * 5 * 5) throw new WeightsError("MALFORMED", `LZMA properties of ${byte}`);
    this.#lc = byte % 9;
    const lp = Math.floor(byte / 9) % 5;
    this.#lpMask = (1 << lp) - 1;
    this.#pbMask = (1 << Math.floor(byte / 45)) - 1;
    const wanted = literalModel + (0x300 << (this.#lc + lp));
    if (this.#probs.length < wanted) this.#probs = new Uint16Array(wanted);
    this.resetState();
  }

  resetState(): void {
    this.#probs.fill(1024);
    this.#state = 0;
    this.#rep0 = this.#rep1 = this.#rep2 = this.#rep3 = 0;
    this.#pending = 0;
  }

  /** Forgets what was unpacked; all of it must have been taken with `output`. */
  resetWindow(): void {
    this.#pos = 0;
    this.#given = 0;
    this.#wrapped = false;
  }

  /** Begins the range coder with its 5 bytes. @throws {WeightsError} MALFORMED if the first is not 0. */
  start(bytes: Uint8Array): void {
    const [first = 1, a = 0, b = 0, c = 0, d = 0] = bytes;
    if (first !== 0) throw new WeightsError("MALFORMED", "an LZMA stream that does not begin with 0");
    this.#range = -1;
    this.#code = (a << 24) | (b << 16) | (c << 8) | d;
  }

  /** Whether the range coder ended where an encoder leaves it. */
  get isAtRest(): boolean {
    return this.#code === 0;
  }

  /** Whether a match is only partly copied. */
  get isInMatch(): boolean {
    return this.#pending > 0;
  }

  /** How many bytes may be unpacked before `output` must be asked: never 0 after it was. */
  get room(): number {
    return Math.min(this.#window.length - this.#pos, pieceBytes - (this.#pos - this.#given));
  }

  /** What was unpacked since it was last asked; a view that the next step overwrites. */
  output(): Uint8Array {
    const piece = this.#window.subarray(this.#given, this.#pos);
    if (this.#pos === this.#window.length) this.#turn();
    this.#given = this.#pos;
    return piece;
  }

  /** At the end of the window: a larger one, or again from its beginning. */
  #turn(): void {
    if (this.#window.length >= this.#windowBytes) {
      this.#pos = 0;
      this.#wrapped = true;
      return;
    }
    const larger = new Uint8Array(Math.min(this.#windowBytes, this.#window.length * 2));
    larger.set(this.#window);
    this.#window = larger;
  }

  /** Takes bytes as they are; at most `room` of them. */
  copy(bytes: Uint8Array): void {
    this.#window.set(bytes, this.#pos);
    this.#pos += bytes.length;
  }

  /**
   * Unpacks at most `most` (and `room`) bytes from `input`, and stops earlier where what is left before `end` might be too little;
   * if `last`, nothing follows `end`.
   * @returns Where the input was left. @throws {WeightsError} TRUNCATED beyond `end`, MALFORMED for a reference to before the beginning.
   */
  run({ input, at, end, last }: { input: Uint8Array; at: number; end: number; last: boolean }, most: number): number {
    this.#input = input;
    this.#at = at;
    const stop = this.#pos + Math.min(most, this.room);
    const safe = last ? end : end - maxSymbolBytes;
    this.#repeat(stop);
    while (this.#pos < stop && this.#at <= safe && !this.ended) {
      this.#symbol(stop);
      if (this.#at > end) throw new WeightsError("TRUNCATED", "an LZMA stream that ends too early");
    }
    return this.#at;
  }

  #symbol(stop: number): void {
    const posState = this.#pos & this.#pbMask;
    const state = this.#state;
    if (this.#bit(isMatch + state * posStates + posState) === 0) {
      this.#literal();
      return;
    }
    if (this.#bit(isRep + state) === 0) {
      this.#rep3 = this.#rep2;
      this.#rep2 = this.#rep1;
      this.#rep1 = this.#rep0;
      this.#pending = this.#length(matchLength, posState);
      this.#state = state < 7 ? 7 : 10;
      this.#rep0 = this.#distance(this.#pending);
      if (this.#rep0 === endMarker) {
        this.ended = true;
        this.#pending = 0;
        return;
      }
    } else this.#repeated(posState);
    const known = this.#wrapped ? this.#window.length : this.#pos;
    if (this.#rep0 >= known) {
      throw new WeightsError("MALFORMED", `an LZMA reference ${this.#rep0 + 1} bytes back, of ${known}`);
    }
    this.#repeat(stop);
  }

  /** A match at one of the last four distances. */
  #repeated(posState: number): void {
    const state = this.#state;
    if (this.#bit(isRepG0 + state) === 0) {
      if (this.#bit(isRep0Long + state * posStates + posState) === 0) {
        this.#state = state < 7 ? 9 : 11;
        this.#pending = 1;
        return;
      }
    } else {
      let distance = this.#rep1;
      if (this.#bit(isRepG1 + state) !== 0) {
        distance = this.#rep2;
        if (this.#bit(isRepG2 + state) !== 0) {
          distance = this.#rep3;
          this.#rep3 = this.#rep2;
        }
        this.#rep2 = this.#rep1;
      }
      this.#rep1 = this.#rep0;
      this.#rep0 = distance;
    }
    this.#pending = this.#length(repLength, posState);
    this.#state = state < 7 ? 8 : 11;
  }

  /** Copies what is pending of a match, as far as `stop`. */
  #repeat(stop: number): void {
    if (this.#pending === 0) return;
    const window = this.#window;
    const size = window.length;
    const until = Math.min(stop, this.#pos + this.#pending);
    this.#pending -= until - this.#pos;
    let from = this.#pos - this.#rep0 - 1;
    if (from < 0) from += size;
    let to = this.#pos;
    while (to < until) {
      window[to++] = window[from++] ?? 0;
      if (from === size) from = 0;
    }
    this.#pos = to;
  }

  #literal(): void {
    const before = this.#pos > 0 ? this.#window[this.#pos - 1] : this.#wrapped ? this.#window.at(-1) : 0;
    const context = ((this.#pos & this.#lpMask) << this.#lc) + ((before ?? 0) >> (8 - this.#lc));
    const model = literalModel + 0x300 * context;
    let symbol = 1;
    if (this.#state >= 7) {
      let from = this.#pos - this.#rep0 - 1;
      if (from < 0) from += this.#window.length;
      let match = this.#window[from] ?? 0;
      let offset = 0x100;
      do {
        match <<= 1;
        const expected = match & offset;
        const bit = this.#bit(model + offset + expected + symbol);
        symbol = (symbol << 1) | bit;
        offset &= bit === 0 ? ~expected : expected;
      } while (symbol < 0x100);
    } else
      do symbol = (symbol << 1) | this.#bit(model + symbol);
      while (symbol < 0x100);
    this.#window[this.#pos++] = symbol;
    const state = this.#state;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  #length(model: number, posState: number): number {
    if (this.#bit(model) === 0) return 2 + this.#tree(model + 2 + posState * 8, 3);
    if (this.#bit(model + 1) === 0) return 10 + this.#tree(model + 2 + (posStates + posState) * 8, 3);
    return 18 + this.#tree(model + 2 + 2 * posStates * 8, 8);
  }

  #distance(length: number): number {
    const slot = this.#tree(slotModel + Math.min(length - 2, 3) * 64, 6);
    if (slot < 4) return slot;
    const direct = (slot >> 1) - 1;
    const high = ((2 | (slot & 1)) << direct) >>> 0;
    if (slot < 14) return high + this.#reverse(distanceModel + high - slot, direct);
    return high + this.#direct(direct - 4) * 16 + this.#reverse(alignModel, 4);
  }

  #tree(model: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(model + symbol);
    return symbol - (1 << bits);
  }

  #reverse(model: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(model + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.#range >>>= 1;
      const isOne = this.#code >>> 0 >= this.#range;
      if (isOne) this.#code = (this.#code - this.#range) | 0;
      value = value * 2 + (isOne ? 1 : 0);
      this.#normalise();
    }
    return value;
  }

  #bit(index: number): 0 | 1 {
    const probability = this.#probs[index] ?? 0;
    const bound = Math.imul(this.#range >>> 11, probability);
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound;
      this.#probs[index] = probability + ((2048 - probability) >> 5);
      this.#normalise();
      return 0;
    }
    this.#range = (this.#range - bound) | 0;
    this.#code = (this.#code - bound) | 0;
    this.#probs[index] = probability - (probability >> 5);
    this.#normalise();
    return 1;
  }

  #normalise(): void {
    if (this.#range >>> 24 !== 0) return;
    this.#range <<= 8;
    this.#code = (this.#code << 8) | (this.#input[this.#at++] ?? 0);
  }
}
