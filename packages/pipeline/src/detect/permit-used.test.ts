import assert from "node:assert/strict";
import { test } from "node:test";
import { Line } from "../line.ts";
import { at, permitted, read, register } from "../testing/permits.ts";

test("what is read under a permit is told, pages nobody, and the books excuse nothing", () => {
  const { line } = permitted();
  const found = read(line);
  assert.equal(found.get("permit-used"), "low");
  assert.equal(found.get("unaccounted-read"), "low");
  assert.equal(found.has("permit-overstepped"), false);
  // The books excuse nothing.
  const [held] = line.holdings();
  assert.deepEqual([held?.principal, held?.declared, held?.bytes], ["kim", false, 1000]);
});

test("it is for one principal, from its time on, and survives a restart", () => {
  const { line } = permitted();
  assert.equal(read(line, { user: "kimberly" }).get("unaccounted-read"), "medium");
  const early = read(permitted().line, { time: at - 1 });
  assert.deepEqual([early.get("unaccounted-read"), early.has("permit-used")], ["medium", false]);
  const restored = new Line({ register, rules: [] });
  restored.restore(JSON.parse(JSON.stringify(line.snapshot())));
  assert.equal(read(restored, { file: 2 }).get("permit-used"), "low");
});
