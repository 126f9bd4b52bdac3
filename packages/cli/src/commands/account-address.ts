import { accountRow, personAddress } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { visible } from "../text/visible.ts";

const options = { ...configOption, ...dataOption } as const;

export const accountAddress = command({
  summary: "Says whose an account is, by e-mail address",
  usage: "NAME ADDRESS",
  positionals: [2, 2],
  options,
  about: [
    "Where the policy asks for two people, a password's account counts beside those of an identity provider only if its address is known, and is another one.",
  ],
  examples: [{ line: "outweigh account address bo bo@acme.example", about: "For one that was invited without it" }],
  run,
});

async function run({
  positionals: [name = "", given = ""],
  values,
  json,
  terminal,
}: Call<typeof options>): Promise<ExitCode> {
  const address = personAddress.safeParse(given);
  if (!address.success)
    throw new CliError("USAGE", `${JSON.stringify(given)}: ${address.error.issues[0]?.message ?? ""}`);
  const { config } = loadConfig(values.config);
  const account = await withSession(values.data ?? config.server.data, (api) =>
    known(accountRow, api.post("/api/accounts/{name}/address", { path: { name }, body: { address: address.data } })),
  );
  if (json) terminal.printJson({ account });
  else terminal.print(`${visible(account.name)} is ${visible(account.address ?? "nobody known")} now`);
  return 0;
}
