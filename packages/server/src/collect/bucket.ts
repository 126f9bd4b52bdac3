// Reads the log objects of a bucket, each once, in whatever order they arrive.
import { addAbortSignal } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { BucketEntry, CollectorHealth, WayIn } from "@outweigh/schema";
import type { Env } from "../env.ts";
import { ServerError } from "../error.ts";
import {
  dueObjects,
  hashesOf,
  knownOf,
  listedAt,
  newestObject,
  storeCollected,
  storeListed,
  waitingObjects,
  type Bucket,
  type Collected,
} from "../store/collected.ts";
import type { Db } from "../store/state/state.ts";
import { BucketDigests, DigestFault, isDigest } from "./bucket-digests.ts";
import { recordsName, storedName, unreadable } from "./bucket-object.ts";
import { prefixesOf } from "./bucket-prefixes.ts";
import { openBucket, StoreError, type BucketStore, type Got, type Listed } from "./bucket-store.ts";
import type { Collector, Intake } from "./collector.ts";
import { Lanes } from "./lanes.ts";
import * as limits from "./limits.ts";
import { BrokenObject, readObject } from "./object-reader.ts";
import { messageOf } from "../values.ts";

/** How long is waited, in ms, while too much waits on disk or it cannot be written. */
const againMs = 500;
/** How often those that wait are counted while objects fail, in ms. */
const countMs = 1000;
/** Tries of an object that cannot be unpacked: the next one would find the same bytes. */
const maxBrokenTries = 3;
/** Tries of a digest that names what was not read yet, some hours in all: logs are there before it. */
const maxDigestTries = 8;

/** Most faults that digests show and that are put on record within `faultsMs`. */
const [maxFaults, faultsMs] = [100, 3_600_000];

interface BucketOptions {
  readonly source: string;
  readonly entry: BucketEntry;
  readonly db: Db;
  readonly env: Env;
}

/** A listing that sees all prefixes, over several polls where there are many keys. */
interface Listing {
  /** When it began, in ms. */
  readonly at: number;
  /** Objects written before are not asked for. */
  readonly floor: number;
  readonly prefixes: string[];
  /** The key to go on behind. */
  after?: string | undefined;
}

/**
 * One prefix of one bucket. Every listing sees all keys, so an object is found wherever its key sorts; it is new unless it was
 * written before the last whole listing by more than the look-back, or is known. What is known is stored after the records are on disk,
 * which are named after the object: read twice around a crash, they count once.
 */
export class BucketCollector implements Collector {
  readonly source: string;
  readonly #options: BucketOptions;
  readonly #lanes = new Lanes(limits.lanes);
  readonly #ending = new AbortController();
  #store!: BucketStore;
  #intake!: Intake;
  #bucket!: Bucket;
  #loop: Promise<void> = Promise.resolve();
  /** Checks digest files, where the configuration says so. */
  #digests: BucketDigests | undefined;
  #held = 0;
  #heldUpTo: string | undefined;
  /** What the last digest that does not hold showed. */
  #fault: string | undefined;
  /** Faults that were put on record since then, in ms. */
  #faults = { since: 0, told: 0 };
  #listing: Listing | undefined;
  /** A whole listing that is not stored while objects of it are still being read, by their names. */
  #listed: { readonly at: number; readonly reading: readonly string[] } | undefined;
  #taken = 0;
  #countedAt = 0;
  #waiting: { readonly count: number; readonly next: readonly Collected[] } = { count: 0, next: [] };
  #position: string | undefined;
  #newestAt = 0;
  #lastPollAt: number | undefined;
  #lastOkAt: number | undefined;
  #lastError: CollectorHealth["lastError"];
  /** Why the bucket cannot be listed. */
  #problem: string | undefined;

  constructor(options: BucketOptions) {
    this.source = options.source;
    this.#options = options;
  }

