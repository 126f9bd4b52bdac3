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

export const restore = command({
  summary: "Puts a backup back into a new data folder, and into new engines",
  usage: "FILE",
  positionals: [1, 1],
  options,
  about: [
    "The data folder must be empty or not there, and so must the databases that CLICKHOUSE_URL and DATABASE_URL name, if they do.",
    "Nothing is written before the file's last line has vouched for all of it. Wants the version that made the backup.",
  ],
  examples: [
    { line: "outweigh restore /backup/outweigh-2026-11-26.zst --data outweigh-data", about: "After a loss" },
    {
      line: "outweigh restore /backup/outweigh-2026-11-26.zst --data /srv/outweigh",
      about: "On another machine, or into a cluster",
    },
  ],
  run,
});

async function run({ positionals: [file = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const dataDir = resolve(values.data ?? config.server.data);
  if (!existsSync(file)) throw new CliError("USAGE", `there is no file ${visible(file)}`);
  const { restore: putBack } = await import("@outweigh/server");
  const { rows, events, files } = await putBack({
    dataDir,
    file: resolve(file),
    version,
    progress: (it) => terminal.progress(() => `${plural(it.events, "event")} put back`),
  });
  if (json) terminal.printJson({ dataDir, rows, events, files });
  else {
    const where = values.data === undefined ? "" : ` --data ${visible(values.data)}`;
    terminal.print(
      `${plural(events, "event")}, ${plural(rows, "row")} and ${plural(files, "file")} are back in ${visible(dataDir)}: npx outweigh up${where} starts it`,
    );
  }
  return 0;
}
