import { enrolment } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, localServer, withSession } from "../server-client.ts";

const options = { ...configOption, ...dataOption } as const;

export const agentToken = command({
  summary: "Makes a token that enrols one host, once, within fifteen minutes",
  usage: "",
  positionals: [0, 0],
  options,
  examples: [{ line: "outweigh agent token", about: "Then on the host: outweigh agent enrol URL --token TOKEN" }],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const data = values.data ?? config.server.data;
  const { url } = localServer(data);
  const made = await withSession(data, async (session) =>
    enrolment.parse(await (await session.post("/api/hosts/enrolments", {})).json()),
  );
  if (json) terminal.printJson({ url, ...made });
  else {
    terminal.print(made.token);
    terminal.say(`on the host, before ${new Date(made.expiresAt).toISOString()}:`);
    terminal.say(`outweigh agent enrol ${url} --token ${made.token}`);
  }
  return 0;
}
