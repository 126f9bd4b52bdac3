import { ExtractionError } from "./error.ts";
import { mix } from "./hash.ts";

/** What one answer revealed of the output layer. */
export interface Revealed {
  /** Hash of all that precedes the revealed position: prompt, parameters, position. */
  readonly prefix: string;
  /** Hash of the logit_bias map sent; undefined without one. */
  readonly bias?: string;
  /** Token ids whose log-probability was returned, with the bias already taken out where it was known. Same length as `logprobs`. */
  readonly tokens: ArrayLike<number>;
  readonly logprobs: ArrayLike<number>;
}

export interface LogitReading {
  /** Distinct bias maps sent on this prefix. */
  readonly maps: number;
  /** Independent directions of the output layer that are revealed for certain; at most `hidden`. */
  readonly rank: number;
  /** rank / hidden. */
  readonly progress: number;
  /** Share of the vocabulary whose rows are touched, times `progress`: how much of the layer could be rebuilt. */
  readonly layer: number;
  /** `bias-sweep`: too many maps on one prefix; `rank`: more directions than the limit. */
  readonly alarm: "bias-sweep" | "rank" | undefined;
}

export interface LogitOptions {
  /** Width h of the layer before the vocabulary. */
  readonly hidden: number;
  readonly vocabulary: number;
  /** Step to which log-probabilities are rounded before they leave, e.g. 1e-2; 0 for exact ones. */
  readonly rounding: number;
  /** Distinct maps on one prefix that no application needs: an honest one sends one static map. */
  readonly maxMaps: number;
  /** Share of `hidden` that may be revealed. */
  readonly maxProgress: number;
}

/** Widest space in which directions are counted: 1,024 squared float32 are 4 MiB a principal, the brief's bound. */
const maxSketch = 1024;
/** Prefixes remembered, the least recently used go first: a sweep returns to its prefixes at once. */
const maxPrefixes = 256;
/** Fewest tokens of a prefix that make a row: fewer say nothing of a direction. Above every API's top-20. */
const minRowTokens = 32;

/**
 * How much of the output layer a principal has been shown. Final logits are W g with W of rank h, so rows of logits span h
 * dimensions, and whoever has h independent rows has W up to an h × h map (Carlini et al. 2024; Finlayson et al. 2024).
 *
 * Answers on one prefix are put together to one row, since a bias map moves which tokens are shown, not the logits. Rounding
 * does not help: the rank shows through 1e-2. Blind spot: top-k log-probabilities below 32 tokens a prefix count as none;
 * that reveals almost nothing of W, but it is not zero.
 */
export class LogitLedger {
  readonly #options: LogitOptions;
  readonly #sketch: number;
  readonly #basis: Float64Array[] = [];
  readonly #prefixes = new Map<
    string,
    { readonly maps: Set<string>; readonly row: Map<number, number>; counted: number }
  >();
  readonly #tokens: Uint8Array;
  #touched = 0;

  /** @throws {ExtractionError} BAD_CALIBRATION for sizes that are none. */
  constructor(options: LogitOptions) {
    const { hidden, vocabulary } = options;
    if (!(Number.isInteger(hidden) && hidden > 0 && Number.isInteger(vocabulary) && vocabulary >= hidden)) {
      throw new ExtractionError(
        "BAD_CALIBRATION",
        `expected 0 < hidden <= vocabulary, got ${hidden} and ${vocabulary}`,
      );
    }
    this.#options = options;
    this.#sketch = Math.min(hidden + 16, maxSketch);
    this.#tokens = new Uint8Array(Math.ceil(vocabulary / 8));
  }

  /** @throws {ExtractionError} BAD_QUERY when lengths differ or a token is outside the vocabulary. */
  observe({ prefix, bias, tokens, logprobs }: Revealed): LogitReading {
    const { hidden, vocabulary, maxMaps, maxProgress } = this.#options;
    if (tokens.length !== logprobs.length)
      throw new ExtractionError("BAD_QUERY", "as many log-probabilities as tokens are expected");
    const seen = this.#seen(prefix);
    if (bias !== undefined && seen.maps.size <= maxMaps) seen.maps.add(bias);
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] ?? -1;
      if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
        throw new ExtractionError("BAD_QUERY", `token ${token} is outside the vocabulary of ${vocabulary}`);
      }
      seen.row.set(token, logprobs[i] ?? 0);
      this.#touch(token);
    }
    this.#count(seen);
    const rank = Math.min(this.#basis.length, hidden);
    const progress = rank / hidden;
    return {
      maps: seen.maps.size,
      rank,
      progress,
      layer: (progress * this.#touched) / vocabulary,
      alarm: seen.maps.size >= maxMaps ? "bias-sweep" : progress >= maxProgress ? "rank" : undefined,
    };
  }

  #seen(prefix: string) {
    const found = this.#prefixes.get(prefix) ?? { maps: new Set<string>(), row: new Map<number, number>(), counted: 0 };
    this.#prefixes.delete(prefix);
    this.#prefixes.set(prefix, found);
    if (this.#prefixes.size > maxPrefixes) {
      const [oldest] = this.#prefixes.keys();
      if (oldest !== undefined) this.#prefixes.delete(oldest);
    }
    return found;
  }

  #touch(token: number): void {
    const bit = 1 << (token & 7);
    if ((this.#tokens[token >> 3]! & bit) !== 0) return;
    this.#tokens[token >> 3]! |= bit;
    this.#touched++;
  }

  /** Counts the prefix's row as a direction once it is wide enough. A row that grew is not counted twice. */
  #count(seen: { readonly row: Map<number, number>; counted: number }): void {
    const { hidden, rounding, vocabulary } = this.#options;
    const wide = Math.min(Math.max(minRowTokens, hidden + 1), vocabulary);
    if (seen.counted > 0 || seen.row.size < wide || this.#basis.length >= this.#sketch) return;
    seen.counted = seen.row.size;
    const mean = [...seen.row.values()].reduce((sum, it) => sum + it, 0) / seen.row.size;
    const sketch = new Float64Array(this.#sketch);
    let squared = 0;
    for (const [token, logprob] of seen.row) {
      const value = logprob - mean; // a constant over all tokens is the normaliser, not a direction
      squared += value * value;
      for (let word = 0; word * 32 < sketch.length; word++) {
        const bits = mix(mix(token) ^ (word + 1));
        for (let i = 0; i < 32 && word * 32 + i < sketch.length; i++)
          sketch[word * 32 + i]! += (bits >>> i) & 1 ? value : -value;
      }
    }
    // Each coordinate sums row.size terms of rounding noise up to half a step; ten times its spread is no direction.
    const noise = 10 * rounding * Math.sqrt(seen.row.size * sketch.length);
    const floor = Math.max(1e-6 * Math.sqrt(squared * sketch.length), noise);
    const direction = orthogonal(sketch, this.#basis);
    const length = Math.sqrt(direction.reduce((sum, it) => sum + it * it, 0));
    if (length > floor) this.#basis.push(direction.map((it) => it / length));
  }
}

/** What of a vector lies outside the span of an orthonormal basis: modified Gram–Schmidt, twice for accuracy. */
function orthogonal(vector: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const out = Float64Array.from(vector);
  for (let pass = 0; pass < 2; pass++) {
    for (const axis of basis) {
      let dot = 0;
      for (let i = 0; i < out.length; i++) dot += out[i]! * axis[i]!;
      for (let i = 0; i < out.length; i++) out[i]! -= dot * axis[i]!;
    }
  }
  return out;
}
