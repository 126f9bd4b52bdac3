import {
  reservedFields,
  type BacktestedRule,
  type BacktestExample,
  type BacktestReason,
  type BacktestReport,
  type OcsfEvent,
} from "@outweigh/schema";
import { explain, type SigmaEvent, type SigmaMatch } from "@outweigh/sigma";
import { severityOf } from "./detect/rule-info.ts";
import { Rules, type Refused } from "./detect/rules.ts";
import type { SourceKind } from "./ingest/source.ts";
import type { Register } from "./register.ts";
import { storedView } from "./stored-view.ts";

/** Most principals told apart for one rule: beyond, "at least so many" says enough. */
const maxPrincipals = 10_000;
/** Most days counted apart: three years. Times are the source's word, and each day costs an entry. */
const maxDays = 1100;
/** The end of the year 9999, in ms: what claims to be later counts there, as no date has more digits. */
const lastDay = 253_402_300_799_999;
/** Examples of each kind, the principals listed, and the reasons of one example. */
const maxExamples = 5;
const maxMost = 10;
const maxReasons = 16;

export interface BacktestOptions {
  /** Texts of Sigma: rules, correlations with what they join, and exceptions (filters). */
  readonly rules: readonly string[];
  readonly register: Register;
  /** What kind of source a stored event came from; undefined when that is not known any more. */
  kindOf(event: OcsfEvent): SourceKind | undefined;
}

/**
 * Tries rules on events that are stored, in the order given, which should be that of time. The same rules as in a line see the
 * same two views: the event itself, and the record as its source names its fields, read again from what was kept of it.
 * Exceptions among the texts are applied; what they hide is told by a second run without them.
 *
 * Blind spots: records of which nothing, or only the beginning, was kept have no second view; and what an envelope said of its
 * messages' kinds is told by their content again.
 */
export class Backtest {
  readonly #rules: Rules;
  /** The same without exceptions; undefined where there are none. */
  readonly #open: Rules | undefined;
  readonly #kindOf: BacktestOptions["kindOf"];
  readonly #tallies = new Map<string, Tally>();
  #events = 0;
  #blind = 0;
  #first: number | undefined;
  #last: number | undefined;

  constructor({ rules, register, kindOf }: BacktestOptions) {
    this.#rules = new Rules(rules, register);
    this.#open = this.#rules.exceptions > 0 ? new Rules(rules, register, { exceptions: false }) : undefined;
    this.#kindOf = kindOf;
    for (const it of this.#rules.speaking()) this.#tallies.set(it.id, new Tally(it.id, it.title, severityOf(it)));
  }

  /** Texts that cannot be used, and why: nothing of them is tried. */
  get refused(): readonly Refused[] {
    return this.#rules.refused;
  }

  step(event: OcsfEvent): void {
    const { raw, logsources } = storedView(event, this.#kindOf(event));
    if (raw === undefined) this.#blind++;
    this.#events++;
    this.#first = Math.min(this.#first ?? event.time, event.time);
    this.#last = Math.max(this.#last ?? event.time, event.time);
    const seen = this.#rules.seen(event, raw ?? {}, logsources);
    const kept = this.#rules.matches(seen);
    const said = new Set(kept.map((it) => it.rule));
    for (const it of kept) this.#tallies.get(it.rule)?.hit(event, () => exampleOf(it, event, seen));
    for (const it of this.#open?.matches(seen) ?? []) {
      if (!said.has(it.rule)) this.#tallies.get(it.rule)?.hide(event, () => exampleOf(it, event, seen));
    }
  }

  /** What the rules said of all events so far. `cut` says why these are not all that were meant. */
  report(cut?: string): BacktestReport {
    return {
      rules: [...this.#tallies.values()].map((it) => it.result()),
      refused: this.refused.map(({ rule, reason }) => ({ rule, reason })),
      warnings: [...this.#rules.warnings],
      events: this.#events,
      blind: this.#blind,
      ...(this.#first !== undefined && { first: this.#first }),
      ...(this.#last !== undefined && { last: this.#last }),
      ...(cut !== undefined && { cut }),
    };
  }
}

/** Counts what became of one rule. */
class Tally {
  readonly #rule: Pick<BacktestedRule, "rule" | "title" | "level">;
  #hits = 0;
  #hidden = 0;
  readonly #days = new Map<string, { hits: number; hidden: number }>();
  readonly #principals = new Map<string, number>();
  #more = false;
  readonly #examples: BacktestExample[] = [];
  readonly #hiddenExamples: BacktestExample[] = [];

  constructor(rule: string, title: string, level: BacktestedRule["level"]) {
    this.#rule = { rule, title, level };
  }

  hit({ time, principal }: OcsfEvent, example: () => BacktestExample): void {
    this.#hits++;
    this.#day(time).hits++;
    const known = this.#principals.get(principal);
    if (known !== undefined || this.#principals.size < maxPrincipals) this.#principals.set(principal, (known ?? 0) + 1);
    else this.#more = true;
    if (this.#examples.length < maxExamples) this.#examples.push(example());
  }

  hide({ time }: OcsfEvent, example: () => BacktestExample): void {
    this.#hidden++;
    this.#day(time).hidden++;
    if (this.#hiddenExamples.length < maxExamples) this.#hiddenExamples.push(example());
  }

  #day(time: number): { hits: number; hidden: number } {
    const day = new Date(Math.min(time, lastDay)).toISOString().slice(0, 10);
    const known = this.#days.get(day);
    if (known) return known;
    const made = { hits: 0, hidden: 0 };
    if (this.#days.size < maxDays) this.#days.set(day, made);
    return made;
  }

  result(): BacktestedRule {
    const most = [...this.#principals].sort(([, a], [, b]) => b - a).slice(0, maxMost);
    return {
      ...this.#rule,
      hits: this.#hits,
      hidden: this.#hidden,
      days: [...this.#days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, it]) => ({ day, ...it })),
      principals: this.#principals.size,
      ...(this.#more && { more: true }),
      most: most.map(([principal, hits]) => ({ principal, hits })),
      examples: this.#examples,
      hiddenExamples: this.#hiddenExamples,
    };
  }
}

function exampleOf(match: SigmaMatch, event: OcsfEvent, seen: SigmaEvent): BacktestExample {
  const { id, source, principal, model, artifact } = event;
  return {
    at: event.time,
    event: id,
    source,
    principal,
    ...(model !== undefined && { model }),
    ...(artifact !== undefined && { artifact }),
    count: match.count,
    because: reasonsOf(match, seen).slice(0, maxReasons),
  };
}

/** Which lines of which selections were true; of a correlation, what it measured. */
function reasonsOf({ document, matched }: SigmaMatch, seen: SigmaEvent): BacktestReason[] {
  if (document.kind === "correlation") return matched.map((it) => ({ ...it, modifiers: [] }));
  const { selections } = explain(document, seen, { reserved: reservedFields });
  return selections.flatMap(({ name, alternatives }) =>
    alternatives
      .filter((items) => items.every((it) => it.matched))
      .flatMap((items) =>
        items.flatMap(({ modifiers, values }) =>
          values.map(({ field, value }) => ({ selection: name, field, modifiers: [...modifiers], value })),
        ),
      ),
  );
}
