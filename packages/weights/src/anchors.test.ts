import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AnchorScanner, decodeAnchors, encodeAnchors, matchAnchors, type Anchors } from "./anchors.ts";
import { WeightsError } from "./error.ts";
import { Random } from "./testing/random-model.ts";

const mebibyte = 1 << 20;

function randomBytes(seed: number, length: number): Uint8Array {
  const random = new Random(seed);
  return new Uint8Array(Uint32Array.from({ length: length / 4 }, () => random.word()).buffer);
}

function scan(bytes: Uint8Array, pieceBytes = bytes.length): Anchors {
  const scanner = new AnchorScanner();
  for (let at = 0; at < bytes.length; at += pieceBytes) scanner.push(bytes.subarray(at, at + pieceBytes));
  return scanner.anchors();
}

const whole = randomBytes(1, 16 * mebibyte);
const anchors = scan(whole);

test("there is about one anchor in a MiB", () => {
  assert.ok(anchors.ids.length >= 7 && anchors.ids.length <= 30, `${anchors.ids.length} in 16 MiB`);
});

test("the same anchors are found in any pieces", () => {
  assert.deepEqual(scan(whole, 65_537), anchors);
  const small = whole.subarray(0, 2 * mebibyte);
  assert.deepEqual(scan(small, 7), scan(small));
});

test("a caller may reuse its buffer", () => {
  const scanner = new AnchorScanner();
  const buffer = Buffer.alloc(1000);
  const part = whole.subarray(0, 2 * mebibyte);
  for (let at = 0; at < part.length; at += buffer.length) {
    const piece = part.subarray(at, at + buffer.length);
    buffer.set(piece);
    scanner.push(buffer.subarray(0, piece.length));
    buffer.fill(0);
  }
  assert.deepEqual(scanner.anchors(), scan(part));
});

test("a fragment fits the file it was cut from, and says where", () => {
  const found = matchAnchors(anchors, scan(whole.subarray(5 * mebibyte + 3, 15 * mebibyte)));
  assert.ok(found.fits, `${found.inOrder} in order`);
  assert.ok((found.from ?? 0) > 5 * mebibyte && (found.to ?? Infinity) <= 15 * mebibyte);
  assert.ok(found.byChance < 1e-15);
});

test("a stranger does not fit, nor does a file whose anchors are common property", () => {
  assert.equal(matchAnchors(anchors, scan(randomBytes(2, 8 * mebibyte))).inOrder, 0);
  assert.equal(matchAnchors(anchors, anchors, new Set(anchors.ids)).fits, false);
});

test("parts in another order keep only those in order", () => {
  const swapped = new Uint8Array(whole.length);
  swapped.set(whole.subarray(8 * mebibyte));
  swapped.set(whole.subarray(0, 8 * mebibyte), 8 * mebibyte);
  const found = matchAnchors(anchors, scan(swapped));
  assert.ok(found.inOrder < anchors.ids.length);
});

test("runs of one byte have no anchors, repeated content has each once", () => {
  for (const byte of [0, 1, 127, 255]) assert.equal(scan(new Uint8Array(mebibyte).fill(byte)).ids.length, 0);
  const twice = new Uint8Array(2 * whole.length);
  twice.set(whole);
  twice.set(whole, whole.length);
  assert.ok(scan(twice).ids.length <= anchors.ids.length + 1);
});

test("anchors survive storage; any bytes give anchors or an error with a code", () => {
  assert.deepEqual(decodeAnchors(encodeAnchors(anchors)), anchors);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const { ids, at } = decodeAnchors(bytes);
        assert.equal(ids.length, at.length);
      } catch (error) {
        assert.ok(error instanceof WeightsError && error.code === "MALFORMED");
      }
    }),
  );
});
