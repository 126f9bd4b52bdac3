import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../testing/random-model.ts";
import { centreTwice } from "./condition.ts";
import { likeness, lnPOf, prepareValues, transposed, type PreparedTile } from "./statistic.ts";

function tileOf(values: Float32Array, cols = 64): PreparedTile {
  const copy = values.slice();
  centreTwice(copy, cols);
  return prepareValues(copy, cols);
}

function noise(random: Random, length = 4096): Float32Array {
  return Float32Array.from({ length }, () => random.normal());
}

function zOf(a: PreparedTile, b: PreparedTile): number {
  const found = likeness([a], [b]);
  assert.ok(found);
  return found.z;
}

test("z grows with the correlation of one 64 x 64 tile as the theory says", () => {
  const random = new Random(2);
  const table: readonly (readonly [number, number])[] = [
    [1, 44.4],
    [0.9, 42],
    [0.5, 28],
    [0.3, 18],
    [0.2, 12],
    [0.1, 6.3],
    [0.05, 3.1],
  ];
  for (const [rho, expected] of table) {
    const zs = Array.from({ length: 12 }, () => {
      const a = noise(random);
      const b = a.map((it) => rho * it + Math.sqrt(1 - rho * rho) * random.normal());
      return zOf(tileOf(a), tileOf(b));
    });
    const mean = zs.reduce((sum, it) => sum + it, 0) / zs.length;
    assert.ok(Math.abs(mean - expected) < 0.8, `rho ${rho}: z ${mean.toFixed(2)}, expected ${expected}`);
  }
});

test("independent tiles: 2,000 pairs have mean 0, deviation 1 and no z beyond 4.5", () => {
  const random = new Random(3);
  const tiles = Array.from({ length: 64 }, () => tileOf(noise(random)));
  const zs: number[] = [];
  for (const [i, a] of tiles.entries()) for (const b of tiles.slice(i + 1)) zs.push(zOf(a, b));
  assert.equal(zs.length, 2016);
  const mean = zs.reduce((sum, it) => sum + it, 0) / zs.length;
  const sd = Math.sqrt(zs.reduce((sum, it) => sum + it * it, 0) / zs.length);
  assert.ok(Math.abs(mean) < 0.08, `mean ${mean}`);
  assert.ok(sd > 0.9 && sd < 1.05, `sd ${sd}`);
  assert.ok(Math.max(...zs.map(Math.abs)) < 4.5);
});

test("rows in any order give mean 0 and variance 1 at most, whatever the two matrices are", () => {
  // Structured on purpose: heavy tails and columns of very different size; one of the two orders is exchangeable, the lesser z counts.
  const random = new Random(4);
  const a = Float32Array.from({ length: 4096 }, (_, i) => random.normal() ** 3 * (1 + (i % 64) / 8));
  const b = Float32Array.from({ length: 4096 }, (_, i) => random.normal() ** 3 * (1 + (i % 64) / 8));
  const one = tileOf(a);
  const zs = Array.from({ length: 600 }, () => {
    const order = random.shuffled(64);
    return zOf(one, tileOf(Float32Array.from(b, (_, i) => b[(order[i >> 6] ?? 0) * 64 + (i & 63)] ?? 0)));
  });
  const mean = zs.reduce((sum, it) => sum + it, 0) / zs.length;
  const variance = zs.reduce((sum, it) => sum + it * it, 0) / zs.length;
  assert.ok(Math.abs(mean) < 0.15, `mean ${mean}`);
  assert.ok(variance < 1.15, `variance ${variance}`);
});

test("a transpose is as like as the matrix itself, a negative as unlike", () => {
  const random = new Random(5);
  const a = noise(random);
  const one = tileOf(a);
  const turned = tileOf(a.map((_, i) => a[(i & 63) * 64 + (i >> 6)] ?? 0));
  assert.ok(Math.abs(zOf(one, transposed(turned)) - zOf(one, one)) < 1e-3);
  assert.ok(Math.abs(zOf(one, turned)) < 5);
  assert.ok(Math.abs(zOf(one, tileOf(a.map((it) => -it))) + zOf(one, one)) < 1e-3);
});

test("scale and offset do not matter", () => {
  const random = new Random(6);
  const a = noise(random);
  const b = a.map((it) => 0.5 * it + random.normal());
  const moved = b.map((it) => 1000 + 3 * it);
  assert.ok(Math.abs(zOf(tileOf(a), tileOf(b)) - zOf(tileOf(a), tileOf(moved))) < 0.05);
});

test("p never falls below what permutations of the rows can prove", () => {
  assert.ok(Math.abs(lnPOf(40, 8) - Math.log(2 / 40320)) < 1e-9);
  assert.equal(lnPOf(0, 64), 0);
});

test("tiles of different shape can't be compared, and without tiles there is no answer", () => {
  const random = new Random(7);
  assert.equal(likeness([tileOf(noise(random))], [tileOf(noise(random, 2048), 32)]), undefined);
  assert.equal(likeness([], []), undefined);
});
