import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { KeyedStream } from "./keyed-stream.ts";

const key = new TextEncoder().encode("key");

test("words are those of HMAC-SHA256 over label and counter", () => {
  const stream = new KeyedStream(key, "label");
  const words = Array.from({ length: 10 }, () => stream.next());
  const blocks = Buffer.concat([0, 1].map((it) => createHmac("sha256", key).update(`label|${it}`).digest()));
  assert.deepEqual(
    words,
    Array.from({ length: 10 }, (_, i) => blocks.readUInt32LE(4 * i)),
  );
});

test("another key or label gives other numbers", () => {
  const first = (seed: Uint8Array, label: string): number => new KeyedStream(seed, label).next();
  assert.notEqual(first(key, "label"), first(key, "label2"));
  assert.notEqual(first(key, "label"), first(new Uint8Array(3), "label"));
});

test("numbers stay below their bound, up to 2^53", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.string(), (count, label) => {
      const drawn = new KeyedStream(key, label).below(count);
      assert.ok(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < count);
    }),
  );
});

test("each number is as likely", () => {
  const stream = new KeyedStream(key, "uniform");
  const counts = Array.from({ length: 7 }, () => 0);
  for (let i = 0; i < 7000; i++) {
    const drawn = stream.below(7);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  const chi2 = counts.reduce((sum, it) => sum + (it - 1000) ** 2 / 1000, 0);
  assert.ok(chi2 < 22.5, `chi-square ${chi2}, 6 degrees of freedom, p 0.001`);
});
