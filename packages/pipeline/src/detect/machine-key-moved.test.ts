import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { machineKeyMoved } from "./machine-key-moved.ts";

const read = (ip: string, over: { session?: string; endpoint?: string } & Partial<OcsfEvent> = {}) => {
  const { session = "i-0abc1234def567890", endpoint, ...rest } = over;
  return anEvent({
    principal: "arn:aws:iam::111122223333:role/serve",
    model: "acme-13b",
    src_endpoint: { ip },
    src_external: !ip.startsWith("10."),
    actor: { session: { uid: `arn:aws:sts::111122223333:assumed-role/serve/${session}` } },
    ...(endpoint !== undefined && { unmapped: { vpc_endpoint: endpoint } }),
    ...rest,
  });
};
const run = (events: readonly OcsfEvent[], context = aContext({ declared: true })) =>
  findings(
    machineKeyMoved,
    events.map((it) => [it, context] as const),
  ).map(({ severity, summary }) => `${severity}: ${summary}`);

test("from the machine, then from outside; and high once the machine goes on", () => {
  const told = run([read("10.0.3.4"), read("203.0.113.9"), read("203.0.113.9"), read("10.0.3.4"), read("10.0.3.4")]);
  assert.equal(told.length, 2);
  assert.match(
    told[0] ?? "",
    /^medium: i-0abc1234def567890 of role\/serve .* from 203\.0\.113\.0\/24; before, .* 10\.0\.3\.4$/,
  );
  assert.match(told[1] ?? "", /^high: .* reads from 10\.0\.3\.4 again .* two hands$/);
});

test("through an endpoint of another private network", () => {
  const told = run([read("10.0.3.4", { endpoint: "vpce-1" }), read("10.0.3.4", { endpoint: "vpce-2" })]);
  assert.match(told[0] ?? "", /^medium: .* from endpoint vpce-2; before, .* endpoint vpce-1$/);
});

test("another address inside is low, and coming back from there is nothing", () => {
  const told = run([read("10.0.3.4"), read("10.0.9.9"), read("10.0.3.4")]);
  assert.deepEqual(
    told.map((it) => it.split(":")[0]),
    ["low"],
  );
});

test("every machine is apart: births are silent", () => {
  const births = Array.from({ length: 300 }, (_, n) =>
    read(`10.0.${n % 7}.${n % 250}`, { session: `i-0${String(n).padStart(16, "0")}` }),
  );
  assert.deepEqual(run(births), []);
});

test("people's sessions, users, and public models are left alone", () => {
  assert.deepEqual(
    run([read("10.0.3.4", { session: "ana@acme.example" }), read("203.0.113.9", { session: "ana@acme.example" })]),
    [],
  );
  assert.deepEqual(run([read("10.0.3.4", { actor: {} }), read("203.0.113.9", { actor: {} })]), []);
  assert.deepEqual(run([read("10.0.3.4"), read("203.0.113.9")], aContext({ model: aModel({ class: "base" }) })), []);
});
