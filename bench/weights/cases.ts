// What is compared, and what is right: copies, ancestry, a classifier, strangers.
import {
  findModels,
  joinedReader,
  readModelFile,
  splitFiles,
  type ModelPart,
  type Relation,
} from "../../packages/weights/src/index.ts";
import { awq, gptq, mlx } from "../../packages/weights/src/testing/packed.ts";
import type { Encoded } from "../../packages/weights/src/testing/quantise.ts";
import { Random, type Weights } from "../../packages/weights/src/testing/random-model.ts";
import { writeTar } from "../../packages/weights/src/testing/tar.ts";
import { writeZip } from "../../packages/weights/src/testing/zip.ts";
import * as derive from "./derive.ts";
import { bytesReader, ggufOf, packedOf, partsOf, safetensorsOf } from "./files.ts";
import { classifier, classifierTuned, language, languageSeeds, usualSteps, variants } from "./models.ts";
import { note } from "./table.ts";
import { LanguageModel, usualSize } from "./train/language-model.ts";

/** One comparison whose right answer is known. */
export interface Case {
  readonly what: string;
  /** All that are right. */
  readonly right: readonly Relation[];
  readonly a: readonly ModelPart[];
  readonly b: readonly ModelPart[];
  readonly base?: readonly ModelPart[];
  /** Other models that it may be merged of. */
  readonly others?: readonly (readonly ModelPart[])[];
  /** What must be said of how, at least. */
  readonly how?: RegExp;
}

const original = async (): Promise<ModelPart[]> => partsOf(safetensorsOf(await language(1)));

