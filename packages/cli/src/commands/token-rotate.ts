import { newToken } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { printSecret } from "../token.ts";

const options = { ...configOption, ...dataOption } as const;

export const tokenRotate = command({
  summary: "Gives a token a new secret, and prints it once; the old one stops at once",
  usage: "NAME",
  positionals: [1, 1],
  options,
  examples: [{ line: "outweigh token rotate registry", about: "After its secret was seen by somebody" }],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const made = await withSession(values.data ?? config.server.data, (api) =>
    known(newToken, api.post("/api/tokens/{name}/rotate", { path: { name } })),
  );
  printSecret(made, { json, terminal });
  return 0;
}
