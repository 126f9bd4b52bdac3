import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { decoderOf, dequantise } from "./decoder.ts";

const vectors: Record<string, { bytes: string; values: string }> = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures", "ggml.json"), "utf8"),
);

for (const [dtype, { bytes, values }] of Object.entries(vectors)) {
  test(`${dtype} means what ggml's own reader says it means`, () => {
    const expected = new Float32Array(new Uint8Array(Buffer.from(values, "base64")).buffer);
    const found = dequantise(dtype, Buffer.from(bytes, "base64"));
    assert.equal(found.length, expected.length);
    const size = expected.reduce((most, it) => Math.max(most, Math.abs(it)), 0);
    for (const [i, it] of expected.entries()) {
      assert.ok(Math.abs((found[i] ?? NaN) - it) <= 1e-6 * size, `element ${i} is ${found[i]}, not ${it}`);
    }
  });
}

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);

test("8-bit floats follow the tables of their specifications", () => {
  // OCP FP8, table 1: 448 and 57344 are the largest, 2^-9 and 2^-16 the smallest numbers.
  assert.deepEqual([...dequantise("f8_e4m3", bytes(0x38, 0x7e, 0x01, 0xc0))], [1, 448, 2 ** -9, -2]);
  assert.deepEqual([...dequantise("f8_e5m2", bytes(0x3c, 0x7b, 0x01, 0xc0))], [1, 57344, 2 ** -16, -2]);
  assert.deepEqual([...dequantise("f8_e4m3fnuz", bytes(0x40, 0x7f, 0x80))], [1, 240, 0]);
  assert.deepEqual([...dequantise("f8_e5m2fnuz", bytes(0x40, 0x7f, 0x80))], [1, 57344, 0]);
});

test("nibbles come low first, integers keep their sign", () => {
  assert.deepEqual([...dequantise("f4", bytes(0x7f, 0x21))], [-6, 6, 0.5, 1]);
  assert.deepEqual([...dequantise("i4", bytes(0x8f))], [-1, -8]);
  assert.deepEqual([...dequantise("u4", bytes(0x8f))], [15, 8]);
  assert.deepEqual([...dequantise("i8", bytes(0xff, 0x7f))], [-1, 127]);
});

test("infinities and what is no number read as 0", () => {
  assert.deepEqual([...dequantise("f16", bytes(0x00, 0x7c, 0x01, 0x7e, 0x00, 0x3c))], [0, 0, 1]);
  assert.deepEqual([...dequantise("bf16", bytes(0x80, 0x7f, 0x80, 0x3f))], [0, 1]);
  assert.deepEqual([...dequantise("f8_e4m3", bytes(0x7f, 0xff))], [0, 0]);
});

test("a type whose values cannot be computed is refused, not guessed", () => {
  for (const dtype of ["f6_e2m3", "c64", "constructor"]) {
    assert.equal(decoderOf(dtype), undefined);
    assert.throws(
      () => dequantise(dtype, bytes(0)),
      (error) => error instanceof WeightsError && error.code === "UNSUPPORTED",
    );
  }
});

test("bytes that are no whole blocks are refused", () => {
  assert.throws(
    () => dequantise("q4_0", new Uint8Array(19)),
    (error) => error instanceof WeightsError && error.code === "TRUNCATED",
  );
});

const known = [
  "f64",
  "f32",
  "f16",
  "bf16",
  "f8_e4m3",
  "f8_e5m2",
  "f4",
  "i8",
  "u8",
  "i16",
  "u16",
  "i32",
  "i4",
  "u4",
  "nf4",
  "q8_1",
  "q8_k",
];

for (const dtype of [...known, ...Object.keys(vectors)]) {
  test(`${dtype}: any bytes give finite numbers, as many as the format says`, () => {
    const decoder = decoderOf(dtype);
    assert.ok(decoder);
    assert.equal(sizeOf(dtype, [decoder.elements * 3], dtype), decoder.bytes * 3);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: decoder.bytes * 2, maxLength: decoder.bytes * 2 }), (raw) => {
        const values = dequantise(dtype, raw);
        assert.equal(values.length, decoder.elements * 2);
        assert.ok(values.every(Number.isFinite));
      }),
      { numRuns: 30 },
    );
  });
}
