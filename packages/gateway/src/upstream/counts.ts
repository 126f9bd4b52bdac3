import type { Upstream } from "../policy/routes.ts";

/** Requests that a model server answered and that did not come from us. At least so many: what is uncertain counts as ours. */
export interface WentAround {
  readonly upstream: string;
  /** In ms since 1970. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Largest page of metrics that is read, in bytes: a server of a hundred models has a tenth. */
const maxMetricsBytes = 16 * 1024 * 1024;
/** How long a server may take to tell its counts, in ms. */
const answerMs = 5_000;
/** How much later other processes tell what they sent, in ms. */
const lateMs = 600;

interface Look {
  readonly at: number;
  /** What the server had answered. */
  readonly answered: number;
}

interface Watch {
  readonly timer: NodeJS.Timeout;
  last: Look | undefined;
}

/**
 * Compares what model servers say they answered with what went to them through here. Whatever may be ours counts as ours: what was sent
 * before the last look and ended after it, also failures. So a few requests around the gateway stay unseen, and health checks that ask the
 * model are seen as such requests.
 */
export class Counts {
  readonly #tell: (it: WentAround) => void;
  readonly #running: () => number;
  /** Requests that went on and that no answer of the server has been set against. */
  readonly #sent = new Map<string, number>();
  readonly #watches = new Map<string, Watch>();

  /** @param running Requests that run now, over all model servers: what may still be answered. */
  constructor(tell: (it: WentAround) => void, running: () => number) {
    this.#tell = tell;
    this.#running = running;
  }

  sent(upstream: string, count: number): void {
    this.#sent.set(upstream, (this.#sent.get(upstream) ?? 0) + count);
  }

  /** From now on compares these. */
  compare(upstreams: readonly Upstream[]): void {
    this.stop();
    for (const it of upstreams) {
      const { counts } = it.settings;
      const { counter } = it.adapter;
      if (!counts || counter === undefined) continue;
      const look = () => void this.#look(it.name, counts.url, counter);
      const timer = setInterval(look, counts.everySeconds * 1000);
      timer.unref();
      this.#watches.set(it.name, { timer, last: undefined });
      look();
    }
  }

  async #look(upstream: string, url: string, counter: string): Promise<void> {
    const watch = this.#watches.get(upstream);
    const answered = await readCount(url, counter);
    if (!watch || answered === undefined || watch !== this.#watches.get(upstream)) return;
    const now = { at: Date.now(), answered };
    const { last } = watch;
    watch.last = now;
    // Other processes tell what they sent a little later than the server tells what it answered.
    const before = this.#sent.get(upstream) ?? 0;
    await new Promise((done) => setTimeout(done, lateMs));
    const sent = this.#sent.get(upstream) ?? 0;
    const around = last ? answered - last.answered - sent : -sent;
    // What is left over may still be answered, as far as it runs; the rest failed.
    this.#sent.set(upstream, Math.min(Math.max(0, -around), this.#running() + sent - before));
    // Nothing can be said of the time before the first look, nor of that before the server began to count anew.
    if (last && answered >= last.answered && around > 0)
      this.#tell({ upstream, from: last.at, to: now.at, count: around });
  }

  stop(): void {
    for (const it of this.#watches.values()) clearInterval(it.timer);
    this.#watches.clear();
  }
}

/** The sum of a counter's samples; undefined where the server does not tell. */
async function readCount(url: string, counter: string): Promise<number | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
    if (!answer.ok) {
      await answer.body?.cancel();
      return undefined;
    }
    const text = await answer.text();
    return text.length > maxMetricsBytes ? undefined : sumOf(text, counter);
  } catch {
    return undefined;
  }
}

/** Sums the samples of one counter. Source: Prometheus text format 0.0.4. Undefined where there is none, or one is no number. */
export function sumOf(text: string, counter: string): number | undefined {
  let sum: number | undefined;
  for (const line of text.split("\n")) {
    if (!line.startsWith(counter)) continue;
    const rest = line.slice(counter.length);
    const value = rest.startsWith("{") ? rest.slice(rest.lastIndexOf("}") + 1) : rest;
    if (!/^\s/.test(value)) continue;
    const number = Number(value.trim().split(/\s+/)[0]);
    if (!Number.isFinite(number) || number < 0) return undefined;
    sum = (sum ?? 0) + number;
  }
  return sum;
}
