import { accountRow } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { visible } from "../text/visible.ts";

const options = { ...configOption, ...dataOption } as const;

export const accountDisable = command({
  summary: "Ends an account: its sessions and invitations are worth nothing from then on",
  usage: "NAME",
  positionals: [1, 1],
  options,
  about: ["Its name stays taken, for the evidence names it. outweigh account reset invites the person again."],
  examples: [{ line: "outweigh account disable bo", about: "Bo has left" }],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const account = await withSession(values.data ?? config.server.data, (api) =>
    known(accountRow, api.post("/api/accounts/{name}/disable", { path: { name } })),
  );
  if (json) terminal.printJson({ disabled: account });
  else terminal.print(`${visible(account.name)} is disabled, and signed out everywhere`);
  return 0;
}
