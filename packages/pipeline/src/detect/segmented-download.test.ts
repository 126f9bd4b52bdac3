import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, anEvent, findings } from "../testing/nouns.ts";
import { segmentedDownload } from "./segmented-download.ts";

const piece = (over: Partial<OcsfEvent> = {}) => anEvent({ http_response: { code: 206 }, ...over });
const run = (events: readonly OcsfEvent[], declared = false) =>
  findings(
    segmentedDownload,
    events.map((it) => [it, aContext({ declared })] as const),
  );

test("speaks at the fourth piece of one file", () => {
  const pieces = [piece(), piece(), piece(), piece()];
  assert.deepEqual(
    run(pieces)[0]?.events,
    pieces.map((it) => it.id),
  );
  assert.deepEqual(run(pieces.slice(1)), []);
});

test("counts each file and each principal apart", () => {
  assert.deepEqual(run([piece(), piece(), piece(), piece({ artifact: "hf:acme/acme-13b/other.safetensors" })]), []);
  assert.deepEqual(run([piece(), piece(), piece(), piece({ principal: "bob" })]), []);
});

test("forgets pieces that are older than the window", () => {
  const late = piece();
  assert.deepEqual(run([piece(), piece(), piece(), { ...late, time: late.time + 700_000 }]), []);
});

test("is silent on whole answers and on declared readers, whose clients also fetch in pieces", () => {
  const whole = Array.from({ length: 9 }, () => anEvent({ http_response: { code: 200 } }));
  assert.deepEqual(run(whole), []);
  assert.deepEqual(
    run(
      Array.from({ length: 9 }, () => piece()),
      true,
    ),
    [],
  );
});

test("where a log gives no times, order counts only for clients from outside", () => {
  const timeless = { unmapped: { time_basis: "none" }, time: 0 };
  const inside = { ...timeless, src_external: false };
  assert.equal(run(Array.from({ length: 4 }, () => piece(timeless))).length, 1);
  assert.deepEqual(run(Array.from({ length: 4 }, () => piece(inside))), []);
});
