import assert from "node:assert/strict";
import { test } from "node:test";
import { compareFingerprints, type CompareOptions } from "./compare.ts";
import type { Comparison } from "./compare/verdict.ts";
import { compareModels } from "./compare-models.ts";
import { fingerprint, openKey } from "./fingerprint/fingerprint.ts";
import type { Fingerprint } from "./fingerprint/record.ts";
import { changed, inMemory, Random, randomWeights, turned, type Weights } from "./testing/random-model.ts";

const shapes = [
  [640, 128],
  [128, 128],
  [128, 128],
  [384, 128],
  [384, 128],
  [128, 384],
  [128, 128],
  [128, 128],
  [384, 128],
  [128, 384],
];
const ours = randomWeights(1, shapes);
const strangers = randomWeights(2, shapes);

async function print(weights: readonly Weights[], precise = false): Promise<Fingerprint> {
  return fingerprint(inMemory(weights), { key: openKey, precise });
}

async function compare(a: readonly Weights[], b: readonly Weights[], options?: CompareOptions): Promise<Comparison> {
  return compareFingerprints(await print(a), await print(b), options);
}

function noisy(weights: readonly Weights[], seed: number, size: number): Weights[] {
  const random = new Random(seed);
  return changed(weights, (it) => it + size * random.normal());
}

test("independent weights of one architecture are unrelated, with a p-value that says nothing", async () => {
  const found = await compare(ours, strangers);
  assert.equal(found.relation, "unrelated");
  assert.equal(found.tensorsCompared, shapes.length);
  assert.equal(found.tensorsSignificant, 0);
  assert.ok(found.pValue > 0.01, `p ${found.pValue}`);
});

test("a disturbed copy is derived, far beyond any library", async () => {
  const found = await compare(ours, noisy(ours, 3, 0.02), { librarySize: 10_000 });
  assert.equal(found.relation, "derived");
  assert.equal(found.tensorsSignificant, shapes.length);
  assert.ok(found.pValue < 1e-60);
  assert.ok(found.rho !== undefined && Math.abs(found.rho - Math.SQRT1_2) < 0.05);
});

test("names and order do not matter", async () => {
  const random = new Random(4);
  const renamed = random.shuffled(ours.length).map((i) => ({ ...(ours[i] as Weights), name: `x${random.word()}` }));
  const found = await compare(ours, renamed);
  assert.equal(found.relation, "derived");
  assert.equal(found.tensorsSignificant, shapes.length);
});

test("transposed copies are found, square ones too, and said to be transposed", async () => {
  const found = await compare(ours, ours.map(turned));
  assert.equal(found.tensorsSignificant, shapes.length);
  assert.ok(
    found.how.some((it) => it.startsWith("transposed: 4 of 10")),
    found.how.join("; "),
  );
});

test("scaled and negated copies are found and said to be so", async () => {
  const found = await compare(
    ours,
    changed(ours, (it, tensor) => (tensor % 2 ? -1.5 * it : it)),
  );
  assert.equal(found.tensorsSignificant, shapes.length);
  assert.ok(
    found.how.some((it) => it.startsWith("negated: 5 of 10")),
    found.how.join("; "),
  );
  assert.ok(
    found.how.some((it) => it.startsWith("scaled: 5 of 10 matrices, by 1.50")),
    found.how.join("; "),
  );
});

test("pruned copies are found, with how much was pruned", async () => {
  const found = await compare(
    ours,
    changed(ours, (it) => (Math.abs(it) < 0.0329 ? 0 : it)),
  );
  assert.equal(found.tensorsSignificant, shapes.length);
  assert.ok(
    found.how.some((it) => it.startsWith("pruned: 90 %") || it.startsWith("pruned: 89 %")),
    found.how.join("; "),
  );
});

test("a merge with a stranger is derived from both", async () => {
  const merged = changed(ours, (it, tensor, at) => 0.3 * it + 0.7 * (strangers[tensor]?.values[at] ?? 0));
  for (const parent of [ours, strangers]) assert.equal((await compare(parent, merged)).relation, "derived");
});

