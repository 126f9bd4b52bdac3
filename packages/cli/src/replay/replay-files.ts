import type { Outcome } from "@outweigh/pipeline";
import type { LogFile } from "./files.ts";
import { beginningOf, OpenLog, type Reads } from "./open-log.ts";
import type { ReplayedFile } from "./tally.ts";

/** Most files that are read side by side: each costs a descriptor and a chunk of memory. */
const maxOpen = 128;

interface ReplayOptions {
  readonly signal: AbortSignal;
  /** Files that a signed digest vouches for: SHA-256 of their bytes, unpacked, by their paths. */
  readonly vouched?: ReadonlyMap<string, string>;
  /** Called for every record that was read, with how many files were begun by then. */
  onOutcome(outcome: Outcome, begun: number): void;
}

/** What the files gave, in the order in which they begin. */
interface ReplayedFiles {
  readonly files: ReplayedFile[];
  /** Files that began while `maxOpen` others were open: they were read after one of those. */
  readonly late: number;
}

interface Timed {
  readonly file: LogFile;
  /** When its first events happened, in ms. */
  readonly at: number;
}

/**
 * Puts files through the line as if their records had arrived when they happened: always the oldest next record of all
 * files that overlap in time. Within a file the order is the file's.
 *
 * @throws {CliError} FAILED for a vouched file that is another one by now; the signal's reason.
 */
export async function replayFiles(
  files: readonly LogFile[],
  line: Reads,
  options: ReplayOptions,
): Promise<ReplayedFiles> {
  const waiting = (await inOrder(files)).reverse();
  const begun: OpenLog[] = [];
  const open: OpenLog[] = [];
  const late = new Set<Timed>();
  try {
    while (waiting.length > 0 || open.length > 0) {
      const next = waiting.at(-1);
      const oldest = oldestOf(open);
      const isDue = next !== undefined && (oldest === undefined || oldest.time() >= next.at);
      if (isDue && open.length < maxOpen) {
        waiting.pop();
        const vouched = options.vouched?.get(next.file.path);
        const log = await OpenLog.open(next.file, line, next.at, vouched);
        begun.push(log);
        await log.fill(options.signal);
        if (!log.isOver) open.push(log);
        continue;
      }
      if (isDue) late.add(next);
      if (oldest) await takeFrom(oldest, { open, begun: begun.length, options });
    }
  } finally {
    for (const it of begun) await it.close();
  }
  return { files: begun.map((it) => it.result()), late: late.size };
}

/** By the time of their first record: `access.log.2` comes before `access.log`. */
async function inOrder(files: readonly LogFile[]): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (const file of files) timed.push({ file, at: await beginningOf(file) });
  return timed.sort((a, b) => a.at - b.at || (a.file.path < b.file.path ? -1 : 1));
}

/** The one whose next record happened first; of equals the one that began first. */
function oldestOf(open: readonly OpenLog[]): OpenLog | undefined {
  const [first] = open;
  return first && open.reduce((oldest, it) => (it.time() < oldest.time() ? it : oldest));
}

interface Going {
  readonly open: OpenLog[];
  readonly begun: number;
  readonly options: ReplayOptions;
}

async function takeFrom(log: OpenLog, { open, begun, options }: Going): Promise<void> {
  const outcome = log.take();
  if (outcome) options.onOutcome(outcome, begun);
  if (!log.hasRecord) await log.fill(options.signal);
  if (log.isOver) open.splice(open.indexOf(log), 1);
}
