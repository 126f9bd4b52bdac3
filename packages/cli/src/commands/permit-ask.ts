import { actionPreview, actionRow } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, known, localServer } from "../server-client.ts";
import { timeText } from "../text/amounts.ts";
import { spanOf } from "../text/spans.ts";
import { visible } from "../text/visible.ts";

/** Holds the password of whoever asks: an argument would be seen by everybody on this machine. */
const passwordVariable = "OUTWEIGH_PASSWORD";

const options = {
  ...configOption,
  ...dataOption,
  principal: { type: "string", value: "NAME", about: "Who may read it, as the source names them" },
  address: { type: "string", value: "IP", about: "From this address alone (default: from any)" },
  for: { type: "string", value: "SPAN", about: "For how long: at most 24h (default: 2h)" },
  reason: { type: "string", value: "TEXT", about: "For the evidence, and for whoever agrees" },
  as: { type: "string", value: "NAME", about: `Your account's name; its password is read from ${passwordVariable}` },
  code: { type: "string", value: "DIGITS", about: "Your authenticator's code, or a recovery code" },
} as const;

export const permitAsk = command({
  summary: "Asks that one principal may take a model out, for a time: another person has to agree",
  usage: "MODEL --principal NAME --reason TEXT --as NAME --code DIGITS",
  positionals: [1, 1],
  options,
  about: [
    "It gives no access: it says beforehand, with two names, what would be an alarm. Two people who sign in by name: whoever has this machine's shell is nobody's name, so say who you are with --as.",
    `${passwordVariable} holds the password. Who signs in by an identity provider asks on the model's page.`,
  ],
  examples: [
    {
      line: "outweigh permit ask acme-13b --principal svc-move --reason move --as ana --code 123456",
      about: "A lead agrees to it under Actions",
    },
  ],
  run,
});

async function run({ positionals: [target = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { principal, reason, as: name, address, code } = values;
  if (principal === undefined || reason === undefined) throw new CliError("USAGE", `expected ${permitAsk.usage}`);
  const terms = {
    forMs: spanOf(values.for ?? "2h", "--for"),
    permit: { principal, ...(address !== undefined && { address }) },
  };
  const { config } = loadConfig(values.config);
  const server = localServer(values.data ?? config.server.data);
  const session = await (name === undefined
    ? server.signIn()
    : server.signInAs({ name, password: passwordOf(), ...(code !== undefined && { code }) }));
  try {
    const wanted = { verb: "permit", target, terms } as const;
    const preview = await known(actionPreview, session.api.post("/api/actions/preview", { body: wanted }));
    if (preview.refused !== undefined) {
      const how = name === undefined ? "; here: --as NAME --code DIGITS" : "";
      throw new CliError("FAILED", visible(`${preview.title}: ${preview.refused}${how}`));
    }
    const body = { ...wanted, digest: preview.digest, reason };
    const action = await known(actionRow, session.api.post("/api/actions", { body }));
    if (json) terminal.printJson({ permit: action });
    else {
      terminal.print(visible(`${action.id}: ${action.title}`));
      for (const it of action.effects) terminal.print(visible(`  ${it}`));
      const until = action.decideBy === undefined ? "" : `, until ${timeText(action.decideBy)}`;
      terminal.say(`it waits for another person, a lead${until}: ${server.url}/actions`);
    }
    return 0;
  } finally {
    await session.end();
  }
}

function passwordOf(): string {
  const password = process.env[passwordVariable];
  if (password === undefined || password === "")
    throw new CliError("USAGE", `--as needs your password in the variable ${passwordVariable}`);
  return password;
}
