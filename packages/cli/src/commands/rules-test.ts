import { command, type Call } from "../command.ts";
import { ownContentFolder, readProvable, shownPath, type ProvableRule } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {} as const;

export const rulesTest = command({
  summary: "Runs every rule's proof: fires on the attack, silent on clean traffic",
  usage: "[DIR]",
  positionals: [0, 1],
  options,
  about: [
    "A rule's proof stands beside it, as name.test.yml. Each case goes through the same line as live records. A rule without a proof has failed, and so has a file that cannot be read as rules or exceptions, whatever its proof says.",
    "Without a folder: the rules that come with Outweigh. Exit 1 if anything failed.",
  ],
  examples: [
    { line: "outweigh rules test", about: "The rules that come with Outweigh" },
    { line: "outweigh rules test my-rules --json", about: "Your own, for a pipeline" },
  ],
  run,
});

interface Failure {
  readonly rule: string;
  readonly path: string;
  readonly case: string;
  readonly problem: string;
}

async function run({ positionals: [folder], json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const { join } = await import("node:path");
  const { parseAllDocuments } = await import("yaml");
  const { prove } = await import("@outweigh/pipeline");
  const files = readProvable(folder ?? join(ownContentFolder(), "rules"));
  const rules = files.filter((it) => !isException(it.text));
  if (files.length === 0) throw new CliError("USAGE", `there is no rule (*.yml) in ${shownPath(folder ?? "")}`);
  const failed = await unreadable(files);
  const broken = new Set(failed.map((it) => it.path));
  let proofs = 0;
  let passed = 0;
  for (const [i, rule] of rules.entries()) {
    signal.throwIfAborted();
    terminal.progress(() => `${i} of ${plural(rules.length, "rule")} tested`);
    const cases = rule.proof === undefined ? [] : prove(rule.name, rule.text, rule.proof);
    proofs += cases.length;
    passed += cases.filter((it) => it.passed).length;
    if (broken.has(rule.path)) continue;
    if (rule.proof === undefined) failed.push(failure(rule, "(proof)", `there is no ${rule.name}.test.yml beside it`));
    for (const it of cases) if (!it.passed) failed.push(failure(rule, it.case, it.problem ?? "failed"));
  }
  // As the console lists them: a correlation and what it joins are parts of one rule.
  const parts = rules.reduce((sum, it) => sum + parseAllDocuments(it.text).length, 0);
  if (json) terminal.printJson({ rules: rules.length, parts, proofs, passed, failed });
  else {
    for (const it of failed) terminal.print(visible(`${shownPath(it.path)}: ${it.case}: ${it.problem}`));
    terminal.print(
      `${plural(rules.length, "rule")} in ${plural(parts, "part")}, ${plural(proofs, "case")} in their proofs: ${passed} passed, ${failed.length} failed`,
    );
    if (folder === undefined)
      terminal.print("Detectors are code: they have tests of their own, and are not counted here.");
  }
  return failed.length > 0 ? 1 : 0;
}

/** A register that fills every placeholder of a rule: what is refused with it is refused everywhere. */
const anyModel = {
  name: "any",
  class: "private" as const,
  places: ["s3://any/any", "oci:any.example/any"],
  readers: ["any"],
  files: [],
};

/** Files that are no rules and no exceptions. A line refuses them when it starts, and goes on without. */
async function unreadable(files: readonly ProvableRule[]): Promise<Failure[]> {
  const { Line, makeRegister } = await import("@outweigh/pipeline");
  const register = makeRegister([anyModel]);
  return files.flatMap((it) => {
    const [refused] = new Line({ register, rules: [it.text] }).refused();
    return refused ? [failure(it, isException(it.text) ? "(exception)" : "(rule)", refused.reason)] : [];
  });
}

/** Whether a file holds exceptions alone: they raise nothing by themselves; what they hide, a backtest shows. */
function isException(text: string): boolean {
  return /^filter:/m.test(text) && !/^(detection|correlation):/m.test(text);
}

function failure({ name, path }: ProvableRule, about: string, problem: string): Failure {
  return { rule: name, path, case: about, problem };
}
