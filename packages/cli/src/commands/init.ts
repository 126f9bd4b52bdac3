import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { maxReportBytes, scanReport, type ScanReport } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { mistakeText } from "../config/mistake.ts";
import { checkConfig, defaultConfigFile } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { proposeConfig } from "../init.ts";
import { statOf } from "../paths.ts";
import { countText, plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...configOption,
  from: {
    type: "string",
    value: "FILE",
    about: "A report of outweigh scan --json to propose from, instead of scanning now",
  },
} as const;

export const init = command({
  summary: "Proposes outweigh.yml from a scan; never overwrites one",
  usage: "[PATH…]",
  positionals: [0, 1000],
  options,
  about: [
    "What is found becomes a draft of the register, with every guess marked: a person decides class, owner, places and readers. Only the likeliest place of each model is declared.",
  ],
  examples: [
    { line: "outweigh init", about: "Scans all disks of this machine, then writes ./outweigh.yml" },
    { line: "outweigh init --from scan.json --config register.yml", about: "From an earlier scan, to another file" },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const file = values.config ?? defaultConfigFile;
  if (existsSync(file))
    throw new CliError("USAGE", `${file} is there already and is not overwritten: name another with --config`);
  if (values.from !== undefined && positionals.length > 0)
    throw new CliError("USAGE", "--from and paths exclude each other");
  const report = values.from === undefined ? await scanNow({ positionals, terminal, signal }) : readReport(values.from);
  const text = proposeConfig(report);
  const { config, mistakes } = checkConfig(text, file);
  if (!config) throw new Error(`the proposal has mistakes: ${mistakes.map(mistakeText).join("; ")}`);
  writeFileSync(file, text, { flag: "wx" });
  if (json) terminal.printJson({ file, models: config.models.map((it) => it.name) });
  else
    terminal.print(
      `${visible(file)} proposes ${plural(config.models.length, "model")}: read it, correct it, then outweigh check`,
    );
  return 0;
}

async function scanNow({
  positionals,
  terminal,
  signal,
}: Pick<Call<typeof options>, "positionals" | "terminal" | "signal">): Promise<ScanReport> {
  const roots = positionals.length > 0 ? positionals : ["/"];
  terminal.say(`scanning ${roots.map(visible).join(", ")}: read-only, no network`);
  const agent = await import("@outweigh/agent");
  return agent.scan({
    roots,
    signal,
    onProgress: ({ files, candidates }) =>
      terminal.progress(() => `${countText(files)} files seen, ${countText(candidates)} look like models`),
  });
}

function readReport(file: string): ScanReport {
  const { size } = statOf(file);
  try {
    if (size > maxReportBytes) throw new Error(`${size} bytes, at most ${maxReportBytes} are read`);
    const read = scanReport.safeParse(JSON.parse(readFileSync(file, "utf8")));
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw new Error(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no scan report"}`);
  } catch (cause) {
    throw new CliError(
      "USAGE",
      `${file} is no report of outweigh scan --json: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
