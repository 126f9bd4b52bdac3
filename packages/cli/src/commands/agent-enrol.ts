import { mkdirSync } from "node:fs";
import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { agentDataOption, defaultAgentData, runLine } from "../agent-data.ts";

const options = {
  token: { type: "string", value: "TOKEN", about: "What outweigh agent token printed" },
  ...agentDataOption,
} as const;

/** Shorter is none, and the server would say so in its own terms. */
const minTokenLength = 16;

export const agentEnrol = command({
  summary: "Enrols this host with a server",
  usage: "URL --token TOKEN",
  positionals: [1, 1],
  options,
  about: [
    "Makes this host's key, shows the token once, and remembers the server's key: from then on each knows the other.",
    "A server listens on its own machine alone. From another host, use its address behind your TLS proxy, or a tunnel.",
  ],
  examples: [
    { line: "outweigh agent enrol http://127.0.0.1:7700 --token TOKEN", about: "The host of the server itself" },
  ],
  run,
});

async function run({ values, positionals: [url = ""], json, terminal }: Call<typeof options>): Promise<ExitCode> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new CliError("USAGE", `${JSON.stringify(url)} is no address: expected http://… or https://…`);
  if (values.token === undefined) throw new CliError("USAGE", "--token is missing: outweigh agent token prints one");
  if (values.token.length < minTokenLength)
    throw new CliError("USAGE", "--token is too short to be one: give what outweigh agent token printed");
  const dataDir = values.data ?? defaultAgentData();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const { AgentError, enrol, identityFile, quoted } = await import("@outweigh/agent");
  try {
    const { agent, key } = await enrol(url, values.token, identityFile(dataDir));
    if (json) terminal.printJson({ agent, key, data: dataDir });
    else {
      terminal.print(`enrolled; ${runLine(values.data, quoted)} starts it`);
      terminal.say(`its key, which signs its scans, is ${key}`);
    }
    return 0;
  } catch (error) {
    if (error instanceof AgentError) throw new CliError("FAILED", error.message, { cause: error });
    throw error;
  }
}