  async start(intake: Intake): Promise<void> {
    const { source, entry, env, db } = this.#options;
    this.#intake = intake;
    this.#store = await openBucket(source, entry, env);
    this.#bucket = { source, bucket: this.#store.id };
    this.#position = await newestObject(db, this.#bucket);
    if (entry.digests) {
      this.#digests = await BucketDigests.open(db, this.#bucket, entry.bucket, entry.digests.keys);
      this.#fault = await this.#digests.lastFault();
    }
    this.#waiting = await waitingObjects(db, this.#bucket, limits.maxShownFailing);
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
    await this.#lanes.idle();
    this.#store?.close();
  }

  health(): CollectorHealth {
    const { bucket, prefix } = this.#options.entry;
    return {
      way: "bucket",
      at: `s3://${bucket}/${prefix}`,
      ...(this.#position !== undefined && { position: this.#position }),
      ...(this.#lastPollAt !== undefined && { lastPollAt: this.#lastPollAt }),
      ...(this.#lastOkAt !== undefined && { lastOkAt: this.#lastOkAt }),
      taken: this.#taken,
      waiting: this.#waiting.count,
      shed: [],
      ...(this.#digests && {
        digests: { held: this.#held, ...(this.#heldUpTo !== undefined && { upTo: this.#heldUpTo }) },
      }),
      ...(this.#lastError && { lastError: this.#lastError }),
      failing: this.#waiting.next.map(({ object, attempts, nextAt, problem = "not read to its end yet" }) => ({
        object,
        attempts,
        nextAt,
        reason: problem,
      })),
    };
  }

  problem(): string | undefined {
    return this.#problem ?? this.#fault;
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      await this.#poll();
      await sleep(this.#options.entry.everyMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
    }
  }

  async #poll(): Promise<void> {
    this.#lastPollAt = this.#intake.now();
    try {
      await this.#readDue();
      await this.#list();
      this.#fault = await this.#digests?.lastFault();
      this.#problem = undefined;
      this.#lastOkAt = this.#intake.now();
    } catch (error) {
      if (this.#isEnding) return;
      this.#problem = messageOf(error);
      this.#fail(this.#problem, error);
    }
    await this.#countWaiting();
  }

  /** Objects whose time to be tried again has come. */
  async #readDue(): Promise<void> {
    const due = await dueObjects(this.#options.db, this.#bucket, this.#intake.now(), 1000);
    for (const it of due) await this.#begin(it, it);
  }

  async #list(): Promise<void> {
    const listing = await this.#currentListing();
    let found = 0;
    for (let pages = 0; pages < limits.maxPagesPerPoll && !this.#isEnding; pages++) {
      const [prefix] = listing.prefixes;
      if (prefix === undefined) break;
      const page = await this.#store.list(prefix, listing.after, this.#ending.signal);
      found += await this.#readNew(page.objects, listing.floor);
      if (page.after !== undefined && page.after === listing.after)
        throw new StoreError("FAILED", `the store lists no further than ${page.after}, and says that there is more`);
      listing.after = page.after;
      if (page.after === undefined) listing.prefixes.shift();
      if (found >= limits.maxObjectsPerPoll) break;
    }
    if (listing.prefixes.length === 0) {
      this.#listing = undefined;
      this.#listed ??= { at: listing.at, reading: this.#lanes.names };
    }
    await this.#storeListed();
  }

