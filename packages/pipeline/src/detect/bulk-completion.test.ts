import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, anEvent, findings } from "../testing/nouns.ts";
import { bulkCompletion } from "./bulk-completion.ts";

const start = 1_795_000_000_000;
const completions = (count: number, over: Partial<OcsfEvent> = {}) =>
  Array.from({ length: count }, (_, n) =>
    anEvent({ operation: "complete", weights: undefined, time: start + n * 1000, ...over }),
  );
const run = (events: readonly OcsfEvent[]) =>
  findings(
    bulkCompletion,
    events.map((it) => [it, aContext({ model: undefined, booking: undefined })] as const),
    { limit: 10 },
  );

test("speaks up at the limit, and stays silent below it", () => {
  assert.equal(run(completions(10)).length, 1);
  assert.deepEqual(run(completions(9)), []);
});

test("speaks once for each full window", () => {
  assert.equal(run(completions(35)).length, 3);
});

test("counts each key apart, whoever uses it", () => {
  assert.deepEqual(run([...completions(6, { credential: "key-7" }), ...completions(6, { credential: "key-8" })]), []);
  assert.equal(
    run([...completions(6, { credential: "key-7" }), ...completions(6, { credential: "key-7", principal: "bob" })])
      .length,
    1,
  );
});

test("forgets what is older than the window, and does not count refusals", () => {
  assert.deepEqual(run([...completions(6), ...completions(6).map((it) => ({ ...it, time: it.time + 7_200_000 }))]), []);
  assert.deepEqual(run(completions(30, { status_id: 2 })), []);
});

test("without times it judges only clients from outside", () => {
  const timeless = { unmapped: { time_basis: "none" }, time: 0 };
  assert.equal(run(completions(10, timeless)).length, 1);
  assert.deepEqual(run(completions(10, { ...timeless, src_external: false })), []);
});

test("from inside it is low: load tests, batches and products look the same", () => {
  assert.equal(run(completions(10, { src_external: false }))[0]?.severity, "low");
  assert.equal(run(completions(10))[0]?.severity, "medium");
});
