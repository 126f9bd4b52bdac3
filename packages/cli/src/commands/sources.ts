import { sourceOf, spanText } from "@outweigh/pipeline";
import { sourceHealth, type Config, type SourceEntry, type SourceHealth } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, known, localServer, withSession } from "../server-client.ts";
import type { Terminal } from "../terminal.ts";
import { countText, plural, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { padEnd } from "../text/width.ts";

const options = { ...configOption, ...dataOption } as const;

export const sources = command({
  summary: "Tells whether each source sends, how late, what was refused and is not seen",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Asks the running server. While none runs, it lists what the configuration declares.",
    "Exit 1 while a source is silent or cannot be read.",
  ],
  examples: [
    { line: "outweigh sources", about: "One paragraph for each source" },
    { line: "outweigh sources --json", about: "The same as one JSON object, for a monitor" },
  ],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const data = values.data ?? config.server.data;
  const running = await healthOf(data);
  if (!running) {
    const declared = config.sources.map(declaredOf);
    if (json) terminal.printJson({ running: false, sources: declared });
    else printDeclared(declared, data, terminal);
    return 0;
  }
  if (json) terminal.printJson({ running: true, sources: running });
  else printRunning(running, terminal);
  return running.some((it) => it.state === "silent" || it.state === "failing") ? 1 : 0;
}

/** All sources of the server that works in a data folder; undefined where none does. */
async function healthOf(data: string): Promise<SourceHealth[] | undefined> {
  try {
    localServer(data);
  } catch (error) {
    if (error instanceof CliError && error.code === "FAILED") return undefined;
    throw error;
  }
  return withSession(data, async (api) => {
    const all: SourceHealth[] = [];
    for await (const it of api.each("/api/sources")) all.push(await known(sourceHealth, it));
    return all;
  });
}

interface Declared {
  readonly name: string;
  readonly kind: string;
  /** How its records come. */
  readonly from: string;
  readonly cannotSee: readonly string[];
  readonly requires: readonly string[];
}

function declaredOf(it: Config["sources"][number]): Declared {
  const manifest = it.kind === "auto" ? undefined : sourceOf(it.kind);
  const { cannotSee = [], requires = [] } = manifest ?? {};
  return { name: it.name, kind: it.kind, from: wayOf(it), cannotSee, requires };
}

function wayOf({ paths, s3, syslog }: SourceEntry): string {
  if (paths) return paths.join(", ");
  if (s3) return `s3://${s3.bucket}/${s3.prefix}`;
  if (syslog) {
    const ports = [["tcp", syslog.tcp] as const, ["tls", syslog.tls?.port] as const, ["udp", syslog.udp] as const];
    const open = ports.flatMap(([how, port]) => (port === undefined ? [] : [`${how} ${syslog.address}:${port}`]));
    return `syslog ${open.join(", ")}`;
  }
  return "sent with a token";
}

function printDeclared(declared: readonly Declared[], data: string, terminal: Terminal): void {
  terminal.print(`No server runs in ${visible(data)}: npx outweigh up starts one. Declared:`);
  if (declared.length === 0)
    terminal.print("no source yet: name one under `sources:` in outweigh.yml, or npx outweigh up --logs PATH");
  for (const it of declared) {
    terminal.print(`${padEnd(it.name, 20)} ${padEnd(it.kind, 18)} ${visible(it.from)}`);
    printBlind(it.cannotSee, terminal);
  }
}

function printRunning(all: readonly SourceHealth[], terminal: Terminal): void {
  if (all.length === 0)
    terminal.print(
      "No source yet: name one under `sources:` in outweigh.yml, or npx outweigh token create --source NAME",
    );
  const told = new Set<string>();
  for (const it of all) {
    const seen = it.lastSeenAt === undefined ? "never seen" : `last seen ${timeText(it.lastSeenAt)}`;
    const late = it.lagMs === undefined ? "" : `, ${spanText(it.lagMs)} late`;
    const volume = `${plural(it.events24h, "event")} in 24 h of ${plural(it.events, "event")}`;
    terminal.print(`${padEnd(visible(it.name), 20)} ${padEnd(it.kind, 18)} ${it.state} · ${seen}${late} · ${volume}`);
    if (it.problem !== undefined) terminal.print(`   problem: ${visible(it.problem)}`);
    for (const gap of it.gaps.slice(-1))
      if (gap.to === undefined) terminal.print(`   silent since ${timeText(gap.from)}: what happens is not known`);
    printGrades(it, terminal);
    printCollector(it, terminal);
    const [sample] = it.samples;
    if (sample) terminal.print(`   ${plural(it.rejects, "reject")}, the last: ${visible(sample.reason)}`);
    const blind = JSON.stringify(it.cannotSee);
    if (told.has(blind)) terminal.print(`   cannot see what the other ${it.kind} above cannot`);
    else printBlind(it.cannotSee, terminal);
    told.add(blind);
  }
}

/** The weakest first: a source is as good as the weakest way into it. */
function printGrades({ grades, records }: SourceHealth, terminal: Terminal): void {
  for (const it of grades) {
    const raise = it.raise === undefined ? "" : `; to raise it, ${it.raise}`;
    terminal.print(`   ${it.grade}: ${visible(it.basis)}, ${plural(it.records, "record")}${visible(raise)}`);
  }
  if (grades.length === 0 && records > 0) terminal.print("   not graded: its records came in before there were grades");
}

function printCollector({ collector: it }: SourceHealth, terminal: Terminal): void {
  if (!it) return;
  const taken = plural(it.taken, it.way === "bucket" ? "object" : "message");
  const at = it.position === undefined ? "" : `, the last ${visible(it.position)}`;
  const polled = it.lastPollAt === undefined ? "" : `, listed ${timeText(it.lastPollAt)}`;
  terminal.print(`   ${visible(it.at)}: ${taken} since the start${at}${polled}`);
  for (const { reason, count } of it.shed) terminal.print(`   not taken: ${countText(count)} ${visible(reason)}`);
  if (it.waiting > 0) terminal.print(`   ${plural(it.waiting, "object")} to be tried again`);
  for (const { object, reason } of it.failing.slice(0, 3))
    terminal.print(`      ${visible(object)}: ${visible(reason)}`);
  if (it.lastError && it.failing.length === 0)
    terminal.print(`   last error ${timeText(it.lastError.at)}: ${visible(it.lastError.message)}`);
}

function printBlind(cannotSee: readonly string[], terminal: Terminal): void {
  for (const it of cannotSee) terminal.print(`   cannot see: ${visible(it)}`);
}