test("the weights of a merge are found, given the other parent", async () => {
  const merged = changed(ours, (it, tensor, at) => 0.3 * it + 0.7 * (strangers[tensor]?.values[at] ?? 0));
  const found = await compare(ours, merged, { others: [await print(strangers)] });
  assert.ok(
    found.how.some((it) => /^merged with weights 0\.(29|30|31), 0\.(69|70|71), which explain 9\d %/.test(it)),
    found.how.join("; "),
  );
});

test("an embedding that grew is still recognised", async () => {
  const [embed, ...rest] = ours as [Weights, ...Weights[]];
  const random = new Random(5);
  const values = Float32Array.from({ length: 704 * 128 }, (_, i) => embed.values[i] ?? 0.02 * random.normal());
  const found = await compare(ours, [{ ...embed, shape: [704, 128], values }, ...rest]);
  assert.equal(found.tensorsSignificant, shapes.length);
  assert.ok(found.how.includes("vocabulary changed from 640 to 704"), found.how.join("; "));
});

test("two models that share fewer matrices than a verdict needs are undetermined", async () => {
  const found = await compare(ours.slice(0, 2), ours.slice(0, 2));
  assert.equal(found.relation, "undetermined");
  assert.match(found.why, /only 2 matrices/);
});

test("what cannot be dequantised is undetermined and says why", async () => {
  const [part] = inMemory(
    randomWeights(6, [
      [256, 256],
      [256, 256],
      [256, 256],
    ]),
  );
  assert.ok(part);
  const tensors = part.file.tensors.map((it) => ({ ...it, dtype: "f6_e2m3", bytes: 192 * 256 }));
  const quantised = await fingerprint([{ ...part, file: { ...part.file, tensors } }], { key: openKey });
  const found = compareFingerprints(await fingerprint([part], { key: openKey }), quantised);
  assert.equal(found.relation, "undetermined");
  assert.match(found.why, /3 could not be used \(cannot dequantise f6_e2m3\)/);
});

test("fingerprints of different keys are undetermined", async () => {
  const other = await fingerprint(inMemory(ours), { key: new TextEncoder().encode("secret") });
  assert.equal(compareFingerprints(await print(ours), other).relation, "undetermined");
});

test("a weak likeness in many matrices, as a shared seed leaves, accuses nobody", async () => {
  const found = await compare(ours, noisy(ours, 7, 0.12));
  assert.equal(found.relation, "undetermined");
  assert.match(found.why, /began from one seed/);
});

test("layers taken over into a larger model are a part reused", async () => {
  const large = randomWeights(
    8,
    Array.from({ length: 40 }, () => [384, 128]),
  );
  const part = large.map((it, i) =>
    i >= 10 && i < 14 ? { ...it, values: randomWeights(9, [[384, 128]], 0.02 + i)[0]?.values ?? it.values } : it,
  );
  const source = randomWeights(
    10,
    Array.from({ length: 40 }, () => [384, 128]),
  ).map((it, i) => (i >= 20 && i < 24 ? { ...it, values: part[i - 10]?.values ?? it.values } : it));
  const found = await compare(source, part);
  assert.equal(found.relation, "derived");
  assert.ok(found.how.includes("part of it reused"), found.why);
});

test("a large model whose names were scrambled is recognised, though other matrices of it are sampled", async () => {
  const large = randomWeights(
    30,
    Array.from({ length: 400 }, () => [64, 64]),
  );
  const random = new Random(31);
  const renamed = large.map((it) => ({ ...it, name: `x${random.word()}` }));
  const found = await compare(large, renamed);
  assert.equal(found.tensorsCompared, 128);
  assert.ok(found.tensorsSignificant < 70, `${found.tensorsSignificant}`);
  assert.equal(found.relation, "derived", found.why);
  const strange = await compare(
    large,
    randomWeights(
      32,
      Array.from({ length: 400 }, () => [64, 64]),
    ),
  );
  assert.equal(strange.relation, "unrelated");
});

