import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AnchorScanner, matchAnchors, type Anchors } from "./anchors.ts";
import { CarvingScanner, type Carved } from "./carve.ts";
import { concat } from "./testing/bytes.ts";
import { seededBytes } from "./testing/tensors.ts";

const model = seededBytes(8 * 1024 * 1024, "carved model");

function anchorsOf(bytes: Uint8Array): Anchors {
  const scanner = new AnchorScanner();
  scanner.push(bytes);
  return scanner.anchors();
}

function carve(bytes: Uint8Array, pieceBytes = bytes.length): Carved {
  const scanner = new CarvingScanner();
  for (let at = 0; at < bytes.length; at += pieceBytes) scanner.push(bytes.subarray(at, at + pieceBytes));
  return scanner.anchors();
}

const known = anchorsOf(model);

test("weights packed behind other data are found where they lie", () => {
  const blob = concat(seededBytes(123_457, "before"), model, seededBytes(1000, "after"));
  assert.ok(matchAnchors(known, carve(blob).plain).fits);
});

test("weights in a script as base64 are found, whatever the pieces in which it is read", () => {
  const text = Buffer.from(`export const shard = "${Buffer.from(model).toString("base64")}";\n`);
  for (const pieceBytes of [text.length, 99_991]) {
    const { plain, decoded } = carve(text, pieceBytes);
    assert.ok(matchAnchors(known, decoded).fits);
    assert.equal(matchAnchors(known, plain).inOrder, 0);
  }
  const inLines = text.toString("latin1").replaceAll(/.{76}/g, "$&\r\n");
  assert.ok(matchAnchors(known, carve(Buffer.from(inLines)).decoded).fits);
});

test("other noise and other base64 have nothing in common with a model", () => {
  const strange = seededBytes(8 * 1024 * 1024, "a stranger");
  const { plain, decoded } = carve(concat(strange, "\n", Buffer.from(Buffer.from(strange).toString("base64"))));
  assert.equal(matchAnchors(known, plain).inOrder + matchAnchors(known, decoded).inOrder, 0);
});

test("any bytes in any pieces give the same anchors", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (bytes, pieceBytes) => {
      const mixed = concat(bytes, Buffer.from("QUJD".repeat(5000)), bytes);
      assert.deepEqual(carve(mixed, pieceBytes), carve(mixed));
    }),
    { numRuns: 20 },
  );
});
