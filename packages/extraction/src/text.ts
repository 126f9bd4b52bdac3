import { createHash } from "node:crypto";
import { mix } from "./hash.ts";

/** Length of a text's vector: what a `Space` takes without a second projection. */
const textDimensions = 64;
/** Longer prompts are cut: half of what a 32 k token context holds, and no more than 10 ms of hashing. */
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

/**
 * A text as 64 numbers, unit length: character 3- and 4-grams, counted sublinearly (1 + ln n), each added with a keyed sign to
 * four keyed coordinates. No model, no vocabulary, nothing to download.
 *
 * It sees wording and language, not meaning: a paraphrase is far away, and two topics in one language are near. An encoder sees
 * more; hand its vectors in as `Query.features` instead.
 */
export function embedText(text: string, key: TextKey): Float32Array {
  const out = new Float32Array(textDimensions);
  for (const [gram, n] of gramsOf(normal(text))) {
    const weight = 1 + Math.log(n);
    let bits = keyed(gram, key);
    for (let i = 0; i < 4; i++, bits >>>= 7) out[bits & 63]! += (bits & 64) === 0 ? weight : -weight;
  }
  let squared = 0;
  for (const it of out) squared += it * it;
  const length = Math.sqrt(squared);
  return length === 0 ? out : out.map((it) => it / length);
}

function normal(text: string): string {
  return text.slice(0, maxTextLength).toLowerCase().replace(/\s+/g, " ");
}

function gramsOf(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  const count = (gram: number) => counts.set(gram, (counts.get(gram) ?? 0) + 1);
  const at = (i: number) => text.charCodeAt(i);
  for (let i = 0; i + 2 < text.length; i++) {
    const three = mix(mix(at(i) | (at(i + 1) << 16)) ^ at(i + 2));
    count(three);
    if (i + 3 < text.length) count(mix(three ^ (at(i + 3) << 8) ^ 1));
  }
  return counts;
}

/** A text's words, lower case, numbers masked: what shingles are made of. */
export function wordsOf(text: string): string[] {
  return normal(text)
    .replace(/\d+/g, "0")
    .split(/[^\p{L}\p{N}']+/u)
    .filter((it) => it !== "");
}

/** Keyed hash of each run of four words, in order: what two prompts from one template share. Shorter texts give one. */
export function shinglesOf(words: readonly string[], key: TextKey): number[] {
  const hashes = words.map(hashWord);
  const runs = Math.max(1, words.length - shingleWords + 1);
  return Array.from({ length: runs }, (_, i) => {
    let h = 0;
    for (const word of hashes.slice(i, i + shingleWords)) h = mix(h ^ word);
    return keyed(h, key);
  });
}

/** The words that no run in `hot` covers: the slots of a template without its frame. */
export function outsideRuns(
  words: readonly string[],
  shingles: readonly number[],
  hot: (shingle: number) => boolean,
): string[] {
  const covered = new Set<number>();
  shingles.forEach((it, i) => {
    if (hot(it)) for (let k = i; k < i + shingleWords; k++) covered.add(k);
  });
  return words.filter((_, i) => !covered.has(i));
}

/** A short hash of a word: FNV-1a, spread. */
export function hashWord(word: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193);
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
  const it = normal(text);
  return elicitation.some((pattern) => pattern.test(it));
}

const elicitation = [
  /\b(internal|hidden|inner|private|complete|full|entire|raw|every|all)\b.{0,30}\b(reasoning|thought|thoughts|thinking|deliberation)\b/,
  /\b(reasoning|thoughts?|thinking) (that|which|behind|leading|led)\b/,
  /\b(chain[- ]of[- ]thought|reasoning (trace|chain)|thought process|scratch ?pad|think aloud)\b/,
];

/** True if a prompt has the model grade or compare answers, as a reward model does. Blind spot as above; evaluators match too. */
export function asksForGrade(text: string): boolean {
  const it = normal(text);
  return grading.some((pattern) => pattern.test(it));
}

const grading = [
  /\b(score|rate|grade|mark)\b.{0,40}\b(answer|response|completion|candidate|output)s?\b/,
  /\b(which|better)\b.{0,40}\b(answer|response|completion)s?\b.{0,40}\b(a or b|better|preferred)\b/,
  /\b(reward model|rubric|preference (score|label)|strict grader|act as a judge)\b/,
];
