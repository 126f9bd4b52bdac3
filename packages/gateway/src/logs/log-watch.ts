import type { KeyObject } from "node:crypto";
import { PromptPath, promptSignals, textKey, TextReader } from "@outweigh/extraction";
import type { GatewayModel } from "@outweigh/schema";
import { adapters } from "../adapters/adapters.ts";
import type { Seen } from "../adapters/adapter.ts";
import { readCalibration, type PromptCalibration } from "../detect/calibration-file.ts";
import { Linking } from "../detect/linking.ts";
import { PromptWatch } from "../detect/prompt-watch.ts";
import { GatewayError } from "../error.ts";
import { maxPrincipals } from "../limits.ts";
import type { Contents } from "./contents.ts";

/** One call to a model, as a log tells of it. */
export interface LoggedCall {
  readonly principal: string;
  /** Undefined where the log names none. */
  readonly model: string | undefined;
  /** In ms since 1970. */
  readonly time: number;
  readonly tokens: number | undefined;
  readonly address: string | undefined;
  readonly agent: string | undefined;
  readonly contents: Contents | undefined;
}

/** Something unusual, by the same measures as in the gateway. */
export interface LogFinding {
  readonly finding: string;
  readonly principal: string;
  readonly model: string;
  readonly queries: number;
  readonly since: number;
  readonly time: number;
  readonly value: number;
  readonly level: number;
  /** Promised chance of this for a benign principal; absent where nothing was calibrated. */
  readonly alpha?: number;
}

/** What one principal did. */
export interface LogPrincipal {
  readonly principal: string;
  readonly calls: number;
  /** Calls whose prompts the log holds. */
  readonly withPrompts: number;
  readonly tokens: number;
  /** The largest signal over its level: above 1 is a finding. Absent without a calibration. */
  readonly novelty?: number;
}

/** Which detector looked at how many calls, and why not at the others. */
export interface Reach {
  readonly detector: string;
  readonly calls: number;
  readonly of: number;
  readonly why?: string;
}

/** Signals that need no words. */
const timed = ["rhythm", "pace"] as const;
/** Principals of one model whose times are followed at once; the one that asked longest ago goes first. */
const maxTimed = 4_000;
/** Models that are told apart; later ones share one watch. */
const maxModels = 256;
/** Length of one interval of activity for linking, in ms. */
const linkMs = 60_000;
const usualRates = { elicitation: 0.01, grading: 0.01 };

interface Watched {
  readonly name: string;
  readonly calibration: PromptCalibration | undefined;
  readonly prompts: PromptWatch;
  readonly times: Map<number, { readonly path: PromptPath; readonly since: number; queries: number }>;
}

interface Row {
  readonly slot: number;
  calls: number;
  withPrompts: number;
  tokens: number;
  novelty: number | undefined;
}

/** Runs the gateway's detectors of prompts and times over logs of calls, in the order in which they come. Keeps sketches, no words. */
export class LogWatch {
  readonly #reader: TextReader;
  readonly #linking: Linking;
  readonly #models: ReadonlyMap<string, GatewayModel>;
  readonly #calibrations = new Map<string, PromptCalibration>();
  readonly #unnamed: string | undefined;
  readonly #watched = new Map<string, Watched>();
  readonly #rows = new Map<string, Row>();
  readonly #told = new Set<string>();
  readonly problems: string[] = [];
  #calls = 0;
  #withPrompts = 0;
  #withScores = 0;
  #unfollowed = 0;
  #calibrated = 0;
  #last = 0;

  /**
   * @param secret Keys the sketches.
   * @param publicKey Of whose calibrations are believed; undefined where none is configured.
   * @param unnamed The model that calls are about whose log names none.
   */
  constructor(
    models: readonly GatewayModel[],
    secret: Uint8Array,
    publicKey: KeyObject | undefined,
    unnamed: string | undefined,
  ) {
    this.#reader = new TextReader(textKey(secret));
    this.#linking = new Linking(this.#reader, linkMs);
    this.#models = new Map(models.map((it) => [it.name, it]));
    this.#unnamed = unnamed;
    for (const { name, calibration } of models) {
      if (calibration === undefined || !publicKey) continue;
      try {
        const read = readCalibration(calibration, publicKey);
        if (read.kind === "prompts") this.#calibrations.set(name, read);
        else this.problems.push(`${name}: its calibration is for inputs of a classifier, which no log holds`);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        this.problems.push(error.message);
      }
    }
  }

