import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, withSession } from "../server-client.ts";

const options = {
  ...configOption,
  ...dataOption,
} as const;

export const checkpoint = command({
  summary: "Prints where the evidence log stands now, signed, to keep elsewhere",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Whoever keeps one can show later that the log was cut, written anew, or told two ways: outweigh verify PACK --known FILE.",
    "Put it into a git repository of others, mail it, or have a time-stamping authority sign it. It holds no secret and no event.",
  ],
  examples: [{ line: "outweigh checkpoint > 2026-11-26.json", about: "For example once a day" }],
  run,
});

async function run({ values, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const it = await withSession(values.data ?? config.server.data, (api) => api.post("/api/evidence/checkpoint"));
  // Its only form is JSON, with --json or without.
  terminal.printJson(it);
  return 0;
}
