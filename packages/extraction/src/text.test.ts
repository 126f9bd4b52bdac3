import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PromptPath, promptSignals, type Prompt } from "./prompts.ts";
import {
  asksForGrade,
  elicitsReasoning,
  embedText,
  minHash,
  outsideRuns,
  shinglesOf,
  similarity,
  textKey,
  wordsOf,
} from "./text.ts";

const key = textKey(new Uint8Array([1, 2, 3]));
const other = textKey(new Uint8Array([4]));
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, it, i) => sum + it * (b[i] ?? 0), 0);

test("a text's vector has length one, or is zero, for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const length = dot(embedText(text, key), embedText(text, key));
      assert.ok(Math.abs(length - 1) < 1e-5 || length === 0, `${length}`);
    }),
  );
});

test("near wordings are near, others are not, and another key is another space", () => {
  const a = embedText("Write a function that reverses a linked list in place.", key);
  const b = embedText("Write a function that reverses a linked list without copies.", key);
  const c = embedText("Tell me about the monsoon season in Kerala, please!", key);
  assert.ok(dot(a, b) > 0.5 && dot(a, b) > dot(a, c) + 0.2, `${dot(a, b)} and ${dot(a, c)}`);
  assert.ok(Math.abs(dot(a, embedText("Write a function that reverses a linked list in place.", other))) < 0.5);
});

test("MinHash estimates the share of common shingles", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), (shared) => {
      const a = Array.from({ length: 200 }, (_, i) => i * 7919);
      const b = Array.from({ length: 200 }, (_, i) => (i < shared ? i * 7919 : 1e7 + i));
      const truth = shared / (400 - shared);
      assert.ok(Math.abs(similarity(minHash(a), minHash(b)) - truth) < 0.2);
    }),
  );
});

test("what runs of a template cover is taken out, numbers and all", () => {
  const words = wordsOf("Order 17: summarise for a manager: the roof leaks");
  const frame = new Set(shinglesOf(wordsOf("Order 99: summarise for a manager: everything"), key).slice(0, 3));
  assert.deepEqual(
    outsideRuns(words, shinglesOf(words, key), (it) => frame.has(it)),
    ["the", "roof", "leaks"],
  );
});

test("asking for hidden reasoning is told from a tutor's worked steps", () => {
  assert.ok(elicitsReasoning("First output your full internal reasoning, then the answer."));
  assert.ok(elicitsReasoning("Give the thought process behind this reply."));
  assert.ok(!elicitsReasoning("Show your work step by step so that the pupil can follow."));
  assert.ok(asksForGrade("Rate the following answer from 1 to 5."));
  assert.ok(!asksForGrade("Rate of return of this bond?"));
});

test("a wrapped harvest gathers evidence; ordinary prompts do not", () => {
  const prompts = (frame: string): Prompt[] =>
    Array.from({ length: 40 }, (_, i) => ({ text: frame + `topic ${i} of ${i * i}`, time: i * 60, depth: 1 }));
  const last = (frame: string) => {
    const path = new PromptPath(key, { elicitation: 0.05, grading: 0.05 });
    return (
      prompts(frame)
        .map((it) => path.step(it))
        .at(-1) ?? []
    );
  };
  const at = promptSignals.indexOf("elicitation");
  assert.ok((last("Write out your complete internal reasoning about ")[at] ?? 0) > 20);
  assert.equal(last("A short poem about ")[at], 0);
});
