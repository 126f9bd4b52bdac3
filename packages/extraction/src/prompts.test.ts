import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "./hash.ts";
import { PromptPath, type Prompt } from "./prompts.ts";
import { textKey, TextReader } from "./text.ts";

const reader = new TextReader(textKey(new Uint8Array([1, 2, 3])));
const rates = { elicitation: 0.05, grading: 0.05 };
const promptOf = (seed: number, i: number): Prompt => {
  const word = (n: number) => `w${Math.floor(uniform(seed, i, n) * 5000)}`;
  const frame = uniform(seed, i, 0) < 0.4 ? "please summarise this for a manager in ten words" : "";
  return {
    text: `${frame} ${Array.from({ length: 12 }, (_, n) => word(n + 1)).join(" ")}`,
    time: i * 60 + 50 * uniform(seed, i, 20),
    depth: 1 + (i % 3),
    bias: `map ${i % 9}`,
    newModel: i % 5 === 0,
  };
};

test("a restored path goes on as the first does, wherever it was cut", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 0, max: 260 }), (seed, cut) => {
      const first = new PromptPath(reader, rates);
      for (let i = 0; i < cut; i++) first.step(promptOf(seed, i));
      const second = new PromptPath(reader, rates);
      second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      for (let i = cut; i < cut + 60; i++) {
        assert.deepEqual(second.step(promptOf(seed, i)), first.step(promptOf(seed, i)));
      }
      assert.deepEqual(second.snapshot(), first.snapshot());
    }),
    { numRuns: 15 },
  );
});

test("a path's state is bounded, holds no text, and takes maps of any name", () => {
  const path = new PromptPath(reader, rates);
  for (let i = 0; i < 800; i++) path.step({ ...promptOf(9, i), bias: `secret ${i} ${"x".repeat(5000)}` });
  const text = JSON.stringify(path.snapshot());
  assert.ok(text.length <= 40_000, `${text.length} bytes`);
  assert.ok(!text.includes("manager") && !text.includes("secret"));
});

test("refuses a state that holds more than is ever kept, or is of another size", () => {
  const path = new PromptPath(reader, rates);
  const state = path.snapshot();
  for (const bad of [{ shingleCount: 1e9 }, { gaps: Array.from({ length: 65 }, () => 1) }, { regions: "AAAA" }]) {
    assert.throws(() => path.restore({ ...state, ...bad }), { code: "BAD_STATE" });
  }
});
