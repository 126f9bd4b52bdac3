import { AnchorScanner, type Anchors } from "./anchors.ts";

/** Shortest run of base64 that is decoded, in characters: identifiers, hashes and small pictures in a page stay below. */
const minRun = 16 * 1024;

/** Characters decoded at a time; a multiple of 4. */
const pieceChars = 64 * 1024;

/** Value of a base64 character, RFC 4648 §4 and §5; 65 for a line break, which may stand within a run; 64 for any other. */
const other = 64;
const lineBreak = 65;
const values = valueTable();

/** Anchors of a stream as it lies, and of what its long base64 runs decode to. */
export interface Carved {
  readonly plain: Anchors;
  readonly decoded: Anchors;
}

/**
 * Looks for weights in files of any kind, piece by piece: packed data, memory dumps, disk images, and scripts that hold shards as base64.
 * Each of the two goes to `matchAnchors` with a model's own anchors.
 *
 * Memory: one piece. Blind spot: fewer than about 8 MiB of the model; weights that were compressed, encrypted, converted to another type,
 * written in hexadecimal, or interleaved with something else more often than every 64 bytes; memory whose pages lie in another order.
 */
export class CarvingScanner {
  readonly #plain = new AnchorScanner();
  readonly #decoded = new AnchorScanner();
  readonly #run = new Uint8Array(pieceChars);
  #length = 0;
  /** Whether the run has been long enough to be decoded. */
  #isLong = false;

  push(piece: Uint8Array): void {
    this.#plain.push(piece);
    for (let i = 0; i < piece.length; i++) {
      const value = values[piece[i] ?? 0] ?? other;
      if (value === other) this.#end();
      else if (value !== lineBreak) {
        this.#run[this.#length++] = value;
        if (this.#length === pieceChars) this.#flush();
      }
    }
  }

  /** Those found so far; a run that is still open counts as far as it was decoded. */
  anchors(): Carved {
    return { plain: this.#plain.anchors(), decoded: this.#decoded.anchors() };
  }

  #end(): void {
    if (this.#length === 0 && !this.#isLong) return;
    if (this.#isLong || this.#length >= minRun) this.#flush();
    this.#length = 0;
    this.#isLong = false;
  }

  #flush(): void {
    const whole = this.#length & ~3;
    const bytes = new Uint8Array((whole / 4) * 3);
    for (let from = 0, to = 0; from < whole; from += 4, to += 3) {
      const word =
        ((this.#run[from] ?? 0) << 18) |
        ((this.#run[from + 1] ?? 0) << 12) |
        ((this.#run[from + 2] ?? 0) << 6) |
        (this.#run[from + 3] ?? 0);
      bytes[to] = word >> 16;
      bytes[to + 1] = (word >> 8) & 0xff;
      bytes[to + 2] = word & 0xff;
    }
    this.#decoded.push(bytes);
    this.#isLong = true;
    this.#length = 0;
  }
}

function valueTable(): Uint8Array {
  const table = new Uint8Array(256).fill(other);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (const [i, char] of [...`${alphabet}+/`].entries()) table[char.charCodeAt(0)] = i;
  for (const [i, char] of [..."-_"].entries()) table[char.charCodeAt(0)] = alphabet.length + i;
  for (const char of "\r\n") table[char.charCodeAt(0)] = lineBreak;
  return table;
}