export async function copies(): Promise<Case[]> {
  const [ours, stranger] = [await language(1), await language(2)];
  const a = await original();
  const derived = ["derived"] as const;
  const single = async (
    what: string,
    weights: readonly Weights[],
    right: readonly Relation[] = derived,
  ): Promise<Case> => ({
    what,
    right,
    a,
    b: await partsOf(safetensorsOf(weights)),
  });
  const stored = async (dtype: Encoded): Promise<Case> => ({
    what: dtype,
    right: derived,
    a,
    b: await partsOf(safetensorsOf(ours, dtype)),
  });
  const gguf = async (dtype: Encoded): Promise<Case> => ({
    what: `GGUF ${dtype}`,
    right: derived,
    a,
    b: await partsOf(ggufOf(ours, dtype)),
  });
  const packed = async ([name, pack]: [string, typeof gptq]): Promise<Case> => ({
    what: `${name}, 4 bits`,
    right: derived,
    a,
    b: await partsOf(packedOf(ours, pack)),
  });
  const half = Math.ceil(ours.length / 2);
  const file = safetensorsOf(ours);
  return [
    await single("the same file", ours, ["identical"]),
    await single("renamed", derive.renamed(ours), ["same-tensors"]),
    {
      what: "resharded in two",
      right: ["identical", "same-tensors"],
      a,
      b: await partsOf(safetensorsOf(ours.slice(0, half)), safetensorsOf(ours.slice(half))),
    },
    { what: "GGUF f32", right: ["same-tensors"], a, b: await partsOf(ggufOf(ours, "f32")) },
    {
      what: "in a zip in a tar",
      right: ["identical"],
      a,
      b: await unwrapped(
        writeTar([{ name: "m.zip", data: writeZip([{ name: "m.bin", data: file, deflated: true }]) }]),
      ),
    },
    { what: "split in three", right: ["identical"], a, b: await joined(file, 3) },
    await stored("f16"),
    await stored("bf16"),
    await stored("i8"),
    ...(await Promise.all((["q8_0", "q6_k", "q5_k", "q4_k", "q4_0"] as const).map(gguf))),
    ...(await Promise.all(Object.entries({ GPTQ: gptq, AWQ: awq, MLX: mlx }).map(packed))),
    { ...(await single("pruned 50 %", derive.pruned(ours, 0.5))), how: /pruned/ },
    { ...(await single("pruned 90 %", derive.pruned(ours, 0.9))), how: /pruned/ },
    await single("merged 0.3 with a stranger", derive.merged(ours, stranger, 0.3)),
    {
      ...(await single("merged 0.7 of a stranger, against that one", derive.merged(ours, stranger, 0.3))),
      a: await partsOf(safetensorsOf(stranger)),
    },
    {
      ...(await single("merged 0.3 with a stranger, which is given", derive.merged(ours, stranger, 0.3))),
      others: [await partsOf(safetensorsOf(stranger))],
      how: /merged with weights 0\.30, 0\.70/,
    },
    await single("LoRA merged (rank 8)", await variants.adapter()),
    await single("fine-tuned", await variants["fine-tune"]()),
    await single(`trained on (${usualSteps} more steps)`, await variants.continued()),
    await single("noise of its own size", derive.noisy(ours, 1, 9)),
    await single("noise of five times its size", derive.noisy(ours, 5, 9), ["undetermined"]),
    await single("vocabulary + 64", derive.grown(ours, usualSize.vocabulary, 64)),
    await single("a layer dropped", derive.layerDropped(ours, 0)),
    await single("layers doubled (no new tensor)", derive.layersDoubled(ours, usualSize.layers), ["same-tensors"]),
    await single("negated up, down, query, key", derive.rearranged(ours, usualSize, { negated: true }, 1)),
    {
      ...(await single("hidden units rescaled", derive.rearranged(ours, usualSize, { scales: true }, 2))),
      how: /rescaled/,
    },
    {
      ...(await single("hidden units permuted", derive.rearranged(ours, usualSize, { units: true }, 3))),
      how: /hidden units in another order/,
    },
    {
      ...(await single("signs of dimensions flipped", derive.rearranged(ours, usualSize, { signs: true }, 4))),
      how: /signs of dimensions flipped/,
    },
    await single("all of it permuted, flipped, rescaled", rearrangedFully(ours)),
    { what: "… and GGUF q4_0", right: derived, a, b: await partsOf(ggufOf(rearrangedFully(ours), "q4_0")) },
    await single("… and pruned 50 %", derive.pruned(rearrangedFully(ours), 0.5)),
    await single("… of the one trained on", rearrangedFully(await variants.continued())),
    await single("dimensions mixed by a rotation", derive.rotated(ours, usualSize, 6)),
    {
      what: "… and GGUF q4_0",
      right: derived,
      a,
      b: await partsOf(ggufOf(derive.rotated(ours, usualSize, 6), "q4_0")),
    },
    await single("… of the one trained on", derive.rotated(await variants.continued(), usualSize, 6)),
    await single("a rotation and permuted units", derive.rotated(rearrangedFully(ours), usualSize, 6), [
      "undetermined",
    ]),
    await oneLayerOfTen(),
    ...(await adapters()),
  ];
}

/** A stranger of ten layers that has taken over one. */
async function oneLayerOfTen(): Promise<Case> {
  const size = { ...usualSize, layers: 10 };
  const [deep, stranger] = [LanguageModel.fresh(21, size).weights(), LanguageModel.fresh(22, size).weights()];
  return {
    what: "one layer of ten in a stranger",
    right: ["derived"],
    how: /part of it reused/,
    a: await partsOf(safetensorsOf(deep)),
    b: await partsOf(safetensorsOf(derive.layerTaken(stranger, deep, 4))),
  };
}

/** Low-rank factors on their own: what is ours of a fine-tune, without its base. */
async function adapters(): Promise<Case[]> {
  const a = await partsOf(safetensorsOf(factors(31)));
  return [
    {
      what: "a LoRA adapter, renamed",
      right: ["same-tensors"],
      a,
      b: await partsOf(safetensorsOf(derive.renamed(factors(31)))),
    },
    { what: "a LoRA adapter in bf16", right: ["derived"], a, b: await partsOf(safetensorsOf(factors(31), "bf16")) },
    {
      what: "a LoRA adapter, trained further",
      right: ["derived"],
      a,
      b: await partsOf(safetensorsOf(derive.noisy(factors(31), 0.3, 33))),
    },
    { what: "another adapter of the same base", right: ["unrelated"], a, b: await partsOf(safetensorsOf(factors(32))) },
  ];
}

