import { backtestReport, maxBacktestText, maxBacktestTexts, type BacktestReport } from "@outweigh/schema";
import { printBacktest } from "../backtest/print.ts";
import { timeOf } from "../backtest/time.ts";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { readRule, type RuleFile } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { statOf } from "../paths.ts";
import { findLogFiles } from "../replay/files.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { countText } from "../text/amounts.ts";

const options = {
  ...configOption,
  ...dataOption,
  over: {
    type: "string",
    multiple: true,
    value: "PATH",
    about: "Logs to try the rules on, as for replay, in place of the running server's events; several times",
  },
  from: {
    type: "string",
    value: "TIME",
    about: "First moment: 2026-11-01, 2026-11-01T08:00Z, or 30d, 12h ago (default: 30d)",
  },
  to: { type: "string", value: "TIME", about: "Last moment (default: now)" },
  filter: { type: "string", value: "FILTER", about: "Only events that match, as in a hunt: model:acme-13b" },
} as const;

export const rulesBacktest = command({
  summary: "Says what rules would have found in events that are stored, or in logs",
  usage: "RULE.yml…",
  positionals: [1, maxBacktestTexts],
  options,
  about: [
    "For each rule: hits by day, distinct principals, the first examples with the lines of the rule that were true. An exception (a Sigma filter) among the files is applied, and what it hides is shown.",
    "Over the events of the running server; with --over, over logs, and nothing else is needed. Nothing is stored, and no alert is raised. Exit 1 if there is a hit.",
  ],
  examples: [
    { line: "outweigh rules backtest my-rule.yml --from 7d", about: "The server's events of seven days" },
    {
      line: "outweigh rules backtest rule.yml exception.yml --over access.log --json",
      about: "Which events an exception would hide, in a log",
    },
  ],
  run,
});

async function run(call: Call<typeof options>): Promise<ExitCode> {
  const { positionals, values, json, terminal } = call;
  const rules = positionals.map(readText);
  const isOver = values.over.length > 0;
  if (isOver && (values.from !== undefined || values.to !== undefined || values.filter !== undefined))
    throw new CliError("USAGE", "--from, --to and --filter choose events of the server: leave them out with --over");
  const report = isOver ? await overLogs(rules, call) : await overEvents(rules, call);
  if (json) terminal.printJson(report);
  else printBacktest(report, terminal);
  if (report.rules.length === 0) return 3;
  return report.rules.some((it) => it.hits > 0) ? 1 : 0;
}

function readText(path: string): RuleFile {
  if (statOf(path).isDirectory()) throw new CliError("USAGE", `${path} is a folder: name the files of the rules`);
  return readRule(path);
}

async function overEvents(rules: readonly RuleFile[], { values }: Call<typeof options>): Promise<BacktestReport> {
  const { config } = loadConfig(values.config);
  const long = rules.find((it) => it.text.length > maxBacktestText);
  if (long) throw new CliError("USAGE", `${long.path} is longer than ${countText(maxBacktestText)} characters`);
  const now = Date.now();
  const [from, to] = [timeOf(values.from ?? "30d", now, "--from"), timeOf(values.to ?? "0h", now, "--to")];
  if (from > to) throw new CliError("USAGE", "--from is after --to");
  const body = { texts: rules.map((it) => it.text), from, to, filter: values.filter };
  return withSession(values.data ?? config.server.data, (api) =>
    known(backtestReport, api.post("/api/rules/backtest", { body })),
  );
}

/** The logs go through the same line as a replay, without rules: what comes out is what would have been stored. */
async function overLogs(
  rules: readonly RuleFile[],
  { values, terminal, signal }: Call<typeof options>,
): Promise<BacktestReport> {
  const { config } = loadConfig(values.config);
  const files = findLogFiles(values.over);
  if (files.length === 0) throw new CliError("USAGE", "there is no file in these folders");
  const { Backtest, Line, makeRegister, sources } = await import("@outweigh/pipeline");
  const { replayFiles } = await import("../replay/replay-files.ts");
  const register = makeRegister(config.models, config);
  const kinds = new Map(sources.map((it) => [String(it.id), it.id]));
  const backtest = new Backtest({ rules: rules.map((it) => it.text), register, kindOf: (it) => kinds.get(it.source) });
  let records = 0;
  const read = await replayFiles(files, new Line({ register, rules: [] }), {
    signal,
    onOutcome: (it) => {
      if ("rejected" in it) return;
      for (const event of it.events) backtest.step(event);
      if (++records % 1000 === 0) terminal.progress(() => `${countText(records)} records tried`);
    },
  });
  const unread = read.files.filter((it) => it.kind === "unknown").length;
  return backtest.report(
    unread > 0 ? `${countText(unread)} of ${countText(files.length)} files are of no kind that is read` : undefined,
  );
}
