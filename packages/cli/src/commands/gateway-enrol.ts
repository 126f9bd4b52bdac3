import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { enrolment } from "@outweigh/schema";
import { command, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { gatewayData, gatewayOptions, openDesk } from "../gateway-desk.ts";
import { known, localServer, withSession } from "../server-client.ts";

const options = {
  token: {
    type: "string",
    value: "TOKEN",
    about: "What outweigh gateway token printed; beside the server none is needed",
  },
  "server-data": {
    type: "string",
    value: "DIR",
    about: "Without URL: the data folder of the server on this machine (default: the configured one)",
  },
  ...gatewayOptions,
} as const;

export const gatewayEnrol = command({
  summary: "Links the gateway to a server: findings go there, orders and keys come back",
  usage: "[URL --token TOKEN]",
  positionals: [0, 1],
  options,
  about: [
    "Makes this gateway's key for the server, shows the token once, and remembers the server's key: from then on each knows the other.",
    "Without URL: the server that runs on this machine by this configuration. What outweigh up starts is enrolled already.",
  ],
  examples: [
    { line: "outweigh gateway enrol", about: "With the server that runs here" },
    { line: "outweigh gateway enrol https://outweigh.acme.example --token TOKEN", about: "With one elsewhere" },
  ],
  run,
});

async function run({ values, positionals: [url], json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const dataDir = gatewayData(values);
  const name = config.gateway?.name ?? "main";
  const at =
    url === undefined ? await hereToken(values["server-data"] ?? config.server.data) : given(url, values.token);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const { enrolGateway, LinkError } = await import("@outweigh/gateway");
  try {
    const { id } = await enrolGateway(dataDir, { ...at, name });
    // One that runs takes it over; one that does not, reads it at its start.
    if (existsSync(join(dataDir, "gateway.json")))
      await openDesk(dataDir)
        .call("POST", "/reload")
        .catch(() => undefined);
    if (json) terminal.printJson({ gateway: id, name, server: at.server, data: dataDir });
    else terminal.print(`the gateway ${name} is enrolled with ${at.server}`);
    return 0;
  } catch (error) {
    if (error instanceof LinkError) throw new CliError("FAILED", error.message, { cause: error });
    throw error;
  }
}

/** The server on this machine makes the token itself: who may read its data folder may. */
async function hereToken(data: string): Promise<{ server: string; token: string }> {
  const { url } = localServer(data);
  const made = await withSession(data, (api) => known(enrolment, api.post("/api/gateways/enrolments")));
  return { server: url, token: made.token };
}

function given(url: string, token: string | undefined): { server: string; token: string } {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new CliError("USAGE", `${JSON.stringify(url)} is no address: expected http://… or https://…`);
  if (token === undefined) throw new CliError("USAGE", "--token is missing: outweigh gateway token prints one");
  return { server: new URL(url).origin, token };
}
