import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Remembered } from "./remembered.ts";

test("forgets by age, told by the events' own time", () => {
  const memory = new Remembered<number>(10, 1000);
  memory.keep("a", 1, 5000);
  assert.equal(memory.recall("a", 6000), 1);
  assert.equal(memory.recall("a", 6001), undefined);
  assert.equal(memory.recall("a", 100), 1);
});

test("a late event does not make a state older", () => {
  const memory = new Remembered<number>(10, 1000);
  memory.keep("a", 1, 5000);
  memory.keep("a", 2, 4500);
  assert.equal(memory.recall("a", 6000), 2);
});

test("never holds more than its limit; what was used longest ago goes first, and is counted", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (keys) => {
      const memory = new Remembered<number>(8, 1e9);
      for (const [at, key] of keys.entries()) memory.keep(String(key), at, at);
      const last = [...new Set([...keys].reverse().map(String))].slice(0, 8);
      assert.ok(last.every((key) => memory.recall(key, 200) !== undefined));
      assert.ok(memory.values().length <= 8);
    }),
  );
});

test("holds exactly what was used last and not forgotten, in that order, whatever happened in between", () => {
  const step = fc.record({ do: fc.constantFrom("keep", "keep", "keep", "forget", "restore"), key: fc.nat(12) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const memory = new Remembered<number>(5, 1e9);
      let wanted: string[] = [];
      for (const [at, { do: what, key }] of steps.entries()) {
        if (what === "restore") memory.restore(JSON.parse(JSON.stringify(memory.snapshot())));
        else wanted = wanted.filter((it) => it !== String(key));
        if (what === "forget") memory.forget(String(key));
        if (what !== "keep") continue;
        memory.keep(String(key), at, at);
        wanted = [...wanted, String(key)].slice(-5);
      }
      assert.deepEqual(
        memory.snapshot().entries.map(([key]) => key),
        wanted,
      );
    }),
  );
});

test("a memory restored from its snapshot answers alike", () => {
  const memory = new Remembered<{ n: number }>(3, 1000);
  for (const [i, key] of ["a", "b", "c", "d", "b"].entries()) memory.keep(key, { n: i }, i);
  const other = new Remembered<{ n: number }>(3, 1000);
  other.restore(JSON.parse(JSON.stringify(memory.snapshot())));
  assert.deepEqual(other.snapshot(), memory.snapshot());
  assert.equal(other.dropped, 1);
  assert.throws(() => other.restore({ entries: [1] }));
});
