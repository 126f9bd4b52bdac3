import { ExtractionError } from "./error.ts";
import { mix } from "./hash.ts";
import { fromText, toText } from "./bytes.ts";
import { Counts } from "./counts.ts";
import { embedText } from "./embed.ts";
import { asksForGrade, elicitsReasoning, hashText, type TextReader } from "./text.ts";
import { logMean, stepRateWealth } from "./wealth.ts";

/** One prompt as a gateway sees it. The text itself is not kept. */
export interface Prompt {
  readonly text: string;
  /** Seconds, any origin. */
  readonly time: number;
  /** Turn of its conversation, from 1. */
  readonly depth: number;
  /** Hash of the logit_bias map sent. */
  readonly bias?: string;
  /** True if the model asked was released less than 24 hours before. */
  readonly newModel?: boolean;
}

/** Path statistics of a prompt stream; higher is stranger. Their levels come from `alarmLevel` over benign principals. */
export const promptSignals = [
  "elicitation", // wealth of bets that more prompts ask for hidden reasoning than benign ones do
  "grading", // the same for prompts that have answers graded
  "coverage", // how many kinds of content are asked for under one template
  "novelty", // share of prompts in a region never asked before: Good–Turing's unseen mass
  "heaps", // how fast the number of regions still grows: slope of ln distinct against ln n
  "single-turn", // share of conversations without a second turn
  "rhythm", // regularity of the times between prompts
  "pace", // prompts an hour
  "release", // share of prompts to a model on its first day
  "bias-maps", // distinct logit_bias maps
] as const;
export type PromptSignal = (typeof promptSignals)[number];

/** Rates that benign principals seldom pass: the null of the two bets. */
export interface PromptNull {
  readonly elicitation: number;
  readonly grading: number;
}

/** Prompts that a path counts as made before its first, so that a share of 1 of 1 is no verdict. */
const settling = 16;
/** Regions of the space: 2 to the power of this many random planes. */
const planes = 11;
/** Shingles counted at once; the rarest go. Hot ones are in 30 % of the prompts, so they stay. */
const maxShingles = 2048;
const hotShare = 0.3;
/** Times between prompts remembered, and maps told apart. */
const maxGaps = 64;
const maxMaps = 64;

