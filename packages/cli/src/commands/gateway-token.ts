import { enrolment } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, localServer, withSession } from "../server-client.ts";
import { timeText } from "../text/amounts.ts";

const options = { ...configOption, ...dataOption } as const;

export const gatewayToken = command({
  summary: "Makes a token that enrols one gateway, once, within fifteen minutes",
  usage: "",
  positionals: [0, 0],
  options,
  about: ["For a gateway on another machine. The one that outweigh up starts, and one beside the server, need none."],
  examples: [{ line: "outweigh gateway token", about: "Then there: outweigh gateway enrol URL --token TOKEN" }],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const data = values.data ?? config.server.data;
  const { url } = localServer(data);
  const made = await withSession(data, (api) => known(enrolment, api.post("/api/gateways/enrolments")));
  if (json) terminal.printJson({ url, ...made });
  else {
    terminal.print(made.token);
    terminal.say(`on the gateway's machine, before ${timeText(made.expiresAt)}:`);
    terminal.say(`outweigh gateway enrol ${url} --token ${made.token}`);
  }
  return 0;
}
