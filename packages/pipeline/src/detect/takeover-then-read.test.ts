import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { takeoverThenRead } from "./takeover-then-read.ts";

const ana = "ana@acme.example";
const deed = (operation: string, detail: object = {}, over: Partial<OcsfEvent> = {}) =>
  anEvent({
    operation,
    artifact: undefined,
    weights: undefined,
    principal: ana,
    unmapped: { subject: ana, ...detail },
    ...over,
  });
const read = (over: Partial<OcsfEvent> = {}) => anEvent({ principal: ana, model: "acme-13b", ...over });
const run = (events: readonly OcsfEvent[], over: object = {}) =>
  findings(
    takeoverThenRead,
    events.map((it) => [it, it.operation === "download" ? aContext(over) : { declared: false }] as const),
  );

test("a changed factor, then a read", () => {
  const [it] = run([deed("mfa-change"), read()]);
  assert.match(it?.summary ?? "", /^ana@acme\.example .* read acme-13b .* after a second factor was changed$/);
  assert.deepEqual([it?.severity, it?.events.length], ["critical", 2]);
});

test("a declared reader with one innocent sign is high, with a warning or two signs critical", () => {
  const severity = (...signs: readonly OcsfEvent[]) => run([...signs, read()], { declared: true })[0]?.severity;
  assert.equal(severity(deed("mfa-change")), "high");
  assert.equal(severity(deed("threat")), "critical");
  assert.equal(severity(deed("mfa-change"), deed("logon", { new_device: true })), "critical");
});

test("an administrator's reset is about the user, and a role's session is the person it is named after", () => {
  const reset = deed("mfa-change", { subject: ana }, { principal: "admin@acme.example" });
  const session = "arn:aws:sts::1:assumed-role/analytics/Ana@acme.example";
  const role = read({ principal: "arn:aws:iam::1:role/analytics", actor: { session: { uid: session } } });
  assert.equal(run([reset, role]).length, 1);
  assert.equal(run([reset, read({ principal: "admin@acme.example" })]).length, 0);
});

test("prompts that were refused until one was granted are a sign, one refused by mistake is none", () => {
  const refuse = () => deed("mfa-refuse", {}, { status_id: 2 });
  assert.match(run([refuse(), refuse(), refuse(), deed("logon"), read()])[0]?.summary ?? "", /after 3 were refused/);
  assert.deepEqual(run([refuse(), deed("logon"), read()]), []);
});

test("a first country is a sign only for somebody who is known", () => {
  const from = (country: string) => deed("logon", { country });
  const known = Array.from({ length: 5 }, () => from("DE"));
  assert.match(run([...known, from("RU"), read()])[0]?.summary ?? "", /the first sign-in from RU/);
  assert.deepEqual(run([from("DE"), from("RU"), read()]), []);
});

test("a sign-in too far away is a sign, a failed one is none", () => {
  const at = (latitude: number, longitude: number, over: Partial<OcsfEvent> = {}) =>
    deed("logon", { latitude, longitude }, over);
  assert.equal(run([at(52.5, 13.4), at(40.7, -74), read()]).length, 1);
  assert.deepEqual(run([at(52.5, 13.4), at(40.7, -74, { status_id: 2 }), read()]), []);
});

test("it tells once for each model and sign, and forgets after the window", () => {
  assert.equal(run([deed("mfa-change"), read(), read(), read({ model: "acme-7b" })]).length, 2);
  const sign = deed("mfa-change");
  assert.deepEqual(run([sign, read({ time: sign.time + 86_400_000 })]), []);
});

test("reads of public models, and work without any sign, are silent", () => {
  assert.deepEqual(run([deed("mfa-change"), read()], { model: aModel({ class: "public" }) }), []);
  assert.deepEqual(run([deed("logon"), read()]), []);
});
