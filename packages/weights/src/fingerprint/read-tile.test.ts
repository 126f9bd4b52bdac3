import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decoderOf } from "../dequantise/decoder.ts";
import { WeightsError } from "../error.ts";
import type { Tensor } from "../tensor.ts";
import { matricesOf, type Matrix } from "./canonical.ts";
import { cellsOf, extraCellsOf } from "./cells.ts";
import { readTile } from "./read-tile.ts";

const key = new TextEncoder().encode("key");

function only(tensor: Tensor): Matrix {
  const [matrix] = matricesOf(tensor, 1);
  assert.ok(matrix);
  return matrix;
}

const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 8, max: 200 }), fc.integer({ min: 8, max: 200 })),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 8, max: 80 }), fc.integer({ min: 8, max: 80 })),
  fc.tuple(
    fc.integer({ min: 8, max: 70 }),
    fc.integer({ min: 8, max: 70 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
  ),
);

test("tiles never overlap, lie inside, and the first of more are the same", () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 8 }), (shape, tiles) => {
      const matrix = only({ name: "w", dtype: "f32", shape, offset: 0, bytes: 0 });
      const cells = cellsOf(matrix, key, tiles);
      assert.ok(cells.length >= 1 && cells.length <= tiles);
      for (const { row, col, rows, cols } of cells) {
        assert.ok(row + rows <= matrix.rows.length && col + cols <= matrix.cols.length);
        if (matrix.rows.length === matrix.cols.length) assert.equal(row, col);
      }
      assert.equal(new Set(cells.map((it) => `${it.row} ${it.col}`)).size, cells.length);
      assert.deepEqual(cellsOf(matrix, key, 1), cells.slice(0, 1));
    }),
  );
});

test("a tile holds the elements of its cell, whatever the order of the axes", () => {
  fc.assert(
    fc.asyncProperty(shapes, fc.boolean(), async (shape, asynchronous) => {
      // Every element is its own index, so that a wrong one shows.
      const values = Float32Array.from({ length: shape.reduce((product, it) => product * it, 1) }, (_, i) => i);
      const bytes = new Uint8Array(values.buffer);
      const read = (at: number, length: number): Uint8Array => bytes.subarray(at, at + length);
      const reader = {
        size: bytes.length,
        read: (at: number, length: number) => (asynchronous ? Promise.resolve(read(at, length)) : read(at, length)),
      };
      const matrix = only({ name: "w", dtype: "f32", shape, offset: 0, bytes: bytes.length });
      const decoder = decoderOf("f32");
      assert.ok(decoder);
      for (const cell of cellsOf(matrix, key, 3)) {
        const tile = await readTile(reader, matrix, cell, decoder);
        let at = 0;
        let left = cell.rest;
        for (const { length, stride } of matrix.rest.toReversed()) {
          at += (left % length) * stride;
          left = Math.floor(left / length);
        }
        for (const [i, it] of tile.entries()) {
          const [row, col] = [cell.row + Math.floor(i / cell.cols), cell.col + (i % cell.cols)];
          assert.equal(it, at + row * matrix.rows.stride + col * matrix.cols.stride);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("quantised blocks are read where the tile lies, and no more", async () => {
  // 512 x 2048 of q8_0: block b holds scale 1 and 32 times the number b mod 100.
  const bytes = new Uint8Array(512 * 64 * 34);
  for (let block = 0; block < 512 * 64; block++) {
    bytes.set([0x00, 0x3c], block * 34);
    bytes.fill(block % 100, block * 34 + 2, block * 34 + 34);
  }
  let bytesRead = 0;
  const read = (at: number, length: number): Uint8Array => {
    bytesRead += length;
    return bytes.subarray(at, at + length);
  };
  const matrix = only({ name: "w", dtype: "q8_0", shape: [512, 2048], offset: 0, bytes: bytes.length });
  const decoder = decoderOf("q8_0");
  const [cell] = cellsOf(matrix, key, 1);
  assert.ok(decoder && cell);
  const tile = await readTile({ size: bytes.length, read }, matrix, cell, decoder);
  for (const [i, it] of tile.entries()) {
    const long: number = cell.row + (i >> 6); // the longer axis is the contiguous one
    const short: number = cell.col + (i & 63);
    assert.equal(it, (short * 64 + (long >> 5)) % 100);
  }
  assert.ok(bytesRead <= 64 * 2 * 34, `${bytesRead} bytes`);
});

test("an embedding's extra tiles are the same with more tokens", () => {
  const [small, large] = [5000, 5064].map((rows) =>
    only({ name: "embed", dtype: "f32", shape: [rows, 256], offset: 0, bytes: 0 }),
  );
  assert.ok(small && large);
  assert.deepEqual(extraCellsOf(small, key, 4), extraCellsOf(large, key, 4));
  assert.deepEqual(
    extraCellsOf(small, key, 2).map((it) => it.row),
    [256, 320],
  );
});

test("a tile beyond the end of the file is an error with a code", async () => {
  const matrix = only({ name: "w", dtype: "f32", shape: [64, 64], offset: 100, bytes: 16384 });
  const decoder = decoderOf("f32");
  const [cell] = cellsOf(matrix, key, 1);
  assert.ok(decoder && cell);
  await assert.rejects(
    readTile({ size: 1000, read: () => new Uint8Array(0) }, matrix, cell, decoder),
    (error) => error instanceof WeightsError && error.code === "TRUNCATED",
  );
});
