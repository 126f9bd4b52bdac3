import { hash, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { ExtractionError, textKey, TextReader, type Query } from "@outweigh/extraction";
import type { GatewayModel, WatchedModel } from "@outweigh/schema";
import { adapters } from "../adapters/adapters.ts";
import type { Seen } from "../adapters/adapter.ts";
import type { Readings } from "../tap/readings.ts";
import { GatewayError } from "../error.ts";
import type { Assembled } from "./assembler.ts";
import { readCalibration, type NumericCalibration, type PromptCalibration } from "./calibration-file.ts";
import type { Encoder } from "./encoder.ts";
import type { Kept, KeptRow, SlotNames } from "./kept.ts";
import { Linking } from "./linking.ts";
import { NumericWatch } from "./numeric-watch.ts";
import { promptRooms, PromptWatch } from "./prompt-watch.ts";
import type { Found, TestedSlots, WorkerStart } from "./protocol.ts";
import { reduce } from "./reduce.ts";

/** A model and what follows its queries. */
interface Followed {
  readonly model: GatewayModel;
  /** Names what its state is worth something with: calibration, encoder, shapes. */
  readonly belongs: string;
  readonly numeric: NumericWatch | undefined;
  readonly prompts: PromptWatch;
}

/** Models that are followed without being configured; the rest are followed as one. */
const maxUnconfigured = 256;

/** All detectors: takes assembled exchanges, leaves readings, answers with findings. */
export class Detectors {
  readonly #readings: Readings;
  readonly #reader: TextReader;
  readonly #linkMs: number;
  readonly #linking: Linking;
  readonly #models = new Map<string, Followed>();
  /** Names of those that are configured, as what is kept of them is called. */
  readonly configured: readonly string[];
  /** One room for all models that are not configured: who invents names takes it from none that is. */
  readonly #others = promptRooms();
  readonly #encoder: Encoder | undefined;
  /** What kept a detector from being ready, in words. */
  readonly problems: string[] = [];
  #drifted: string[] = [];
  #routes: WorkerStart["routes"];
  #unread = 0;

  constructor(
    start: Pick<WorkerStart, "routes" | "models" | "secret" | "linkMs"> & Partial<Pick<WorkerStart, "watched">>,
    publicKey: KeyObject,
    readings: Readings,
    encoder?: Encoder,
  ) {
    this.#readings = readings;
    this.#encoder = encoder;
    this.#reader = new TextReader(textKey(start.secret));
    this.#linkMs = start.linkMs;
    this.#linking = new Linking(this.#reader, start.linkMs);
    this.#routes = start.routes;
    this.configured = ["", ...start.models.flatMap((it) => [nameOf(it, true), nameOf(it, false)])];
    for (const model of start.models) this.#follow(model, publicKey);
    this.watch(start.watched ?? []);
  }

  /** Takes the stricter levels for these models, each until its time is over, and for no others. */
  watch(models: readonly WatchedModel[]): void {
    const until = new Map(models.map((it) => [it.model, it.until]));
    for (const { model, numeric, prompts } of this.#models.values())
      for (const watch of [numeric, prompts])
        if (watch) watch.watchedUntil = until.get(model.register ?? model.name) ?? 0;
  }

  /** Configured models for which nothing is stricter while they are watched. */
  get withoutStricter(): string[] {
    const all = [...this.#models.values()];
    return all
      .filter(({ numeric, prompts }) => !numeric?.hasStricter && !prompts.hasStricter)
      .map((it) => it.model.name);
  }

  set routes(it: WorkerStart["routes"]) {
    this.#routes = it;
  }

  #follow(model: GatewayModel, publicKey: KeyObject): void {
    let calibration: NumericCalibration | PromptCalibration | undefined;
    try {
      if (model.calibration !== undefined)
        calibration = readCalibration(model.calibration, publicKey, this.#encoder?.digest);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.problems.push(error.message);
    }
    const warn = (problem: string) => void this.#drifted.push(problem);
    this.#models.set(model.name, {
      model,
      belongs: this.#belongs(model, calibration !== undefined),
      numeric: calibration?.kind === "numeric" ? new NumericWatch(model, calibration, warn) : undefined,
      prompts: new PromptWatch(model, calibration?.kind === "prompts" ? calibration : undefined, this.#reader, warn),
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
    const followed = this.#of(modelName);
    const seen = this.#see(it, followed.model);
    if (!seen) {
      this.#unread++;
      return [];
    }
    this.#linking.step(it.slot, it.askedAt, tokens, seen.text);
    const asked = { slot: it.slot, origin: it.origin, time: it.askedAt };
    if (seen.inputs) return this.#numbers(it, seen, followed, asked);
    const { prompts } = followed;
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

  #of(name: string): Followed {
    const known = this.#models.get(name) ?? this.#models.get("");
    if (known) return known;
    const fresh = this.#models.size < maxUnconfigured ? name : "";
    const model: GatewayModel = { name: fresh, failClosed: false };
    const belongs = this.#belongs(model, false);
    const prompts = new PromptWatch(model, undefined, this.#reader, undefined, this.#others);
    const it = { model, belongs, numeric: undefined, prompts };
    this.#models.set(fresh, it);
    return it;
  }

  #belongs({ input, features, output, hidden, vocabulary, calibration }: GatewayModel, isCalibrated: boolean): string {
    const files = isCalibrated && calibration !== undefined ? [calibration, `${calibration}.groups`] : [];
    const digests = files.map((it) => digestOf(it));
    return hash(
      "sha256",
      JSON.stringify([input, features, output, hidden, vocabulary, digests, this.#encoder?.digest]),
      "hex",
    ).slice(0, 32);
  }

  /** What has changed since the last call, as it is kept. One at a time: states are large. */
  *keep(names: SlotNames): Generator<KeptRow> {
    const link = `link ${this.#linkMs}`;
    for (const it of this.#linking.keep(names)) yield written({ ...it, model: "", belongs: link });
    for (const { model, belongs, numeric, prompts } of this.#models.values()) {
      // Numbers and prompts of one model have each a watch of their own; one that nobody asks says nothing.
      for (const watch of [numeric, prompts])
        for (const it of watch?.keep(names) ?? [])
          yield written({ ...it, model: nameOf(model, watch === numeric), belongs });
    }
  }

  /** Has everything kept at the next call, because the last one came to nothing. */
  keepAll(): void {
    this.#linking.keepAll();
    for (const { numeric, prompts } of this.#models.values()) for (const it of [numeric, prompts]) it?.keepAll();
  }

  /** Takes back what was kept. @returns Whether it was worth something here. */
  restore(row: KeptRow, names: SlotNames, modelNumber: (name: string) => number): boolean {
    try {
      if (row.kind === "trail") {
        const slot = row.belongs === `link ${this.#linkMs}` ? names.slotOf(row.who[0] ?? "") : undefined;
        if (slot !== undefined) this.#linking.restore(slot, JSON.parse(row.body));
        return slot !== undefined;
      }
      const isNumeric = row.model.startsWith("n:");
      const { model, belongs, numeric, prompts } = this.#of(row.model.slice(2));
      const watch = isNumeric ? numeric : prompts;
      if (!watch || row.belongs !== belongs) return false;
      const left = watch.restore(row, names);
      if (left) this.#readings.write(left.slot, { ...left.reading, model: modelNumber(model.name) });
      return true;
    } catch (error) {
      // What is sealed is ours; of another version of the library it is worth nothing.
      if (!(error instanceof ExtractionError || error instanceof TypeError || error instanceof SyntaxError))
        throw error;
      return false;
    }
  }

  /** What had drifted before, in words: said again, because it still holds. */
  stillDrifted(): string[] {
    return [...this.#models.values()].flatMap(({ numeric, prompts }) => numeric?.drift ?? prompts.drift ?? []);
  }

  #numbers(
    it: Assembled,
    seen: Seen,
    { model, numeric }: Followed,
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

  /**
   * Links accounts anew, and tests what belongs together.
   *
   * @yields {undefined} After each turn of some ms: exchanges may be taken before the next.
   */
  *linkInTurns(
    now: number,
  ): Generator<undefined, { readonly groups: readonly TestedSlots[]; readonly found: readonly Found[] }> {
    const linked = yield* this.#linking.groupsInTurns(now);
    const groups = linked.map((it) => it.members);
    const watches = [...this.#models.values()];
    const found: Found[] = [];
    for (const { prompts, numeric } of watches) {
      prompts.regroup(groups);
      found.push(...(numeric?.regroup(groups, { origin: 0, time: now }) ?? []));
      yield;
    }
    const tests = watches.flatMap(({ numeric, prompts }) => [...(numeric ? [numeric] : []), prompts]);
    const tested: TestedSlots[] = [];
    for (const it of linked) {
      tested.push({ ...it, retests: tests.flatMap((watch) => watch.retest(it.members) ?? []) });
      yield;
    }
    return { groups: tested, found };
  }
}

function nameOf({ name }: GatewayModel, isNumeric: boolean): string {
  return `${isNumeric ? "n" : "p"}:${name}`;
}

function written({ state, ...it }: Kept): KeptRow {
  return { ...it, body: JSON.stringify(state) };
}

/** Empty for a file that is not there. */
function digestOf(file: string): string {
  try {
    return hash("sha256", readFileSync(file), "hex");
  } catch {
    return "";
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
