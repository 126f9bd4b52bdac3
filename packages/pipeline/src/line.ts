import { Ledger } from "@outweigh/custody";
import type { Alert, Coalition, Gap, Holding, Incident, OcsfEvent, Permit } from "@outweigh/schema";
import { z } from "zod";
import { Incidents, type CorrelateOptions, type Regrouping } from "./correlate/incidents.ts";
import { AlertBook, type Claim } from "./detect/alert-book.ts";
import type { Context } from "./detect/detector.ts";
import { detectors } from "./detect/detectors.ts";
import { BlindBook } from "./blind-book.ts";
import { addressOf, field } from "./detect/events.ts";
import type { RuleInfo } from "./detect/rule-info.ts";
import { Rules, type Refused } from "./detect/rules.ts";
import { Detectors, failed } from "./detect/run.ts";
import { bookingOf, punctual, settle } from "./enrich.ts";
import { PipelineError } from "./error.ts";
import { putGrade } from "./grade.ts";
import { essentials, idOf } from "./ingest/ocsf.ts";
import type { Ingested, Logsource, Origin, Raw, SourceKind, Surroundings } from "./ingest/source.ts";
import { sourceOf } from "./ingest/sources.ts";
import { Twins } from "./ingest/twins.ts";
import type { Register } from "./register.ts";
import { expectedOfPermits, permittedOf } from "./permits.ts";
import { SourceBook, type SourceAccount } from "./source-book.ts";
import { Watching } from "./surroundings.ts";
import { noTuning, stepUp, tunedCount, tuning, type TunedCount, type Tuning } from "./tuning.ts";

/** What a record is read with. */
export interface From extends Origin {
  readonly kind: SourceKind;
}

/** What one record led to. Alerts and incidents are the new and the changed ones, whole. */
export type Outcome =
  | { readonly rejected: string }
  | {
      readonly events: readonly OcsfEvent[];
      readonly alerts: readonly Alert[];
      readonly incidents: readonly Incident[];
      /** Why the record holds no event, although it is not broken. */
      readonly skipped?: string;
      /** What was wrong with parts of the record, while others were read. */
      readonly refused?: readonly string[];
      /** How many of its events had been seen before and count once. */
      readonly repeats?: number;
    };

/** What memory or lateness cost. */
export interface Losses {
  /** States of detectors, e.g. of a principal and model, pushed out by newer ones. */
  readonly states: number;
  /** Alerts that can no longer be updated before their time. */
  readonly alerts: number;
  /** Events that came too late for the correlations of rules. */
  readonly late: number;
  /** Groups and matches that correlations had no room for. */
  readonly groups: number;
}

export interface LineOptions {
  readonly register: Register;
  /** Sigma rules as YAML, one file each. */
  readonly rules: readonly string[];
  /** Options of detectors by id, over their defaults. */
  readonly detectors?: Readonly<Record<string, object>>;
  readonly correlate?: Partial<CorrelateOptions>;
}

/** Event ids remembered, to count what arrives twice once: retries and overlapping files lie close together. */
const maxRecent = 20_000;
/** What a source's silence belongs to. */
const health: readonly Logsource[] = [{ product: "outweigh", service: "health" }];

/**
 * The product in one class: record → event → alert → incident. Live ingest, `outweigh replay`, the rule tester and the tests
 * all come through here, so what fires in a replay fires in production.
 *
 * Deterministic: the same records in the same order give the same outcome, also across a snapshot at any point.
 * One writer; not safe for several threads. Actions are the policy's business: see `recommend`.
 */
export class Line {
  readonly #register: Register;
  readonly #around: Surroundings;
  readonly #ledger: Ledger;
  readonly #texts: readonly string[];
  #rules: Rules;
  #tuning: Tuning = noTuning;
  #watching = new Watching(noTuning.watched);
  readonly #detectors: Detectors;
  readonly #alerts = new AlertBook();
  readonly #incidents: Incidents;
  readonly #twins = new Twins();
  readonly #sources = new SourceBook();
  #recent = new Set<string>();
  /** Stands before the oldest of them: looking for it from the start would pass over all that were deleted, each time. */
  #recentInOrder = this.#recent.values();
  readonly #blind = new BlindBook();

