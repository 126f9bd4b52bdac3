import type { Alert, Incident } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { readRules, readRulesInUse } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { AlertRests } from "../replay/alert-rests.ts";
import { answerOf, type Replayed } from "../replay/answer.ts";
import { findLogFiles, type LogFile } from "../replay/files.ts";
import { nothingRead, printReplay } from "../replay/print.ts";
import { countText, sizeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...configOption,
  rules: {
    type: "string",
    value: "DIR",
    about: "Sigma rules to use instead of those that come with Outweigh and those of the configuration",
  },
  "digest-keys": {
    type: "string",
    value: "FILE",
    about:
      "What aws cloudtrail list-public-keys prints: CloudTrail's digest files among those given are checked, and log files with them",
  },
} as const;

/** Severities that a person should look at. */
const loud = new Set(["medium", "high", "critical"]);

export const replay = command({
  summary: "Books every read of a model in logs you have; says what does not balance",
  usage: "FILE…",
  positionals: [1, 100_000],
  options,
  about: [
    "Files and folders, plain, gzip or zstd, of mixed kinds: what they are is told by content. Those that overlap in time are read side by side, always the oldest record next, through the same line as live ingest. A file whose own records are out of order is said to be.",
    "Exit 1 if there is an alert of medium severity or worse, or a digest shows that a log was changed; 3 if no file is of a kind that is read.",
  ],
  examples: [
    {
      line: "outweigh replay AWSLogs access.log mlflow.log",
      about: "A folder of CloudTrail files and two access logs",
    },
    {
      line: "outweigh replay AWSLogs --digest-keys keys.json",
      about: "Also says which of CloudTrail's log files were changed, removed or put in",
    },
    { line: "outweigh replay access.log.1.gz --rules my-rules --json", about: "With your own rules, for a machine" },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const given = findLogFiles(positionals);
  const { checkDigestsOf, isTampering } = await import("../replay/digests.ts");
  const digests = await checkDigestsOf(given, values["digest-keys"], signal);
  const files = given.filter((it) => !digests.files.has(it.path));
  if (files.length === 0) {
    throw new CliError(
      "USAGE",
      given.length === 0
        ? "there is no file in these folders"
        : "digest files alone are given: give their log files too",
    );
  }
  if (values["digest-keys"] !== undefined && digests.files.size === 0)
    terminal.say("no digest file is among those given: --digest-keys checks nothing");
  const rules = values.rules === undefined ? readRulesInUse(config.rules) : readRules(values.rules);
  const { Line, makeRegister } = await import("@outweigh/pipeline");
  const { replayFiles } = await import("../replay/replay-files.ts");
  const line = new Line({ register: makeRegister(config.models, config), rules: rules.map((it) => it.text) });
  for (const it of line.refused()) terminal.say(visible(`rule ${it.rule} is not used: ${it.reason}`));

  const alerts = new Map<string, Alert>();
  const alertRests = new AlertRests();
  const incidents = new Map<string, Incident>();
  const counts = { signed: 0, authenticated: 0, plain: 0, ungraded: 0 };
  let records = 0;
  const read = await replayFiles(files, line, {
    signal,
    vouched: digests.vouched,
    onOutcome: (it, begun) => {
      if ("rejected" in it) return;
      for (const event of it.events) counts[event.grade ?? "ungraded"]++;
      alertRests.take(it);
      for (const alert of it.alerts) alerts.set(alert.id, alert);
      for (const incident of it.incidents) incidents.set(incident.id, incident);
      if (++records % 1000 === 0) terminal.progress(() => progressText(begun, files, records));
    },
  });
  const replayed: Replayed = {
    ...read,
    alerts,
    alertRests: alertRests.counted(),
    incidents,
    line,
    registered: config.models.length,
    rests: counts,
    digests,
  };
  if (json) terminal.printJson(answerOf(replayed));
  else printReplay(replayed, terminal);
  if (nothingRead(replayed)) return 3;
  const isLoud = [...alerts.values()].some((it) => loud.has(it.severity));
  return isLoud || digests.problems.some(isTampering) ? 1 : 0;
}

function progressText(begun: number, files: readonly LogFile[], records: number): string {
  const bytes = files.reduce((sum, it) => sum + it.bytes, 0);
  return `${countText(records)} records read; file ${begun} of ${countText(files.length)}, ${sizeText(bytes)} in all`;
}
