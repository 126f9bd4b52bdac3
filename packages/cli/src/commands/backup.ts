import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption } from "../server-client.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { version } from "../version.ts";

const options = {
  ...configOption,
  ...dataOption,
} as const;

export const backup = command({
  summary: "Writes all that a stopped installation knows into one file",
  usage: "FILE",
  positionals: [1, 1],
  options,
  about: [
    "Incidents, events, evidence, books, accounts, tokens and keys, and records that wait to be read, from whichever engines hold them.",
    "The file holds secrets: it is made for you alone to read. Not in it: quarantined weights, sign-ins of browsers, outweigh.yml.",
    "Stop the server first. outweigh restore puts it back, into the same kind of engines or others: so one also moves to a cluster.",
  ],
  examples: [{ line: "outweigh backup /backup/outweigh-2026-11-26.zst", about: "Of ./outweigh-data" }],
  run,
});

async function run({ positionals: [file = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const dataDir = resolve(values.data ?? config.server.data);
  if (!existsSync(dataDir))
    throw new CliError("USAGE", `there is no data folder ${visible(dataDir)}: name it with --data`);
  if (existsSync(file)) throw new CliError("USAGE", `${visible(file)} is there already: name a new file`);
  const { backUp } = await import("@outweigh/server");
  const told = await backUp({
    dataDir,
    file: resolve(file),
    version,
    progress: (it) => terminal.progress(() => `${plural(it.events, "event")} written`),
  });
  if (json) terminal.printJson({ file: resolve(file), ...told });
  else
    terminal.print(
      `${plural(told.events, "event")}, ${plural(told.rows, "row")} and ${plural(told.files, "file")} are in ${visible(file)}`,
    );
  return 0;
}