function factors(seed: number): Weights[] {
  const random = new Random(seed);
  return [0, 1, 2].flatMap((layer) =>
    (["q", "v"] as const).flatMap((which) =>
      (["A", "B"] as const).map((side) => ({
        name: `base_model.model.layers.${layer}.self_attn.${which}_proj.lora_${side}.weight`,
        shape: side === "A" ? [16, 512] : [512, 16],
        values: Float32Array.from({ length: 16 * 512 }, () => 0.02 * random.normal()),
      })),
    ),
  );
}

function rearrangedFully(weights: readonly Weights[]): Weights[] {
  return derive.rearranged(weights, usualSize, { dimensions: true, units: true, signs: true, scales: true }, 5);
}

async function unwrapped(bytes: Uint8Array): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  for await (const { reader, context } of findModels(bytesReader(bytes)))
    parts.push({ reader, file: await readModelFile(reader, context) });
  return parts;
}

async function joined(file: Uint8Array, count: number): Promise<ModelPart[]> {
  const length = Math.ceil(file.length / count);
  const pieces = Array.from({ length: count }, (_, i) => file.subarray(i * length, (i + 1) * length));
  const names = pieces.map((_, i) => `model.safetensors.part${i + 1}`);
  if (splitFiles(names).length === 0) note("split files are not recognised by their names");
  const reader = joinedReader(pieces.map(bytesReader));
  return [{ reader, file: await readModelFile(reader) }];
}

/** `a` is the model one protects; the base is public unless said otherwise. */
export async function ancestry(): Promise<Case[]> {
  const parts = async (weights: readonly Weights[] | Promise<Weights[]>): Promise<ModelPart[]> =>
    partsOf(safetensorsOf(await weights));
  const [base, init] = [await original(), await parts(variants.init())];
  const ours = await variants["fine-tune"]();
  const [tuned, neighbour, sibling] = [
    await parts(ours),
    await parts(variants["fine-tune-other-data"]()),
    await parts(variants["fine-tune-same-data"]()),
  ];
  const innocent = ["undetermined", "unrelated"] as const;
  const related = ["derived", "undetermined"] as const;
  const child = await variants.child();
  const merged = derive.merged(ours, await language(1), 0.5);
  return [
    { what: "fine-tunes of one base, other data; base not given", right: related, a: tuned, b: neighbour },
    { what: "the same, base given", right: innocent, a: tuned, b: neighbour, base },
    { what: "fine-tunes of one base, same data; base given", right: innocent, a: tuned, b: sibling, base },
    { what: "the public base itself; base given", right: innocent, a: tuned, b: base, base },
    {
      what: "the public base in q4_0; base given",
      right: innocent,
      a: tuned,
      b: await partsOf(ggufOf(await language(1), "q4_0")),
      base,
    },
    { what: "a child of our fine-tune; base given", right: ["derived"], a: tuned, b: await parts(child), base },
    {
      what: "a child trained twice as long; base given",
      right: ["derived"],
      a: tuned,
      b: await parts(variants["child-long"]()),
      base,
    },
    {
      what: "slow siblings, same data; base given",
      right: innocent,
      a: await parts(variants["sibling-1"]()),
      b: await parts(variants["sibling-2"]()),
      base,
    },
    {
      what: "our fine-tune in f16; base given",
      right: ["derived"],
      a: tuned,
      b: await partsOf(safetensorsOf(ours, "f16")),
      base,
    },
    {
      what: "our fine-tune in q8_0; base given",
      right: ["derived"],
      a: tuned,
      b: await partsOf(ggufOf(ours, "q8_0")),
      base,
    },
    {
      what: "our fine-tune in q4_0; base given",
      right: ["derived"],
      a: tuned,
      b: await partsOf(ggufOf(ours, "q4_0")),
      base,
    },
    {
      what: "our fine-tune pruned 50 %; base given",
      right: ["derived"],
      a: tuned,
      b: await parts(derive.pruned(ours, 0.5)),
      base,
    },
    { what: "our fine-tune merged half with the base", right: ["derived"], a: tuned, b: await parts(merged), base },
    {
      what: "both in q4_0, other data; base given",
      right: innocent,
      a: await partsOf(ggufOf(ours, "q4_0")),
      b: await partsOf(ggufOf(await variants["fine-tune-other-data"](), "q4_0")),
      base,
    },
    {
      what: "one seed, other data; beginning not given",
      right: related,
      a: base,
      b: await parts(variants["same-init"]()),
    },
    {
      what: "the same, beginning given",
      right: innocent,
      a: base,
      b: await parts(variants["same-init"]()),
      base: init,
    },
  ];
}

