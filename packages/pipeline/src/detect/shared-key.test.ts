import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { sharedKey } from "./shared-key.ts";

const minute = 60_000;
const start = Date.UTC(2026, 10, 1);
const read = (at: number, ip: string, agent = "huggingface_hub/0.30", over: Partial<OcsfEvent> = {}) =>
  anEvent({
    principal: "svc-deploy",
    credential: "AKIAEXAMPLE",
    model: "acme-13b",
    time: start + at * minute,
    src_endpoint: { ip },
    src_external: !ip.startsWith("10."),
    http_request: { user_agent: agent },
    ...over,
  });
const run = (events: readonly OcsfEvent[], context = aContext({ declared: true })) =>
  findings(
    sharedKey,
    events.map((it) => [it, context] as const),
  );

test("inside, outside, inside again within the hour", () => {
  const [it, ...more] = run([read(0, "10.0.3.4"), read(5, "203.0.113.77", "curl/8"), read(9, "10.0.3.4")]);
  assert.match(
    it?.summary ?? "",
    /from inside and 203\.0\.113\.0\/24 in turns within 9 min, by other programs \(curl\/8\)/,
  );
  assert.deepEqual([it?.events.length, more.length], [3, 0]);
});

test("two outside networks in turns", () => {
  assert.equal(run([read(0, "198.51.100.1"), read(5, "203.0.113.77"), read(9, "198.51.100.1")]).length, 1);
});

test("a move is no sharing: there and not back, or back after the window", () => {
  assert.deepEqual(run([read(0, "10.0.3.4"), read(5, "203.0.113.77"), read(9, "203.0.113.78")]), []);
  assert.deepEqual(run([read(0, "10.0.3.4"), read(5, "203.0.113.77"), read(70, "10.0.3.4")]), []);
});

test("many pods inside are one network, and every key is apart", () => {
  assert.deepEqual(run([read(0, "10.0.3.4"), read(1, "10.7.0.9"), read(2, "10.0.3.4")]), []);
  const other = read(5, "203.0.113.77", "curl/8", { credential: "AKIAOTHER" });
  assert.deepEqual(run([read(0, "10.0.3.4"), other, read(9, "10.0.3.4")]), []);
});

test("the same pair is told once, and public models not at all", () => {
  const turns = Array.from({ length: 8 }, (_, n) => read(n, n % 2 === 0 ? "10.0.3.4" : "203.0.113.77"));
  assert.equal(run(turns).length, 1);
  assert.deepEqual(run(turns, aContext({ model: aModel({ class: "base" }) })), []);
});
