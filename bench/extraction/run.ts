// `npm run bench -- extraction [--traces DIR] [--splits N] [--json] [--write]`: false alarms, and how good the thief's clone was at the alarm.
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { scoredAlone, stateBytes } from "./cost.ts";
import { measureLinked, type Linked } from "./linked.ts";
import { alpha, benignOf, examOf, horizonOf, measure, works } from "./measure.ts";
import { measurePrompts, type PromptSignalResult } from "./prompts.ts";
import { madeVictim, shapes } from "./second.ts";
import { table, writeInto } from "./table.ts";
import { median, Tally, type DetectorResult, type TallyState } from "./tally.ts";
import { readTraces, type Traces } from "./traces.ts";

/** The seed of the second victim that is reported. The design was settled on seed 1. */
const secondSeed = 2;

/** False alarms and detection on the streams of one victim. */
export type Detectors = Record<string, DetectorResult>;

/** All that one run measures. */
export interface Measured {
  readonly splits: number;
  readonly horizon: number;
  readonly alpha: number;
  readonly queriesPerSecond: number;
  readonly bytesPerPrincipal: number;
  readonly detectors: Detectors;
  readonly second: Detectors;
  readonly prompts: Record<string, PromptSignalResult> | undefined;
  readonly linked: Linked;
}

/** What is measured side by side, each in a process of its own. Baselines are compared on recorded attacks alone. */
const parts = [
  ...works.map((it) => `recorded ${it}`),
  ...works.filter((it) => it !== "baselines").map((it) => `second ${it}`),
  "prompts",
  "linked",
  "costs",
];

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<void> {
  const option = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const folder = option("--traces") ?? join(import.meta.dirname, "..", "..", "..", "shared", "traces");
  const splits = Number(option("--splits") ?? 20);
  const part = option("--part");
  if (part !== undefined) {
    process.stdout.write(`${JSON.stringify(measurePart(part, folder, splits) ?? null)}\n`);
    return;
  }
  if (!readTraces(folder)) {
    process.stderr.write("no traces: name a folder of recorded query streams with --traces DIR\n");
    if (json) process.stdout.write(`${JSON.stringify({ skipped: "no traces" })}\n`);
    return;
  }
  const found = await inProcesses(args);
  // In the order of the parts, whichever was done first.
  const merged = (victim: string) =>
    Tally.merged(parts.filter((it) => it.startsWith(victim)).map((it) => found.get(it) as TallyState));
  const result = {
    splits,
    alpha: alpha.num / alpha.den,
    ...(found.get("costs") as ReturnType<typeof costs>),
    detectors: merged("recorded"),
    second: merged("second"),
    prompts: found.get("prompts") as Measured["prompts"],
    linked: found.get("linked") as Linked,
  };
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : table(result));
  if (args.includes("--write"))
    writeInto(join(import.meta.dirname, "..", "..", "docs", "extraction.md"), table(result));
}

/** Measures all parts, as many at once as there are processors. */
async function inProcesses(args: readonly string[]): Promise<Map<string, unknown>> {
  const bench = join(import.meta.dirname, "..", "run.ts");
  const found = new Map<string, unknown>();
  const left = [...parts];
  const work = async () => {
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      const command = [bench, "extraction", ...args.filter((it) => it !== "--write"), "--part", part];
      const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 64 * 1024 * 1024 });
      found.set(part, JSON.parse(stdout) ?? undefined);
      process.stderr.write(`${part}: measured\n`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return found;
}

function measurePart(part: string, folder: string, splits: number) {
  if (part === "prompts") return measurePrompts(folder, splits);
  if (part === "linked") return measureLinked(folder);
  const work = works.find((it) => part.endsWith(it));
  const traces = part.startsWith("second") ? madeVictim(shapes["24 columns"], secondSeed) : readTraces(folder);
  if (!traces) return undefined;
  return work ? measure(traces, splits, work) : costs(traces);
}

function costs(traces: Traces) {
  return {
    horizon: horizonOf(traces),
    queriesPerSecond: Math.round(1000 * median(scoredAlone())),
    bytesPerPrincipal: stateBytes(benignOf(traces), traces, examOf(traces)),
  };
}
