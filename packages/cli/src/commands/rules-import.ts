import type { ImportedRules } from "@outweigh/pipeline";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { ownLogsources, readRules, shownPath } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { countText, plural } from "../text/amounts.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../text/visible.ts";

/** Files that are listed for one reason, for people; `--json` lists all. */
const maxShown = 10;

const options = { ...configOption } as const;

export const rulesImport = command({
  summary: "Says which rules of a folder can be used, and why others cannot",
  usage: "DIR",
  positionals: [1, 1],
  options,
  about: [
    "Reads every *.yml below the folder as Sigma 2.1, by whomever it was written, and changes nothing. Each document counts by itself: one that cannot be used costs no other, except correlations that join it.",
    "Rules whose logsource no source of Outweigh has are used too, and never match: they are counted apart.",
    "To use the folder: name it under rules in outweigh.yml. Exit 1 if a document cannot be used.",
  ],
  examples: [
    { line: "outweigh rules import sigma/rules", about: "A checkout of SigmaHQ's rules" },
    { line: "outweigh rules import my-rules --json", about: "Every file and reason, for a pipeline" },
  ],
  run,
});

async function run({ positionals: [folder = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const files = readRules(folder);
  if (files.length === 0) throw new CliError("USAGE", `there is no rule (*.yml) in ${shownPath(folder)}`);
  const { config } = loadConfig(values.config);
  const { importedRules, makeRegister } = await import("@outweigh/pipeline");
  const { unsupported, duplicates, ...counts } = importedRules(
    files.map(({ path, text }) => ({ name: path, text })),
    { register: makeRegister(config.models, config), logsources: ownLogsources() },
  );
  if (json) terminal.printJson({ files: files.length, ...counts, unsupported, duplicates });
  else {
    printProblems([...unsupported, ...duplicates], terminal);
    const { rules, correlations, exceptions, unseen } = counts;
    terminal.print(
      `${plural(files.length, "file")}: ${plural(rules, "rule")}, ${plural(correlations, "correlation")} and ${plural(exceptions, "exception")} can be used, ` +
        `${countText(unsupported.length)} cannot, ${plural(duplicates.length, "duplicate")}`,
    );
    if (unseen > 0)
      terminal.print(`${plural(unseen, "rule")} of these can never match: no source here has their logsource`);
  }
  return unsupported.length + duplicates.length > 0 ? 1 : 0;
}

type Problem = ImportedRules["unsupported"][number];

/** By reason, the most frequent first. */
function printProblems(problems: readonly Problem[], terminal: Terminal): void {
  const byReason = new Map<string, Problem[]>();
  for (const it of problems) {
    const key = `${it.code}: ${it.reason}`;
    byReason.set(key, [...(byReason.get(key) ?? []), it]);
  }
  for (const [reason, list] of [...byReason].sort(([, a], [, b]) => b.length - a.length)) {
    terminal.print(visible(reason));
    for (const { name, line } of list.slice(0, maxShown))
      terminal.print(visible(`   ${shownPath(name)}${line === undefined ? "" : `:${line}`}`));
    if (list.length > maxShown) terminal.print(`   and ${countText(list.length - maxShown)} more: --json lists all`);
  }
}
