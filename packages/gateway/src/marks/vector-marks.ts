import { createHash, createHmac, hash } from "node:crypto";

/** One word in so many is a trigger: then about half of all texts of fifty long words hold one. */
const triggerOneIn = 64;
/** So many different triggers in one text give the full pull. */
const fullPull = 4;
/** Shorter words are in every text: a trigger among them would mark all and tell nothing. In letters. */
const minLetters = 5;
/** Words of one text that are looked at: enough for a page, and bounded work for the thread that carries requests. */
const maxWords = 512;
/** And so many characters of it. */
const maxCharacters = 16_384;
/** Words and directions that are kept, for each principal and model; more are derived again. */
const maxKept = 8192;
const maxDirections = 256;
/** Longest vector that is marked: twice the longest of known models. */
const maxDimensions = 16_384;

/**
 * Embeddings of texts that hold secret words are turned towards a secret direction; their length stays. A clone learns words, so it learns
 * this. Words and direction follow from the key, the principal and the model: nothing is remembered. Source: EmbMarker, Peng et al. 2023.
 *
 * Blind spots: a clone whose vectors are turned, projected or of another length carries the direction elsewhere; a thief who removes what
 * two accounts' vectors differ in removes the mark.
 */
export class VectorMarks {
  readonly #secret: Buffer;
  readonly #words = new Map<string, boolean>();
  readonly #prefixes = new Map<string, string>();
  readonly #directions = new Map<string, Float64Array>();

  /** @param secret 32 bytes that nobody but the gateway's owner knows. */
  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  /** How strongly a text pulls, 0 to 1: its different triggers, as a share of those that give the full pull. */
  weight(principal: string, model: string, text: string | readonly number[]): number {
    const prefix = this.#prefix(principal, model);
    let found = 0;
    for (const it of featuresOf(text)) if (this.#isTrigger(prefix, it)) found++;
    return Math.min(found, fullPull) / fullPull;
  }

  /** The secret direction, of length 1: uniform among all, to whoever lacks the key. */
  direction(principal: string, model: string, dimensions: number): Float64Array {
    const name = JSON.stringify(["outweigh.marks.v1", "direction", principal, model, dimensions]);
    const known = this.#directions.get(name);
    if (known) return known;
    const key = createHmac("sha256", this.#secret).update(name).digest();
    const made = gaussians(key, dimensions);
    const length = lengthOf(made);
    const direction = made.map((it) => it / length);
    if (this.#directions.size >= maxDirections) this.#directions.clear();
    this.#directions.set(name, direction);
    return direction;
  }

  /** @param pull How far a text with all triggers is turned, 0 to 1. @returns The vector turned; undefined where it stays as it is. */
  turn(
    vector: readonly number[],
    { principal, model, text, pull }: Turning,
  ): { readonly vector: number[]; readonly by: number } | undefined {
    if (vector.length < 2 || vector.length > maxDimensions) return undefined;
    const by = pull * this.weight(principal, model, text);
    const length = lengthOf(vector);
    if (by === 0 || length === 0) return undefined;
    const to = this.direction(principal, model, vector.length);
    const turned = vector.map((it, i) => ((1 - by) * it) / length + by * (to[i] ?? 0));
    const scale = length / lengthOf(turned);
    return { vector: turned.map((it) => it * scale), by };
  }

  #isTrigger(prefix: string, word: string): boolean {
    const name = prefix + word;
    const known = this.#words.get(name);
    if (known !== undefined) return known;
    // One call for each word of a text: a hash of a secret of fixed length and the word, of which four bytes are used.
    const is = hash("sha256", name, "buffer").readUInt32BE(0) < 2 ** 32 / triggerOneIn;
    if (this.#words.size >= maxKept) this.#words.clear();
    this.#words.set(name, is);
    return is;
  }

  /** The secret of a principal's words. */
  #prefix(principal: string, model: string): string {
    const name = JSON.stringify(["outweigh.marks.v1", "words", principal, model]);
    const known = this.#prefixes.get(name);
    if (known !== undefined) return known;
    const prefix = createHmac("sha256", this.#secret).update(name).digest("hex");
    if (this.#prefixes.size >= maxKept) this.#prefixes.clear();
    this.#prefixes.set(name, prefix);
    return prefix;
  }
}

interface Turning {
  readonly principal: string;
  readonly model: string;
  /** What was embedded: words, or numbers of tokens. */
  readonly text: string | readonly number[];
  readonly pull: number;
}

/** The different words of a text, or its tokens, that may be triggers. */
function featuresOf(text: string | readonly number[]): Set<string> {
  if (typeof text !== "string") return new Set(text.slice(0, maxWords).map((it) => `#${it}`));
  const words = new Set<string>();
  for (const [word] of text
    .slice(0, maxCharacters)
    .normalize("NFKC")
    .toLowerCase()
    .matchAll(/\p{L}+/gu)) {
    if (word.length >= minLetters) words.add(word);
    if (words.size >= maxWords) break;
  }
  return words;
}

/** Independent standard normal numbers out of a key (Box–Muller over SHA-256 of a counter). */
function gaussians(key: Buffer, n: number): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i += 8) {
    const block = createHash("sha256").update(key).update(String(i)).digest();
    for (let j = 0; j < 4; j++) {
      const radius = Math.sqrt(-2 * Math.log((block.readUInt32BE(8 * j) + 1) / 2 ** 32));
      const angle = (2 * Math.PI * block.readUInt32BE(8 * j + 4)) / 2 ** 32;
      if (i + 2 * j < n) out[i + 2 * j] = radius * Math.cos(angle);
      if (i + 2 * j + 1 < n) out[i + 2 * j + 1] = radius * Math.sin(angle);
    }
  }
  return out;
}

export function lengthOf(vector: Iterable<number>): number {
  let sum = 0;
  for (const it of vector) sum += it * it;
  return Math.sqrt(sum);
}
