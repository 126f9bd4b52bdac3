import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, anEvent, findings } from "../testing/nouns.ts";
import { keyThenBulkRead } from "./key-then-bulk-read.ts";

const make = (over: Partial<OcsfEvent> = {}) =>
  anEvent({
    operation: "create-key",
    artifact: undefined,
    weights: undefined,
    api: { operation: "system.api_token.create" },
    ...over,
  });
const take = (n: number, over: Partial<OcsfEvent> = {}) =>
  anEvent({ artifact: `s3://acme/m-${n}.safetensors`, ...over });
const run = (events: readonly OcsfEvent[], declared = false) =>
  findings(
    keyThenBulkRead,
    events.map((it) => [it, aContext({ declared })] as const),
  );

test("a key, then three files", () => {
  const [it] = run([make(), take(1), take(2), take(3)]);
  assert.match(it?.summary ?? "", /made a key \(system\.api_token\.create\) and took 3 files/);
  assert.equal(it?.events.length, 4);
});

test("two files, the same file thrice, files before the key, and a key of somebody else's are silent", () => {
  assert.deepEqual(run([make(), take(1), take(2)]), []);
  assert.deepEqual(run([make(), take(1), take(1), take(1)]), []);
  assert.deepEqual(run([take(1), take(2), make(), take(3)]), []);
  assert.deepEqual(run([make({ principal: "ana" }), take(1), take(2), take(3)]), []);
});

test("a declared reader that sets up a new key is at work, and a refused key is none", () => {
  assert.deepEqual(run([make(), take(1), take(2), take(3)], true), []);
  assert.deepEqual(run([make({ status_id: 2 }), take(1), take(2), take(3)]), []);
});

test("after the window the key is forgotten", () => {
  const key = make();
  assert.deepEqual(run([key, ...[1, 2, 3].map((n) => take(n, { time: key.time + 86_400_000 }))]), []);
});