export async function strangers(): Promise<Case[]> {
  const cases: Case[] = [];
  const parts = new Map<number, ModelPart[]>();
  for (const seed of languageSeeds) parts.set(seed, await partsOf(safetensorsOf(await language(seed))));
  for (const a of languageSeeds) {
    for (const b of languageSeeds.filter((it) => it > a)) {
      cases.push({
        what: `language models ${a} and ${b}`,
        right: ["unrelated"],
        a: parts.get(a) ?? [],
        b: parts.get(b) ?? [],
      });
    }
  }
  const [a, ours, stranger] = [parts.get(1) ?? [], await language(1), await language(2)];
  const shared = stranger.map((it, i) => (it.name.includes("embed") ? (ours[i] ?? it) : it));
  return [
    ...cases,
    {
      what: "same moments, entries in random order",
      right: ["unrelated"],
      a,
      b: await partsOf(safetensorsOf(derive.scrambled(ours, 8))),
    },
    {
      what: "strangers with three filter banks in common",
      right: ["unrelated"],
      a: await partsOf(safetensorsOf([...ours, ...filterBanks()])),
      b: await partsOf(safetensorsOf([...stranger, ...filterBanks()])),
    },
    {
      what: "another width",
      right: ["undetermined"],
      a,
      b: await partsOf(safetensorsOf(LanguageModel.fresh(9, { ...usualSize, width: 192, hidden: 384 }).weights())),
    },
    { what: "a stranger with our embedding", right: ["unrelated"], a, b: await partsOf(safetensorsOf(shared)) },
  ];
}

export async function classifierCases(): Promise<Case[]> {
  const ours = await classifier(1);
  const a = await partsOf(safetensorsOf(ours));
  const of = async (what: string, b: Uint8Array, right: readonly Relation[] = ["derived"]): Promise<Case> => ({
    what,
    right,
    a,
    b: await partsOf(b),
  });
  return [
    await of("f16", safetensorsOf(ours, "f16")),
    await of("i8", safetensorsOf(ours, "i8")),
    await of("pruned 50 %", safetensorsOf(derive.pruned(ours, 0.5))),
    await of("pruned 90 %", safetensorsOf(derive.pruned(ours, 0.9))),
    await of("merged 0.3 with a stranger", safetensorsOf(derive.merged(ours, await classifier(2), 0.3))),
    await of("fine-tuned on other pictures", safetensorsOf(await classifierTuned(1))),
    await of("units permuted, of the fine-tuned", safetensorsOf(derive.chainRearranged(await classifierTuned(1), 4))),
    await of("units permuted", safetensorsOf(derive.chainRearranged(ours, 3))),
  ];
}

/** Tables that many models have, the same in all. */
function filterBanks(): Weights[] {
  return [128, 160, 192].map((length, i) => ({
    name: `features.${i}.filters`,
    shape: [length, 64],
    values: Float32Array.from({ length: length * 64 }, (_, at) =>
      Math.cos((Math.PI / length) * (Math.floor(at / 64) + 0.5) * (at % 64) * 0.3),
    ),
  }));
}
