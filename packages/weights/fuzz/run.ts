// Mutates valid files and reads them: node packages/weights/fuzz/run.ts <format|all> [--cases N] [--seed S] [--only CASE]
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
  const outcomes = new Map<string, number>();
  let failed = 0;
  const started = performance.now();
  const first = values.only === undefined ? 0 : Number(values.only);
  const last = values.only === undefined ? cases : first + 1;
  for (let i = first; i < last && failed < 10; i++) {
    const random = randomFrom(seed * 1_000_003 + i);
    const file = mutate(valid[i % valid.length] ?? new Uint8Array(), all, random);
    const before = performance.now();
    const outcome = await tried(file);
    const ms = performance.now() - before;
    outcomes.set(outcome.kind, (outcomes.get(outcome.kind) ?? 0) + 1);
    const rss = i % 256 === 0 ? process.memoryUsage.rss() : 0;
    const wrong =
      outcome.bug ??
      (ms > maxCaseMs ? `took ${ms.toFixed(0)} ms` : rss > maxRssBytes ? `uses ${rss} bytes` : undefined);
    if (wrong === undefined) continue;
    failed++;
    console.error(`${name} case ${i} (--seed ${seed} --only ${i}), ${file.length} bytes: ${wrong}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const told = [...outcomes].sort((a, b) => b[1] - a[1]).map(([kind, n]) => `${kind} ${n}`);
  console.log(`${name}: ${last - first} cases in ${seconds} s, ${failed} failed; ${told.join(", ")}`);
  return failed;
}

/** What a scan does with a file. Only a WeightsError is an answer; anything else is a bug. */
async function tried(file: Uint8Array): Promise<{ kind: string; bug?: string }> {
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
