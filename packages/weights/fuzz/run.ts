// Mutates valid files and reads them: node packages/weights/fuzz/run.ts <format|all> [--cases N] [--seed S] [--only CASE] [--record FILE]
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { digestTensors, findModels, groupModels, readModelFile, structuralKey, WeightsError } from "../src/index.ts";
import type { ModelFile, Reader } from "../src/index.ts";
import { strictReader } from "../src/testing/tensors.ts";
import { direct, triedDirectly } from "./direct.ts";
import { mutate, randomFrom } from "./mutate.ts";
import { seeds } from "./seeds.ts";
import { describe, Tally, type Outcome } from "./tally.ts";

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
    const before = cpuMs();
    const outcome = await tried(name, file);
    const wrong = tally.add(i, outcome, cpuMs() - before);
    if (wrong === undefined) continue;
    console.error(`${name} case ${i} (--seed ${seed} --only ${i}), ${file.length} bytes: ${wrong}`);
  }
  const result = tally.result(name, seed);
  console.log(describe(result));
  if (values.record !== undefined) appendFileSync(values.record, `${JSON.stringify(result)}\n`);
  return tally.failed;
}

/** Of this process: a busy machine makes no case slow. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What a scan does with a file. Only a WeightsError is an answer; anything else is a bug. */
async function tried(name: string, file: Uint8Array): Promise<Outcome> {
  const parse = direct[name];
  if (parse) return triedDirectly(parse, file);
  const reader = strictReader(file);
  let kind = "unrecognised";
  try {
    const onProblem = (): void => void (kind = kind === "unrecognised" ? "refused" : kind);
    for await (const found of findModels(reader, { onProblem })) {
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
