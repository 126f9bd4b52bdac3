import { createHash } from "node:crypto";
import { fromText, toText, type Packed } from "./bytes.ts";
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

/** Widest space in which directions are counted: 1,024 squared float32 are 4 MiB a principal. */
const maxSketch = 1024;
/** A direction is new if this share of a row lies outside the known ones: ten times what float32 axes lose over 1,024 of them. */
const newShare = 1e-5;
/** Prefixes remembered, the least recently used go first: a sweep returns to its prefixes at once. */
const maxPrefixes = 256;
/** Log-probabilities held for rows that are not wide enough yet: 2 MiB. Beyond, the least recently used rows start anew. */
const maxHeld = 131_072;
/** Longest answer taken at once: a whole vocabulary of the largest models. */
const maxTokens = 262_144;
/** Fewest tokens of a prefix that make a row: fewer say nothing of a direction. Above every API's top-20. */
const minRowTokens = 32;

/**
 * How much of the output layer a principal has been shown. Final logits are W g with W of rank h, so rows of logits span h
 * dimensions, and whoever has h independent rows has W up to an h × h map (Carlini et al. 2024; Finlayson et al. 2024).
 *
 * Answers on one prefix are put together to one row, since a bias map moves which tokens are shown, not the logits. Rounding
 * does not help: the rank shows through 1e-2. Blind spots: top-k log-probabilities below 32 tokens a prefix count as none, which
 * reveals almost nothing of W, but not nothing; rows collected on more than 256 prefixes in turn are forgotten unfinished.
 */
export class LogitLedger {
  readonly #options: LogitOptions;
  readonly #sketch: number;
  readonly #basis: Float32Array[] = [];
  readonly #prefixes = new Map<string, Prefix>();
  readonly #tokens: Uint8Array;
  #touched = 0;
  #held = 0;

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

