import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../testing/random-model.ts";
import { distanceBetween, sketchBits, sketchOf } from "./sketch.ts";

test("the distance of two sketches follows the correlation of their tiles", () => {
  const random = new Random(1);
  for (const rho of [0.95, 0.75, 0.5, 0.3, 0]) {
    const distances = Array.from({ length: 40 }, () => {
      const a = Float32Array.from({ length: 4096 }, () => random.normal());
      const b = a.map((it) => rho * it + Math.sqrt(1 - rho * rho) * random.normal());
      return distanceBetween(sketchOf(a), 0, sketchOf(b), 0);
    });
    const mean = distances.reduce((sum, it) => sum + it, 0) / distances.length;
    const expected = (sketchBits * Math.acos(rho)) / Math.PI;
    assert.ok(Math.abs(mean - expected) < 5, `rho ${rho}: ${mean}, expected ${expected.toFixed(1)}`);
  }
});

test("independent tiles differ in 128 bits with a deviation of 8", () => {
  const random = new Random(2);
  const sketches = Array.from({ length: 60 }, () =>
    sketchOf(Float32Array.from({ length: 4096 }, () => random.normal())),
  );
  const distances = sketches.flatMap((a, i) => sketches.slice(i + 1).map((b) => distanceBetween(a, 0, b, 0)));
  const mean = distances.reduce((sum, it) => sum + it, 0) / distances.length;
  const sd = Math.sqrt(distances.reduce((sum, it) => sum + (it - mean) ** 2, 0) / distances.length);
  assert.ok(Math.abs(mean - 128) < 1.5 && sd > 7 && sd < 9, `mean ${mean}, sd ${sd}`);
  assert.ok(Math.min(...distances) > 88);
});

test("scale does not matter, sign turns every bit", () => {
  const random = new Random(3);
  const a = Float32Array.from({ length: 4096 }, () => random.normal());
  assert.deepEqual(sketchOf(a), sketchOf(a.map((it) => it * 4)));
  assert.equal(distanceBetween(sketchOf(a), 0, sketchOf(a.map((it) => -it)), 0), sketchBits);
});
