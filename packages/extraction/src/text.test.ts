import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { embedText } from "./embed.ts";
import { mix } from "./hash.ts";
import { PromptPath, promptSignals, type Prompt } from "./prompts.ts";
import {
  asksForGrade,
  elicitsReasoning,
  hashText,
  minHash,
  similarity,
  textKey,
  TextReader,
  type TextKey,
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

test("what a template's shingles cover is taken out, numbers and all", () => {
  const reader = new TextReader(key);
  const frame = new Set(reader.read("Order 99: summarise for a manager: everything").shingles.slice(0, 3));
  const read = reader.read("Order 17: summarise for a manager: the roof leaks");
  assert.deepEqual(
    read.outside((it) => frame.has(it)),
    { slots: "the roof leaks", isTemplated: true },
  );
  assert.deepEqual(
    read.outside(() => false),
    { slots: "order 0 summarise for a manager the roof leaks", isTemplated: false },
  );
});

/** Any text: of words, numbers, several scripts, halves of characters, blanks of all kinds. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "the",
        "12",
        "a1b22",
        "don't",
        "\u01c5",
        "\u0130",
        "\u4e16\u754c",
        "\u{1d4d0}",
        "\u{1f600}",
        "\u0661",
      ),
      fc.constantFrom(" ", "  ", "\n", "\u00a0", "\u2028", ".", "-", "\ud835", "\udcd0", "\0", "\u0307"),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    { maxLength: 80 },
  )
  .map((it) => it.join(""));

/** The same as the reader and `embedText` do, as it is simplest: what they are held to. */
const plain = {
  normal: (text: string) => text.toLowerCase().replace(/\s+/g, " "),
  words: (text: string) =>
    plain
      .normal(text)
      .replace(/\d+/g, "0")
      .split(/[^\p{L}\p{N}']+/u)
      .filter((it) => it !== ""),
  shingles: (text: string, { a, b }: TextKey) => {
    const hashes = plain.words(text).map(hashText);
    return Array.from({ length: Math.max(1, hashes.length - 3) }, (_, i) => {
      const h = hashes.slice(i, i + 4).reduce((sum, it) => mix(sum ^ it), 0);
      return mix(mix(h ^ a) + b);
    });
  },
  slots: (text: string, of: TextKey, isHot: (shingle: number) => boolean) => {
    const covered = new Set<number>();
    plain.shingles(text, of).forEach((it, i) => isHot(it) && [0, 1, 2, 3].forEach((k) => covered.add(i + k)));
    return plain
      .words(text)
      .filter((_, i) => !covered.has(i))
      .join(" ");
  },
  vector: (text: string, { a, b }: TextKey) => {
    const counts = new Map<number, number>();
    const count = (gram: number) => counts.set(gram, (counts.get(gram) ?? 0) + 1);
    const it = plain.normal(text);
    for (let i = 0; i + 2 < it.length; i++) {
      const three = mix(mix(it.charCodeAt(i) | (it.charCodeAt(i + 1) << 16)) ^ it.charCodeAt(i + 2));
      count(three);
      if (i + 3 < it.length) count(mix(three ^ (it.charCodeAt(i + 3) << 8) ^ 1));
    }
    const out = new Float32Array(64);
    for (const [gram, n] of counts) {
      const bits = mix(mix(gram ^ a) + b);
      for (const shift of [0, 7, 14, 21])
        out[(bits >>> shift) & 63]! += ((bits >>> shift) & 64) === 0 ? 1 + Math.log(n) : -1 - Math.log(n);
    }
    const length = Math.sqrt(out.reduce((sum, x) => sum + x * x, 0));
    return length === 0 ? out : out.map((x) => x / length);
  },
};

test("a text is read as its definition says: words, shingles, slots and vector, in any script", () => {
  const reader = new TextReader(key);
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 5 }), (text, every) => {
      const read = reader.read(text);
      const isHot = (it: number) => it % every === 0;
      assert.deepEqual([...read.shingles], plain.shingles(text, key));
      assert.deepEqual([...read.distinct], [...new Set(plain.shingles(text, key))]);
      const isTemplated = plain.shingles(text, key).some(isHot);
      assert.deepEqual(read.outside(isHot), { slots: plain.slots(text, key, isHot), isTemplated });
      assert.deepEqual(embedText(text, key), plain.vector(text, key));
      assert.equal(read.elicitsReasoning, elicitsReasoning(text));
      assert.equal(read.asksForGrade, asksForGrade(text));
    }),
    { numRuns: 500 },
  );
});

test("of a text that is longer than is read, the beginning is; a short one after it is read anew", () => {
  const reader = new TextReader(key);
  const long = "\u0130x".repeat(50_000);
  assert.deepEqual([...reader.read(long).shingles], plain.shingles(long.slice(0, 65_536), key));
  assert.deepEqual(embedText(long, key), plain.vector(long.slice(0, 65_536), key));
  const atEnd = `${"\u0130".repeat(50_000)} chain of thought`;
  assert.deepEqual([reader.read(atEnd).elicitsReasoning, elicitsReasoning(atEnd)], [true, true]);
  assert.deepEqual([...reader.read("a short one").shingles], plain.shingles("a short one", key));
  assert.deepEqual(embedText("a short one", key), plain.vector("a short one", key));
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
    const path = new PromptPath(new TextReader(key), { elicitation: 0.05, grading: 0.05 });
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
