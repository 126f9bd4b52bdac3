import { LogitLedger, type LogitReading } from "@outweigh/extraction";
import type { GatewayModel } from "@outweigh/schema";
import type { Shown } from "../adapters/adapter.ts";
import { hashOf } from "./hash.ts";

/** Ledgers of output layers at once: megabytes each, and only for those who are shown scores. */
const maxLedgers = 64;
/** Width of the layer and number of tokens where the owner names none: common ones of large models. */
const usualHidden = 4096;
const usualVocabulary = 131_072;
/** Bias maps on one prefix that no application needs. */
const maxMaps = 24;
/** Share of the layer that may be shown. */
const maxProgress = 0.25;

/** Counts what log-probabilities showed of one model's output layer, per principal. Needs no calibration. */
export class ShownWatch {
  readonly #model: GatewayModel;
  readonly #ledgers = new Map<number, LogitLedger>();

  constructor(model: GatewayModel) {
    this.#model = model;
  }

  /** What stands above its bound after one answer; undefined where nothing does. */
  step(slot: number, { prefix, bias, tokens, logprobs }: Shown) {
    const vocabulary = this.#model.vocabulary ?? usualVocabulary;
    const reading: LogitReading = this.#ledger(slot).observe({
      prefix: hashOf(prefix),
      ...(bias !== undefined && { bias: hashOf(bias) }),
      // Answers name tokens by their text: a hash stands for the id; two of one hash count as one token, which counts too little.
      tokens: tokens.map((it) => Number.parseInt(hashOf(it).slice(0, 8), 16) % vocabulary),
      logprobs,
    });
    if (reading.alarm === "bias-sweep") return { finding: "bias-sweep", value: reading.maps, level: maxMaps } as const;
    if (reading.alarm === "rank")
      return { finding: "output-layer", value: reading.progress, level: maxProgress } as const;
    return undefined;
  }

  #ledger(slot: number): LogitLedger {
    const { hidden = usualHidden, vocabulary = usualVocabulary } = this.#model;
    const known = this.#ledgers.get(slot);
    const it =
      known ?? new LogitLedger({ hidden: Math.min(hidden, vocabulary), vocabulary, rounding: 0, maxMaps, maxProgress });
    this.#ledgers.delete(slot);
    this.#ledgers.set(slot, it);
    if (this.#ledgers.size > maxLedgers) {
      const [oldest] = this.#ledgers.keys();
      if (oldest !== undefined) this.#ledgers.delete(oldest);
    }
    return it;
  }
}
