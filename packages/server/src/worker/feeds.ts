// All ways in: what is sent and what is watched, read in turn, so that a flood of one does not silence another.
import type { SourceEntry } from "@outweigh/schema";
import type { Batch, Portion, UnreadableRecord } from "./record.ts";
import { Spool, type Sent } from "./spool.ts";
import { Tail } from "./tail.ts";

/** How often watched paths are looked at when nothing hints at a change, in ms. */
const lookMs = 500;
/** And at the least so often, in ms. */
const maxLookMs = 5000;
/** After a hint, in ms: a writer writes many lines, one look finds them all. */
const hintMs = 50;

interface FeedsOptions {
  /** The spool's folder. */
  readonly folder: string;
  readonly sources: readonly SourceEntry[];
  /** Called when there may be something to read. */
  readonly onNews: () => void;
}

/** What a look at a source's files found to be lost. */
export interface Lost {
  readonly source: string;
  readonly rejects: readonly UnreadableRecord[];
}

export class Feeds {
  readonly #spool: Spool;
  readonly #tails: readonly Tail[];
  readonly #onNews: () => void;
  #lookAt = 0;
  /** Whose turn it is. */
  #turn = 0;

  private constructor(spool: Spool, tails: readonly Tail[], onNews: () => void) {
    this.#spool = spool;
    this.#tails = tails;
    this.#onNews = onNews;
    spool.onAppend = onNews;
    for (const it of tails) it.onHint = () => this.#hint();
  }

  /** Opens all where these positions left them. */
  static async open(
    { folder, sources, onNews }: FeedsOptions,
    positions: ReadonlyMap<string, unknown>,
  ): Promise<Feeds> {
    const spool = await Spool.open(folder, positions);
    const tails = sources.flatMap(({ name, paths }) => (paths ? [new Tail(name, paths, positions)] : []));
    return new Feeds(spool, tails, onNews);
  }

  /** Paths that are watched from now on: to be stored before anything is read. */
  begin(): ReadonlyMap<string, object> {
    return new Map(this.#tails.flatMap((it) => [...it.begin()]));
  }

  /** Reading goes on at these positions: after a failed commit. */
  restore(positions: ReadonlyMap<string, unknown>): void {
    this.#spool.restore(positions);
    for (const it of this.#tails) it.restore(positions);
    this.#lookAt = 0;
  }

  /** Looks at the watched paths, if it is time. */
  async look(): Promise<Lost[]> {
    if (this.#tails.length === 0 || performance.now() < this.#lookAt) return [];
    const began = performance.now();
    const lost: Lost[] = [];
    for (const it of this.#tails) {
      const rejects = await it.look();
      if (rejects.length > 0) lost.push({ source: it.source, rejects });
    }
    // Folders with very many files are looked at less often: looking must not become the work.
    const tookMs = performance.now() - began;
    this.#lookAt = performance.now() + Math.min(Math.max(lookMs, 10 * tookMs), maxLookMs);
    return lost;
  }

  /** The next records of whoever's turn it is; undefined when nobody has any. */
  async read(portion: Portion): Promise<Batch | undefined> {
    const feeds = [this.#spool, ...this.#tails];
    for (let tried = 0; tried < feeds.length; tried++) {
      const batch = await feeds[this.#turn++ % feeds.length]?.read(portion);
      if (batch) return batch;
    }
    return undefined;
  }

  /** How long nothing has to be looked at, in ms, unless there are news. */
  get restMs(): number {
    if (this.#tails.length === 0) return lookMs;
    return Math.max(10, Math.min(lookMs, this.#lookAt - performance.now()));
  }

  get waitingBytes(): number {
    return this.#spool.waitingBytes;
  }

  /** What was sent is on disk when this resolves. @throws {ServerError} BUSY */
  append(sent: Sent): Promise<void> {
    return this.#spool.append(sent);
  }

  /** What lies before these positions is stored and need not be kept. */
  async release(positions: ReadonlyMap<string, unknown>): Promise<void> {
    await this.#spool.release(positions);
  }

  /** Why a source cannot be read. */
  problemOf(source: string): string | undefined {
    return this.#tails.find((it) => it.source === source)?.problem;
  }

  async close(): Promise<void> {
    for (const it of this.#tails) it.close();
    await this.#spool.close();
  }

  #hint(): void {
    this.#lookAt = Math.min(this.#lookAt, performance.now() + hintMs);
    setTimeout(this.#onNews, hintMs).unref();
  }
}
