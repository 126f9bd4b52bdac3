import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, localServer } from "../server-client.ts";

const options = {
  ...configOption,
  ...dataOption,
} as const;

export const open = command({
  summary: "Prints a new one-time link to the running server",
  usage: "",
  positionals: [0, 0],
  options,
  about: ["The link signs one browser in, once, within ten minutes. Nothing is opened by itself."],
  examples: [
    { line: "outweigh open", about: "A link for this browser" },
    { line: "outweigh open --data /var/lib/outweigh", about: "Of the server that works in that folder" },
  ],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const server = localServer(values.data ?? config.server.data);
  const openUrl = await server.link();
  if (json) terminal.printJson({ url: server.url, openUrl });
  else terminal.print(openUrl);
  return 0;
}
