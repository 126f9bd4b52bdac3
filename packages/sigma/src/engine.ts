import { levels, type Level } from "./attributes.ts";
import { Correlator, type Capacity, type Hit, type Losses, type Signal } from "./correlation/correlator.ts";
import { idleFilters, linkDocuments, type Graph } from "./correlation/graph.ts";
import {
  appliesTo,
  type CorrelationDocument,
  type FilterDocument,
  type RuleDocument,
  type SigmaDocument,
} from "./document.ts";
import { EventView, FieldTable, type SigmaEvent } from "./field.ts";
import { maxPlans } from "./limits.ts";
import { fits, type Logsource } from "./logsource.ts";
import { claim, measured, type SigmaMatch } from "./match.ts";
import { compileDetection, type Matcher } from "./matcher.ts";
import { needOf, type Need } from "./need.ts";
import { logsourcesKey, planAll, planByNeed, type Plan, type PlannedRule } from "./plan.ts";
import { compileReasons, type Reasoner } from "./reason.ts";
import { readState, writeState, type EngineState } from "./state.ts";

export interface EngineOptions {
  /**
   * Names that only the caller sets. The source's own record never answers for them, so that nobody can write
   * `bytes: 0` into a log. Default: none.
   */
  readonly reserved?: readonly string[];
  /** How late a match may arrive, after the newest of its group, and still count in correlations. Default: one hour. */
  readonly latenessMs?: number;
  /** Most groups kept for one correlation. Default: 50,000. */
  readonly maxGroups?: number;
  /** Most matches kept for all correlations together, at about 150 bytes each. Default: 500,000. */
  readonly maxEntries?: number;
  /** False tries every rule that fits by logsource. The matches are the same; tests and benches show it. Default: true. */
  readonly index?: boolean;
  /** Filters of these documents hide nothing: what they would have hidden is told by `hidden`. Default: none. */
  readonly trial?: ReadonlySet<SigmaDocument>;
}

/** A rule that matched, but for a filter. */
export interface Hidden {
  readonly filter: FilterDocument;
  readonly rule: RuleDocument;
}

/** What the engine saw and what it could not keep. */
export interface Counters extends Readonly<Losses> {
  readonly events: number;
  readonly matches: number;
  /** How many times a rule was evaluated: what routing and index left to do. */
  readonly tried: number;
  /** Events of which a rule asked for more than is read: a value there may have gone unseen. */
  readonly overlong: number;
  /** Groups of a restored state whose correlation is gone or was changed. */
  readonly unrestored: number;
}

interface CompiledRule {
  readonly document: RuleDocument;
  readonly matches: Matcher;
  readonly need: Need;
  /** Made when the rule first matches: most never do. */
  reasons: Reasoner | undefined;
}

/** A correlation that wants to hear of a rule, and that rule's place in it. */
interface Listener {
  readonly correlator: Correlator;
  readonly place: number;
}

/**
 * Runs rules, filters and correlations over events. Deterministic: the same events in the same order give the same
 * matches, and it knows no time but theirs.
 *
 * Rules that a correlation joins match by themselves only if one of their correlations says `generate: true`.
 */
export class SigmaEngine {
  /** What loads but can't work as its author meant. */
  readonly warnings: readonly string[];
  readonly #graph: Graph;
  readonly #table: FieldTable;
  readonly #view: EventView;
  readonly #rules: readonly CompiledRule[];
  readonly #correlators: readonly Correlator[];
  /** Those whose windows end by time alone. */
  readonly #waiting: readonly Correlator[];
  readonly #listeners = new Map<SigmaDocument, Listener[]>();
  readonly #silent: ReadonlySet<SigmaDocument>;
  readonly #plan: (rules: readonly PlannedRule[]) => Plan;
  readonly #plans = new Map<string, Plan>();
  /** Callers pass the same list for all events of a source. */
  readonly #planOfList = new WeakMap<readonly Logsource[], Plan>();
  readonly #trial: ReadonlySet<SigmaDocument>;
  #hidden: Hidden[] = [];
  readonly #losses: Losses = { late: 0, ungrouped: 0, groups: 0, dropped: 0, merged: 0 };
  #seen = { events: 0, matches: 0, tried: 0, overlong: 0, unrestored: 0 };
  #latest = -Infinity;

