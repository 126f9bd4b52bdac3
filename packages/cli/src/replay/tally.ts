import type { Outcome, SourceKind } from "@outweigh/pipeline";

/** Most rejects that are listed for one file; the others are counted. */
const maxRejects = 1_000;

/** How far a record may be older than one before it and still count as in order, in ms: servers write when they are done. */
const toleranceMs = 60_000;

interface Reject {
  /** Of the record's first byte, in the unpacked file. */
  readonly offset: number;
  readonly reason: string;
}

/** What one file gave. */
export interface ReplayedFile {
  readonly file: string;
  readonly kind: SourceKind | "unknown";
  readonly records: number;
  readonly rejects: readonly Reject[];
  readonly rejected: number;
  readonly events: number;
  /** Records that hold no event and are not broken: start-up messages, health checks. */
  readonly skipped: number;
  /** Records that are older than some before them: they were taken in the order of the file, as live ingest would. */
  readonly unordered: number;
  /** Times of its first and last event, in ms since 1970. */
  readonly first?: number;
  readonly last?: number;
}

/** Counts what becomes of one file. */
export class Tally {
  #records = 0;
  #rejected = 0;
  #events = 0;
  #skipped = 0;
  #unordered = 0;
  #first: number | undefined;
  #last: number | undefined;
  readonly #rejects: Reject[] = [];

  reject(offset: number, reason: string): void {
    this.#rejected++;
    if (this.#rejects.length < maxRejects) this.#rejects.push({ offset, reason });
  }

  /** Counts what could not be cut out as a record. */
  uncut(offset: number, reason: string): void {
    this.#records++;
    this.reject(offset, reason);
  }

  /** `records` counts what was cut out of the file, whatever became of it. */
  enter(outcome: Outcome, offset: number): void {
    this.#records++;
    if ("rejected" in outcome) {
      this.reject(offset, outcome.rejected);
      return;
    }
    for (const it of outcome.refused ?? []) this.reject(offset, it);
    if (outcome.skipped !== undefined) this.#skipped++;
    this.#events += outcome.events.length;
    const [first] = outcome.events;
    if (first && this.#last !== undefined && first.time < this.#last - toleranceMs) this.#unordered++;
    for (const { time } of outcome.events) {
      this.#first = Math.min(this.#first ?? time, time);
      this.#last = Math.max(this.#last ?? time, time);
    }
  }

  of(file: string, kind: ReplayedFile["kind"]): ReplayedFile {
    return {
      file,
      kind,
      records: this.#records,
      rejects: this.#rejects,
      rejected: this.#rejected,
      events: this.#events,
      skipped: this.#skipped,
      unordered: this.#unordered,
      ...(this.#first !== undefined && { first: this.#first }),
      ...(this.#last !== undefined && { last: this.#last }),
    };
  }
}
