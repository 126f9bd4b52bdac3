// One batch: what the line makes of its records, gathered until it is stored.
import { detectKind, sourceOf, type Line, type Outcome, type SourceKind } from "@outweigh/pipeline";
import { scanReport, type Alert, type Incident, type OcsfEvent, type ScanReport, type WayIn } from "@outweigh/schema";
import type { Decision } from "../evidence/log.ts";
import type { Taken, Told } from "./memory.ts";
import type { Batch, PlacedRecord, UnreadableRecord } from "./record.ts";
import { newSource, withEvents, withReject, withWay, type SourceState } from "./source-state.ts";
import { sampleOf } from "./split.ts";

/** Records whose beginning tells the kind of a file. */
const maxTried = 20;
/**
 * How exactly we say when a record of a file was read, in ms: read again after a crash, an event that claims to be of the future
 * should get the same time, and so count once.
 */
const seenMs = 3_600_000;
/** What programs of ours say of whole hosts: more than any log does. */
const reportNames = { scan: "a scan report", agent: "a line of an agent" } as const;
/** Files whose kind is remembered. */
const maxKinds = 1000;

/** What the worker must know to take a record. */
interface TallyContext {
  readonly line: Line;
  readonly sources: ReadonlyMap<string, SourceState>;
  /** Places of records that could not be stored before: they are rejects now. */
  readonly refused: ReadonlyMap<string, string>;
  readonly kinds: KindCache;
  readonly now: number;
}

/** Names a record for `refused`. */
export function placeOf(source: string, { file, offset }: { readonly file?: string; readonly offset: number }): string {
  return JSON.stringify([source, file, offset]);
}

/** Which kind each file turned out to be. */
export class KindCache {
  readonly #kinds = new Map<string, SourceKind>();

  /** The kind of a file that begins with these records; the source's kind where they don't tell. */
  of(source: string, state: SourceState, records: readonly PlacedRecord[]): SourceKind | undefined {
    if (state.kind !== "auto") return state.kind;
    const [first] = records;
    if (!first) return undefined;
    const fallback = state.told === "auto" ? undefined : state.told;
    const key = JSON.stringify([source, first.file]);
    const known = this.#kinds.get(key);
    if (known) return known;
    const sample = records.slice(0, maxTried).map((it) => it.record);
    const kind = detectKind(sample.join("\n"));
    if (!kind) return fallback;
    if (this.#kinds.size >= maxKinds) this.#kinds.clear();
    this.#kinds.set(key, kind);
    return kind;
  }
}

export class Tally {
  readonly #events = new Map<string, OcsfEvent>();
  readonly alerts = new Map<string, Alert>();
  readonly incidents = new Map<string, Incident>();
  readonly positions = new Map<string, object | undefined>();
  readonly scans: ScanReport[] = [];
  /** Sources as they are after this batch; only those it concerns. */
  readonly sources = new Map<string, SourceState>();
  /** What the line took, for its way back. */
  readonly taken: Taken[] = [];
  /** More that goes into the evidence. */
  readonly decisions: Decision[] = [];
  /** The record that was taken last: if the batch fails, the one that may be at fault. */
  last: { readonly place: string; readonly source: string } | undefined;
  records = 0;
  bytes = 0;
  rejects = 0;
  readonly #context: TallyContext;

  constructor(context: TallyContext) {
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.positions.size === 0 && this.sources.size === 0 && this.#events.size === 0;
  }

