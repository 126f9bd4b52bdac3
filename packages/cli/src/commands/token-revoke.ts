import { tokenRow } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";

const options = { ...configOption, ...dataOption } as const;

export const tokenRevoke = command({
  summary: "Ends a token: what is sent with it from then on is refused",
  usage: "NAME",
  positionals: [1, 1],
  options,
  examples: [{ line: "outweigh token revoke registry", about: "The token of that name, as the list shows it" }],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const token = await withSession(values.data ?? config.server.data, (api) =>
    known(tokenRow, api.post("/api/tokens/{name}/revoke", { path: { name } })),
  );
  if (json) terminal.printJson({ revoked: token });
  else terminal.print(`${token.name} is revoked: it is good for nothing any more`);
  return 0;
}
