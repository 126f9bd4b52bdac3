import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "./hash.ts";
import { History, keptOf } from "./history.ts";
import { learnSpace, lengthOf, place, type Space } from "./space.ts";
import { Steps } from "./steps.ts";

const wide = (who: number, width: number) => Float64Array.from({ length: width }, (_, i) => uniform(3, who, i));
const spaceOf = (width: number) => learnSpace(Array.from({ length: 200 }, (_, i) => wide(i, width)));

/** Scores of the steps that lead to `n` queries, each moved from a record of its own by `move`. */
function scores(space: Space, width: number, move: (query: number, column: number) => number): number[] {
  const history = new History([space]);
  const steps = new Steps(space);
  return Array.from({ length: 40 }, (_, n) => {
    const from = wide(1000 + n, width);
    const [before, after] = [from, from.map((it, i) => it + move(n, i))].map((it) =>
      history.coarsen([place(space, it)]),
    );
    return steps.take(before ?? assert.fail(), after ?? assert.fail()) ?? 0;
  }).slice(20);
}

const mean = (it: readonly number[]) => it.reduce((sum, v) => sum + v, 0) / it.length;

for (const width of [8, 24, 256]) {
  test(`one amount up or down in every column is told from steps at random, ${width} columns`, () => {
    const space = spaceOf(width);
    const sign = (n: number, i: number) => (uniform(4, n, i) < 0.5 ? -0.1 : 0.1);
    const chance = scores(space, width, (n, i) => 0.35 * (uniform(5, n, i) - 0.5));
    const rule = scores(space, width, sign);
    assert.ok(mean(rule) > 1.5 * mean(chance), `${mean(rule)} against ${mean(chance)}`);
  });
}

test("changing one field by one every time is hardly a step", () => {
  const space = spaceOf(24);
  const field = scores(space, 24, (_, i) => (i === 5 ? 0.3 : 0));
  const all = scores(space, 24, (n, i) => (uniform(4, n, i) < 0.5 ? -0.1 : 0.1));
  assert.ok(mean(all) > 2 * mean(field), `${mean(all)} against ${mean(field)}`);
});

test("the first step, and none at all, say nothing", () => {
  const steps = new Steps(spaceOf(8));
  const [from, to] = [new Int8Array(8), Int8Array.of(9, 9, 9, 9, 9, 9, 9, 9)];
  assert.equal(steps.take(from, from), undefined);
  assert.equal(steps.take(from, to), undefined);
  assert.ok((steps.take(from, to) ?? 0) > 0);
});

test("restored steps go on as the first do", () => {
  const space = spaceOf(8);
  const rows = Array.from({ length: 150 }, (_, n) =>
    Int8Array.from({ length: 8 }, (_, i) => 250 * uniform(6, n, i) - 125),
  );
  fc.assert(
    fc.property(fc.nat(149), (cut) => {
      const [first, second] = [new Steps(space), new Steps(space)];
      rows.slice(0, cut).forEach((it) => first.take(rows[0]!, it));
      second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      assert.deepEqual(
        rows.slice(cut).map((it) => second.take(rows[0]!, it)),
        rows.slice(cut).map((it) => first.take(rows[0]!, it)),
      );
    }),
    { numRuns: 20 },
  );
});

test("a projected input keeps some columns as they are, behind its axes", () => {
  const space = spaceOf(256);
  assert.equal(space.dimensions, 64);
  assert.equal(lengthOf(space), 80);
  assert.equal(keptOf(space).length, 32);
  const point = place(space, wide(0, 256));
  const moved = place(
    space,
    wide(0, 256).map((it, i) => (i === space.columns[3]?.at ? it + 1 : it)),
  );
  assert.deepEqual(
    space.columns.flatMap((_, i) => (point[64 + i] === moved[64 + i] ? [] : [i])),
    [3],
  );
  assert.equal(spaceOf(64).columns.length, 0);
});
