import { createHash } from "node:crypto";
import { Counts } from "./counts.ts";
import { mix } from "./hash.ts";

/** Longer prompts are cut: half of what a 32 k token context holds. */
const maxTextLength = 65_536;
/** Words of a shingle: four in a row are seldom shared by chance, and survive another slot value nearby. */
const shingleWords = 4;
/** Hashes of a MinHash signature: the similarity of two sets to about ±0.09. */
export const minHashLength = 128;

/**
 * The operator's secret, spread to two words. Without it the hashes cannot be compared with those of guessed prompts; who holds
 * it can try guesses. It is a keyed hash, not a cipher: store no more than is needed.
 */
export interface TextKey {
  readonly a: number;
  readonly b: number;
}

/** A key from any secret bytes. */
export function textKey(secret: Uint8Array): TextKey {
  const digest = createHash("sha256").update("outweigh text features/1").update(secret).digest();
  return { a: digest.readUInt32LE(0), b: digest.readUInt32LE(4) };
}

function keyed(h: number, { a, b }: TextKey): number {
  return mix(mix(h ^ a) + b);
}

/** A text in lower case, cut, each run of blanks and line ends as one blank. */
export function normalOf(text: string): string {
  return withSingleBlanks(lowerOf(text));
}

function withSingleBlanks(text: string): string {
  return /\s\s|[^\S ]/.test(text) ? text.replace(/\s+/g, " ") : text;
}

function lowerOf(text: string): string {
  return text.slice(0, maxTextLength).toLowerCase();
}

/** What a character of a text is to its words. */
const kind = { unknown: 0, other: 1, word: 2, digit: 3, half: 4 } as const;
const kinds = new Uint8Array(65_536);

/** Asked once for each character. */
function kindOf(unit: number): number {
  const it = String.fromCharCode(unit);
  const found =
    unit >= 0xd800 && unit < 0xdc00
      ? kind.half
      : unit >= 0x30 && unit <= 0x39
        ? kind.digit
        : isOfWords(it)
          ? kind.word
          : kind.other;
  kinds[unit] = found;
  return found;
}

