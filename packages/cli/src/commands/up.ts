import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config, SourceEntry } from "@outweigh/schema";
import type { Running } from "@outweigh/server";
import { command, configOption, type Call } from "../command.ts";
import { fingerprintFolder } from "../config/fingerprints.ts";
import { loadConfig } from "../config/read.ts";
import { readContent } from "../content.ts";
import { CliError, type ExitCode } from "../error.ts";
import { superviseGateway } from "../gateway-child.ts";
import { aborted, portOf } from "../program.ts";
import { startScan } from "../scan/child.ts";
import { usualRoots } from "../scan/usual-roots.ts";
import type { Terminal } from "../terminal.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { version } from "../version.ts";

const options = {
  ...configOption,
  data: {
    type: "string",
    value: "DIR",
    about: "Everything is written below this folder (default: the configured one)",
  },
  port: { type: "string", value: "N", about: "On 127.0.0.1; 0 takes any that is free (default: the configured one)" },
  logs: {
    type: "string",
    multiple: true,
    value: "PATH",
    about: "Files or folders to watch besides the configured sources; kinds are told by content",
  },
  scan: {
    type: "string",
    multiple: true,
    value: "PATH",
    about: "What the start-up scan reads (default: your home and the usual model folders)",
  },
  "no-scan": { type: "boolean", about: "Do not scan at the start" },
  "no-gateway": { type: "boolean", about: "Do not start the gateway that outweigh.yml describes" },
} as const;

export const up = command({
  summary: "Starts the platform on 127.0.0.1 and prints a one-time link",
  usage: "[--logs PATH…]",
  positionals: [0, 1000],
  options,
  about: [
    "Brings its own engines, needs no account and no root, and contacts nobody that outweigh.yml does not name. Several paths may follow --logs.",
    "Ends with Ctrl-C; what arrived by then is kept and read on at the next start.",
    "With gateway in outweigh.yml, the gateway runs beside it in a process of its own, enrolled by itself: neither ends the other.",
  ],
  examples: [
    { line: "outweigh up", about: "With ./outweigh.yml, if there is one; scans this machine" },
    { line: "outweigh up --logs AWSLogs /var/log/nginx/access.log", about: "Watches a folder and a file" },
    {
      line: "outweigh up --data /var/lib/outweigh --port 0 --no-scan",
      about: "Elsewhere, on any free port, without a scan",
    },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  if (positionals.length > 0 && values.logs.length === 0) {
    throw new CliError(
      "USAGE",
      `${JSON.stringify(positionals[0])} is not expected here; to watch it: --logs ${positionals[0]}`,
    );
  }
  if (positionals.length > 0 && values.scan.length > 0) {
    const path = positionals[0] ?? "";
    throw new CliError(
      "USAGE",
      `with --scan and --logs, say before each path which it is: --scan ${path} or --logs ${path}`,
    );
  }
  const { config, file } = loadConfig(values.config);
  const dataDir = resolve(values.data ?? config.server.data);
  const port = values.port === undefined ? config.server.port : portOf(values.port);
  const logs = [...values.logs, ...positionals];
  const content = readContent(config.rules);
  const consoleDir = builtConsole();

  const { start } = await import("@outweigh/server");
  terminal.say(`starting in ${visible(dataDir)}`);
  for (const it of logs.filter((path) => !path.includes("*") && !existsSync(path)))
    terminal.say(`${visible(it)} is not there: it is read once it appears`);
  const running = await start({
    config: withSources(config, logs),
    dataDir,
    port,
    content,
    version,
    ...(consoleDir !== undefined && { consoleDir }),
  }).catch((error: unknown) => explainPort(error, port));

  const gateway =
    config.gateway === undefined || file === undefined || values["no-gateway"]
      ? undefined
      : superviseGateway(running, { config: file, dataDir: config.gateway.data, terminal });
  const gatewayUrl = await gateway?.url;
  const known = { url: running.url, openUrl: running.openUrl, dataDir };
  if (json) terminal.printJson({ ...known, ...(gatewayUrl !== undefined && { gatewayUrl }) });
  else {
    const hasConsole = consoleDir !== undefined;
    greet(running, { terminal, file, config, hasConsole, where: whereOf(values), gatewayUrl });
  }
  const roots =
    values.scan.length > 0 ? values.scan : config.server.scan.length > 0 ? config.server.scan : usualRoots();
  const scanning = values["no-scan"]
    ? undefined
    : startScan(running, {
        roots,
        config: file,
        exclude: dataDir,
        match: await hasFingerprints(file, config),
        terminal,
      });
  await aborted(signal);
  terminal.say("stopping");
  scanning?.stop();
  // The gateway first: what its running answers still tell arrives.
  await gateway?.stop();
  await running.close();
  terminal.say("stopped");
  return 0;
}

async function hasFingerprints(file: string | undefined, { models }: Config): Promise<boolean> {
  if (file === undefined) return false;
  return (await fingerprintFolder(file).load(new Set(models.map((it) => it.name)))).length > 0;
}

/** The configured sources, the logs named on the command line, and the scans of this machine. */
function withSources(config: Config, logs: readonly string[]): Config {
  const names = new Set(config.sources.map((it) => it.name));
  const extra: SourceEntry[] = [];
  if (logs.length > 0) extra.push({ name: names.has("logs") ? "logs-named" : "logs", kind: "auto", paths: [...logs] });
  if (!names.has("scan")) extra.push({ name: "scan", kind: "scan" });
  return { ...config, sources: [...config.sources, ...extra] };
}

/** The built console: of a clone, or inside a published package. */
function builtConsole(): string | undefined {
  const packages = join(import.meta.dirname, "..", "..", "..");
  return [join(packages, "console", "dist"), join(packages, "cli", "console")].find((it) =>
    existsSync(join(it, "index.html")),
  );
}

interface Greeting {
  readonly terminal: Terminal;
  readonly file: string | undefined;
  readonly config: Config;
  readonly hasConsole: boolean;
  /** Where clients of the gateway ask; undefined without one. */
  readonly gatewayUrl: string | undefined;
  /** The options by which another command finds this server. */
  readonly where: string;
}

function whereOf({ data, config }: Pick<Call<typeof options>["values"], "data" | "config">): string {
  if (data !== undefined) return ` --data ${data}`;
  return config === undefined ? "" : ` --config ${config}`;
}

function greet(running: Running, { terminal, file, config, hasConsole, where, gatewayUrl }: Greeting): void {
  const { url, openUrl, engines } = running;
  terminal.print(`Outweigh ${version} on ${url}`);
  terminal.print(`   engines   ${visible(engines.events)}; ${visible(engines.state)}`);
  terminal.print(
    file === undefined
      ? "   register  none yet: npx outweigh init proposes one from a scan"
      : `   register  ${plural(config.models.length, "model")}, ${plural(config.sources.length, "source")} in ${visible(file)}`,
  );
  if (gatewayUrl !== undefined)
    terminal.print(`   gateway   ${gatewayUrl}; npx outweigh gateway key create NAME makes a client's key`);
  if (!hasConsole) terminal.print("   console   not built: npm run build; until then the API alone is served");
  terminal.print(`   open      ${openUrl}`);
  terminal.print(
    `             works once, within ten minutes; npx outweigh open${visible(where)} prints another. Ctrl-C stops.`,
  );
}

function explainPort(error: unknown, port: number): never {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    throw new CliError("FAILED", `port ${port} is taken: --port 0 takes any that is free`, { cause: error });
  }
  throw error;
}
