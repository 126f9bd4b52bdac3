import assert from "node:assert/strict";
import { test } from "node:test";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { dormantReader } from "./dormant-reader.ts";

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const read = (n: number, over: object = {}) =>
  anEvent({ principal: "svc-eval", model: "acme-13b", time: start + n * day, ...over });
const declared = aContext({ declared: true });
const run = (days: readonly number[], context = declared) =>
  findings(
    dormantReader,
    days.map((n) => [read(n), context] as const),
  );

test("reads again after ninety days", () => {
  const [it, ...more] = run([0, 90, 91]);
  assert.match(it?.summary ?? "", /svc-eval .* read acme-13b for the first time in 90 days/);
  assert.deepEqual([it?.severity, it?.events.length, more.length], ["medium", 2, 0]);
});

test("a reader that reads every quarter, and a first read, are silent", () => {
  assert.deepEqual(run([0, 89, 178, 267]), []);
  assert.deepEqual(run([400]), []);
});

test("the undeclared and public models are others' business", () => {
  assert.deepEqual(run([0, 100], aContext()), []);
  assert.deepEqual(run([0, 100], aContext({ declared: true, model: aModel({ class: "public" }) })), []);
});
