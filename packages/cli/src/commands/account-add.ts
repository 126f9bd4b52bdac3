import { accountName, invitation, personAddress } from "@outweigh/schema";
import { printInvitation, readGrants, roleOption } from "../account.ts";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, known, localServer, withSession } from "../server-client.ts";

const options = {
  address: {
    type: "string",
    value: "ADDRESS",
    about: "Their e-mail address: tells whether they are also somebody of the identity provider",
  },
  ...roleOption,
  ...configOption,
  ...dataOption,
} as const;

export const accountAdd = command({
  summary: "Invites a person to sign in by name, and prints the link for them",
  usage: "NAME --role ROLE",
  positionals: [1, 1],
  options,
  about: [
    "The person opens the link, sets a password and adds an authenticator. From the first account on, people sign in by name, and a link of outweigh open lasts an hour.",
    "viewer reads; analyst hunts, judges and proposes; lead does, approves and undoes; admin looks after people, tokens, hosts and gateways too.",
  ],
  examples: [
    { line: "outweigh account add ana --role admin", about: "The first account: your own" },
    { line: "outweigh account add bo --role lead:vision --role viewer", about: "Leads in one space, reads everywhere" },
  ],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const wanted = accountName.safeParse(name);
  if (!wanted.success) throw new CliError("USAGE", `${JSON.stringify(name)}: ${wanted.error.issues[0]?.message ?? ""}`);
  const grants = readGrants(values.role);
  const address = personAddress.optional().safeParse(values.address);
  if (!address.success) throw new CliError("USAGE", `--address: ${address.error.issues[0]?.message ?? ""}`);
  const { config } = loadConfig(values.config);
  const data = values.data ?? config.server.data;
  const made = await withSession(data, (api) =>
    known(invitation, api.post("/api/accounts", { body: { name, grants, address: address.data } })),
  );
  printInvitation(made, config.server.url ?? localServer(data).url, { json, terminal });
  return 0;
}