test("two fine-tunes of one base are shared ancestry once the base is known; a child of ours is not", async () => {
  const base = ours;
  const tuned = noisy(base, 11, 0.002);
  const neighbour = noisy(base, 12, 0.002);
  const child = noisy(tuned, 13, 0.0005);
  assert.equal(
    (await compare(tuned, neighbour)).relation,
    "derived",
    "without the base, ancestry is all that can be seen",
  );
  const options = { bases: [await print(base, true)] };
  const [a, b, c, d] = await Promise.all([tuned, neighbour, child, base].map((it) => print(it, true)));
  assert.ok(a && b && c && d);
  const apart = compareFingerprints(a, b, options);
  assert.equal(apart.relation, "undetermined");
  assert.deepEqual(apart.how, ["shared ancestry"]);
  assert.ok(apart.perTensor.every((it) => it.beyondBase === "not ours"));
  const copied = compareFingerprints(a, c, options);
  assert.equal(copied.relation, "derived");
  assert.ok(copied.pValue < 1e-60);
  assert.equal(compareFingerprints(a, d, options).relation, "undetermined", "the public base itself");
});

test("equal rounding of two neighbours of one base is not kinship", async () => {
  // Both are rounded to 16 levels; what each added is far below a level, so both have the same errors.
  const coarse = (weights: readonly Weights[]): Weights[] => changed(weights, (it) => Math.round(it / 0.008) * 0.008);
  const [a, b] = await Promise.all([14, 15].map((seed) => print(coarse(noisy(ours, seed, 0.0003)), true)));
  assert.ok(a && b);
  const found = compareFingerprints(a, b, { bases: [await print(ours, true)] });
  assert.equal(found.relation, "undetermined");
});

test("matrices that many unrelated models have are left out", async () => {
  const shared = ours.slice(1, 7);
  const library = await Promise.all(
    Array.from({ length: 12 }, (_, i) => print([...shared, ...randomWeights(20 + i, shapes.slice(7))])),
  );
  const [a, ...unrelated] = library;
  const [b] = unrelated;
  assert.ok(a && b);
  assert.equal(compareFingerprints(a, b).relation, "derived");
  assert.notEqual(compareFingerprints(a, b, { unrelated }).relation, "derived");
});

test("1,000 pairs of independent models give no link, and p-values that keep their promise", async () => {
  const small = [
    [64, 64],
    [128, 64],
    [128, 64],
    [64, 64],
  ];
  const prints = await Promise.all(Array.from({ length: 46 }, (_, i) => print(randomWeights(100 + i, small))));
  let pairs = 0;
  let below = 0;
  for (const [i, a] of prints.entries()) {
    for (const b of prints.slice(i + 1)) {
      const found = compareFingerprints(a, b, { alpha: 0.05 });
      assert.equal(found.relation, "unrelated");
      if (found.pValue < 0.05) below++;
      pairs++;
    }
  }
  assert.ok(pairs > 1000);
  assert.ok(below <= 0.05 * pairs, `${below} of ${pairs} below 0.05`);
});

test("equal files are identical, other names or containers are the same tensors", async () => {
  const same = await compareModels(inMemory(ours), inMemory(ours));
  assert.equal(same.relation, "identical");
  assert.equal(same.sharedExact, shapes.length);
  const renamed = await compareModels(inMemory(ours), inMemory(ours.map((it, i) => ({ ...it, name: `t${i}` }))));
  assert.equal(renamed.relation, "same-tensors");
  const unread = await compareModels(inMemory(ours), inMemory(ours), { readAll: "never" });
  assert.equal(unread.relation, "derived", "likeness alone never proves equality");
  assert.ok(unread.bytesRead < same.bytesRead);
});

test("tensors shared byte for byte do not make a relation", async () => {
  const found = await compareModels(inMemory(ours), inMemory([...ours.slice(0, 1), ...strangers.slice(1)]));
  assert.equal(found.relation, "unrelated");
  assert.equal(found.sharedExact, 1);
});

test("a library size below 1 is refused", async () => {
  const a = await print(ours);
  assert.throws(() => compareFingerprints(a, a, { librarySize: 0 }), RangeError);
  assert.throws(() => compareFingerprints(a, a, { alpha: 1 }), RangeError);
});
