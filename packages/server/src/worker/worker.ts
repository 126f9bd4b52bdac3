// The one writer: reads every source, runs the line, stores what came of it together with where it stands.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Line } from "@outweigh/pipeline";
import type { Coalition, Gap, Holding, IngestAnswer, SourceEntry } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import { maxSources } from "../limits.ts";
import type { Metrics } from "../metrics.ts";
import { loadWorkerState, storePositions } from "../store/checkpoints.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import type { Db } from "../store/state/state.ts";
import { commit } from "./commit.ts";
import { countRecords } from "./count.ts";
import type { Batch } from "./record.ts";
import { newSource, readSource, type SourceState } from "./source-state.ts";
import { Memory } from "./memory.ts";
import { watchSilence } from "./silence.ts";
import { Spool, spoolPosition, spoolStream, type Sent } from "./spool.ts";
import { Tail } from "./tail.ts";
import { KindCache, Tally } from "./tally.ts";

/** How often watched paths are looked at when nothing hints at a change, in ms. */
const lookMs = 500;
/** And at the least so often, in ms. */
const maxLookMs = 5000;
/** After a hint, in ms: a writer writes many lines, one look finds them all. */
const hintMs = 50;
/** What is taken from one source before the next has its turn: a flood of one must not silence another. */
const portion = { records: 2000, bytes: 4 * 1024 * 1024 };
/** Most of one batch. */
const batchRecords = 20_000;
const batchBytes = 32 * 1024 * 1024;
/** Time on the line before others get theirs, in ms. */
const turnMs = 8;
/** A batch is gathered for so long while there is more to read, in ms: each costs the same syncs, but what happened must be seen. */
const gatherMs = 400;
/** Waits after failures, in ms; the last one stays. */
const backoffMs = [50, 200, 1000, 5000];
/** Failures of a batch of one record until that record is refused. */
const maxAttempts = 3;

export interface WorkerOptions {
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
  now(): number;
}

export class Worker {
  /** Why it does not get on; undefined while it does. */
  problem: string | undefined;
  readonly #options: WorkerOptions;
  readonly #spool: Spool;
  readonly #tails: readonly Tail[];
  readonly #kinds = new KindCache();
  readonly #memory: Memory;
  readonly #refused = new Map<string, string>();
  #sources = new Map<string, SourceState>();
  #gaps = new Map<string, string>();
  #loop: Promise<void> = Promise.resolve();
  #closing = false;
  #wake: () => void = () => undefined;
  /** Something happened since the last look: there is no time to rest. */
  #isWoken = false;
  #lookAt = 0;
  #failures = 0;
  /** Records that the next batch may have: one after a failure, to find the record at fault. */
  #limit = batchRecords;
  #decisions: Decision[] = [];
  /** The batch at hand. */
  #tally: Tally | undefined;

  private constructor(options: WorkerOptions, spool: Spool, tails: readonly Tail[]) {
    this.#options = options;
    this.#spool = spool;
    this.#tails = tails;
    this.#memory = new Memory(options.makeLine);
    spool.onAppend = () => this.#rouse();
    for (const it of tails) it.onHint = () => this.#hint();
  }

  /** Opens the spool and the watched paths where the last commit left them. Nothing is read before `start`. */
  static async open(options: WorkerOptions): Promise<Worker> {
    const { positions } = await loadWorkerState(options.db);
    const stored = positions.get(spoolStream);
    const spool = await Spool.open(options.folder, stored === undefined ? undefined : spoolPosition.parse(stored));
    const tails = options.sources.flatMap(({ name, paths }) => (paths ? [new Tail(name, paths, positions)] : []));
    const worker = new Worker(options, spool, tails);
    await worker.#restore();
    const begun = new Map(tails.flatMap((it) => [...it.begin()]));
    await options.db.transaction().execute((tx) => storePositions(tx, begun));
    return worker;
  }

  start(): void {
    this.#loop = this.#work();
  }

