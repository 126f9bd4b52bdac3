import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pathId, pathLayout, type ToldPath } from "./path-layout.ts";

function aPath(names: readonly string[], over: Partial<ToldPath> = {}): ToldPath {
  const steps = names
    .slice(1)
    .map((to, i) => ({ from: names[i] ?? "", to, how: "goes", basis: "verified" as const, proof: "p" }));
  return { model: "acme", kind: "sudo", steps, ...over };
}

const columns = (paths: readonly ToldPath[]) =>
  Object.fromEntries(pathLayout(paths).nodes.map((it) => [it.name, it.column]));

test("what an attacker has stands left and weights right, however long the ways", () => {
  assert.deepEqual(columns([aPath(["user", "/w"]), aPath(["user", "sudo", "root", "/w"])]), {
    user: 0,
    sudo: 1,
    root: 2,
    "/w": 3,
  });
});

test("steps that say the same are one edge with the paths that run along it; a guess is another one than a proof", () => {
  const guess = aPath(["user", "root"], { kind: "setuid" });
  const inferred = { ...guess, steps: guess.steps.map((it) => ({ ...it, basis: "inferred" as const })) };
  const { edges } = pathLayout([aPath(["user", "root", "/a"]), aPath(["user", "root", "/b"]), inferred]);
  assert.deepEqual(
    edges.map((it) => [it.from.name, it.to.name, it.basis, it.paths.size]),
    [
      ["user", "root", "verified", 2],
      ["root", "/a", "verified", 1],
      ["root", "/b", "verified", 1],
      ["user", "root", "inferred", 1],
    ],
  );
});

test("a path has the same name after the next scan, though more copies came to it", () => {
  assert.equal(pathId(aPath(["user", "/w and 3 more"])), pathId(aPath(["user", "/w and 12 more"])));
  assert.notEqual(pathId(aPath(["user", "/w"])), pathId(aPath(["user", "/v"])));
});

test("a line runs through a free place of each column between its ends", () => {
  const { edges, heights, nodes } = pathLayout([aPath(["anybody", "/w"]), aPath(["user", "root", "/w"])]);
  const [long] = edges;
  assert.deepEqual([heights, nodes.length, long?.via.map((it) => it.column)], [[2, 2, 1], 4, [1]]);
  assert.notEqual(long?.via[0]?.row, nodes.find((it) => it.name === "root")?.row);
});

test("any paths are drawn: each thing once, each edge between things that are there, also in a circle", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const paths = fc.array(fc.array(name, { minLength: 2, maxLength: 9 }), { maxLength: 6 });
  fc.assert(
    fc.property(paths, (all) => {
      const { nodes, edges, heights } = pathLayout(all.map((it) => aPath(it)));
      assert.equal(nodes.length, new Set(all.flat()).size);
      assert.ok(heights.reduce((sum, it) => sum + it, 0) >= nodes.length);
      assert.ok(edges.every((it) => nodes.includes(it.from) && nodes.includes(it.to)));
    }),
  );
});
