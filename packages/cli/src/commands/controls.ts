import { checkControls, readControl, sarifOfControls, type Control, type ControlResult } from "@outweigh/pipeline";
import { posture } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { readContent } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { readReport } from "../scan/change.ts";
import { timeText } from "../scan/print.ts";
import { writeOwn } from "../scan/sarif.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import type { Terminal } from "../terminal.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { wrap } from "../text/wrap.ts";
import { version } from "../version.ts";

const options = {
  ...configOption,
  ...dataOption,
  scan: { type: "string", value: "FILE", about: "Test by this report of outweigh scan --json alone, without a server" },
  sarif: { type: "string", value: "FILE", about: "Also write the answers as SARIF 2.1.0" },
} as const;

export const controls = command({
  summary: "Tests which protective measures hold, what proves it, and what to mend first",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Asks the running server, which knows scans, sources, rules and agents. With --scan: what a scan and the register tell.",
    "A control passes only by what was seen: where data is missing, the answer is that it could not be told, and why. Exit 1 if one fails.",
  ],
  examples: [
    { line: "outweigh controls", about: "Of the server that runs here" },
    {
      line: "outweigh controls --scan scan.json --sarif controls.sarif",
      about: "Without a server, for another tool too",
    },
  ],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const all = readContent().controls.map((it) => readControl(it.id, it.text));
  const results = values.scan === undefined ? await asked(values, all) : tested(values.scan, values.config, all);
  if (values.sarif !== undefined)
    writeOwn(values.sarif, sarifOfControls(results, { version, at: new Date().toISOString() }));
  if (json)
    terminal.printJson({
      controls: results.map(({ control, ...it }) => ({
        name: control.name,
        stage: control.stage,
        title: control.title,
        mitigations: control.mitigations,
        ...it,
      })),
    });
  else print(results, terminal);
  return results.some((it) => it.state === "fail") ? 1 : 0;
}

/** What the running server answers. */
async function asked(values: Call<typeof options>["values"], all: readonly Control[]): Promise<ControlResult[]> {
  const { config } = loadConfig(values.config);
  const told = await withSession(values.data ?? config.server.data, (api) => known(posture, api.get("/api/posture")));
  return told.controls.flatMap(({ name, state, why, evidence, minutes, fix }) => {
    const control = all.find((it) => it.name === name);
    return control
      ? [
          {
            control,
            state,
            why,
            evidence,
            ...(minutes !== undefined && { minutes }),
            ...(fix !== undefined && { fix }),
          },
        ]
      : [];
  });
}

function tested(path: string, file: string | undefined, all: readonly Control[]): ControlResult[] {
  const { config } = loadConfig(file);
  const report = readReport(path);
  if (report.looked === undefined)
    throw new CliError("USAGE", `${path} does not say what was looked for: scan again with this version`);
  return checkControls(all, { register: config.models, scans: [report], now: Date.now() });
}

const marks = { fail: "FAIL", unknown: "?", pass: "ok", none: "-" } as const;

function print(results: readonly ControlResult[], terminal: Terminal): void {
  const count = (state: ControlResult["state"]) => results.filter((it) => it.state === state).length;
  terminal.print(
    `${plural(results.length, "control")}: ${count("fail")} failed, ${count("unknown")} could not be told, ${count("pass")} passed, ${count("none")} concern nothing here`,
  );
  terminal.print();
  const lines = (text: string) => wrap(visible(text), terminal.width, { first: "       ", rest: "       " });
  for (const { control, state, why, minutes, fix } of results.filter((it) => it.state !== "none")) {
    const time = minutes === undefined ? "" : `  ${timeText(minutes)} to steal`;
    terminal.print(`${marks[state].padEnd(4)}   ${control.title}  (${control.stage})${time}`);
    if (state !== "pass") for (const it of lines(why)) terminal.print(it);
    if (fix !== undefined) terminal.print(`       fix: ${visible(fix)}`);
  }
}