/** One principal's prompts. Memory: counters, 2,048 shingle counts, 2,048 region counts; no text. */
export class PromptPath {
  readonly #reader: TextReader;
  readonly #null: PromptNull;
  readonly #centre: ArrayLike<number> | undefined;
  readonly #regions = new Uint16Array(1 << planes);
  readonly #shingles = new Counts();
  readonly #gaps: number[] = [];
  /** Hashes of the logit_bias maps: names may be of any length. */
  readonly #maps = new Set<number>();
  #n = 0;
  #distinct = 0;
  #once = 0;
  #templated = 0;
  #starts = 0;
  #follow = 0;
  #young = 0;
  #first = 0;
  #last = 0;
  #half = { n: 0, distinct: 0 };
  #wealth: { elicitation: readonly number[]; grading: readonly number[] } = {
    elicitation: [0, 0, 0, 0],
    grading: [0, 0, 0, 0],
  };

  /** @param centre What is taken off each vector: the mean of an encoder's, which lie to one side. Absent: nothing. */
  constructor(reader: TextReader, rates: PromptNull, centre?: ArrayLike<number>) {
    this.#reader = reader;
    this.#null = rates;
    this.#centre = centre;
  }

  /** Takes the next prompt by its hashed vector; gives each signal's value, in the order of `promptSignals`. */
  step(prompt: Prompt): number[] {
    return this.finish(prompt, embedText(this.begin(prompt), this.#reader.key));
  }

  /** The first half of a step, for those who have an encoder: gives the words of the prompt that are no template's. */
  begin({ text }: Prompt): string {
    this.#n++;
    return this.#slots(text);
  }

  /** The second half: takes the vector of those words, of any length that stays the same. */
  finish(prompt: Prompt, vector: ArrayLike<number>): number[] {
    this.#visit(vector);
    this.#clock(prompt.time);
    if (prompt.depth <= 1) this.#starts++;
    if (prompt.depth === 2) this.#follow++;
    if (prompt.newModel === true) this.#young++;
    if (prompt.bias !== undefined && this.#maps.size < maxMaps) this.#maps.add(hashText(prompt.bias));
    const wealth = this.#wealth;
    const read = this.#reader.read(prompt.text);
    wealth.elicitation = stepRateWealth(wealth.elicitation, read.elicitsReasoning, this.#null.elicitation);
    wealth.grading = stepRateWealth(wealth.grading, read.asksForGrade, this.#null.grading);

    const n = this.#n + settling;
    return [
      Math.max(0, logMean(wealth.elicitation)),
      Math.max(0, logMean(wealth.grading)),
      (this.#distinct / n) * (0.15 + this.#templated / n),
      this.#once / n,
      this.#slope(),
      Math.max(0, this.#starts - this.#follow) / n,
      this.#regularity(),
      this.#n / Math.max((this.#last - this.#first) / 3600, 1),
      this.#young / n,
      this.#maps.size,
    ];
  }

  /** Plain data that restores to the same values; below 40 KB, and no text in it. */
  snapshot(): PromptState {
    const [n, distinct, once, templated] = [this.#n, this.#distinct, this.#once, this.#templated];
    const [starts, follow, young, first, last] = [this.#starts, this.#follow, this.#young, this.#first, this.#last];
    return {
      counts: { n, distinct, once, templated, starts, follow, young, first, last },
      half: this.#half,
      wealth: this.#wealth,
      gaps: [...this.#gaps],
      maps: [...this.#maps],
      // In the order of arrival, which decides between equals when the rarest are forgotten.
      shingles: toText(Uint32Array.from([...this.#shingles].flat())),
      shingleCount: this.#shingles.size,
      regions: toText(this.#regions),
    };
  }

  /** @throws {ExtractionError} BAD_STATE when it is not a state of ours. */
  restore(state: PromptState): void {
    const { counts, shingleCount } = state;
    if (shingleCount > maxShingles || state.gaps.length > maxGaps || state.maps.length > maxMaps) {
      throw new ExtractionError("BAD_STATE", "more shingles, gaps or maps than are ever kept");
    }
    const pairs = new Uint32Array(2 * shingleCount);
    fromText(pairs, state.shingles);
    fromText(this.#regions, state.regions);
    this.#shingles.clear();
    for (let i = 0; i < pairs.length; i += 2) this.#shingles.add(pairs[i]!, pairs[i + 1]!);
    this.#gaps.splice(0, Infinity, ...state.gaps);
    this.#maps.clear();
    for (const it of state.maps) this.#maps.add(it);
    [this.#n, this.#distinct, this.#once, this.#templated] = [counts.n, counts.distinct, counts.once, counts.templated];
    [this.#starts, this.#follow, this.#young] = [counts.starts, counts.follow, counts.young];
    [this.#first, this.#last] = [counts.first, counts.last];
    this.#half = state.half;
    this.#wealth = state.wealth;
  }

  /** Counts the prompt's shingles, and gives its words outside those that are hot, so that content is compared, not the frame. */
  #slots(text: string): string {
    const read = this.#reader.read(text);
    const counts = this.#shingles;
    for (const it of read.distinct) counts.add(it);
    const bar = Math.max(3, hotShare * this.#n);
    const { slots, isTemplated } = read.outside((it) => counts.of(it) >= bar);
    if (isTemplated) this.#templated++;
    if (counts.size > maxShingles) counts.keepMost(maxShingles / 2);
    return slots;
  }

  /** Which region of the space it falls into: the signs of 11 random combinations of its vector. */
  #visit(vector: ArrayLike<number>): void {
    const centre = this.#centre;
    const signs = signsOf(vector.length);
    let region = 0;
    for (let plane = 0, k = 0; plane < planes; plane++) {
      let sum = 0;
      for (let i = 0; i < vector.length; i++, k++) sum += signs[k]! * (vector[i]! - (centre?.[i] ?? 0));
      if (sum > 0) region |= 1 << plane;
    }
    const before = this.#regions[region]!;
    if (before < 65535) this.#regions[region] = before + 1;
    if (before === 0) {
      this.#distinct++;
      this.#once++;
    } else if (before === 1) this.#once--;
    if ((this.#n & (this.#n - 1)) === 0) this.#half = { n: this.#n, distinct: this.#distinct };
  }

  /** Heaps' slope since the last power of two; 0 in its first quarter, where it is noise. */
  #slope(): number {
    const { n, distinct } = this.#half;
    if (n < 16 || this.#n < 1.25 * n) return 0;
    return Math.log(this.#distinct / distinct) / Math.log(this.#n / n);
  }

  #clock(time: number): void {
    if (this.#n === 1) this.#first = time;
    else this.#gaps.push(Math.max(0, time - this.#last));
    if (this.#gaps.length > maxGaps) this.#gaps.shift();
    this.#last = time;
  }

  /** 1 - (σ - μ)/(σ + μ) of the times between prompts, over 2: 1 for a metronome, ½ for chance, 0 for bursts (Goh, Barabási 2008). */
  #regularity(): number {
    const gaps = this.#gaps;
    if (gaps.length < settling) return 0;
    const mean = gaps.reduce((sum, it) => sum + it, 0) / gaps.length;
    const sd = Math.sqrt(gaps.reduce((sum, it) => sum + (it - mean) ** 2, 0) / gaps.length);
    return mean + sd === 0 ? 1 : (1 - (sd - mean) / (sd + mean)) / 2;
  }
}

let signs = new Int8Array(0);

/** 1 or -1 for each plane and number of a vector. Made again when vectors become longer or shorter. */
function signsOf(length: number): Int8Array {
  if (signs.length !== planes * length)
    signs = Int8Array.from({ length: planes * length }, (_, i) => 1 - 2 * (mix(i) & 1));
  return signs;
}

export interface PromptState {
  readonly counts: Readonly<
    Record<"n" | "distinct" | "once" | "templated" | "starts" | "follow" | "young" | "first" | "last", number>
  >;
  readonly half: { readonly n: number; readonly distinct: number };
  readonly wealth: { readonly elicitation: readonly number[]; readonly grading: readonly number[] };
  readonly gaps: readonly number[];
  readonly maps: readonly number[];
  readonly shingles: string;
  readonly shingleCount: number;
  readonly regions: string;
}

/**
 * The null of the two bets from benign streams: the rate that 90 % of them stay below, and never less than one in a hundred. Not
 * the highest rate: a tutor's would hide every thief. Those who pass it lift the level that `alarmLevel` learns instead.
 */
export function nullRates(streams: readonly (readonly Prompt[])[]): PromptNull {
  const rate = (matches: (text: string) => boolean) => {
    const rates = streams
      .filter((it) => it.length > 0)
      .map((it) => it.filter((prompt) => matches(prompt.text)).length / it.length)
      .sort((a, b) => a - b);
    return Math.min(0.5, Math.max(0.01, rates[Math.floor(0.9 * rates.length)] ?? 0));
  };
  return { elicitation: rate(elicitsReasoning), grading: rate(asksForGrade) };
}
