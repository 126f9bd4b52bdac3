/** Longest that one small file may take, in ms of processor time; a scan meets thousands of hostile ones. */
const maxCaseMs = 2000;
/** Most memory that the process may reach, in bytes: the agent's own budget, and room for the runtime. */
const maxRssBytes = 700 * 1024 * 1024;

/** One run over one format, as `--record` appends it: a line of JSON. */
export interface Result {
  readonly format: string;
  readonly cases: number;
  readonly seed: number;
  readonly failures: number;
  readonly seconds: number;
  readonly longestMs: number;
  /** Which case took longest: run it again with `--only`. */
  readonly longestCase: number;
  /** Of the process, which runs all formats one after the other: never less than that of the formats before. */
  readonly peakRssBytes: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Counts outcomes of one format, and says which of them are failures. */
export class Tally {
  failed = 0;
  #cases = 0;
  #longestMs = 0;
  #longestCase = 0;
  readonly #outcomes = new Map<string, number>();
  readonly #started = performance.now();

  /** What is wrong with a case; undefined if nothing is. */
  add(index: number, outcome: Outcome, ms: number): string | undefined {
    this.#cases++;
    this.#outcomes.set(outcome.kind, (this.#outcomes.get(outcome.kind) ?? 0) + 1);
    if (ms > this.#longestMs) [this.#longestMs, this.#longestCase] = [ms, index];
    const rss = index % 256 === 0 ? process.memoryUsage.rss() : 0;
    const tooMuch = rss > maxRssBytes ? `uses ${rss} bytes` : undefined;
    const wrong = outcome.bug ?? (ms > maxCaseMs ? `took ${ms.toFixed(0)} ms` : tooMuch);
    if (wrong !== undefined) this.failed++;
    return wrong;
  }

  result(format: string, seed: number): Result {
    const outcomes = Object.fromEntries([...this.#outcomes].sort((a, b) => b[1] - a[1]));
    return {
      format,
      cases: this.#cases,
      seed,
      failures: this.failed,
      seconds: Number(((performance.now() - this.#started) / 1000).toFixed(1)),
      longestMs: Number(this.#longestMs.toFixed(1)),
      longestCase: this.#longestCase,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      outcomes,
    };
  }
}

export function describe({ format, cases, seconds, failures, longestMs, peakRssBytes, outcomes }: Result): string {
  const told = Object.entries(outcomes).map(([kind, n]) => `${kind} ${n}`);
  const most = `longest ${longestMs} ms, at most ${Math.round(peakRssBytes / 2 ** 20)} MiB`;
  return `${format}: ${cases} cases in ${seconds} s, ${failures} failed; ${most}; ${told.join(", ")}`;
}

/** What reading one case came to; `bug` where it was neither an answer nor a coded error. */
export interface Outcome {
  readonly kind: string;
  readonly bug?: string;
}
