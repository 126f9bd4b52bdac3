/**
 * Events a second and core that the Sigma engine takes, with 200, 600 and 3,000 rules, with and without its index.
 *
 * Rules and events are made from a seed, in the proportions of SigmaHQ's corpus: what one looks at, how many values it
 * names, how often it excludes. Real ones can be measured with `--rules FOLDER --events FILE.ndjson --logsource
 * product=aws,service=cloudtrail`. The clock runs around `step` alone: no parsing.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { importRules, SigmaEngine, type RuleText, type SigmaEvent } from "@outweigh/sigma";
import { makeEvents, makeRules } from "../packages/sigma/src/testing/corpus.ts";

const seed = 20_261_125;
const counts = [200, 600, 3000];
const eventCount = 4000;
/** Each measurement runs at least so long, in ms, after a first pass that warms up. */
const shortestMs = 1000;

interface Row {
  readonly rules: number;
  readonly index: boolean;
  /** By the wall clock, and by the processor time of the whole process, which a busy machine does not change. */
  readonly eventsPerSecond: number;
  readonly eventsPerCoreSecond: number;
  /** Rules evaluated for one event, on average: what routing and index left over. */
  readonly tried: number;
  readonly matchesPerThousand: number;
  readonly prepareMs: number;
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rules: { type: "string" }, events: { type: "string" }, logsource: { type: "string", default: "" } },
  });
  const texts = values.rules === undefined ? undefined : readRules(values.rules);
  const events =
    values.events === undefined ? makeEvents(eventCount, seed) : readEvents(values.events, values.logsource);
  const rows: Row[] = [];
  for (const rules of texts ? [texts] : counts.map((it) => makeRules(it, seed))) {
    const [indexed, plain] = [measure(rules, events, true), measure(rules, events, false)];
    if (indexed.matchesPerThousand !== plain.matchesPerThousand) throw new Error("the index changes what matches");
    rows.push(indexed, plain);
  }
  if (json)
    process.stdout.write(
      `${JSON.stringify({ bench: "sigma", seed, node: process.version, events: events.length, rows })}\n`,
    );
  else print(rows);
}

function measure(texts: readonly RuleText[], events: readonly SigmaEvent[], index: boolean): Row {
  const started = performance.now();
  const { loaded } = importRules(texts);
  const engine = new SigmaEngine(loaded, { index });
  const [first] = events;
  if (first) engine.step(first);
  const prepareMs = performance.now() - started;
  pass(engine, events);
  const before = engine.counters;
  const cpu = process.cpuUsage();
  let passes = 0;
  let elapsed = 0;
  for (const begun = performance.now(); elapsed < shortestMs; elapsed = performance.now() - begun) {
    pass(engine, events);
    passes++;
  }
  const used = process.cpuUsage(cpu);
  const seen = passes * events.length;
  return {
    rules: loaded.length,
    index,
    eventsPerSecond: Math.round(seen / (elapsed / 1000)),
    eventsPerCoreSecond: Math.round(seen / ((used.user + used.system) / 1e6)),
    tried: round((engine.counters.tried - before.tried) / seen),
    matchesPerThousand: round((1000 * (engine.counters.matches - before.matches)) / seen),
    prepareMs: Math.round(prepareMs),
  };
}

function pass(engine: SigmaEngine, events: readonly SigmaEvent[]): void {
  for (const it of events) engine.step(it);
}

const round = (value: number): number => Math.round(value * 100) / 100;

function print(rows: readonly Row[]): void {
  process.stdout.write(" rules  index   events/s  per core-s  tried/event  matches/1000  ready in\n");
  for (const { rules, index, eventsPerSecond, eventsPerCoreSecond, tried, matchesPerThousand, prepareMs } of rows) {
    const cells = [
      String(rules).padStart(6),
      (index ? "yes" : "no").padStart(6),
      eventsPerSecond.toLocaleString("en").padStart(10),
      eventsPerCoreSecond.toLocaleString("en").padStart(11),
      tried.toFixed(2).padStart(12),
      matchesPerThousand.toFixed(1).padStart(13),
      `${prepareMs} ms`.padStart(9),
    ];
    process.stdout.write(`${cells.join(" ")}\n`);
  }
}

function readRules(folder: string): RuleText[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith(".yml"));
  return names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

function readEvents(file: string, logsource: string): SigmaEvent[] {
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  const logsources = [Object.fromEntries(logsource.split(",").map((it) => it.split("=")))];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines
    .filter((it) => it !== "")
    .map((it, place) => ({ id: String(place), time: place, fields: {}, raw: JSON.parse(it), logsources }));
}