  /** @throws {ExtractionError} BAD_QUERY when lengths differ, a token is outside the vocabulary or a value is not finite. */
  observe(revealed: Revealed): LogitReading {
    const { hidden, vocabulary, maxMaps } = this.#options;
    this.#check(revealed);
    const { bias, tokens, logprobs } = revealed;
    const seen = this.#seen(hashText(revealed.prefix));
    if (bias !== undefined && seen.maps.size < maxMaps) seen.maps.add(hashText(bias));
    for (let i = 0; i < tokens.length; i++) {
      this.#touch(tokens[i]!);
      if (seen.counted) continue;
      const before = seen.row.size;
      seen.row.set(tokens[i]!, logprobs[i]!);
      this.#held += seen.row.size - before;
    }
    this.#count(seen);
    this.#trim();
    const rank = Math.min(this.#basis.length, hidden);
    const progress = rank / hidden;
    return {
      maps: seen.maps.size,
      rank,
      progress,
      layer: (progress * this.#touched) / vocabulary,
      alarm: seen.maps.size >= maxMaps ? "bias-sweep" : this.#isDeep(progress) ? "rank" : undefined,
    };
  }

  /** A full sketch alarms too: what lies beyond cannot be counted, and "could not tell" must not look like "no". */
  #isDeep(progress: number): boolean {
    return progress >= this.#options.maxProgress || this.#basis.length >= this.#sketch;
  }

  #check({ tokens, logprobs }: Revealed): void {
    const { vocabulary } = this.#options;
    if (tokens.length !== logprobs.length || tokens.length > maxTokens) {
      throw new ExtractionError(
        "BAD_QUERY",
        `expected as many log-probabilities as tokens, at most ${maxTokens}, got ${logprobs.length} for ${tokens.length}`,
      );
    }
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] ?? -1;
      if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
        throw new ExtractionError("BAD_QUERY", `token ${token} is outside the vocabulary of ${vocabulary}`);
      }
      if (!Number.isFinite(logprobs[i])) {
        throw new ExtractionError("BAD_QUERY", `the log-probability of token ${token} is not finite`);
      }
    }
  }

  /** The prefix, now the most recently used. */
  #seen(prefix: string): Prefix {
    const found = this.#prefixes.get(prefix) ?? { maps: new Set(), row: new Map(), counted: false };
    this.#prefixes.delete(prefix);
    this.#prefixes.set(prefix, found);
    const [oldest] = this.#prefixes;
    if (this.#prefixes.size > maxPrefixes && oldest) {
      this.#drop(oldest[1]);
      this.#prefixes.delete(oldest[0]);
    }
    return found;
  }

  #drop({ row }: Prefix): void {
    this.#held -= row.size;
    row.clear();
  }

  #trim(): void {
    for (const it of this.#prefixes.values()) {
      if (this.#held <= maxHeld) return;
      this.#drop(it);
    }
  }

  #touch(token: number): void {
    const bit = 1 << (token & 7);
    if ((this.#tokens[token >> 3]! & bit) !== 0) return;
    this.#tokens[token >> 3]! |= bit;
    this.#touched++;
  }

  /** Counts the prefix's row as a direction once it is wide enough. A row that grew is not counted twice. */
  #count(seen: Prefix): void {
    const { hidden, rounding, vocabulary } = this.#options;
    const wide = Math.min(Math.max(minRowTokens, hidden + 1), vocabulary);
    if (seen.counted || seen.row.size < wide || this.#basis.length >= this.#sketch) return;
    seen.counted = true;
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
    const floor = Math.max(newShare * Math.sqrt(squared * sketch.length), noise);
    const direction = orthogonal(sketch, this.#basis);
    const length = Math.sqrt(direction.reduce((sum, it) => sum + it * it, 0));
    if (length > floor) this.#basis.push(Float32Array.from(direction, (it) => it / length));
    this.#drop(seen); // a row counts once
  }

  /** Plain data that restores to the same readings: at most 4 MiB of axes and 2 MiB of unfinished rows, a third more as text. */
  snapshot(): LogitState {
    return {
      basis: this.#basis.map(toText),
      prefixes: [...this.#prefixes].map(([prefix, { maps, row, counted }]) => ({
        prefix,
        maps: [...maps],
        tokens: toText(Uint32Array.from(row.keys())),
        logprobs: toText(Float64Array.from(row.values())),
        held: row.size,
        counted,
      })),
      tokens: Buffer.from(this.#tokens).toString("base64"),
    };
  }

  /** @throws {ExtractionError} BAD_STATE when it is not a state of these options. */
  restore(state: LogitState): void {
    const tokens = Buffer.from(state.tokens, "base64");
    if (tokens.length !== this.#tokens.length || state.basis.length > this.#sketch) {
      throw new ExtractionError("BAD_STATE", "a ledger of another output layer");
    }
    const basis = state.basis.map((it) => filled(new Float32Array(this.#sketch), it));
    this.#tokens.set(tokens);
    this.#touched = tokens.reduce((sum, it) => sum + ones(it), 0);
    this.#basis.splice(0, Infinity, ...basis);
    this.#prefixes.clear();
    this.#held = 0;
    for (const it of state.prefixes.slice(-maxPrefixes)) {
      const keys = filled(new Uint32Array(it.held), it.tokens);
      const values = filled(new Float64Array(it.held), it.logprobs);
      const row = new Map(Array.from(keys, (token, i) => [token, values[i] ?? 0]));
      this.#prefixes.set(it.prefix, { maps: new Set(it.maps), row, counted: it.counted });
      this.#held += row.size;
    }
  }
}

interface Prefix {
  /** Short hashes of the bias maps sent on it. */
  readonly maps: Set<string>;
  /** Tokens and their log-probabilities, until the row is wide enough to count. */
  readonly row: Map<number, number>;
  counted: boolean;
}

export interface LogitState {
  readonly basis: readonly string[];
  readonly prefixes: readonly {
    readonly prefix: string;
    readonly maps: readonly string[];
    readonly tokens: string;
    readonly logprobs: string;
    readonly held: number;
    readonly counted: boolean;
  }[];
  readonly tokens: string;
}

/** 96 bits of SHA-256: names may be of any length, what is kept of them is not. */
function hashText(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

function filled<T extends Packed>(target: T, text: string): T {
  fromText(target, text);
  return target;
}

/** Bits set in a byte. */
function ones(byte: number): number {
  let n = 0;
  for (let it = byte; it > 0; it >>= 1) n += it & 1;
  return n;
}

/** What of a vector lies outside the span of an orthonormal basis: modified Gram–Schmidt, twice for accuracy. */
function orthogonal(vector: Float64Array, basis: readonly Float32Array[]): Float64Array {
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