  get events(): OcsfEvent[] {
    return [...this.#events.values()];
  }

  event(id: string): OcsfEvent | undefined {
    return this.#events.get(id);
  }

  /** Takes everything of one batch but its records, which are taken one by one: the event loop must turn in between. */
  enter({ source, rejects, positions }: Pick<Batch, "source" | "rejects" | "positions">): void {
    for (const [stream, it] of positions) this.positions.set(stream, it);
    for (const it of rejects) this.#reject(source, it, it.reason, it.record);
  }

  /** One record all the way through the line. */
  take(source: string, record: PlacedRecord, kind: SourceKind | undefined): void {
    const { line, refused, now } = this.#context;
    const place = placeOf(source, record);
    this.last = { place, source };
    this.records++;
    this.bytes += record.record.length;
    this.#seen(source, record.receivedAt ?? now, record.way);
    const known = refused.get(place);
    if (known !== undefined) return this.#reject(source, record, known, record.record);
    if (kind === undefined) {
      const reason = "no source reads records like this: set the source's kind in outweigh.yml";
      return this.#reject(source, record, reason, record.record);
    }
    const state = this.source(source);
    if ((kind === "scan" || kind === "agent") && state.kind !== kind) {
      // Whoever may write a log, or send one, must not say where copies lie, nor speak for a host.
      const reason = `${reportNames[kind]}: those are taken from sources of kind ${kind} alone, set it in outweigh.yml`;
      return this.#reject(source, record, reason, record.record);
    }
    const { kinds = [] } = state;
    if (state.kind === "auto" && (state.told !== kind || !kinds.includes(kind))) {
      this.set(source, { ...state, told: kind, kinds: [...new Set([...kinds, kind])] });
    }
    const seen = record.receivedAt === undefined && { seenAt: now - (now % seenMs) };
    const from = { source, kind, ...record, ...seen };
    this.taken.push(from);
    const outcome = line.run(record.record, from);
    if (kind === "scan" && !("rejected" in outcome)) this.#takeScan(record.record);
    this.#outcome(source, record, outcome);
  }

  /** Says that a source was silent. */
  silence(source: string, from: number, to: number): void {
    const { line } = this.#context;
    this.taken.push({ silent: source, from, to });
    this.#outcome(source, { record: "", offset: 0, file: "" }, line.silence(source, from, to));
  }

  /** Tells the line what a person decided. */
  tell(told: Told): void {
    const { line } = this.#context;
    this.taken.push(told);
    if ("tuning" in told) {
      line.tune(told.tuning);
      if (told.permit) this.#outcome("permits", { record: "", offset: 0, file: "" }, line.permitted(told.permit));
    } else for (const it of line.regroup(told.regrouping)) this.incidents.set(it.id, it);
  }

  set(source: string, state: SourceState): void {
    this.sources.set(source, state);
  }

  source(name: string): SourceState {
    return this.sources.get(name) ?? this.#context.sources.get(name) ?? newSource("auto", this.#context.now);
  }

  #seen(name: string, at: number, way: WayIn | undefined): void {
    const state = this.source(name);
    const lastSeenAt = Math.max(state.lastSeenAt ?? 0, at);
    this.set(name, { ...withWay(state, way, at), records: state.records + 1, lastSeenAt });
  }

  #outcome(source: string, record: PlacedRecord, outcome: Outcome): void {
    if ("rejected" in outcome) return this.#reject(source, record, outcome.rejected, record.record);
    for (const reason of outcome.refused ?? []) this.#reject(source, record, reason, record.record);
    for (const it of outcome.events) this.#events.set(it.id, it);
    for (const it of outcome.alerts) this.alerts.set(it.id, it);
    for (const it of outcome.incidents) this.incidents.set(it.id, it);
    if (outcome.events.length === 0 || record.file === "") return;
    const last = Math.max(...outcome.events.map((it) => it.time));
    const { now } = this.#context;
    this.set(source, withEvents(this.source(source), { events: outcome.events.length, last, now }));
  }

  #reject(source: string, at: Pick<UnreadableRecord, "offset">, reason: string, record: string): void {
    this.rejects++;
    const state = this.source(source);
    const kept = holdsContents(state) ? "" : sampleOf(record);
    this.set(source, withReject(state, { at: this.#context.now, offset: at.offset, reason, record: kept }));
  }

  #takeScan(record: string): void {
    try {
      const report = scanReport.safeParse(JSON.parse(record));
      if (report.success) this.scans.push(report.data);
    } catch {
      // Not JSON: the line rejects it and says so.
    }
  }
}

/** Whether records of this source may hold what people wrote to a model: then not even a sample is kept. */
function holdsContents({ kind, told, kinds = [] }: SourceState): boolean {
  return [kind, told, ...kinds].some((it) => it !== undefined && it !== "auto" && sourceOf(it).holdsContents === true);
}