  /** Rules that cannot be used are refused one by one: see `refused`. @throws {ZodError} for options a detector refuses. */
  constructor({ register, rules, detectors: options, correlate }: LineOptions) {
    this.#register = register;
    this.#around = { trusts: (address) => register.trustedProxies.has(address) === true };
    this.#ledger = new Ledger(
      register.models.map(({ name, bytes, files, readers }) => ({ name, bytes, parts: files, readers })),
    );
    this.#texts = rules;
    this.#rules = new Rules(rules, register);
    this.#detectors = new Detectors(detectors, options);
    this.#incidents = new Incidents(correlate);
  }

  /** Takes one record all the way. Never throws, whatever the record. */
  run(record: string, from: From): Outcome {
    return this.take(this.read(record, from), from);
  }

  /**
   * Reads a record and counts it, without judging it yet: for replays of several files, whose records should be taken in order of time.
   * Late events are not lost, but windows that have moved on no longer count them.
   */
  read(record: string, from: From): Ingested {
    const read = sourceOf(from.kind).read(record, from, this.#around);
    this.#sources.enter(record, from, read);
    return read;
  }

  /** Takes what was read the rest of the way. Each answer of `read` exactly once. */
  take(read: Ingested, from: From): Outcome {
    if (!read.ok) return { rejected: read.reason };
    const own = sourceOf(from.kind).logsources;
    const of = (i: number) => {
      const as = read.as?.[i] ?? own;
      return typeof as === "string" ? sourceOf(as).logsources : as;
    };
    return this.#take(read, of, from);
  }

  /** Says that a source sent nothing from one time to another, in ms since 1970. `to` is the last moment it is known to be silent. */
  silence(source: string, from: number, to: number): Outcome {
    this.#blind.silence(source, from, to);
    const event: OcsfEvent = {
      ...essentials({
        id: idOf("silence", source, from, to),
        from: { source, offset: 0 },
        time: to,
        // OCSF 1.8.0: the base event; no class is about a source's silence.
        activity: [0, 99],
        product: "Outweigh",
        principal: `source:${source}`,
        raw: JSON.stringify({ source, from, to }),
      }),
      operation: "silence",
      unmapped: { since: from },
    };
    return this.#take({ ok: true, events: [event], raw: [{}] }, () => health, { way: "server" });
  }

  /** Says that two people let a principal take a model out: an event like others, at the time from which it holds. */
  permitted(it: Permit): Outcome {
    const event: OcsfEvent = {
      ...essentials({
        id: idOf("permit", it.id),
        from: { source: "permits", offset: 0 },
        time: it.from,
        // OCSF 1.8.0: the base event; no class is about what people agree to.
        activity: [0, 99],
        product: "Outweigh",
        principal: it.principal,
        raw: JSON.stringify(it),
      }),
      operation: "permit",
      model: it.model,
      unmapped: {
        permit: it.id,
        by: it.by,
        agreed_by: it.agreedBy,
        reason: it.reason,
        until: it.until,
        lasts: it.until - it.from,
        ...(it.address !== undefined && { address: it.address }),
      },
    };
    return this.#take({ ok: true, events: [event], raw: [{}] }, () => health, { way: "people" });
  }

  #take(
    read: Extract<Ingested, { ok: true }>,
    logsources: (i: number) => readonly Logsource[],
    { receivedAt, seenAt, way }: Pick<From, "receivedAt" | "seenAt" | "way">,
  ): Outcome {
    const events: OcsfEvent[] = [];
    // Most events lead to nothing: what holds that is made when something comes of one.
    let alerts: Map<string, Alert> | undefined;
    let incidents: Map<string, Incident> | undefined;
    let repeats = 0;
    let twins = 0;
    for (const [i, draft] of read.events.entries()) {
      if (this.#isRepeat(draft.id)) repeats++;
      else if (this.#twins.isSecond(draft)) twins++;
      else {
        const event = settle(punctual(draft, receivedAt ?? seenAt), this.#register);
        putGrade(event, way);
        events.push(event);
        for (const alert of this.#detect(event, read.raw[i], logsources(i))) {
          (alerts ??= new Map()).set(alert.id, alert);
          const incident = this.#incidents.take(alert, event, addressOf(event));
          if (incident) (incidents ??= new Map()).set(incident.id, incident);
        }
      }
    }
    const skipped =
      read.skipped ?? (twins > 0 && events.length === 0 ? "the same request as another line of this log" : undefined);
    return {
      events,
      alerts: alerts ? [...alerts.values()] : [],
      incidents: incidents ? [...incidents.values()] : [],
      ...(skipped !== undefined && { skipped }),
      ...(read.refused && { refused: read.refused }),
      ...(repeats > 0 && { repeats }),
    };
  }

  #detect(event: OcsfEvent, raw: Raw | undefined, logsources: readonly Logsource[]): Alert[] {
    const claims: Claim[] = [];
    const context = this.#contextOf(event, claims);
    const found = this.#detectors.step(event, context);
    const stays = (it: Claim): boolean => !this.#rules.hides(it, event, raw ?? {}, logsources);
    claims.push(...this.#rules.step(event, raw ?? {}, logsources), ...found.filter(stays));
    return claims.map((it) => this.#alerts.raise(this.#watched(expected(it, event, context), event), event));
  }

  /** What is found about, by, on or around what is watched is one step worse: one for all of it together. */
  #watched(claim: Claim, event: OcsfEvent): Claim {
    const raisedBy = this.#watching.of(claim, event);
    if (raisedBy.length === 0) return claim;
    const matched = [{ field: "watched", value: `${raisedBy.join(", ")}, after a confirmed theft` }, ...claim.matched];
    // What was found only because its model is watched is not made worse for that once more.
    const isStricter = event.operation === "finding" && field(event.unmapped, "watched") === true;
    return { ...claim, severity: isStricter ? claim.severity : stepUp(claim.severity), raisedBy, matched };
  }

  /** What the register and the books know of an event. Books it, if it is a read. */
  #contextOf(event: OcsfEvent, claims: Claim[]): Context {
    const model = event.model === undefined ? undefined : this.#register.model(event.model);
    const open = model?.class === "public" || model?.class === "base";
    const declared = open || (model !== undefined && this.#register.isReader(model.name, event.principal));
    const permits = this.#tuning.permits ?? [];
    const permitted = permits.length === 0 ? undefined : permittedOf(permits, event, addressOf(event));
    const entry = model && bookingOf(event);
    if (!entry) return { model, declared, permitted };
    this.#blind.watch(entry.model, event.source);
    try {
      return { model, declared, permitted, booking: this.#ledger.book(entry) };
    } catch (cause) {
      claims.push(failed({ id: "ledger" }, event, cause));
      return { model, declared, permitted };
    }
  }

  #isRepeat(id: string): boolean {
    if (this.#recent.has(id)) return true;
    this.#recent.add(id);
    if (this.#recent.size > maxRecent) {
      const oldest = this.#recentInOrder.next();
      if (!oldest.done) this.#recent.delete(oldest.value);
    }
    return false;
  }

  /** Works with this from the next record on, in place of what it was told before. What the rules remember stays. */
  tune(to: Tuning): void {
    this.#watching = new Watching(to.watched);
    if (JSON.stringify(to.own) === JSON.stringify(this.#tuning.own)) {
      this.#tuning = to;
      return;
    }
    const before = this.#rules;
    const isSame = ({ name, text, stage }: Tuning["own"][number]): boolean =>
      this.#tuning.own.some((it) => it.name === name && it.text === text && it.stage === stage);
    const same = new Set(to.own.filter(isSame).map((it) => it.name));
    this.#rules = new Rules(this.#texts, this.#register, { own: to.own, known: before });
    this.#rules.restore(before.snapshot());
    this.#rules.keepCounts(before.counts().filter((it) => same.has(it.name)));
    this.#tuning = to;
  }

  /** What it was told last. */
  get tuning(): Tuning {
    return this.#tuning;
  }

  /** Why somebody's texts could not be used beside what is in use; empty: they could. Changes nothing. */
  wouldRefuse(own: Tuning["own"]): readonly Refused[] {
    const before = new Set(this.refused().map((it) => JSON.stringify(it)));
    const all = [...this.#tuning.own.filter((it) => own.every(({ name }) => name !== it.name)), ...own];
    const { refused } = new Rules(this.#texts, this.#register, { own: all, known: this.#rules });
    return refused.filter((it) => !before.has(JSON.stringify(it)));
  }

  /** What it watches. */
  get watching(): Watching {
    return this.#watching;
  }

  /** How often what people wrote here matched, since it is in its stage. */
  tunedCounts(): TunedCount[] {
    return this.#rules.counts();
  }

  /** Takes over how a person groups alerts; answers with the incidents that changed. */
  regroup(to: Regrouping): Incident[] {
    return this.#incidents.regroup(to);
  }

  /** Who holds how much of which model. */
  holdings(): Holding[] {
    return this.#ledger.holdings();
  }

  /** What all undeclared readers of each model hold together, with how long nobody watched; models in the register's order. */
  coalition(): Coalition[] {
    return this.#register.models.flatMap(({ name }) => {
      const held = this.#ledger.coalition(name);
      const blindMs = this.#blind.blindMs(name);
      return held === undefined ? [] : [{ ...held, ...(blindMs > 0 && { blindMs }) }];
    });
  }

  /** The times of which nothing is known, oldest first. */
  gaps(): Gap[] {
    return this.#blind.gaps();
  }

  /** What each source sent. */
  sources(): SourceAccount[] {
    return this.#sources.accounts();
  }

  /** Everything that can raise an alert here: rules and detectors. */
  rules(): RuleInfo[] {
    return this.#rules.infos();
  }

  /** Rules that were not loaded, and why. What they would have seen is a blind spot. */
  refused(): readonly Refused[] {
    return this.#rules.refused;
  }

  /** What was forgotten or came too late to be counted, since the start. Zeros unless somebody floods, or a source lags. */
  losses(): Losses {
    const { late, groups, dropped } = this.#rules.counters;
    return { states: this.#detectors.dropped, alerts: this.#alerts.dropped, late, groups: groups + dropped };
  }

  /** All of its state as plain JSON. A line of the same content restored from it goes on exactly as this one would. */
  snapshot(): unknown {
    return {
      version: 1,
      ledger: this.#ledger.snapshot(),
      rules: this.#rules.snapshot(),
      detectors: this.#detectors.snapshot(),
      alerts: this.#alerts.snapshot(),
      incidents: this.#incidents.snapshot(),
      twins: this.#twins.snapshot(),
      sources: this.#sources.snapshot(),
      recent: [...this.#recent],
      tuning: this.#tuning,
      counts: this.#rules.counts(),
      ...this.#blind.snapshot(),
    };
  }

  /** Takes over a snapshot. @throws {PipelineError} BAD_STATE when it is none of ours; the line is then not to be used. */
  restore(state: unknown): void {
    try {
      const it = stored.parse(state);
      this.#ledger.restore(it.ledger);
      this.tune(it.tuning);
      this.#rules.keepCounts(it.counts);
      this.#rules.restore(it.rules);
      this.#detectors.restore(it.detectors);
      this.#alerts.restore(it.alerts);
      this.#incidents.restore(it.incidents);
      this.#twins.restore(it.twins);
      this.#sources.restore(it.sources);
      this.#recent = new Set(it.recent);
      this.#recentInOrder = this.#recent.values();
      this.#blind.restore(it);
    } catch (cause) {
      throw new PipelineError(
        "BAD_STATE",
        `not a snapshot of this version: ${cause instanceof Error ? cause.message : ""}`,
        { cause },
      );
    }
  }
}

/** What was agreed to is told, and pages nobody: it stands with the permit's own incident. */
function expected(claim: Claim, { principal, model }: OcsfEvent, { permitted }: Context): Claim {
  if (permitted?.is !== "within" || !expectedOfPermits.has(claim.rule)) return claim;
  if (claim.principal !== principal || claim.model !== model) return claim;
  const { id, by, agreedBy } = permitted.permit;
  const matched = [{ field: "permit", value: `${id}, asked for by ${by}, agreed to by ${agreedBy}` }, ...claim.matched];
  return { ...claim, severity: "low", matched };
}

const stored = z.object({
  version: z.literal(1),
  ledger: z.unknown(),
  rules: z.unknown(),
  detectors: z.record(z.string(), z.unknown()),
  alerts: z.unknown(),
  incidents: z.unknown(),
  twins: z.unknown(),
  sources: z.unknown(),
  recent: z.array(z.string()),
  gaps: z.unknown(),
  watching: z.unknown().optional(),
  tuning: tuning.default(noTuning),
  counts: z.array(tunedCount).default([]),
});
