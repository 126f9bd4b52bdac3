import { setImmediate as breathe } from "node:timers/promises";
import { Backtest, detectKind, makeRegister, type SourceKind } from "@outweigh/pipeline";
import { backtestBody, type BacktestBody, type BacktestReport, type OcsfEvent } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { ServerError } from "../error.ts";
import { eventsInOrder } from "../store/events.ts";
import { hangUp, read, type Context } from "./context.ts";

/** Most events of one backtest: a month of a busy source. More is cut, and said. */
const maxEvents = 500_000;
/** Longest that one backtest may work, in ms: whoever asked is waiting. */
const maxWorkMs = 30_000;
/** Longest that it works without letting others in, in ms. */
const sliceMs = 15;

/** Trying rules on stored events: one at a time, under the hunter's limits, and nothing is changed by it. */
export function backtests(app: FastifyInstance, { config, engine, worker, now }: Context): void {
  const register = makeRegister(config.models, config);
  let running = false;

  app.post("/api/rules/backtest", async (request, reply): Promise<BacktestReport> => {
    const body = read(backtestBody, request.body);
    const rules = textsOf(body, worker.rules());
    if (running) throw new ServerError("BUSY", "another backtest is at work: try again in a moment");
    running = true;
    try {
      const backtest = new Backtest({ rules, register, kindOf: (it) => kindOf(it, worker.sources()) });
      if (backtest.refused.length === rules.length) return backtest.report();
      return backtest.report(await play(backtest, body));
    } finally {
      running = false;
    }

    async function play(backtest: Backtest, { from, to, filter }: BacktestBody): Promise<string | undefined> {
      const signal = hangUp(request, reply);
      const began = performance.now();
      let sliceAt = began;
      let events = 0;
      for await (const it of eventsInOrder(engine, { from, to, filter, now: now() }, signal)) {
        if (events++ >= maxEvents) return `there are more than ${maxEvents} events: ${narrow}`;
        backtest.step(it);
        const at = performance.now();
        if (at - began > maxWorkMs) return `after ${maxWorkMs / 1000} s it had come to ${timeText(it.time)}: ${narrow}`;
        if (at - sliceAt < sliceMs) continue;
        await breathe();
        if (signal.aborted) return "whoever asked has left";
        sliceAt = performance.now();
      }
      return undefined;
    }
  });
}

const narrow = "choose a shorter time or a filter";

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

/** Of a source that tells its records by their content, so do we. */
function kindOf(event: OcsfEvent, sources: ReturnType<Context["worker"]["sources"]>): SourceKind | undefined {
  const kind = sources.get(event.source)?.kind;
  return kind === undefined || kind === "auto" ? detectKind(event.raw_data ?? "") : kind;
}

function timeText(ms: number): string {
  return Number.isFinite(new Date(ms).getTime()) ? new Date(ms).toISOString() : String(ms);
}
