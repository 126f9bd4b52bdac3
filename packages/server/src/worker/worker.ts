// The one writer: reads every source, runs the line, stores what came of it together with where it stands.
import { setTimeout as sleep } from "node:timers/promises";
import type { Line, Tuning, Watching } from "@outweigh/pipeline";
import type { Coalition, Gap, Holding, IngestAnswer, SourceEntry } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import { foundAtStart } from "../evidence/found.ts";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import { maxSources } from "../limits.ts";
import type { Metrics } from "../metrics.ts";
import { loadWorkerState, storePositions } from "../store/checkpoints.ts";
import type { StoredIncident } from "../store/incidents.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { Turns } from "../turns.ts";
import { Bell } from "./bell.ts";
import { commit } from "./commit.ts";
import { countRecords } from "./count.ts";
import { Feeds } from "./feeds.ts";
import { Growth } from "./growth.ts";
import type { Batch, UnreadableRecord } from "./record.ts";
import { newSource, readSource, type SourceState } from "./source-state.ts";
import { Memory } from "./memory.ts";
import { Decisions, type Prepare } from "./decisions.ts";
import { watchSilence } from "./silence.ts";
import type { Sent } from "./spool.ts";
import { KindCache, Tally } from "./tally.ts";

/** What is taken from one source before the next has its turn: a flood of one must not silence another. */
const portion = { records: 2000, bytes: 4 * 1024 * 1024 };
/** Most of one batch. */
const batchRecords = 20_000;
const batchBytes = 32 * 1024 * 1024;
/** A batch is gathered for so long while there is more to read, in ms: each costs the same syncs, but what happened must be seen. */
const gatherMs = 400;
/** How long a pack waits until all is on record, in ms: longer than a batch takes. */
const recordMs = 5000;
/** Waits after failures, in ms; the last one stays. */
const backoffMs = [50, 200, 1000, 5000];
/** Failures of a batch of one record until that record is refused. */
const maxAttempts = 3;
/** Things that are no records and wait to be counted: more in one batch say nothing more. */
const maxRefusals = 10_000;

interface WorkerOptions {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
  /** The spool's folder. */
  readonly folder: string;
  readonly sources: readonly SourceEntry[];
  /** A line that has seen nothing yet. */
  readonly makeLine: () => Line;
  /** What people added to it, as it is stored. */
  tuning(): Promise<Tuning>;
  now(): number;
}

export class Worker {
  /** Why it does not get on; undefined while it does. */
  problem: string | undefined;
  readonly #options: WorkerOptions;
  readonly #feeds: Feeds;
  readonly #kinds = new KindCache();
  readonly #memory: Memory;
  readonly #growth: Growth;
  /** Whether the next batch puts all on record that waits. */
  #recordAll = false;
  readonly #refused = new Map<string, string>();
  /** By name: those of the configuration, and those of agents. */
  readonly #declared: Map<string, SourceEntry>;
  #sources = new Map<string, SourceState>();
  #gaps = new Map<string, string>();
  #loop: Promise<void> = Promise.resolve();
  #closing = false;
  readonly #bell: Bell;
  #failures = 0;
  /** Records that the next batch may have: one after a failure, to find the record at fault. */
  #limit = batchRecords;
  #decisions: Decision[] = [];
  /** What collectors were sent that is no record, until it is stored. */
  #refusals: { readonly source: string; readonly reject: UnreadableRecord }[] = [];
  /** The batch at hand. */
  #tally: Tally | undefined;
  readonly #people = new Decisions();

  private constructor(options: WorkerOptions, feeds: Feeds, bell: Bell) {
    this.#options = options;
    this.#feeds = feeds;
    this.#bell = bell;
    this.#memory = new Memory(options.makeLine);
    this.#growth = new Growth(options.evidence.saltKey);
    this.#declared = new Map(options.sources.map((it) => [it.name, it]));
  }

  /** Opens the spool and the watched paths where the last commit left them. Nothing is read before `start`. */
  static async open(options: WorkerOptions): Promise<Worker> {
    const { positions } = await loadWorkerState(options.db);
    const bell = new Bell();
    const feeds = await Feeds.open({ ...options, onNews: () => bell.ring() }, positions);
    const worker = new Worker(options, feeds, bell);
    await worker.#restore();
    worker.#decisions.push(...(await foundAtStart(options.db, options.evidence.saltKey)));
    await options.db.transaction().execute((tx) => storePositions(tx, feeds.begin()));
    return worker;
  }

