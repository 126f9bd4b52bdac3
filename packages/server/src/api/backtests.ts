import { Worker } from "node:worker_threads";
import { backtestBody, type BacktestBody, type BacktestReport, type OcsfEvent } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { ServerError } from "../error.ts";
import { eventsInOrder } from "../store/events.ts";
import type { BacktestStart, FromThread, ToThread } from "./backtest-thread.ts";
import { hangUp, read, type Context } from "./context.ts";

/** Most events of one backtest: a month of a busy source. More is cut, and said. */
const maxEvents = 500_000;
/** Longest that one backtest may work, in ms: whoever asked is waiting. */
const maxWorkMs = 30_000;
/** Longest that a thread may keep silent beyond that, in ms: then its rule is hopeless, and it is ended. */
const graceMs = 10_000;
/** Events that a thread is given at once. */
const batch = 200;
/** Most memory of a thread, in MiB: the states of correlations at their bounds take 100. */
const maxHeapMb = 512;

/** Trying rules on stored events: one at a time, in a thread of its own, under the hunter's limits; nothing is changed by it. */
export function backtests(app: FastifyInstance, { config, engine, worker, now }: Context): void {
  let running = false;

  app.post("/api/rules/backtest", async (request, reply): Promise<BacktestReport> => {
    const body = read(backtestBody, request.body);
    const rules = textsOf(body, worker.rules());
    if (running) throw new ServerError("BUSY", "another backtest is at work: try again in a moment");
    running = true;
    const { models, networks, trustedProxies } = config;
    const kinds = new Map([...worker.sources()].map(([name, { kind }]) => [name, kind] as const));
    const thread = new Thread({ rules, config: { models, networks, trustedProxies }, kinds });
    try {
      const signal = hangUp(request, reply);
      return await play(thread, eventsInOrder(engine, { ...body, now: now() }, signal), signal);
    } finally {
      running = false;
      await thread.end();
    }
  });
}

/** Gives the thread all events, as far as time and number allow. */
async function play(thread: Thread, events: AsyncIterable<OcsfEvent>, signal: AbortSignal): Promise<BacktestReport> {
  const until = performance.now() + maxWorkMs;
  let waiting: OcsfEvent[] = [];
  let count = 0;
  let cut: string | undefined;
  let { useful } = await thread.try([]);
  for await (const it of events) {
    if (!useful) break;
    waiting.push(it);
    if (++count >= maxEvents) cut = `there are ${maxEvents} events or more: ${narrow}`;
    else if (performance.now() > until)
      cut = `after ${maxWorkMs / 1000} s it had come to ${timeText(it.time)}: ${narrow}`;
    else if (signal.aborted) cut = "whoever asked has left";
    if (cut !== undefined) break;
    if (waiting.length < batch) continue;
    ({ useful } = await thread.try(waiting));
    waiting = [];
  }
  if (waiting.length > 0) await thread.try(waiting);
  return thread.report(cut);
}

const narrow = "choose a shorter time or a filter";

class Thread {
  readonly #worker: Worker;
  readonly #until = performance.now() + maxWorkMs + graceMs;

  constructor(start: BacktestStart) {
    this.#worker = new Worker(new URL("./backtest-thread.ts", import.meta.url), {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    // Each question hears of it; between questions nobody needs to.
    this.#worker.on("error", () => undefined);
  }

  async try(events: readonly OcsfEvent[]): Promise<{ readonly useful: boolean }> {
    const answer = await this.#ask({ events });
    return "useful" in answer ? answer : { useful: false };
  }

  async report(cut: string | undefined): Promise<BacktestReport> {
    const answer = await this.#ask({ cut });
    if ("report" in answer) return answer.report;
    throw new ServerError("INTERNAL", "the backtest did not report");
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  /** @throws {ServerError} TOO_LARGE when the thread takes too long, or more memory than it may. */
  #ask(message: ToThread): Promise<FromThread> {
    return new Promise((answer, fail) => {
      const stop = (): void => {
        clearTimeout(timer);
        for (const it of ["message", "error", "exit"]) this.#worker.removeAllListeners(it);
        this.#worker.on("error", () => undefined);
      };
      const timer = setTimeout(
        () => {
          stop();
          fail(new ServerError("TOO_LARGE", "the rule takes too long on these events: make it simpler"));
        },
        Math.max(0, this.#until - performance.now()),
      );
      const failed = (cause?: unknown): void => {
        stop();
        fail(failureOf(cause));
      };
      this.#worker.once("message", (it: FromThread) => {
        stop();
        answer(it);
      });
      this.#worker.once("error", failed);
      this.#worker.once("exit", failed);
      this.#worker.postMessage(message);
    });
  }
}

function failureOf(cause: unknown): ServerError {
  const full = cause instanceof Error && "code" in cause && cause.code === "ERR_WORKER_OUT_OF_MEMORY";
  if (full) return new ServerError("TOO_LARGE", "the rule takes more memory than a backtest may", { cause });
  return new ServerError("INTERNAL", "the backtest ended before it was done", { cause });
}

/** The texts that came, and that of a rule in use. @throws {ServerError} NOT_FOUND, BAD_REQUEST */
function textsOf({ texts, rule }: BacktestBody, inUse: ReturnType<Context["worker"]["rules"]>): string[] {
  if (rule === undefined) {
    if (texts.length === 0) throw new ServerError("BAD_REQUEST", "texts: there is no rule to try");
    return texts;
  }
  const known = inUse.find((it) => it.id === rule);
  if (known?.text !== undefined) return [known.text, ...texts];
  if (known) throw new ServerError("BAD_REQUEST", "rule: detectors are code and cannot be tried on stored events");
  throw new ServerError("NOT_FOUND", `no rule is called ${rule}`);
}

function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
