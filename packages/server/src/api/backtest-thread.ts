// The thread of one backtest: a rule that somebody has just written must not hold up what the server watches.
import { parentPort, workerData } from "node:worker_threads";
import { Backtest, detectKind, makeRegister, type SourceKind } from "@outweigh/pipeline";
import type { BacktestReport, Config, OcsfEvent } from "@outweigh/schema";

/** What a thread starts with. */
export interface BacktestStart {
  readonly rules: readonly string[];
  readonly config: Pick<Config, "models" | "networks" | "trustedProxies">;
  /** What kind each source is; `auto` where its records tell. */
  readonly kinds: ReadonlyMap<string, SourceKind | "auto">;
}

/** Events to try, or why there are no more; each is answered with one message. */
export type ToThread = { readonly events: readonly OcsfEvent[] } | { readonly cut: string | undefined };

/** The report, once it was asked for; before, whether there is any use in going on. */
export type FromThread = { readonly report: BacktestReport } | { readonly useful: boolean };

if (parentPort) {
  const port = parentPort;
  const { rules, config, kinds }: BacktestStart = workerData;
  const kindOf = (event: OcsfEvent): SourceKind | undefined => {
    const kind = kinds.get(event.source) ?? "auto";
    return kind === "auto" ? detectKind(event.raw_data ?? "") : kind;
  };
  const backtest = new Backtest({ rules, register: makeRegister(config.models, config), kindOf });
  const useful = backtest.refused.length < rules.length;
  port.on("message", (message: ToThread) => {
    if ("events" in message) for (const it of message.events) backtest.step(it);
    const answer: FromThread = "events" in message ? { useful } : { report: backtest.report(message.cut) };
    port.postMessage(answer);
  });
}
