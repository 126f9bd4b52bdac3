import { detectKind, RecordSplitter, sourceOf, type Line, type Outcome, type SourceKind } from "@outweigh/pipeline";
import type { LogFile } from "./files.ts";
import { unpacked } from "./unpack.ts";

/** How much of a file decides its kind, in bytes unpacked. */
export const sampleBytes = 64 * 1024;

/** Most rejects that are listed for one file; the others are counted. */
const maxRejects = 1_000;

export interface Reject {
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
  /** Times of its first and last event, in ms since 1970. */
  readonly first?: number;
  readonly last?: number;
}

class Tally {
  records = 0;
  rejected = 0;
  events = 0;
  skipped = 0;
  first: number | undefined;
  last: number | undefined;
  readonly rejects: Reject[] = [];

  reject(offset: number, reason: string): void {
    this.rejected++;
    if (this.rejects.length < maxRejects) this.rejects.push({ offset, reason });
  }

  /** `records` counts what was cut out of the file, whatever became of it. */
  enter(outcome: Outcome, offset: number): void {
    this.records++;
    if ("rejected" in outcome) {
      this.reject(offset, outcome.rejected);
      return;
    }
    for (const it of outcome.refused ?? []) this.reject(offset, it);
    if (outcome.skipped !== undefined) this.skipped++;
    this.events += outcome.events.length;
    for (const { time } of outcome.events) {
      this.first = Math.min(this.first ?? time, time);
      this.last = Math.max(this.last ?? time, time);
    }
  }
}

/**
 * Puts one file through the line, record by record, as live ingest does. Memory does not grow with the file.
 *
 * @param onOutcome Called for every record that was read.
 * @throws the signal's reason. What is wrong with the file is in the answer: a broken stream costs what follows the break.
 */
export async function replayFile(
  { path, writtenAt }: LogFile,
  line: Line,
  { signal, onOutcome }: { readonly signal: AbortSignal; onOutcome(outcome: Outcome): void },
): Promise<ReplayedFile> {
  const kind = await kindOf(path);
  const tally = new Tally();
  if (kind === undefined) tally.reject(0, "no source recognises it");
  else if (typeof kind === "object") tally.reject(0, kind.problem);
  else {
    const splitter = new RecordSplitter();
    const from = { source: kind, kind, file: path, writtenAt };
    const take = (cuts: ReturnType<RecordSplitter["push"]>): void => {
      for (const cut of cuts) {
        if ("rejected" in cut) {
          tally.records++;
          tally.reject(cut.offset, cut.rejected);
          continue;
        }
        const outcome = line.run(cut.record, { ...from, offset: cut.offset });
        tally.enter(outcome, cut.offset);
        onOutcome(outcome);
      }
    };
    try {
      for await (const chunk of unpacked(path)) {
        signal.throwIfAborted();
        take(splitter.push(chunk));
      }
    } catch (error) {
      signal.throwIfAborted();
      tally.reject(splitter.state().offset, `cannot be read from here on: ${wordsOf(error)}`);
    }
    take(splitter.end());
  }
  const { records, rejects, rejected, events, skipped, first, last } = tally;
  return {
    file: path,
    kind: typeof kind === "string" ? kind : "unknown",
    records,
    rejects,
    rejected,
    events,
    skipped,
    ...(first !== undefined && { first }),
    ...(last !== undefined && { last }),
  };
}

/** When a file's first events happened, in ms since 1970, so that files can be read in the order of time. */
export async function beginningOf(file: LogFile): Promise<number> {
  const sample = await sampleOf(file.path);
  const kind = typeof sample === "string" ? detectKind(sample) : undefined;
  if (kind === undefined || typeof sample !== "string") return file.writtenAt;
  const splitter = new RecordSplitter();
  for (const cut of splitter.push(Buffer.from(sample))) {
    if (!("record" in cut)) continue;
    const read = sourceOf(kind).read(cut.record, { source: kind, offset: cut.offset }, { trusts: () => false });
    const [event] = read.ok ? read.events : [];
    if (event) return event.time;
  }
  return file.writtenAt;
}

type Problem = { readonly problem: string };

async function kindOf(path: string): Promise<SourceKind | Problem | undefined> {
  const sample = await sampleOf(path);
  return typeof sample === "string" ? detectKind(sample) : sample;
}

/** The beginning of a file, unpacked; as text, since every source is text. */
async function sampleOf(path: string): Promise<string | Problem> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of unpacked(path)) {
      pieces.push(chunk);
      bytes += chunk.length;
      if (bytes >= sampleBytes) break;
    }
  } catch (error) {
    if (bytes === 0) return { problem: `cannot be read: ${wordsOf(error)}` };
  }
  return Buffer.concat(pieces).subarray(0, sampleBytes).toString("utf8");
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
