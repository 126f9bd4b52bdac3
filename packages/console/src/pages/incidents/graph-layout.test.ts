import assert from "node:assert/strict";
import { test } from "node:test";
import type { GraphKind, IncidentGraph } from "@outweigh/schema";
import { layoutOf } from "./graph-layout.ts";

const graph = (nodes: readonly (readonly [GraphKind, string])[], edges: readonly (readonly [string, string])[]) =>
  ({
    nodes: nodes.map(([kind, id]) => ({ id, kind, name: id, events: 1 })),
    edges: edges.map(([from, to], i) => ({
      from,
      to,
      operations: [],
      events: 1,
      bytes: 0,
      firstAt: 10 + i,
      lastAt: 20 + i,
    })),
  }) satisfies IncidentGraph;

test("columns that hold nothing are left out, and every node has a place of its own", () => {
  const it = layoutOf(
    graph(
      [
        ["model", "m"],
        ["principal", "b"],
        ["principal", "a"],
      ],
      [
        ["a", "m"],
        ["b", "m"],
      ],
    ),
  );
  assert.deepEqual(it.kinds, ["principal", "model"]);
  assert.deepEqual(
    it.nodes.map(({ node, column, row }) => [node.id, column, row]),
    [
      ["a", 0, 0],
      ["b", 0, 1],
      ["m", 1, 0],
    ],
  );
  assert.deepEqual([it.edges.length, it.rows, it.firstAt, it.lastAt], [2, 2, 10, 21]);
});

test("edges that need not cross do not", () => {
  const { edges } = layoutOf(
    graph(
      [
        ["principal", "a"],
        ["principal", "b"],
        ["model", "x"],
        ["model", "y"],
      ],
      [
        ["a", "y"],
        ["b", "x"],
      ],
    ),
  );
  const [first, second] = edges;
  assert.ok(first && second);
  assert.equal(Math.sign(first.from.row - second.from.row), Math.sign(first.to.row - second.to.row));
});

test("a graph of nothing is laid out as nothing", () => {
  assert.deepEqual(layoutOf({ nodes: [], edges: [] }).nodes, []);
});