  /** The one that a poll left unfinished, or a new one. */
  async #currentListing(): Promise<Listing> {
    if (this.#listing) return this.#listing;
    const { entry, db } = this.#options;
    const at = this.#intake.now();
    const floor = ((await listedAt(db, this.#bucket)) ?? at) - entry.lookBackMs;
    const all = [entry.prefix, ...(entry.digests ? [entry.digests.prefix] : [])];
    const prefixes = [...new Set(all.flatMap((it) => prefixesOf(it, floor, at)))];
    return (this.#listing = { at, floor, prefixes });
  }

  /** Once nothing of it is being read any more: what is read now must be found again after a crash. */
  async #storeListed(): Promise<void> {
    if (!this.#listed || this.#listed.reading.some((it) => this.#lanes.has(it))) return;
    const { at } = this.#listed;
    await storeListed(this.#options.db, this.#bucket, { at, floor: at - this.#options.entry.lookBackMs });
    this.#listed = undefined;
  }

  /** Begins to read those of a page that are new. Answers with how many. */
  async #readNew(page: readonly Listed[], floor: number): Promise<number> {
    // A name that ends with a slash is a folder that somebody's tool made.
    const wanted = page
      .filter((it) => it.modifiedAt >= floor && it.size > 0 && !it.object.endsWith("/"))
      .map((it) => ({ ...it, object: storedName(it) }));
    const known = await knownOf(this.#options.db, this.#bucket, wanted);
    const fresh = wanted.filter((it) => !known.has(it));
    for (const it of fresh) await this.#begin(it, undefined);
    return fresh.length;
  }

  async #begin(it: Listed, before: Collected | undefined): Promise<void> {
    const name = JSON.stringify([it.object, it.version]);
    if (this.#lanes.has(name)) return;
    while (this.#intake.isFull() && !this.#isEnding) await sleep(againMs);
    if (this.#isEnding) return;
    // Digests one by one, in the order of their names, and when the log files that were found before them are read.
    const isAlone = this.#digests !== undefined && isDigest(it.object);
    if (isAlone) await this.#lanes.idle();
    await this.#lanes.run(name, () => this.#read(it, before));
    if (isAlone) await this.#lanes.idle();
  }

  /** One object, from where it was left. Never rejects. */
  async #read(it: Listed, before: Collected | undefined): Promise<void> {
    const { object, version, size, modifiedAt } = it;
    let state: Collected = before ?? { object, version, size, modifiedAt, state: "waiting", attempts: 0, nextAt: 0 };
    const why = unreadable(it);
    try {
      if (why !== undefined) return await this.#giveUp(state, why);
      const got = await this.#store.get(it, this.#ending.signal);
      const body = addAbortSignal(this.#ending.signal, got.body);
      // Without TLS, whoever sits between could have written what we fetch.
      const way = got.isTls ? "bucket" : "bucket-plain";
      if (this.#digests && isDigest(object)) return await this.#hold(this.#digests, state, { ...got, body });
      const hash = await readObject(body, {
        position: state.position,
        isHashed: this.#digests !== undefined,
        keep: async ({ body: records, name, next, refused }) => {
          if (records.length > 0) await this.#deliver(records, way, `${recordsName(this.#bucket.bucket, it)}:${name}`);
          state = { ...state, position: next };
          await storeCollected(this.#options.db, this.#bucket, state);
          for (const { offset, reason } of refused) this.#refuse(object, reason, offset);
        },
      });
      await storeCollected(this.#options.db, this.#bucket, {
        ...state,
        state: "done",
        problem: undefined,
        position: undefined,
        hash,
      });
      if (hash !== undefined) await this.#rewritten(object);
      this.#taken++;
      if (modifiedAt >= this.#newestAt) [this.#position, this.#newestAt] = [object, modifiedAt];
    } catch (error) {
      if (!this.#isEnding)
        await this.#failed(state, error).catch((cause: unknown) => this.#fail(messageOf(cause), cause));
    }
    if (state.attempts > 0) await this.#countSometimes();
  }

  /** CloudTrail writes each log file once: one with other content was put in its place, perhaps after its digest was here. */
  async #rewritten(object: string): Promise<void> {
    const hashes = await hashesOf(this.#options.db, this.#bucket, [object]);
    if (new Set(hashes.get(object)).size < 2) return;
    const reason = "it was written anew, with other content, after it had been read";
    await this.#tellFault("log-rewritten", `CloudTrail's log file ${object} is not what it was: ${reason}`);
    this.#refuse(object, reason, 0);
    this.#fail(`${object}: ${reason}`, undefined);
  }

  /** Puts a fault on record, of a flood the first ones: whoever may write into the bucket must not fill the evidence. */
  async #tellFault(kind: string, text: string): Promise<void> {
    const now = this.#intake.now();
    if (now - this.#faults.since > faultsMs) this.#faults = { since: now, told: 0 };
    if (++this.#faults.told > maxFaults) return;
    const more = this.#faults.told === maxFaults ? "; what else is found within the hour is not put on record" : "";
    await this.#intake.told(kind, text + more);
  }

  /** A digest file, and whether all that it names is as it says. @throws {DigestFault} */
  async #hold(digests: BucketDigests, state: Collected, { body, signature }: Got): Promise<void> {
    const { hash, upTo, logs } = await digests.check(state.object, body, signature);
    await storeCollected(this.#options.db, this.#bucket, { ...state, state: "done", problem: undefined, hash });
    this.#held++;
    if (this.#heldUpTo === undefined || upTo > this.#heldUpTo) this.#heldUpTo = upTo;
    const text = `CloudTrail's digest up to ${upTo} holds: ${logs} log files are as AWS delivered them (${state.object})`;
    await this.#intake.told("digest-held", text);
    this.#intake.changed();
  }

  /** Tries again later, or gives it up. */
  async #failed(before: Collected, error: unknown): Promise<void> {
    const problem = messageOf(error);
    const attempts = before.attempts + 1;
    const fault = error instanceof DigestFault ? error : undefined;
    const state = fault ? { ...before, hash: fault.hash } : before;
    const lasts = (error instanceof StoreError && error.code !== "FAILED") || fault?.mayChange === false;
    const most = fault ? maxDigestTries : error instanceof BrokenObject ? maxBrokenTries : limits.maxTries;
    if (lasts || attempts >= most) {
      await this.#giveUp({ ...state, attempts }, problem);
      if (!fault) return;
      this.#fault = `${state.object}: ${problem}`;
      return this.#tellFault("digest-failed", `CloudTrail's digest ${state.object} does not hold: ${problem}`);
    }
    const waitMs = limits.retryMs[Math.min(attempts - 1, limits.retryMs.length - 1)] ?? 0;
    await storeCollected(this.#options.db, this.#bucket, {
      ...state,
      attempts,
      problem,
      nextAt: this.#intake.now() + waitMs,
    });
    this.#fail(`${state.object}: ${problem}`, error);
    await this.#countSometimes();
  }

  /** It is not read, and counts as a reject. */
  async #giveUp(state: Collected, problem: string): Promise<void> {
    await storeCollected(this.#options.db, this.#bucket, { ...state, state: "refused", problem });
    this.#refuse(state.object, problem, state.position?.offset ?? 0);
    this.#fail(`${state.object}: ${problem}`, undefined);
  }

  /** Until it is on disk. */
  async #deliver(body: Buffer, way: WayIn, key: string): Promise<void> {
    for (;;) {
      try {
        return await this.#intake.deliver(body, way, key);
      } catch (error) {
        if (!(error instanceof ServerError && error.code === "BUSY") || this.#isEnding) throw error;
        await sleep(againMs);
      }
    }
  }

  #refuse(object: string, reason: string, offset: number): void {
    this.#intake.refuse({ offset, file: object, reason: `${object.slice(0, maxShownKey)}: ${reason}`, record: "" });
  }

  #fail(message: string, error: unknown): void {
    this.#lastError = { at: this.#intake.now(), message };
    this.#intake.warn({ source: this.source, ...(error !== undefined && { err: error }) }, message);
    this.#intake.changed();
  }

  /** Not for each of ten thousand that fail. */
  async #countSometimes(): Promise<void> {
    if (this.#intake.now() - this.#countedAt >= countMs) await this.#countWaiting();
  }

  async #countWaiting(): Promise<void> {
    const { db } = this.#options;
    this.#countedAt = this.#intake.now();
    this.#waiting = await waitingObjects(db, this.#bucket, limits.maxShownFailing).catch(() => this.#waiting);
    this.#intake.changed();
  }
}

/** Characters of a key that a reason shows. */
const maxShownKey = 300;