  /** @throws {SigmaError} DUPLICATE, UNKNOWN_RULE, CYCLE, TOO_DEEP. */
  constructor(documents: readonly SigmaDocument[], options: EngineOptions = {}) {
    const { latenessMs = 3_600_000, maxGroups = 50_000, maxEntries = 500_000, reserved = [], index = true } = options;
    this.#trial = options.trial ?? new Set();
    const capacity: Capacity = { latenessMs, maxGroups, maxEntries };
    this.#graph = linkDocuments(documents);
    for (const problem of this.#graph.problems.values()) throw problem;
    this.#plan = index ? planByNeed : planAll;
    this.#table = new FieldTable(reserved);
    this.#view = new EventView(this.#table, { id: "", time: 0, fields: {}, logsources: [] });
    this.#rules = this.#graph.rules.map((it) => this.#compile(it));
    const shared = { entries: 0 };
    const correlators = new Map<SigmaDocument, Correlator>();
    for (const document of this.#graph.correlations) {
      const joined = document.correlation.rules.flatMap(
        (it) => correlators.get(this.#graph.find(it) ?? document) ?? [],
      );
      const delayMs = Math.max(0, ...joined.map((it) => it.delayMs));
      correlators.set(document, new Correlator(document, capacity, { losses: this.#losses, shared, delayMs }));
    }
    this.#correlators = [...correlators.values()];
    this.#waiting = this.#correlators.filter((it) => it.waits);
    this.#silent = this.#listen();
    this.warnings = idleFilters(this.#graph);
  }

  /** The rules and correlations that match by themselves; the others are only joined by some that do. */
  get speaking(): readonly SigmaMatch["document"][] {
    return [...this.#graph.rules, ...this.#graph.correlations].filter((it) => !this.#silent.has(it));
  }

  get counters(): Counters {
    return { ...this.#seen, ...this.#losses };
  }

  /** What filters hid of the last event, and what those on trial would have hidden. */
  get hidden(): readonly Hidden[] {
    return this.#hidden;
  }

  /** All matches that this event makes or completes. */
  step(event: SigmaEvent): SigmaMatch[] {
    this.#seen.events++;
    if (this.#hidden.length > 0) this.#hidden = [];
    this.#view.show(event);
    const matches: SigmaMatch[] = this.#closeUntil(event.time);
    const plan = this.#planFor(event.logsources);
    const matching = plan.match(this.#view);
    this.#seen.tried += plan.tried;
    for (const number of matching) {
      const rule = this.#rules[number];
      if (rule) this.#matchRule(rule, event, matches);
    }
    if (this.#view.cut) this.#seen.overlong++;
    this.#seen.matches += matches.length;
    return matches;
  }

  /** Lets event time pass without an event, so that windows end that wait for their end. Time never runs back. */
  advance(time: number): SigmaMatch[] {
    const matches = this.#closeUntil(time);
    this.#seen.matches += matches.length;
    return matches;
  }

  /** All that correlations remember, as plain JSON. */
  snapshot(): EngineState {
    return writeState(this.#correlators, this.#latest);
  }

  /**
   * Takes up a stored state in place of its own. What belonged to a correlation that is gone or was changed is left
   * out and counted.
   *
   * @throws {SigmaError} BAD_STATE; the engine then remembers nothing.
   */
  restore(state: unknown): void {
    for (const it of this.#correlators) it.clear();
    const { latest, unrestored } = readState(state, this.#correlators);
    this.#latest = latest;
    this.#seen.unrestored += unrestored;
  }

  #compile(document: RuleDocument): CompiledRule {
    const matches = compileDetection(document.detection, document.view, this.#table);
    const filters = this.#graph.filters
      .filter((it) => appliesTo(it, document))
      .map((filter) => ({ filter, stays: compileDetection(filter.detection, filter.view, this.#table) }));
    const need = needOf(document.detection, document.view, this.#table);
    if (filters.length === 0) return { document, need, matches, reasons: undefined };
    const stays = (view: EventView): boolean => {
      let isHidden = false;
      for (const { filter, stays } of filters) {
        if (stays(view)) continue;
        this.#hidden.push({ filter, rule: document });
        isHidden ||= !this.#trial.has(filter);
      }
      return !isHidden;
    };
    return { document, need, reasons: undefined, matches: (view) => matches(view) && stays(view) };
  }

  /** Tells rules who listens to them, and answers with those that only do so. */
  #listen(): ReadonlySet<SigmaDocument> {
    const joined = new Set<SigmaDocument>();
    const generated = new Set<SigmaDocument>();
    for (const correlator of this.#correlators) {
      for (const [place, reference] of correlator.correlation.rules.entries()) {
        const document = this.#graph.find(reference);
        if (!document) continue;
        joined.add(document);
        if (correlator.document.generate) generated.add(document);
        this.#listeners.set(document, [...(this.#listeners.get(document) ?? []), { correlator, place }]);
      }
    }
    return new Set([...joined].filter((it) => !generated.has(it)));
  }

  #planFor(logsources: readonly Logsource[]): Plan {
    const known = this.#planOfList.get(logsources);
    if (known) return known;
    const key = logsourcesKey(logsources);
    let plan = this.#plans.get(key);
    if (!plan) {
      const rules = this.#rules.flatMap(({ document, matches, need }, number): PlannedRule[] => {
        const isMeant = fits(document.logsource, {}) || logsources.some((it) => fits(document.logsource, it));
        return isMeant ? [{ number, matches, need }] : [];
      });
      plan = this.#plan(rules);
      if (this.#plans.size >= maxPlans) this.#plans.clear();
      this.#plans.set(key, plan);
    }
    this.#planOfList.set(logsources, plan);
    return plan;
  }

  #matchRule(rule: CompiledRule, event: SigmaEvent, matches: SigmaMatch[]): void {
    const { document } = rule;
    if (!this.#silent.has(document)) {
      rule.reasons ??= compileReasons(document.detection, document.view, this.#table);
      const matched = rule.reasons(this.#view);
      matches.push({
        ...claim(document, document.level ?? "medium"),
        time: event.time,
        matched,
        events: [event.id],
        count: 1,
      });
    }
    if (!Number.isFinite(event.time)) {
      this.#losses.late++;
      return;
    }
    const read = (field: string): readonly string[] => this.#view.slot(this.#table.number(field, "both")).texts;
    const step = this.#seen.events;
    this.#tell(document, { step, time: event.time, events: [event.id], read }, matches);
  }

  #tell(document: SigmaDocument, signal: Omit<Signal, "rule">, matches: SigmaMatch[]): void {
    for (const { correlator, place } of this.#listeners.get(document) ?? []) {
      for (const hit of correlator.feed({ ...signal, rule: place }, this.#latest))
        this.#matchCorrelation(correlator, hit, signal.read, matches);
    }
  }

  #matchCorrelation(correlator: Correlator, hit: Hit, read: Signal["read"], matches: SigmaMatch[]): void {
    const { document } = correlator;
    if (!this.#silent.has(document)) {
      const { time, events, count } = hit;
      const group = Object.fromEntries(hit.group);
      matches.push({
        ...claim(document, this.#levelOf(document)),
        time,
        matched: measured(document, hit),
        events,
        count,
        group,
      });
    }
    const own = new Map(hit.group);
    const readHit = (field: string): readonly string[] => {
      const value = own.get(field);
      return value === undefined ? read(field) : [value];
    };
    this.#tell(document, { step: undefined, time: hit.time, events: hit.events, read: readHit }, matches);
  }

  #closeUntil(time: number): SigmaMatch[] {
    // What has no time ends no window.
    if (Number.isFinite(time)) this.#latest = Math.max(this.#latest, time);
    const matches: SigmaMatch[] = [];
    for (const correlator of this.#waiting) {
      // A window that ended has no event at hand: what joins it can read its group's fields alone.
      for (const hit of correlator.close(this.#latest)) this.#matchCorrelation(correlator, hit, () => [], matches);
    }
    return matches;
  }

  #levelOf(document: RuleDocument | CorrelationDocument): Level {
    if (document.level) return document.level;
    if (document.kind === "rule") return "medium";
    const joined = document.correlation.rules.flatMap((it) => this.#graph.find(it) ?? []);
    const highest = Math.max(...joined.map((it) => levels.indexOf(this.#levelOf(it))));
    return levels[highest] ?? "medium";
  }
}
