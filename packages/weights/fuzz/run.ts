// Mutates valid files and reads them: node packages/weights/fuzz/run.ts <format|all> [--cases N] [--seed S] [--only CASE] [--record FILE]
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { digestTensors, findModels, groupModels, readModelFile, structuralKey, WeightsError } from "../src/index.ts";
import type { ModelFile, Reader } from "../src/index.ts";
import { strictReader } from "../src/testing/tensors.ts";
import { mutate, randomFrom } from "./mutate.ts";
import { seeds } from "./seeds.ts";

/** Longest that one small file may take, in ms; a scan meets thousands of hostile ones. */
const maxCaseMs = 2000;
/** Most memory that the process may reach, in bytes: the agent's own budget, and room for the runtime. */
const maxRssBytes = 700 * 1024 * 1024;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    record: { type: "string" },
  },
});
const [wanted = "all"] = positionals;
const names = wanted === "all" ? Object.keys(seeds) : [wanted];
if (names.some((it) => !seeds[it])) throw new Error(`formats: all, ${Object.keys(seeds).join(", ")}`);

let failures = 0;
for (const name of names) failures += await fuzz(name, Number(values.cases), Number(values.seed));
process.exitCode = failures > 0 ? 1 : 0;

async function fuzz(name: string, cases: number, seed: number): Promise<number> {
  const valid = seeds[name] ?? [];
  const all = Object.values(seeds).flat();
  const tally = new Tally();
  const first = values.only === undefined ? 0 : Number(values.only);
  const last = values.only === undefined ? cases : first + 1;
  for (let i = first; i < last && tally.failed < 10; i++) {
    const random = randomFrom(seed * 1_000_003 + i);
    const file = mutate(valid[i % valid.length] ?? new Uint8Array(), all, random);
    const before = performance.now();
    const outcome = await tried(file);
    const wrong = tally.add(i, outcome, performance.now() - before);
    if (wrong === undefined) continue;
    console.error(`${name} case ${i} (--seed ${seed} --only ${i}), ${file.length} bytes: ${wrong}`);
  }
  const result = tally.result(name, seed);
  console.log(describe(result));
  if (values.record !== undefined) appendFileSync(values.record, `${JSON.stringify(result)}\n`);
  return tally.failed;
}

/** One run over one format, as `--record` appends it: a line of JSON. */
interface Result {
  readonly format: string;
  readonly cases: number;
  readonly seed: number;
  readonly failures: number;
  readonly seconds: number;
  readonly longestMs: number;
  /** Which case took longest: run it again with `--only`. */
  readonly longestCase: number;
  /** Of the process, which runs all formats one after the other: never less than that of the formats before. */
  readonly peakRssBytes: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Counts outcomes, and says which of them are failures. */
class Tally {
  failed = 0;
  #cases = 0;
  #longestMs = 0;
  #longestCase = 0;
  readonly #outcomes = new Map<string, number>();
  readonly #started = performance.now();

  /** What is wrong with a case; undefined if nothing is. */
  add(index: number, outcome: Outcome, ms: number): string | undefined {
    this.#cases++;
    this.#outcomes.set(outcome.kind, (this.#outcomes.get(outcome.kind) ?? 0) + 1);
    if (ms > this.#longestMs) [this.#longestMs, this.#longestCase] = [ms, index];
    const rss = index % 256 === 0 ? process.memoryUsage.rss() : 0;
    const tooMuch = rss > maxRssBytes ? `uses ${rss} bytes` : undefined;
    const wrong = outcome.bug ?? (ms > maxCaseMs ? `took ${ms.toFixed(0)} ms` : tooMuch);
    if (wrong !== undefined) this.failed++;
    return wrong;
  }

  result(format: string, seed: number): Result {
    const outcomes = Object.fromEntries([...this.#outcomes].sort((a, b) => b[1] - a[1]));
    return {
      format,
      cases: this.#cases,
      seed,
      failures: this.failed,
      seconds: Number(((performance.now() - this.#started) / 1000).toFixed(1)),
      longestMs: Number(this.#longestMs.toFixed(1)),
      longestCase: this.#longestCase,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      outcomes,
    };
  }
}

function describe({ format, cases, seconds, failures, longestMs, peakRssBytes, outcomes }: Result): string {
  const told = Object.entries(outcomes).map(([kind, n]) => `${kind} ${n}`);
  const most = `longest ${longestMs} ms, at most ${Math.round(peakRssBytes / 2 ** 20)} MiB`;
  return `${format}: ${cases} cases in ${seconds} s, ${failures} failed; ${most}; ${told.join(", ")}`;
}

interface Outcome {
  readonly kind: string;
  readonly bug?: string;
}

/** What a scan does with a file. Only a WeightsError is an answer; anything else is a bug. */
async function tried(file: Uint8Array): Promise<Outcome> {
  const reader = strictReader(file);
  let kind = "unrecognised";
  try {
    for await (const found of findModels(reader)) {
      kind = await read(found.reader, found.context.sibling);
    }
    return { kind };
  } catch (error) {
    if (error instanceof WeightsError) return { kind, bug: `findModels threw ${error.code}` };
    return { kind: "bug", bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function read(
  reader: Reader,
  sibling: ((name: string) => Promise<Reader | undefined>) | undefined,
): Promise<string> {
  let model: ModelFile;
  try {
    model = await readModelFile(reader, sibling ? { sibling } : {});
  } catch (error) {
    if (error instanceof WeightsError) return error.code;
    throw error;
  }
  const digests = await digestTensors(reader, model, sibling ? { sibling } : {});
  structuralKey(model.tensors);
  groupModels([{ path: "x/a", bytes: reader.size, file: model, digests }]);
  return "read";
}
