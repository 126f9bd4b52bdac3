import { invitation } from "@outweigh/schema";
import { printInvitation } from "../account.ts";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, localServer, withSession } from "../server-client.ts";

const options = { ...configOption, ...dataOption } as const;

export const accountReset = command({
  summary: "Ends an account's password, authenticator and sessions; prints an invitation",
  usage: "NAME",
  positionals: [1, 1],
  options,
  about: [
    "For a lost authenticator, a password that others may know, or an account that was disabled and is wanted again.",
  ],
  examples: [{ line: "outweigh account reset ana", about: "Ana sets both anew by the link" }],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const data = values.data ?? config.server.data;
  const made = await withSession(data, (api) =>
    known(invitation, api.post("/api/accounts/{name}/reset", { path: { name } })),
  );
  printInvitation(made, config.server.url ?? localServer(data).url, { json, terminal });
  return 0;
}
