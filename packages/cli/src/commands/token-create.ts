import { maxTokenDays, newToken, tokenBody } from "@outweigh/schema";
import { readGrants } from "../account.ts";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { spanOf } from "../text/spans.ts";
import { printSecret } from "../token.ts";

const options = {
  ...configOption,
  ...dataOption,
  source: { type: "string", value: "NAME", about: "The one source whose records it may send; scan for scan reports" },
  host: { type: "string", value: "NAME", about: "For a source of scans: the one host whose scans it may send" },
  role: {
    type: "string",
    value: "ROLE",
    about: "What it may ask the API for: viewer, analyst or lead; in one space as ROLE:SPACE",
  },
  expires: {
    type: "string",
    value: "SPAN",
    about: "It ends by itself after this, in whole days: 30d (default: with a role 90d, else when revoked)",
  },
  name: { type: "string", value: "NAME", about: "What the token is called (default: as its source)" },
} as const;

export const tokenCreate = command({
  summary: "Makes a token that sends one source's records, or asks as a role; printed once",
  usage: "--source NAME | --role ROLE --name NAME",
  positionals: [0, 0],
  options,
  about: [
    "The secret goes to stdout and is kept nowhere: only its digest is stored. With --source it is good for POST /api/ingest/NAME of its own source, and for nothing else.",
    "With --role it asks what /api/openapi.json lists, as Authorization: Bearer. It decides nothing that needs a person: it approves no action and makes no account.",
    "To change a secret without a pause, make a second token for the source, use it, then revoke the first.",
  ],
  examples: [
    { line: "outweigh token create --source registry", about: "For whoever ships the registry's access log" },
    {
      line: "outweigh token create --source registry --name registry-eu > token",
      about: "A second one, told apart by its name, written to a file",
    },
    {
      line: "outweigh token create --source scan --host gpu-7",
      about: "For scans of one host: they replace each other, so nobody else may send them",
    },
    {
      line: "outweigh token create --role viewer --name siem --expires 30d",
      about: "For a program that reads incidents",
    },
  ],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { source, role, name, expires } = values;
  if ((source === undefined) === (role === undefined)) {
    const message = "say whose records it is to send, --source NAME, or what it may ask, --role ROLE --name NAME";
    throw new CliError("USAGE", message);
  }
  const [grant] = role === undefined ? [] : readGrants([role]);
  const wanted = tokenBody.safeParse({
    ...(source !== undefined && { source }),
    ...(values.host !== undefined && { host: values.host }),
    ...(grant && { grant }),
    ...(name !== undefined && { name }),
    ...(expires !== undefined && { days: daysOf(expires) }),
  });
  if (!wanted.success) {
    const [issue] = wanted.error.issues;
    const where = issue?.path[0] === "grant" ? "role" : String(issue?.path[0] ?? "role");
    throw new CliError("USAGE", `--${where}: ${issue?.message ?? "expected a name"}`);
  }
  const { config } = loadConfig(values.config);
  const made = await withSession(values.data ?? config.server.data, (api) =>
    known(newToken, api.post("/api/tokens", { body: wanted.data })),
  );
  printSecret(made, { json, terminal });
  return 0;
}

function daysOf(text: string): number {
  const days = spanOf(text, "--expires") / 86_400_000;
  if (Number.isInteger(days) && days <= maxTokenDays) return days;
  throw new CliError("USAGE", `--expires is ${JSON.stringify(text)}, expected 1d to ${maxTokenDays}d`);
}