  /** Takes the next call. @returns What was found that was not told before. */
  step(call: LoggedCall): LogFinding[] {
    this.#calls++;
    this.#last = Math.max(this.#last, call.time);
    const row = this.#row(call.principal);
    if (!row) {
      this.#unfollowed++;
      return [];
    }
    row.calls++;
    row.tokens += call.tokens ?? 0;
    const watched = this.#of(call.model ?? this.#unnamed ?? "");
    if (watched.calibration) this.#calibrated++;
    const seen = call.contents && seenIn(call.contents);
    const tokens = [
      ...(call.address === undefined ? [] : [`address:${call.address}`]),
      ...(call.agent === undefined ? [] : [`agent:${call.agent}`]),
    ];
    const found = this.#times(watched, row, call);
    this.#linking.step(row.slot, call.time, tokens, seen?.text);
    if (seen?.text === undefined) return found;
    row.withPrompts++;
    this.#withPrompts++;
    if ((seen.shown?.length ?? 0) > 0) this.#withScores++;
    const step = watched.prompts.step({ slot: row.slot, origin: 0, time: call.time }, seen);
    if (!Number.isNaN(step.reading.novelty)) row.novelty = Math.max(row.novelty ?? 0, step.reading.novelty);
    for (const it of step.found) {
      const { finding, queries, since, time, value, level = 0, alpha } = it;
      found.push(
        ...this.#tell(call, watched, {
          finding,
          queries,
          since,
          time,
          value,
          level,
          ...(alpha !== undefined && { alpha }),
        }),
      );
    }
    return found;
  }

  #row(principal: string): Row | undefined {
    const known = this.#rows.get(principal);
    if (known) return known;
    if (this.#rows.size >= maxPrincipals) return undefined;
    const row = { slot: this.#rows.size, calls: 0, withPrompts: 0, tokens: 0, novelty: undefined };
    this.#rows.set(principal, row);
    return row;
  }

  #of(name: string): Watched {
    const known = this.#watched.get(name);
    if (known) return known;
    const own = this.#watched.size < maxModels || this.#models.has(name) ? name : "";
    const model = this.#models.get(own) ?? { name: own, failClosed: false };
    const calibration = this.#calibrations.get(own);
    const prompts = new PromptWatch(model, calibration, this.#reader, (problem) => void this.problems.push(problem));
    const it = { name: own, calibration, prompts, times: new Map() };
    this.#watched.set(own, it);
    return it;
  }

  /** How often and how regularly, which needs no words. */
  #times({ name, calibration, times }: Watched, row: Row, call: LoggedCall): LogFinding[] {
    if (!calibration) return [];
    const known = times.get(row.slot);
    const own = known ?? { path: new PromptPath(this.#reader, usualRates), since: call.time, queries: 0 };
    times.delete(row.slot);
    times.set(row.slot, own);
    if (times.size > maxTimed) {
      const [oldest] = times.keys();
      if (oldest !== undefined) times.delete(oldest);
    }
    own.queries++;
    const values = own.path.step({ text: "", time: call.time / 1000, depth: 1 });
    return timed.flatMap((signal) => {
      const level = calibration.levels[signal];
      const value = values[promptSignals.indexOf(signal)] ?? 0;
      if (!level) return [];
      row.novelty = Math.max(row.novelty ?? 0, value / Math.max(level.level, 1e-9));
      if (value <= level.level) return [];
      const { queries, since } = own;
      const more = { finding: `unusual-${signal}`, queries, since, time: call.time, value, ...level };
      return this.#tell(call, { name }, more);
    });
  }

  #tell(
    { principal }: LoggedCall,
    { name }: Pick<Watched, "name">,
    it: Omit<LogFinding, "principal" | "model">,
  ): LogFinding[] {
    const key = JSON.stringify([principal, name, it.finding]);
    if (this.#told.has(key)) return [];
    this.#told.add(key);
    return [{ ...it, principal, model: name }];
  }

  /** Everybody, those with most calls first. */
  principals(): LogPrincipal[] {
    return [...this.#rows]
      .map(([principal, { calls, withPrompts, tokens, novelty }]) => ({
        principal,
        calls,
        withPrompts,
        tokens,
        ...(novelty !== undefined && { novelty }),
      }))
      .sort((a, b) => b.calls - a.calls || (a.principal < b.principal ? -1 : 1));
  }

  /** Principals that look like one client: by template, clock or network. A reason to look, no verdict. */
  groups(): string[][] {
    const names = [...this.#rows.keys()];
    return this.#linking.groups(this.#last).map((it) => it.members.map((slot) => names[slot] ?? ""));
  }

  /** What could be looked at, and what could not: that a detector was silent says nothing where it saw nothing. */
  reach(): Reach[] {
    const of = this.#calls;
    const row = (detector: string, calls: number, why: string): Reach =>
      calls === of ? { detector, calls, of } : { detector, calls, of, why };
    const uncalibrated = "no calibration of prompts is configured for the model, or its log names none (--model)";
    return [
      row("pace and rhythm", this.#calibrated, uncalibrated),
      row("prompts", this.#withPrompts, "the log holds no prompts of the others"),
      row("log-probabilities", this.#withScores, "the log holds no scores of the others"),
      row("linked accounts", of - this.#unfollowed, `more than ${maxPrincipals} principals`),
      { detector: "inputs of classifiers", calls: 0, of, why: "no log that is read holds them" },
    ];
  }
}

/** The protocol whose form contents have. */
const { routes, see } = adapters.openai;
const [chat] = routes;

function seenIn({ request, answer }: Contents): Seen | undefined {
  if (!chat) return undefined;
  const none = {
    requestJson: undefined,
    answerJson: undefined,
    streamed: undefined,
    output: undefined,
    features: undefined,
  };
  return see({ route: chat, request, answer, ...none });
}
