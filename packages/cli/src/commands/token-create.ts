import { newToken, tokenBody } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, withSession } from "../server-client.ts";
import { printSecret } from "../token.ts";

const options = {
  ...configOption,
  ...dataOption,
  source: { type: "string", value: "NAME", about: "The one source whose records it may send; scan for scan reports" },
  host: { type: "string", value: "NAME", about: "For a source of scans: the one host whose scans it may send" },
  name: { type: "string", value: "NAME", about: "What the token is called (default: as its source)" },
} as const;

export const tokenCreate = command({
  summary: "Makes a token to send records of one source with, and prints it once",
  usage: "--source NAME",
  positionals: [0, 0],
  options,
  about: [
    "The secret goes to stdout and is kept nowhere: only its digest is stored. It is good for POST /api/ingest/NAME of its own source, and for nothing else.",
    "To change a secret without a pause, make a second token for the source, use it, then revoke the first.",
  ],
  examples: [
    { line: "outweigh token create --source registry", about: "For whoever ships the registry's access log" },
    {
      line: "outweigh token create --source scan --host gpu-7",
      about: "For scans of one host: they replace each other, so nobody else may send them",
    },
    {
      line: "outweigh token create --source registry --name registry-eu > token",
      about: "A second one, told apart by its name, written to a file",
    },
  ],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  if (values.source === undefined) throw new CliError("USAGE", "say whose records it is to send: --source NAME");
  const wanted = tokenBody.safeParse({
    source: values.source,
    ...(values.host !== undefined && { host: values.host }),
    ...(values.name !== undefined && { name: values.name }),
  });
  if (!wanted.success) {
    const [issue] = wanted.error.issues;
    throw new CliError("USAGE", `--${String(issue?.path[0])}: ${issue?.message ?? "expected a name"}`);
  }
  const { config } = loadConfig(values.config);
  const made = await withSession(values.data ?? config.server.data, async (session) =>
    newToken.parse(await (await session.post("/api/tokens", wanted.data)).json()),
  );
  printSecret(made, { json, terminal });
  return 0;
}
