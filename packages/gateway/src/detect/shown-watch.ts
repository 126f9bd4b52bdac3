import { LogitLedger, type LogitReading, type LogitState, type TextKey } from "@outweigh/extraction";
import type { GatewayModel } from "@outweigh/schema";
import type { Shown } from "../adapters/adapter.ts";
import { hashOf } from "./hash.ts";
import { Places, type Room } from "./places.ts";
import { namesOf, type Keeping, type SlotNames } from "./kept.ts";

/** Ledgers of output layers at once: megabytes each, and only for those who are shown scores. */
export const maxLedgers = 64;
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
  readonly #key: TextKey;
  readonly #ledgers: Places<LogitLedger>;
  /** Slots that were shown something since they were last kept. */
  readonly #changed = new Set<number>();

  /** @param key Under which prefixes and tokens are told apart. */
  constructor(model: GatewayModel, key: TextKey, room: Room) {
    this.#ledgers = new Places(room);
    this.#model = model;
    this.#key = key;
  }

  /** What stands above its bound after one answer; undefined where nothing does. */
  step(slot: number, { prefix, bias, tokens, logprobs }: Shown) {
    const vocabulary = this.#model.vocabulary ?? usualVocabulary;
    this.#changed.add(slot);
    const reading: LogitReading = this.#ledger(slot).observe({
      prefix: hashOf(prefix, this.#key),
      ...(bias !== undefined && { bias: hashOf(bias, this.#key) }),
      // Answers name tokens by their text: a hash stands for the id; two of one hash count as one token, which counts too little.
      tokens: tokens.map((it) => Number.parseInt(hashOf(it, this.#key).slice(0, 8), 16) % vocabulary),
      logprobs,
    });
    if (reading.alarm === "bias-sweep") return { finding: "bias-sweep", value: reading.maps, level: maxMaps } as const;
    if (reading.alarm === "rank")
      return { finding: "output-layer", value: reading.progress, level: maxProgress } as const;
    return undefined;
  }

  /** What has changed since the last call. */
  keep(names: SlotNames): Keeping[] {
    const rows = [...this.#changed].flatMap((slot): Keeping[] => {
      const it = this.#ledgers.get(slot);
      const who = namesOf([slot], names);
      return it && who ? [{ kind: "shown", who, at: Date.now(), state: it.snapshot() }] : [];
    });
    this.#changed.clear();
    return rows;
  }

  keepAll(): void {
    for (const it of this.#ledgers.keys()) this.#changed.add(it);
  }

  /** @throws {ExtractionError} BAD_STATE when it is the state of another output layer. */
  restore(slot: number, state: LogitState): void {
    this.#ledger(slot).restore(state);
  }

  #ledger(slot: number): LogitLedger {
    const { hidden = usualHidden, vocabulary = usualVocabulary } = this.#model;
    const most = { vocabulary, rounding: 0, maxMaps, maxProgress };
    return this.#ledgers.use(slot, () => new LogitLedger({ hidden: Math.min(hidden, vocabulary), ...most }));
  }
}
