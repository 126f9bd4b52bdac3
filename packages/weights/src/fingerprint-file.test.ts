import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareFingerprints } from "./compare.ts";
import { WeightsError } from "./error.ts";
import { decodeFingerprint, encodeFingerprint } from "./fingerprint-file.ts";
import { fingerprint, openKey } from "./fingerprint/fingerprint.ts";
import { digestTensors } from "./digest.ts";
import { inMemory, randomWeights } from "./testing/random-model.ts";

const [part] = inMemory(randomWeights(1, [[640, 64], [128, 64], [64, 64], [64, 16], [64]]));
assert.ok(part);
const digests = await digestTensors(part.reader, part.file);
const plain = await fingerprint([part], { key: openKey, digests, minElements: 1024 });
const precise = await fingerprint([part], { key: openKey, precise: true });
const stored = encodeFingerprint(plain);

test("a stored fingerprint is the fingerprint, at 8 bits and at 16", () => {
  assert.deepEqual(decodeFingerprint(stored), plain);
  assert.deepEqual(decodeFingerprint(encodeFingerprint(precise)), precise);
  assert.equal(compareFingerprints(decodeFingerprint(stored), plain).relation, "identical");
});

const codes = ["MALFORMED", "UNSUPPORTED", "TRUNCATED", "TOO_LARGE", "TOO_MANY"];

test("a flipped byte gives a fingerprint that can be compared, or an error with a code", () => {
  fc.assert(
    fc.property(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const hostile = stored.slice();
      hostile[at] = (hostile[at] ?? 0) ^ flip;
      try {
        const { relation } = compareFingerprints(plain, decodeFingerprint(hostile));
        assert.ok(typeof relation === "string");
      } catch (error) {
        assert.ok(error instanceof WeightsError && codes.includes(error.code), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test("a fingerprint cut short is refused at every length", () => {
  fc.assert(
    fc.property(fc.nat(stored.length - 1), (length) => {
      assert.throws(
        () => decodeFingerprint(stored.subarray(0, length)),
        (error) => error instanceof WeightsError && codes.includes(error.code),
      );
    }),
  );
});

test("a description that lies about its tiles is refused", () => {
  const text = new TextDecoder().decode(stored);
  for (const [from, to] of [
    ['"rows":64,', '"rows":65,'],
    ['"cols":16,', '"cols":8,'],
    ['"bits":8', '"bits":7'],
  ] as const) {
    const at = text.indexOf(from);
    assert.ok(at > 0, from);
    const hostile = stored.slice();
    const written = new TextEncoder().encode(to.padEnd(from.length, " "));
    hostile.set(written, at);
    assert.throws(
      () => decodeFingerprint(hostile),
      (error) => error instanceof WeightsError && error.code === "MALFORMED",
      from,
    );
  }
});
