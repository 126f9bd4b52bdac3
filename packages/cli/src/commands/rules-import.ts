import { command, type Call } from "../command.ts";
import { ownLogsources, readRules, shownPath } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { countText, plural } from "../text/amounts.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../text/visible.ts";

/** Files that are listed for one reason, for people; `--json` lists all. */
const maxShown = 10;

const options = {} as const;

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

interface Problem {
  readonly file: string;
  readonly document?: number;
  readonly line?: number;
  readonly title?: string;
  readonly code: string;
  readonly reason: string;
}

async function run({ positionals: [folder = ""], json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const files = readRules(folder);
  if (files.length === 0) throw new CliError("USAGE", `there is no rule (*.yml) in ${shownPath(folder)}`);
  const { importRules, fits } = await import("@outweigh/sigma");
  const { sources } = await import("@outweigh/pipeline");
  const { loaded, unsupported } = importRules(files.map(({ path, text }) => ({ name: path, text })));
  const known = [...ownLogsources(), ...sources.flatMap((it) => it.logsources)];
  const rules = loaded.filter((it) => it.kind === "rule");
  const unseen = rules.filter((rule) => !known.some((it) => fits(rule.logsource, it)) && !fits(rule.logsource, {}));
  const problems = unsupported.map(({ name, title, document, line, code, reason }): Problem => ({
    file: name,
    ...(document !== undefined && { document }),
    ...(line !== undefined && { line }),
    ...(title !== undefined && { title }),
    code,
    reason,
  }));
  const duplicates = problems.filter((it) => it.code === "DUPLICATE");
  const others = problems.filter((it) => it.code !== "DUPLICATE");
  const counts = {
    files: files.length,
    rules: rules.length,
    correlations: loaded.filter((it) => it.kind === "correlation").length,
    exceptions: loaded.filter((it) => it.kind === "filter").length,
    unseen: unseen.length,
  };
  if (json) terminal.printJson({ ...counts, unsupported: others, duplicates });
  else {
    print(others, duplicates, terminal);
    const { correlations, exceptions } = counts;
    terminal.print(
      `${plural(files.length, "file")}: ${plural(rules.length, "rule")}, ${plural(correlations, "correlation")} and ` +
        `${plural(exceptions, "exception")} can be used, ${countText(others.length)} cannot, ${plural(duplicates.length, "duplicate")}`,
    );
    if (unseen.length > 0)
      terminal.print(`${plural(unseen.length, "rule")} of these can never match: no source here has their logsource`);
  }
  return problems.length > 0 ? 1 : 0;
}

/** By reason, the most frequent first. */
function print(problems: readonly Problem[], duplicates: readonly Problem[], terminal: Terminal): void {
  const byReason = new Map<string, Problem[]>();
  for (const it of [...problems, ...duplicates]) {
    const key = `${it.code}: ${it.reason}`;
    byReason.set(key, [...(byReason.get(key) ?? []), it]);
  }
  for (const [reason, list] of [...byReason].sort(([, a], [, b]) => b.length - a.length)) {
    terminal.print(visible(reason));
    for (const { file, line } of list.slice(0, maxShown))
      terminal.print(visible(`   ${shownPath(file)}${line === undefined ? "" : `:${line}`}`));
    if (list.length > maxShown) terminal.print(`   and ${countText(list.length - maxShown)} more: --json lists all`);
  }
}
