import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { retiredKeyUsed } from "./retired-key-used.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 1);
const ana = "ana@acme.example";
const close = (over: Partial<OcsfEvent> = {}) =>
  anEvent({
    operation: "offboard",
    principal: "admin@acme.example",
    time: start,
    artifact: undefined,
    weights: undefined,
    unmapped: { subject: "Ana@acme.example" },
    ...over,
  });
const read = (over: Partial<OcsfEvent> = {}) =>
  anEvent({ principal: ana, model: "acme-13b", time: start + hour, ...over });
const run = (events: readonly OcsfEvent[], over: object = {}) =>
  findings(
    retiredKeyUsed,
    events.map(
      (it) => [it, it.model === undefined ? { declared: false } : aContext({ declared: true, ...over })] as const,
    ),
  );

test("a token lives on after its owner left, and a pattern of the register still lets it read", () => {
  const [it, ...more] = run([close(), read()]);
  assert.match(it?.summary ?? "", /^ana@acme\.example .* read acme-13b 60 min after the account was closed$/);
  assert.deepEqual([it?.severity, it?.events.length, more.length], ["critical", 2, 0]);
});

test("looking is high, trying in vain medium", () => {
  const severity = (over: Partial<OcsfEvent>) => run([close(), read(over)])[0]?.severity;
  assert.equal(severity({ operation: "stat" }), "high");
  assert.equal(severity({ operation: "list", weights: undefined }), "high");
  assert.equal(severity({ status_id: 2 }), "medium");
});

test("an access key that was taken back: soon after it may still work, later it must not, refused it is a forgotten job", () => {
  const retire = () => close({ operation: "retire-key", unmapped: { retired: "AKIAOLD" } });
  const use = (at: number, over: Partial<OcsfEvent> = {}) =>
    read({ principal: "svc-deploy", credential: "AKIAOLD", time: start + at, ...over });
  assert.deepEqual(
    run([retire(), use(60_000), use(hour), use(hour, { status_id: 2 })]).map((it) => it.severity),
    ["medium", "critical", "low"],
  );
  assert.deepEqual(run([retire(), use(hour, { credential: "AKIANEW" })]), []);
});

test("the administrator, others, reads before, and a come-back are silent", () => {
  assert.deepEqual(run([close(), read({ principal: "admin@acme.example" })]), []);
  assert.deepEqual(run([read({ time: start - hour }), close()]), []);
  assert.deepEqual(run([close(), close({ operation: "reinstate" }), read()]), []);
  assert.deepEqual(run([close({ status_id: 2 }), read()]), []);
  const nobody = close({ unmapped: { subject: "admin@acme.example" } });
  assert.deepEqual(run([nobody, read({ principal: "admin@acme.example" })]), []);
  assert.deepEqual(run([close(), read()], { model: aModel({ class: "public" }) }), []);
});

test("an AWS user is the same with and without its path", () => {
  const gone = close({ unmapped: { subject: "arn:aws:iam::111122223333:user/ana" } });
  assert.equal(run([gone, read({ principal: "arn:aws:iam::111122223333:user/ml/ana" })]).length, 1);
  assert.equal(run([gone, read({ principal: "arn:aws:iam::444455556666:user/ml/ana" })]).length, 0);
});

test("a name that objects have by themselves is nobody's", () => {
  assert.deepEqual(run([close(), read({ principal: "constructor" }), read({ principal: "__proto__" })]), []);
});