  start(): void {
    this.#loop = this.#work();
  }

  /** Ends after the batch at hand; what waits in the spool is read after the next start. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#bell.ring();
    await this.#loop;
    this.#people.close();
    await this.#recordLast();
    await this.#feeds.close();
  }

  /**
   * Takes records that were sent; they are on disk when it resolves.
   *
   * @throws {ServerError} TOO_MANY for one source too many, BUSY, CLOSED.
   */
  async accept(sent: Sent): Promise<IngestAnswer> {
    if (this.#closing) throw new ServerError("CLOSED", "the server is stopping");
    const known = this.#sources.get(sent.source) ?? this.#declare(sent.source);
    const whole = known.kind === "scan";
    const answer = await countRecords(sent.body, whole);
    if (answer.accepted + answer.rejected > 0) await this.#feeds.append({ ...sent, whole });
    return answer;
  }

  /** Counts something that is no record among a source's rejects. Of a flood, no more than so many wait; the rest is not kept. */
  refuse(source: string, reject: UnreadableRecord): void {
    if (this.#refusals.length >= maxRefusals) return;
    this.#refusals.push({ source, reject });
    this.#bell.ring();
  }

  /**
   * Does what a person decided and the line must know, between two batches. Resolves once it is stored.
   *
   * @throws {ServerError} BUSY, CLOSED; what `prepare` throws.
   */
  async decide(prepare: Prepare): Promise<void> {
    if (this.#closing) throw new ServerError("CLOSED", "the server is stopping");
    const done = this.#people.add(prepare);
    this.#bell.ring();
    return done;
  }

  /** What the line watches. */
  get watching(): Watching {
    return this.#memory.line.watching;
  }

  /** How often what people wrote here matched. */
  tunedCounts(): ReturnType<Line["tunedCounts"]> {
    return this.#memory.line.tunedCounts();
  }

  /** Why texts could not be used beside what is in use. */
  wouldRefuse(own: Parameters<Line["wouldRefuse"]>[0]): ReturnType<Line["wouldRefuse"]> {
    return this.#memory.line.wouldRefuse(own);
  }

  /** Expects a source from now on: its kind is settled, and its silence is a gap. */
  expect(entry: SourceEntry): void {
    this.#declared.set(entry.name, entry);
    const known = this.#sources.get(entry.name) ?? newSource(entry.kind, this.#options.now());
    this.#sources.set(entry.name, { ...known, kind: entry.kind });
    this.#bell.ring();
  }

  /** Does not expect a source any more: its silence is no news. */
  forget(name: string): void {
    this.#declared.delete(name);
  }

  /** Puts on record what changed and is not yet: all that was stored before this is called. Gives up after a while, when nothing is stored. */
  async record(): Promise<void> {
    const began = performance.now();
    this.#recordAll = true;
    this.#bell.ring();
    while (this.#growth.isDue() && performance.now() - began < recordMs) await sleep(10);
  }

  /** Whether an incident changed so lately that it is not on record yet as it is. */
  isGrowing(incident: string): boolean {
    return this.#growth.has(incident);
  }

  get waitingBytes(): number {
    return this.#feeds.waitingBytes;
  }

  sources(): ReadonlyMap<string, SourceState> {
    return this.#sources;
  }

  /** Why a source cannot be read. */
  problemOf(source: string): string | undefined {
    return this.#feeds.problemOf(source);
  }

  holdings(): Holding[] {
    return this.#memory.line.holdings();
  }

  coalition(model: string): Coalition | undefined {
    return this.#memory.line.coalition().find((it) => it.model === model);
  }

  rules(): ReturnType<Line["rules"]> {
    return this.#memory.line.rules();
  }

  /** Rules that cannot be used: what they would have seen is not seen. */
  refusedRules(): ReturnType<Line["refused"]> {
    return this.#memory.line.refused();
  }

  /** A source that nobody declared and that sends: it gets a row like the others. */
  #declare(name: string): SourceState {
    if (this.#sources.size >= maxSources) {
      throw new ServerError("TOO_MANY", `there are ${maxSources} sources already: declare this one in outweigh.yml`);
    }
    const state = newSource("auto", this.#options.now());
    this.#sources.set(name, state);
    this.#decisions.push({
      kind: "source-added",
      by: self,
      subject: name,
      text: `the source ${name} sent for the first time`,
    });
    return state;
  }

  async #work(): Promise<void> {
    while (!this.#closing) {
      try {
        if (!(await this.#step())) await this.#bell.wait(this.#feeds.restMs);
        this.#failures = 0;
        this.problem = undefined;
      } catch (error) {
        await this.#fail(error);
      }
    }
  }

  /** One batch, if there is anything to do. */
  async #step(): Promise<boolean> {
    const { now, metrics } = this.#options;
    if (this.#people.areWaiting) return this.#decided();
    const began = performance.now();
    const tally = this.#newTally();
    for (const it of await this.#feeds.look()) tally.enter({ ...it, positions: new Map() });
    const refusals = this.#refusals.length;
    for (const { source, reject } of this.#refusals) tally.enter({ source, rejects: [reject], positions: new Map() });
    await this.#gather(tally, began);
    watchSilence(tally, [...this.#declared.values()], now());
    const isDue = this.#growth.isDue(this.#recordAll ? undefined : now());
    if (tally.isEmpty && this.#decisions.length === 0 && !isDue) return false;
    await this.#commit(tally);
    this.#refusals = this.#refusals.slice(refusals);
    metrics.batchSeconds.observe((performance.now() - began) / 1000);
    return true;
  }

  #newTally(): Tally {
    const { line } = this.#memory;
    const context = { line, sources: this.#sources, refused: this.#refused, kinds: this.#kinds };
    this.#tally = new Tally({ ...context, now: this.#options.now() });
    return this.#tally;
  }

  /** One decision of a person, as a batch of its own. */
  async #decided(): Promise<boolean> {
    const it = await this.#people.next();
    if (!it) return false;
    try {
      const { told, decisions, store } = it.prepared;
      const tally = this.#newTally();
      tally.tell(told);
      tally.decisions.push(...decisions);
      await this.#commit(tally, store);
      it.done();
    } catch (cause) {
      it.failed(cause);
      throw cause;
    }
    return true;
  }

  /** Reads until there is no more, or the batch is full or old enough. */
  async #gather(tally: Tally, began: number): Promise<void> {
    while (!this.#closing && tally.records < this.#limit && tally.bytes < batchBytes) {
      const records = Math.min(portion.records, this.#limit - tally.records);
      const batch = await this.#feeds.read({ ...portion, records });
      if (!batch) return;
      await this.#take(tally, batch);
      if (performance.now() - began > gatherMs) return;
    }
  }

  async #take(tally: Tally, batch: Batch): Promise<void> {
    tally.enter(batch);
    const state = tally.source(batch.source);
    const turns = new Turns();
    let kind: ReturnType<KindCache["of"]>;
    let file: string | undefined;
    for (const [i, it] of batch.records.entries()) {
      if (i === 0 || it.file !== file) {
        file = it.file;
        kind = this.#kinds.of(batch.source, state, batch.records.slice(i, i + portion.records));
      }
      tally.take(batch.source, it, kind);
      await turns.give();
    }
  }

  async #commit(tally: Tally, also?: (tx: Tx) => Promise<void>): Promise<void> {
    const { db, engine, evidence, now } = this.#options;
    const pending = this.#decisions.length;
    const decisions = [...this.#decisions, ...tally.decisions];
    const gaps = this.#memory.line
      .gaps()
      .map((it) => asItStands(it, tally.source(it.source)))
      .filter((it) => this.#gaps.get(gapKey(it)) !== JSON.stringify(it));
    const recordAll = this.#recordAll;
    const own = { memory: this.#memory, growth: this.#growth, recordAll };
    const done = await commit(tally, { db, engine, evidence, ...own, gaps, decisions, also, now: now() });
    if (recordAll) this.#recordAll = false;
    this.#decisions = this.#decisions.slice(pending);
    this.#limit = Math.min(this.#limit * 2, batchRecords);
    for (const it of gaps) this.#gaps.set(gapKey(it), JSON.stringify(it));
    for (const [name, it] of tally.sources) this.#sources.set(name, it);
    await this.#feeds.release(tally.positions);
    this.#tell(tally, done.incidents);
  }

  /** What is stored now is counted, and live pages learn that it changed. */
  #tell(tally: Tally, incidents: readonly StoredIncident[]): void {
    const { changes, metrics } = this.#options;
    metrics.records.inc(tally.records);
    metrics.rejects.inc(tally.rejects);
    metrics.events.inc(tally.events.length);
    metrics.alerts.inc(tally.alerts.size);
    for (const it of tally.sources.keys()) changes.tell("source", it);
    for (const it of tally.alerts.keys()) changes.tell("alert", it);
    for (const it of incidents) changes.tell("incident", it.id);
    if (tally.scans.length > 0) changes.tell("scan");
    if (tally.events.length > 0) changes.tell("event");
    const models = new Set(tally.events.flatMap((it) => it.model ?? []));
    for (const it of models) changes.tell("model", it);
    if (tally.alerts.size > 0) changes.tell("evidence");
  }

  /** Back to where the last commit stands. The next batch is smaller; a record that fails alone, again and again, is refused. */
  async #fail(error: unknown): Promise<void> {
    const { log, metrics } = this.#options;
    this.#failures++;
    metrics.failures.inc();
    this.problem = error instanceof Error ? error.message : String(error);
    log.error({ err: error, failures: this.#failures, limit: this.#limit }, "a batch could not be stored");
    const tally = this.#tally;
    // An engine that is away is nobody's fault.
    const away = error instanceof ServerError || isConnection(error);
    if (!away && tally?.last && tally.records <= 1 && this.#failures >= maxAttempts) {
      this.#refused.set(tally.last.place, `could not be stored: ${this.problem}`);
    }
    this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, tally?.records ?? 1) / 2));
    // A record at fault is found by halving the batch: that is no reason for the others to wait.
    const halved = !away && (tally?.records ?? 0) > 1;
    const wait = halved ? 0 : (backoffMs[Math.min(this.#failures - 1, backoffMs.length - 1)] ?? 1000);
    for (let again = true; again && !this.#closing;) {
      await Promise.race([sleep(wait), this.#closed()]);
      again = await this.#restore().then(
        () => false,
        (cause: unknown) => {
          this.problem = cause instanceof Error ? cause.message : String(cause);
          return true;
        },
      );
    }
  }

  /** The line, the sources and all positions as the last commit left them. */
  async #restore(): Promise<void> {
    const { db, now, log } = this.#options;
    const state = await loadWorkerState(db);
    this.#memory.restore(state.memory);
    const { lost } = this.#memory;
    if (lost !== undefined && !this.#decisions.some((it) => it.kind === "memory-lost")) {
      log.error({ problem: lost }, "what the detectors remembered cannot be read; they start anew");
      const text = "the detectors' memory could not be read: books and counts start anew from here";
      this.#decisions.push({ kind: "memory-lost", by: self, text });
    }
    this.#sources = new Map([...state.sources].map(([name, it]) => [name, readSource(it)]));
    for (const { name, kind } of this.#declared.values()) {
      const known = this.#sources.get(name);
      this.#sources.set(name, known ? { ...known, kind } : newSource(kind, now()));
    }
    for (const { kind, subject } of this.#decisions) {
      if (kind === "source-added" && subject !== undefined) this.#sources.set(subject, newSource("auto", now()));
    }
    await this.#tune();
    this.#gaps = new Map(this.#memory.line.gaps().map((it) => [gapKey(it), JSON.stringify(it)]));
    this.#feeds.restore(state.positions);
  }

  /** A line that began anew, or whose spaces are others now, is told again what people added. */
  async #tune(): Promise<void> {
    const { tuning, log } = this.#options;
    const wanted = JSON.stringify(await tuning());
    if (wanted === JSON.stringify(this.#memory.line.tuning)) return;
    const prepare: Prepare = async () => ({
      told: { tuning: await tuning() },
      decisions: [],
      store: async () => undefined,
    });
    this.#people
      .add(prepare)
      .catch((err: unknown) => log.warn({ err }, "the line does not know yet what people added"));
  }

  /** What waits to be put on record, before we end; the next start finds what cannot be. */
  async #recordLast(): Promise<void> {
    if (!this.#growth.isDue()) return;
    const { log } = this.#options;
    this.#recordAll = true;
    await this.#commit(this.#newTally()).catch((err: unknown) => {
      log.error({ err }, "the last changes are not on record");
    });
  }

  async #closed(): Promise<void> {
    while (!this.#closing) await sleep(50);
  }
}

/** A silence has no end while it lasts: the line knows of it up to when it was noticed. */
function asItStands({ to, ...it }: Gap, { silentFrom }: SourceState): Gap {
  return silentFrom === it.from || to === undefined ? it : { ...it, to };
}

function gapKey({ source, from }: Gap): string {
  return JSON.stringify([source, from]);
}

/** Node's and PostgreSQL's ways of saying that nobody is there. */
function isConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|ENOSPC|57P0|08)/.test(code) || /terminat|timeout|Connection/i.test(error.message)
  );
}
