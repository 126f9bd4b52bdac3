import { accountRow, grantsText } from "@outweigh/schema";
import { readGrants, roleOption } from "../account.ts";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { visible } from "../text/visible.ts";

const options = { ...roleOption, ...configOption, ...dataOption } as const;

export const accountRole = command({
  summary: "Sets what an account may do, in place of what it might before",
  usage: "NAME --role ROLE",
  positionals: [1, 1],
  options,
  about: ["It counts from the next request on, signed in or not."],
  examples: [
    { line: "outweigh account role bo --role viewer", about: "Reads everywhere, and no more" },
    { line: "outweigh account role bo --role lead:vision --role analyst:text", about: "Another role in each space" },
  ],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const grants = readGrants(values.role);
  const { config } = loadConfig(values.config);
  const account = await withSession(values.data ?? config.server.data, (api) =>
    known(accountRow, api.post("/api/accounts/{name}/grants", { path: { name }, body: { grants } })),
  );
  if (json) terminal.printJson({ account });
  else terminal.print(`${visible(account.name)} is ${grantsText(account.grants)} now`);
  return 0;
}
