import assert from "node:assert/strict";
import { test } from "node:test";
import { tensorStrip } from "./tensor-strip.ts";

const entry = (a: string, rho: number, significant = true) => ({ a, rho, significant });

test("draws each matrix as high as it is alike, in the order of the names", () => {
  const strip = tensorStrip([entry("l.10", 0.5), entry("l.2", -1), entry("l.1", 0.05), entry("l.3", 0.3, false)], 80);
  assert.equal(strip, "▁█·▄");
});

test("shows the least alike of neighbours that share a mark", () => {
  const many = Array.from({ length: 8 }, (_, i) => entry(`l.${i}`, i === 5 ? 0.2 : 1, i !== 0));
  assert.equal(tensorStrip(many, 4), "·█▂█");
});

test("draws nothing for nothing", () => {
  assert.equal(tensorStrip([], 80), "");
});
