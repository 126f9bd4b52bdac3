import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../testing/random-model.ts";
import { centreTwice, clipRangeOf, maxSmoothness, medianOf, smoothnessOf, statsOf } from "./condition.ts";
import { likeness, prepare } from "./statistic.ts";
import { makeTile } from "./tile.ts";

const options = { cols: 64, alongRows: true, bits: 8 } as const;

function noise(random: Random): Float32Array {
  return Float32Array.from({ length: 4096 }, () => random.normal());
}

test("the median is that of the sorted values", () => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, maxLength: 200, noNaN: true }), (values) => {
      const sorted = values.toSorted();
      assert.equal(medianOf(values.slice()) + 0, (sorted[sorted.length >> 1] ?? NaN) + 0);
    }),
  );
});

test("after centring twice, rows and columns sum to 0", () => {
  const random = new Random(1);
  const values = Float32Array.from({ length: 20 * 12 }, () => 5 + random.normal());
  centreTwice(values, 12);
  for (let r = 0; r < 20; r++) {
    const row = values.subarray(r * 12, (r + 1) * 12);
    assert.ok(Math.abs(row.reduce((sum, it) => sum + it, 0)) < 1e-4);
  }
  for (let c = 0; c < 12; c++) {
    assert.ok(Math.abs(values.reduce((sum, it, i) => (i % 12 === c ? sum + it : sum), 0)) < 1e-4);
  }
});

test("normal entries are clipped at 3 deviations, zeros of pruning set aside", () => {
  const random = new Random(2);
  const full = noise(random);
  const pruned = full.map((it) => (Math.abs(it) < 1.5 ? 0 : it));
  const range = clipRangeOf(full);
  assert.ok(range && Math.abs(range.reach - 3) < 0.15, `reach ${range?.reach}`);
  assert.ok((clipRangeOf(pruned)?.reach ?? 0) > range.reach);
});

test("one outlier that two independent tiles share does not make them alike", () => {
  const random = new Random(3);
  const pair = [noise(random), noise(random)].map((it) => {
    it[777] = 30;
    const made = makeTile(it, options);
    assert.ok(made);
    return prepare(made.tile);
  });
  const [a, b] = pair;
  const found = a && b && likeness([a], [b]);
  assert.ok(found && Math.abs(found.z) < 3, `z ${found?.z}`);
});

test("a filter bank is smooth, weights are not", () => {
  const random = new Random(4);
  const waves = Float32Array.from({ length: 4096 }, (_, i) => Math.cos(((i >> 6) + 1) * (i & 63) * 0.01));
  const [smooth, rough] = [waves, noise(random)].map((it) => makeTile(it, options)?.smoothness ?? NaN);
  assert.ok(smooth !== undefined && smooth > maxSmoothness, `waves ${smooth}`);
  assert.ok(rough !== undefined && rough < 0.1, `noise ${rough}`);
  assert.equal(smoothnessOf(new Float32Array(4096), 64), 1);
});

test("constant tiles and empty ones are none", () => {
  assert.equal(makeTile(new Float32Array(4096), options), undefined);
  assert.equal(makeTile(new Float32Array(4096).fill(0.5), options), undefined);
  assert.equal(
    makeTile(
      Float32Array.from({ length: 4096 }, (_, i) => i >> 6),
      options,
    ),
    undefined,
    "rows of one value",
  );
});

test("any finite values give a tile of codes within its range, or none", () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 64, maxLength: 64 }),
      (list) => {
        const made = makeTile(Float32Array.from(list), { cols: 8, alongRows: true, bits: 16 });
        if (!made) return;
        assert.ok(made.tile.values.every((it) => Math.abs(it) <= 32_767));
        assert.ok(Number.isFinite(made.tile.scale) && made.tile.scale > 0);
      },
    ),
  );
});

test("few levels show how many bits weights once had", () => {
  const random = new Random(5);
  const full = noise(random);
  const four = full.map((it) => Math.round(it * 2) / 2);
  assert.ok(statsOf(full, 64, true).levels >= 31);
  assert.ok(statsOf(four, 64, true).levels <= 16);
});
