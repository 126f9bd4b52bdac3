import assert from "node:assert/strict";
import { test } from "node:test";
import { compareFingerprints } from "../compare.ts";
import { fingerprint, openKey } from "../fingerprint/fingerprint.ts";
import { changed, inMemory, Random, randomWeights, type Weights } from "../testing/random-model.ts";
import { lowRankShare } from "./low-rank.ts";

const ours = randomWeights(
  1,
  Array.from({ length: 6 }, () => [192, 128]),
);

async function how(b: readonly Weights[]): Promise<string> {
  const [one, other] = [
    await fingerprint(inMemory(ours), { key: openKey }),
    await fingerprint(inMemory(b), { key: openKey }),
  ];
  return compareFingerprints(one, other).how.join("; ");
}

/** One product of rank `rank` for each matrix, `size` deviations large. */
function lowRank(seed: number, rank: number, size: number): Float32Array[] {
  const random = new Random(seed);
  return ours.map(() => {
    const up = Float32Array.from({ length: 192 * rank }, () => random.normal());
    const down = Float32Array.from({ length: rank * 128 }, () => random.normal());
    const scale = (0.02 * size) / Math.sqrt(rank);
    return Float32Array.from({ length: 192 * 128 }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < rank; k++)
        sum += (up[Math.floor(at / 128) * rank + k] ?? 0) * (down[k * 128 + (at % 128)] ?? 0);
      return scale * sum;
    });
  });
}

test("a merged adapter is told from a fine-tune by the rank of the change", async () => {
  const [adapter, random] = [lowRank(2, 8, 0.2), new Random(3)];
  assert.match(await how(changed(ours, (it, tensor, at) => it + (adapter[tensor]?.[at] ?? 0))), /low rank/);
  assert.match(await how(changed(ours, (it) => it + 0.004 * random.normal())), /fine-tuned/);
});

test("a quantised copy that was written back as floats shows its levels, and no training", async () => {
  const coarse = changed(ours, (it) => Math.round(it / 0.008) * 0.008);
  const found = await how(coarse);
  assert.match(found, /rounded to \d+ levels/);
  assert.doesNotMatch(found, /tuned|trained/);
});

test("the same weights have nothing done to them", async () => {
  assert.equal(await how(ours), "");
});

test("hidden units with factors of their own are told from training", async () => {
  const random = new Random(6);
  const factors = Float32Array.from({ length: 192 }, () => 2 ** (2 * random.uniform() - 1));
  const found = await how(changed(ours, (it, _, at) => it * (factors[Math.floor(at / 128)] ?? 1)));
  assert.match(found, /rows or columns rescaled: 6 of 6 matrices/);
  assert.doesNotMatch(await how(changed(ours, (it) => it + 0.004 * random.normal())), /rescaled/);
});

test("the share of the largest directions is 1 for low rank, about 0.6 for noise", () => {
  const random = new Random(4);
  const noise = Float32Array.from({ length: 64 * 64 }, () => random.normal());
  const [adapter] = lowRank(5, 8, 1);
  const tile = Float32Array.from({ length: 64 * 64 }, (_, i) => adapter?.[(i >> 6) * 128 + (i & 63)] ?? 0);
  assert.ok(lowRankShare(tile, 64) > 0.999);
  const share = lowRankShare(noise, 64);
  assert.ok(share > 0.5 && share < 0.7, `${share}`);
  assert.equal(lowRankShare(new Float32Array(64), 8), 0);
});