function isOfWords(character: string): boolean {
  return /^[\p{L}\p{N}']$/u.test(character);
}

/**
 * Reads texts under one key. Whoever looks at a prompt reads it here, and the last one is remembered: it is read once for all of them, and held
 * until the next comes.
 */
export class TextReader {
  readonly key: TextKey;
  #text = "";
  #last: TextRead | undefined;

  constructor(key: TextKey) {
    this.key = key;
  }

  read(text: string): TextRead {
    if (!this.#last || text !== this.#text) [this.#text, this.#last] = [text, new TextRead(text, this.key)];
    return this.#last;
  }
}

/**
 * What is taken of a text: its words, in lower case and with numbers masked, and its shingles, a keyed hash of each four words in a row, which
 * two prompts from one template share.
 */
class TextRead {
  /** In order. A text of fewer words has one, of all of them. */
  readonly shingles: Uint32Array;
  readonly #lower: string;
  /** Where each word begins and ends. */
  readonly #places: Uint32Array;
  readonly #hasNumbers: boolean;
  #distinct: Uint32Array | undefined;
  #asks: Asked | undefined;

  constructor(text: string, key: TextKey) {
    this.#lower = lowerOf(text);
    const words = wordsIn(this.#lower);
    this.#places = words.places;
    this.#hasNumbers = words.hasNumbers;
    this.shingles = shinglesOf(words.hashes, key);
  }

  /** Its shingles without repeats, in the order in which they first stand. */
  get distinct(): Uint32Array {
    this.#distinct ??= distinctOf(this.shingles);
    return this.#distinct;
  }

  /** The words that no hot shingle covers, with a blank between two: the slots of a template without its frame. */
  outside(isHot: (shingle: number) => boolean): { readonly slots: string; readonly isTemplated: boolean } {
    const places = this.#places;
    const parts: string[] = [];
    let isTemplated = false;
    /** The first word that no hot shingle so far covers. */
    let free = 0;
    // Words with one blank between them are taken as they stand.
    let begin = 0;
    let end = -1;
    for (let i = 0; i < Math.max(this.shingles.length, places.length / 2); i++) {
      const shingle = this.shingles[i];
      if (shingle !== undefined && isHot(shingle)) {
        free = i + shingleWords;
        isTemplated = true;
      }
      if (i < free || 2 * i >= places.length) continue;
      if (places[2 * i] !== end + 1 || this.#lower.charCodeAt(end) !== blank) {
        if (end >= 0) parts.push(this.#part(begin, end));
        begin = places[2 * i]!;
      }
      end = places[2 * i + 1]!;
    }
    if (end >= 0) parts.push(this.#part(begin, end));
    return { slots: parts.join(" "), isTemplated };
  }

  #part(begin: number, end: number): string {
    const it = this.#lower.slice(begin, end);
    return this.#hasNumbers ? it.replace(/\d+/g, "0") : it;
  }

  /** @see elicitsReasoning */
  get elicitsReasoning(): boolean {
    return this.#asked.reasoning;
  }

  /** @see asksForGrade */
  get asksForGrade(): boolean {
    return this.#asked.grade;
  }

  get #asked(): Asked {
    this.#asks ??= askedIn(withSingleBlanks(this.#lower));
    return this.#asks;
  }
}

/** Memory for the words of one text after the other. */
let places = new Uint32Array(0);
let hashes = new Uint32Array(0);

interface Words {
  /** Where each begins and ends. */
  readonly places: Uint32Array;
  readonly hashes: Uint32Array;
  readonly hasNumbers: boolean;
}

/** The words of a text. The hashes are lent. */
function wordsIn(text: string): Words {
  const most = (text.length >> 1) + 1;
  if (hashes.length < most) [places, hashes] = [new Uint32Array(4 * most), new Uint32Array(2 * most)];
  let count = 0;
  let begin = -1;
  let h = hashBasis;
  let isNumber = false;
  let hasNumbers = false;
  for (let i = 0; i <= text.length; i++) {
    const unit = i < text.length ? text.charCodeAt(i) : 0;
    let it = kinds[unit]!;
    if (it === kind.unknown) it = kindOf(unit);
    // A character of two units is one of words with both, or with none.
    const isPair = it === kind.half && isOfWords(text.slice(i, i + 2));
    if (it <= kind.other || (it === kind.half && !isPair)) {
      if (begin < 0) continue;
      places[2 * count] = begin;
      places[2 * count + 1] = i;
      hashes[count++] = mix(h);
      begin = -1;
      h = hashBasis;
      isNumber = false;
      continue;
    }
    if (begin < 0) begin = i;
    if (it === kind.digit) {
      // Each number is a 0.
      if (!isNumber) h = hashUnit(h, 0x30);
      isNumber = true;
      hasNumbers = true;
      continue;
    }
    isNumber = false;
    h = hashUnit(h, unit);
    if (isPair) h = hashUnit(h, text.charCodeAt(++i));
  }
  return { places: places.slice(0, 2 * count), hashes: hashes.subarray(0, count), hasNumbers };
}

function shinglesOf(words: Uint32Array, key: TextKey): Uint32Array {
  const shingles = new Uint32Array(Math.max(1, words.length - shingleWords + 1));
  for (let i = 0; i < shingles.length; i++) {
    let h = 0;
    for (let k = i; k < Math.min(i + shingleWords, words.length); k++) h = mix(h ^ words[k]!);
    shingles[i] = keyed(h, key);
  }
  return shingles;
}

const seen = new Counts();

function distinctOf(shingles: Uint32Array): Uint32Array {
  seen.clear();
  for (let i = 0; i < shingles.length; i++) seen.add(shingles[i]!);
  return seen.keys();
}

const blank = 0x20;
const hashBasis = 0x811c9dc5;

function hashUnit(h: number, unit: number): number {
  return Math.imul(h ^ unit, 0x01000193);
}

/** A short hash of a text of any length: FNV-1a, spread. */
export function hashText(text: string): number {
  let h = hashBasis;
  for (let i = 0; i < text.length; i++) h = hashUnit(h, text.charCodeAt(i));
  return mix(h);
}

/** Sketch of a set: per hash function the least value in it. All ones for an empty set. Source: Broder 1997. */
export function minHash(set: Iterable<number>): Uint32Array {
  const out = new Uint32Array(minHashLength).fill(0xffffffff);
  for (const it of set) {
    for (let i = 0; i < minHashLength; i++) {
      const h = mix(it ^ Math.imul(i + 1, 0x9e3779b1));
      if (h < out[i]!) out[i] = h;
    }
  }
  return out;
}

/** The estimated share of two sets' union that lies in both, 0…1. */
export function similarity(a: Uint32Array, b: Uint32Array): number {
  let same = 0;
  for (let i = 0; i < minHashLength; i++) if (a[i] === b[i]) same++;
  return same / minHashLength;
}

/**
 * True if a prompt asks for the hidden reasoning itself. A small list of English wordings, one for each way that reports
 * describe: it asks for thoughts as data ("complete internal reasoning", "every intermediate thought", "reasoning that led to").
 * Blind spots: other languages, new wordings. Tutors who ask for worked steps do not match, which is deliberate.
 */
export function elicitsReasoning(text: string): boolean {
  return askedIn(normalOf(text)).reasoning;
}

const elicitation = [
  /\b(internal|hidden|inner|private|complete|full|entire|raw|every|all)\b.{0,30}\b(reasoning|thought|thoughts|thinking|deliberation)\b/,
  /\b(reasoning|thoughts?|thinking) (that|which|behind|leading|led)\b/,
  /\b(chain[- ]of[- ]thought|reasoning (trace|chain)|thought process|scratch ?pad|think aloud)\b/,
];

/** True if a prompt has the model grade or compare answers, as a reward model does. Blind spot as above; evaluators match too. */
export function asksForGrade(text: string): boolean {
  return askedIn(normalOf(text)).grade;
}

const grading = [
  /\b(score|rate|grade|mark)\b.{0,40}\b(answer|response|completion|candidate|output)s?\b/,
  /\b(which|better)\b.{0,40}\b(answer|response|completion)s?\b.{0,40}\b(a or b|better|preferred)\b/,
  /\b(reward model|rubric|preference (score|label)|strict grader|act as a judge)\b/,
];

interface Asked {
  readonly reasoning: boolean;
  readonly grade: boolean;
}

function askedIn(normal: string): Asked {
  const matches = (it: RegExp) => it.test(normal);
  return { reasoning: elicitation.some(matches), grade: grading.some(matches) };
}