  /** Ends after the batch at hand; what waits in the spool is read after the next start. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#rouse();
    await this.#loop;
    for (const it of this.#tails) it.close();
    await this.#spool.close();
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
    if (answer.accepted + answer.rejected > 0) await this.#spool.append({ ...sent, whole });
    return answer;
  }

  get waitingBytes(): number {
    return this.#spool.waitingBytes;
  }

  sources(): ReadonlyMap<string, SourceState> {
    return this.#sources;
  }

  /** Why a source cannot be read. */
  problemOf(source: string): string | undefined {
    return this.#tails.find((it) => it.source === source)?.problem;
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
        if (!(await this.#step())) await this.#rest();
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
    const began = performance.now();
    const tally = new Tally({
      line: this.#memory.line,
      sources: this.#sources,
      refused: this.#refused,
      kinds: this.#kinds,
      now: now(),
    });
    this.#tally = tally;
    await this.#look(tally);
    await this.#gather(tally, began);
    watchSilence(tally, this.#options.sources, now());
    if (tally.isEmpty && this.#decisions.length === 0) return false;
    await this.#commit(tally);
    metrics.batchSeconds.observe((performance.now() - began) / 1000);
    return true;
  }

  async #look(tally: Tally): Promise<void> {
    if (this.#tails.length === 0 || performance.now() < this.#lookAt) return;
    const began = performance.now();
    for (const it of this.#tails) {
      const rejects = await it.look();
      if (rejects.length > 0) tally.enter({ source: it.source, rejects, positions: new Map() });
    }
    // Folders with very many files are looked at less often: looking must not become the work.
    const tookMs = performance.now() - began;
    this.#lookAt = performance.now() + Math.min(Math.max(lookMs, 10 * tookMs), maxLookMs);
  }

  /** Reads the sources in turn until there is no more, or the batch is full or old enough. */
  async #gather(tally: Tally, began: number): Promise<void> {
    const feeds = [this.#spool, ...this.#tails];
    const isFull = () => tally.records >= this.#limit || tally.bytes >= batchBytes;
    while (!this.#closing && !isFull()) {
      let found = false;
      for (const feed of feeds) {
        if (isFull()) break;
        const records = Math.min(portion.records, this.#limit - tally.records);
        const batch = await feed.read({ ...portion, records });
        if (!batch) continue;
        found = true;
        await this.#take(tally, batch);
      }
      if (!found || performance.now() - began > gatherMs) return;
    }
  }

  async #take(tally: Tally, batch: Batch): Promise<void> {
    tally.enter(batch);
    const state = tally.source(batch.source);
    let turn = performance.now();
    let kind: ReturnType<KindCache["of"]>;
    let file: string | undefined;
    for (const [i, it] of batch.records.entries()) {
      if (i === 0 || it.file !== file) {
        file = it.file;
        kind = this.#kinds.of(batch.source, state, batch.records.slice(i, i + portion.records));
      }
      tally.take(batch.source, it, kind);
      if (performance.now() - turn < turnMs) continue;
      await nextTurn();
      turn = performance.now();
    }
  }

  async #commit(tally: Tally): Promise<void> {
    const { db, engine, evidence, changes, metrics, now } = this.#options;
    const pending = this.#decisions.length;
    const decisions = [...this.#decisions, ...tally.decisions];
    const gaps = this.#memory.line.gaps().filter((it) => this.#gaps.get(gapKey(it)) !== JSON.stringify(it));
    const done = await commit(tally, { db, engine, evidence, memory: this.#memory, gaps, decisions, now: now() });
    this.#decisions = this.#decisions.slice(pending);
    this.#limit = Math.min(this.#limit * 2, batchRecords);
    for (const it of gaps) this.#gaps.set(gapKey(it), JSON.stringify(it));
    for (const [name, it] of tally.sources) this.#sources.set(name, it);
    const position = tally.positions.get(spoolStream);
    if (position) await this.#spool.release(spoolPosition.parse(position));

    metrics.records.inc(tally.records);
    metrics.rejects.inc(tally.rejects);
    metrics.events.inc(tally.events.length);
    metrics.alerts.inc(tally.alerts.size);
    for (const it of tally.sources.keys()) changes.tell("source", it);
    for (const it of tally.alerts.keys()) changes.tell("alert", it);
    for (const it of done.incidents) changes.tell("incident", it.id);
    if (tally.scans.length > 0) changes.tell("scan");
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
    this.#limit = away ? this.#limit : Math.max(1, Math.floor(Math.min(this.#limit, tally?.records ?? 1) / 2));
    const wait = backoffMs[Math.min(this.#failures - 1, backoffMs.length - 1)] ?? 1000;
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
    const { db, sources, now, log } = this.#options;
    const state = await loadWorkerState(db);
    this.#memory.restore(state.memory);
    const { lost } = this.#memory;
    if (lost !== undefined) {
      log.error({ problem: lost }, "what the detectors remembered cannot be read; they start anew");
      const text = "the detectors' memory could not be read: books and counts start anew from here";
      this.#decisions.push({ kind: "memory-lost", by: self, text });
    }
    this.#sources = new Map([...state.sources].map(([name, it]) => [name, readSource(it)]));
    for (const { name, kind } of sources) {
      const known = this.#sources.get(name);
      this.#sources.set(name, known ? { ...known, kind } : newSource(kind, now()));
    }
    this.#gaps = new Map(this.#memory.line.gaps().map((it) => [gapKey(it), JSON.stringify(it)]));
    const position = state.positions.get(spoolStream);
    this.#spool.restore(position === undefined ? undefined : spoolPosition.parse(position));
    for (const it of this.#tails) it.restore(state.positions);
    this.#lookAt = 0;
  }

  /** Until something happens, or it is time to look. */
  async #rest(): Promise<void> {
    if (this.#isWoken) {
      this.#isWoken = false;
      return;
    }
    const waitMs = Math.max(10, Math.min(lookMs, this.#lookAt - performance.now()));
    await Promise.race([sleep(this.#tails.length === 0 ? lookMs : waitMs), this.#woken()]);
  }

  #woken(): Promise<void> {
    return new Promise((done) => {
      this.#wake = done;
    });
  }

  #rouse(): void {
    this.#isWoken = true;
    this.#wake();
  }

  async #closed(): Promise<void> {
    while (!this.#closing) await sleep(50);
  }

  #hint(): void {
    this.#lookAt = Math.min(this.#lookAt, performance.now() + hintMs);
    setTimeout(() => this.#rouse(), hintMs).unref();
  }
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
