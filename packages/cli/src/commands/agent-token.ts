import { enrolment } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, localServer, withSession } from "../server-client.ts";
import { timeText } from "../text/amounts.ts";

const options = {
  host: {
    type: "string",
    value: "NAME",
    about: "Good for this host alone; needed where copies on it are known already",
  },
  ...configOption,
  ...dataOption,
} as const;

export const agentToken = command({
  summary: "Makes a token that enrols one host, once, within fifteen minutes",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Whoever enrols under a host's name says what lies there: a host that is known, ours first, needs a token of its own.",
  ],
  examples: [
    { line: "outweigh agent token --host $(hostname)", about: "For the host of the server itself" },
    { line: "outweigh agent token", about: "Then on the host: outweigh agent enrol URL --token TOKEN" },
  ],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const data = values.data ?? config.server.data;
  const { url } = localServer(data);
  const body = values.host === undefined ? {} : { host: values.host };
  const made = await withSession(data, (api) => known(enrolment, api.post("/api/hosts/enrolments", { body })));
  if (json) terminal.printJson({ url, ...made });
  else {
    terminal.print(made.token);
    terminal.say(`on the host, before ${timeText(made.expiresAt)}:`);
    terminal.say(`npx outweigh agent enrol ${url} --token ${made.token}`);
  }
  return 0;
}
