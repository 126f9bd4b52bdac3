import { join } from "node:path";
import type { Alert, Incident } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { ownContentFolder, readRules } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { answerOf, type Replayed } from "../replay/answer.ts";
import { findLogFiles, type LogFile } from "../replay/files.ts";
import { printReplay } from "../replay/print.ts";
import { countText, sizeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...configOption,
  rules: { type: "string", value: "DIR", about: "Sigma rules to use instead of those that come with Outweigh" },
} as const;

/** Severities that a person should look at. */
const loud = new Set(["medium", "high", "critical"]);

export const replay = command({
  summary: "Books every read of a model in logs you already have; says what does not balance",
  usage: "FILE…",
  positionals: [1, 100_000],
  options,
  about: [
    "Files and folders, plain, gzip or zstd, of mixed kinds: what they are is told by content. They are read one after the other, by the time of their first record, through the same line as live ingest.",
    "Exit 1 if there is an alert of medium severity or worse.",
  ],
  examples: [
    {
      line: "outweigh replay AWSLogs access.log mlflow.log",
      about: "A folder of CloudTrail files and two access logs",
    },
    { line: "outweigh replay access.log.1.gz --rules my-rules --json", about: "With your own rules, for a machine" },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const files = findLogFiles(positionals);
  if (files.length === 0) throw new CliError("USAGE", "there is no file in these folders");
  const rules = readRules(values.rules ?? join(ownContentFolder(), "rules"));
  const { Line, makeRegister } = await import("@outweigh/pipeline");
  const { replayFile } = await import("../replay/replay-file.ts");
  const line = new Line({ register: makeRegister(config.models, config), rules: rules.map((it) => it.text) });
  for (const it of line.refused()) terminal.say(visible(`rule ${it.rule} is not used: ${it.reason}`));

  const alerts = new Map<string, Alert>();
  const incidents = new Map<string, Incident>();
  const replayed: Replayed = { files: [], alerts, incidents, line, registered: config.models.length };
  let records = 0;
  for (const [i, file] of (await inOrder(files)).entries()) {
    const done = await replayFile(file, line, {
      signal,
      onOutcome: (it) => {
        if ("rejected" in it) return;
        for (const alert of it.alerts) alerts.set(alert.id, alert);
        for (const incident of it.incidents) incidents.set(incident.id, incident);
        if (++records % 1000 === 0) terminal.progress(() => progressText(i, files, records));
      },
    });
    replayed.files.push(done);
  }
  if (json) terminal.printJson(answerOf(replayed));
  else printReplay(replayed, terminal);
  return [...alerts.values()].some((it) => loud.has(it.severity)) ? 1 : 0;
}

/** By the time of their first record: `access.log.2` comes before `access.log`, and two sources interleave as files can. */
async function inOrder(files: readonly LogFile[]): Promise<LogFile[]> {
  if (files.length < 2) return [...files];
  const { beginningOf } = await import("../replay/replay-file.ts");
  const timed: { file: LogFile; at: number }[] = [];
  for (const file of files) timed.push({ file, at: await beginningOf(file) });
  return timed.toSorted((a, b) => a.at - b.at || (a.file.path < b.file.path ? -1 : 1)).map((it) => it.file);
}

function progressText(done: number, files: readonly LogFile[], records: number): string {
  const bytes = files.reduce((sum, it) => sum + it.bytes, 0);
  return `${countText(records)} records read; file ${done + 1} of ${countText(files.length)}, ${sizeText(bytes)} in all`;
}
