import { resolve } from "node:path";
import type { GatewaySection } from "@outweigh/schema";
import { command, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { gatewayOptions } from "../gateway-desk.ts";
import { aborted, portOf } from "../program.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...gatewayOptions,
  port: {
    type: "string",
    value: "N",
    about: "Where clients ask; 0 takes any that is free (default: the configured one)",
  },
} as const;

export const gateway = command({
  summary: "Starts the gateway before your model servers: keys, meters, orders",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Its settings stand under gateway in outweigh.yml, which is read again when it changes; a bad one keeps the old in force.",
    "outweigh up starts it by itself. Elsewhere, outweigh gateway enrol links it to a server.",
    "Answers pass as they are, unless a plan or an order asks for less. A dead detector or server fails no request, but for clients under an order and models with failClosed: the blind interval is put on record. Ends with Ctrl-C, after running answers.",
  ],
  examples: [
    { line: "outweigh gateway", about: "With ./outweigh.yml" },
    { line: "outweigh gateway --config /etc/outweigh.yml --port 0", about: "Elsewhere, on any free port" },
  ],
  run,
});

async function run({ values, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const { file } = loadConfig(values.config);
  // Whoever started us may be gone, and with it the other end of what we say: that ends no gateway.
  for (const it of [process.stdout, process.stderr]) it.removeAllListeners("error").on("error", () => undefined);
  const { startGateway } = await import("@outweigh/gateway");
  const running = await startGateway({
    section: () => sectionOf(values),
    file: file === undefined ? undefined : resolve(file),
    environment: process.env,
    server: beside(),
    say: (line) => terminal.say(visible(line)),
  });
  if (json) terminal.printJson({ url: running.url, adminUrl: running.adminUrl, dataDir: running.dataDir });
  else {
    terminal.print(`The gateway serves on ${running.url}`);
    terminal.print(`   data      ${visible(running.dataDir)}: keys, orders, evidence, spool`);
    terminal.print("   keys      outweigh gateway key create PRINCIPAL makes one; without a key nothing is answered");
    terminal.print("             Ctrl-C stops, after running answers.");
  }
  const again = () => {
    try {
      running.reload();
    } catch (error) {
      terminal.say(visible(`the old policy holds: ${error instanceof Error ? error.message : String(error)}`));
    }
  };
  process.on("SIGUSR2", again);
  await aborted(signal);
  process.off("SIGUSR2", again);
  terminal.say("stopping");
  await running.close();
  return 0;
}

/** Where `outweigh up` says that its server is, to the gateway that it starts. */
function beside(): { url: string; token?: string } | undefined {
  const { OUTWEIGH_SERVER: url, OUTWEIGH_GATEWAY_TOKEN: token } = process.env;
  if (url === undefined || !URL.canParse(url)) return undefined;
  return { url, ...(token !== undefined && { token }) };
}

/** @throws {CliError} CONFIG when the configuration has mistakes, or no part for the gateway. */
function sectionOf(values: Call<typeof options>["values"]): GatewaySection {
  const { config, file } = loadConfig(values.config);
  if (!config.gateway) {
    throw new CliError("CONFIG", `${file ?? "outweigh.yml"} has no gateway: name at least one upstream under it`);
  }
  return {
    ...config.gateway,
    ...(values.data !== undefined && { data: values.data }),
    ...(values.port !== undefined && { port: portOf(values.port) }),
  };
}
