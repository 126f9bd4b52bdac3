import type { KeyObject } from "node:crypto";
import { textKey, type Query, type TextKey } from "@outweigh/extraction";
import type { GatewayModel } from "@outweigh/schema";
import { adapters } from "../adapters/adapters.ts";
import type { Seen } from "../adapters/adapter.ts";
import type { Readings } from "../tap/readings.ts";
import { GatewayError } from "../error.ts";
import type { Assembled } from "./assembler.ts";
import { readCalibration, type NumericCalibration, type PromptCalibration } from "./calibration-file.ts";
import type { Encoder } from "./encoder.ts";
import { Linking } from "./linking.ts";
import { NumericWatch } from "./numeric-watch.ts";
import { PromptWatch } from "./prompt-watch.ts";
import type { Found, WorkerStart } from "./protocol.ts";
import { reduce } from "./reduce.ts";

interface Watched {
  readonly model: GatewayModel;
  readonly numeric: NumericWatch | undefined;
  readonly prompts: PromptWatch;
}

/** Models that are watched without being configured; the rest share one watch. */
const maxUnconfigured = 256;

/** All detectors: takes assembled exchanges, leaves readings, answers with findings. */
export class Detectors {
  readonly #readings: Readings;
  readonly #key: TextKey;
  readonly #linking: Linking;
  readonly #watched = new Map<string, Watched>();
  readonly #encoder: Encoder | undefined;
  /** What kept a detector from being ready, in words. */
  readonly problems: string[] = [];
  #drifted: string[] = [];
  #routes: WorkerStart["routes"];
  #unread = 0;

  constructor(
    start: Pick<WorkerStart, "routes" | "models" | "secret" | "linkMs">,
    publicKey: KeyObject,
    readings: Readings,
    encoder?: Encoder,
  ) {
    this.#readings = readings;
    this.#encoder = encoder;
    this.#key = textKey(start.secret);
    this.#linking = new Linking(this.#key, start.linkMs);
    this.#routes = start.routes;
    for (const model of start.models) this.#watch(model, publicKey);
  }

  set routes(it: WorkerStart["routes"]) {
    this.#routes = it;
  }

  #watch(model: GatewayModel, publicKey: KeyObject): void {
    let calibration: NumericCalibration | PromptCalibration | undefined;
    try {
      if (model.calibration !== undefined)
        calibration = readCalibration(model.calibration, publicKey, this.#encoder?.digest);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.problems.push(error.message);
    }
    const warn = (problem: string) => void this.#drifted.push(problem);
    this.#watched.set(model.name, {
      model,
      numeric: calibration?.kind === "numeric" ? new NumericWatch(model, calibration, warn) : undefined,
      prompts: new PromptWatch(model, calibration?.kind === "prompts" ? calibration : undefined, this.#key, warn),
    });
  }

  /** Exchanges since the last call that an adapter could not read. */
  takeUnread(): number {
    const count = this.#unread;
    this.#unread = 0;
    return count;
  }

  /** Calibrations that have drifted since the last call, in words. */
  takeDrifted(): readonly string[] {
    const drifted = this.#drifted;
    this.#drifted = [];
    return drifted;
  }

  /** Takes one exchange. Wait for the answer before the next. @param tokens Where it came from. */
  async take(it: Assembled, modelName: string, tokens: readonly string[]): Promise<Found[]> {
    if (it.status >= 300) return [];
    const watched = this.#of(modelName);
    const seen = this.#see(it, watched.model);
    if (!seen) {
      this.#unread++;
      return [];
    }
    this.#linking.step(it.slot, it.askedAt, tokens, seen.text);
    const asked = { slot: it.slot, origin: it.origin, time: it.askedAt };
    if (seen.inputs) return this.#numbers(it, seen, watched, asked);
    const { prompts } = watched;
    try {
      const encoded = this.#encoder && prompts.stepEncoded(asked, seen, this.#encoder);
      const { found, reading } = (await encoded) ?? prompts.step(asked, seen);
      this.#readings.write(it.slot, { ...reading, model: it.model });
      return found;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.#unread++;
      return [];
    }
  }

  #see(it: Assembled, { output, features }: GatewayModel): Seen | undefined {
    const at = this.#routes[it.route];
    const route = at && adapters[at.protocol].routes[at.route];
    if (!at || !route) return undefined;
    const { requestJson, answerJson, request, answer, streamed } = it;
    return adapters[at.protocol].see({ route, requestJson, answerJson, request, answer, streamed, output, features });
  }

  #of(name: string): Watched {
    const known = this.#watched.get(name) ?? this.#watched.get("");
    if (known) return known;
    const fresh = this.#watched.size < maxUnconfigured ? name : "";
    const model: GatewayModel = { name: fresh, failClosed: false };
    const it = { model, numeric: undefined, prompts: new PromptWatch(model, undefined, this.#key) };
    this.#watched.set(fresh, it);
    return it;
  }

  #numbers(
    it: Assembled,
    seen: Seen,
    { model, numeric }: Watched,
    asked: { slot: number; origin: number; time: number },
  ): Found[] {
    const rows = seen.inputs ?? [];
    if (!numeric) {
      const before = this.#readings.read(it.slot)?.queries ?? 0;
      const reading = {
        queries: before + rows.length,
        novelty: NaN,
        learning: NaN,
        progress: NaN,
        ready: 0,
        model: it.model,
      };
      this.#readings.write(it.slot, reading);
      return [];
    }
    const found: Found[] = [];
    rows.forEach((row, i) => {
      const query = queryOf(seen, i, row, { model, labelOnly: it.labelOnly });
      if (!query) {
        this.#unread++;
        return;
      }
      const step = numeric.step(asked, query);
      found.push(...step.found);
      if (step.reading) this.#readings.write(it.slot, { ...step.reading, model: it.model });
    });
    return found;
  }

  /** Links accounts anew, and tests what belongs together. */
  link(now: number): { readonly groups: readonly (readonly number[])[]; readonly found: Found[] } {
    const groups = this.#linking.groups(now);
    for (const { prompts } of this.#watched.values()) prompts.regroup(groups);
    const found = [...this.#watched.values()].flatMap(
      ({ numeric }) => numeric?.regroup(groups, { origin: 0, time: now }) ?? [],
    );
    return { groups, found };
  }
}

/** One row as the meters take it; undefined where shape or answer do not fit. */
function queryOf(
  { features, probabilities, labels }: Seen,
  i: number,
  row: readonly number[],
  { model, labelOnly }: { readonly model: GatewayModel; readonly labelOnly: boolean },
): Query | undefined {
  const input = reduce(row, model.input);
  const answered = probabilities?.[i];
  const stratum = answered ? largest(answered) : Number(labels?.[i]);
  const own = model.features === undefined ? input : features?.[i];
  if (!input || !own || !Number.isInteger(stratum)) return undefined;
  return {
    features: own,
    stratum,
    ...(model.features !== undefined && { input }),
    // What the client did not get teaches it nothing.
    ...(answered && !labelOnly && { probabilities: answered }),
  };
}

function largest(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
