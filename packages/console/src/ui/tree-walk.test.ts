import assert from "node:assert/strict";
import { test } from "node:test";
import { visibleRows, walk } from "./tree-walk.ts";

const rows = [
  { key: "a", depth: 0, below: 3 },
  { key: "b", depth: 1, below: 1 },
  { key: "c", depth: 2, below: 0 },
  { key: "d", depth: 1, below: 0 },
  { key: "e", depth: 0, below: 0 },
];
const none: ReadonlySet<string> = new Set();

test("rows below a closed one are not shown, whether or not they are read yet", () => {
  const keys = (closed: string[], of = rows) => visibleRows(of, new Set(closed)).map((it) => it.key);
  assert.deepEqual(keys([]), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(keys(["b"]), ["a", "b", "d", "e"]);
  assert.deepEqual(keys(["a", "b"]), ["a", "e"]);
  assert.deepEqual(keys(["a"], rows.slice(0, 2)), ["a"]);
});

test("arrows walk a tree: down and up by rows, left closes and then goes up, right opens and then goes down", () => {
  assert.deepEqual(walk("ArrowDown", rows, -1, none), { select: "a" });
  assert.deepEqual(walk("ArrowUp", rows, 1, none), { select: "a" });
  assert.equal(walk("ArrowUp", rows, 0, none), undefined);
  assert.deepEqual(walk("ArrowLeft", rows, 1, none), { turn: { key: "b", isClosed: true } });
  assert.deepEqual(walk("ArrowLeft", rows, 2, none), { select: "b" });
  assert.deepEqual(walk("ArrowLeft", rows, 3, none), { select: "a" });
  assert.deepEqual(walk("ArrowRight", rows, 1, new Set(["b"])), { turn: { key: "b", isClosed: false } });
  assert.deepEqual(walk("ArrowRight", rows, 0, none), { select: "b" });
  assert.equal(walk("ArrowRight", rows, 4, none), undefined);
  assert.deepEqual(walk("End", rows, 0, none), { select: "e" });
  assert.equal(walk("x", rows, 0, none), undefined);
});
