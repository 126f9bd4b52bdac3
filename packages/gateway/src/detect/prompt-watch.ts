import { LogitLedger, PromptPath, promptSignals, type LogitReading, type TextKey } from "@outweigh/extraction";
import type { GatewayModel } from "@outweigh/schema";
import type { Seen, Shown } from "../adapters/adapter.ts";
import type { SlotReading } from "../tap/readings.ts";
import { hashOf } from "./hash.ts";
import type { Asked } from "./numeric-watch.ts";
import type { PromptCalibration } from "./calibration-file.ts";
import type { Found } from "./protocol.ts";

/** Principals whose prompts are followed at once for one model: 60 kB each at worst. */
const maxPaths = 4_000;
/** Ledgers of output layers at once: megabytes each, and only for those who are shown scores. */
const maxLedgers = 64;
/** Width of the layer and number of tokens where the owner names none: common ones of large models. */
const usualHidden = 4096;
const usualVocabulary = 131_072;
/** Bias maps on one prefix that no application needs. */
const maxMaps = 24;
/** Share of the layer that may be shown. */
const maxProgress = 0.25;
/** Rates of the two bets while nothing is calibrated. */
const usualRates = { elicitation: 0.01, grading: 0.01 };

interface Following {
  readonly path: PromptPath;
  readonly since: number;
  queries: number;
}

/** Follows one model's prompts per principal, and what log-probabilities showed of its output layer. No text is kept. */
export class PromptWatch {
  readonly #model: GatewayModel;
  readonly #calibration: PromptCalibration | undefined;
  readonly #key: TextKey;
  readonly #paths = new Map<number, Following>();
  readonly #ledgers = new Map<number, LogitLedger>();
  readonly #told = new Set<string>();

  constructor(model: GatewayModel, calibration: PromptCalibration | undefined, key: TextKey) {
    this.#model = model;
    this.#calibration = calibration;
    this.#key = key;
  }

  step(asked: Asked, seen: Seen): { readonly found: Found[]; readonly reading: SlotReading } {
    const own = this.#of(asked);
    own.queries++;
    const found = this.#prompt(asked, seen, own);
    for (const it of seen.shown ?? []) found.push(...this.#shown(asked, it, own));
    const ratios = this.#ratios;
    return {
      found,
      reading: {
        queries: own.queries,
        novelty: ratios ?? NaN,
        learning: NaN,
        progress: NaN,
        ready: this.#calibration ? 1 : 0,
        model: 0,
      },
    };
  }

  #ratios: number | undefined;

  #of({ slot, time }: Asked): Following {
    const known = this.#paths.get(slot);
    const it = known ?? {
      path: new PromptPath(this.#key, this.#calibration?.rates ?? usualRates),
      since: time,
      queries: 0,
    };
    this.#paths.delete(slot);
    this.#paths.set(slot, it);
    if (this.#paths.size > maxPaths) {
      const [oldest] = this.#paths.keys();
      if (oldest !== undefined) this.#paths.delete(oldest);
    }
    return it;
  }

  #prompt(asked: Asked, { text, depth, bias }: Seen, own: Following): Found[] {
    this.#ratios = undefined;
    if (text === undefined) return [];
    const values = own.path.step({
      text,
      time: asked.time / 1000,
      depth: depth ?? 1,
      ...(bias !== undefined && { bias: hashOf(bias) }),
    });
    const { levels = {} } = this.#calibration ?? {};
    let most: number | undefined;
    const found: Found[] = [];
    promptSignals.forEach((signal, i) => {
      const level = levels[signal];
      const value = values[i] ?? 0;
      if (!level) return;
      most = Math.max(most ?? 0, value / Math.max(level.level, 1e-9));
      if (value > level.level) found.push(...this.#tell(asked, own, "unusual-prompts", signal, value, level));
    });
    this.#ratios = most;
    return found;
  }

  #shown(asked: Asked, { prefix, bias, tokens, logprobs }: Shown, own: Following): Found[] {
    const ledger = this.#ledger(asked.slot);
    const vocabulary = this.#model.vocabulary ?? usualVocabulary;
    const reading: LogitReading = ledger.observe({
      prefix: hashOf(prefix),
      ...(bias !== undefined && { bias: hashOf(bias) }),
      // Answers name tokens by their text: a hash stands for the id; two of one hash count as one token, which counts too little.
      tokens: tokens.map((it) => Number.parseInt(hashOf(it).slice(0, 8), 16) % vocabulary),
      logprobs,
    });
    if (reading.alarm === "bias-sweep")
      return this.#tell(asked, own, "bias-sweep", "", reading.maps, { level: maxMaps });
    if (reading.alarm === "rank")
      return this.#tell(asked, own, "output-layer", "", reading.progress, { level: maxProgress });
    return [];
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

  #tell(
    asked: Asked,
    own: Following,
    finding: string,
    detail: string,
    value: number,
    { level, alpha }: { level: number; alpha?: number },
  ): Found[] {
    const key = JSON.stringify([asked.slot, finding, detail]);
    if (this.#told.has(key)) return [];
    this.#told.add(key);
    return [
      {
        finding,
        slot: asked.slot,
        model: this.#model.name,
        queries: own.queries,
        since: own.since,
        time: asked.time,
        value,
        level,
        alpha,
        origin: asked.origin,
      },
    ];
  }
}
