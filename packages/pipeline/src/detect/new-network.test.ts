import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aBooking, aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { newNetwork } from "./new-network.ts";

const day = 86_400_000;
const start = Date.UTC(2026, 10, 1);
const declared = aContext({ declared: true, booking: aBooking({ declared: true }) });
const read = (n: number, ip: string, over: Partial<OcsfEvent> = {}) =>
  anEvent({
    principal: "svc-deploy",
    model: "acme-13b",
    time: start + n * day,
    src_endpoint: { ip },
    src_external: !ip.startsWith("10."),
    ...over,
  });
const run = (events: readonly OcsfEvent[], context = declared) =>
  findings(
    newNetwork,
    events.map((it) => [it, context] as const),
  );
const days = (ip: string, count = 5) => Array.from({ length: count }, (_, n) => read(n, ip));

test("a declared reader known from inside reads from outside", () => {
  const [it, ...more] = run([...days("10.0.3.4"), read(6, "203.0.113.77"), read(7, "203.0.113.78")]);
  assert.match(it?.summary ?? "", /from 203\.0\.113\.0\/24, where it never read before; on 5 days .* inside alone/);
  assert.deepEqual([it?.severity, more.length], ["medium", 0]);
});

test("the same network, another address of the own networks, and a return home are silent", () => {
  assert.deepEqual(run([...days("198.51.100.4"), read(6, "198.51.100.200")]), []);
  assert.deepEqual(run([...days("10.0.3.4"), read(6, "10.9.9.9")]), []);
  assert.deepEqual(run([...days("198.51.100.4"), read(6, "10.0.3.4")]), []);
});

test("four days are no habit, five are", () => {
  assert.deepEqual(run([...days("10.0.3.4", 4), read(6, "203.0.113.77")]), []);
  assert.equal(run([...days("10.0.3.4", 5), read(6, "203.0.113.77")]).length, 1);
});

test("whoever is used from many networks has no usual one", () => {
  const many = Array.from({ length: 9 }, (_, n) => read(n, `198.51.${n}.4`));
  assert.deepEqual(
    run([...many, read(10, "203.0.113.77")]).filter((it) => it.summary.includes("203.0.113")),
    [],
  );
});

test("it leaves public models, the undeclared and logs that name nobody alone", () => {
  const events = [...days("10.0.3.4"), read(6, "203.0.113.77")];
  assert.deepEqual(run(events, aContext({ declared: true, model: aModel({ class: "public" }) })), []);
  assert.deepEqual(run(events, aContext()), []);
  const nameless = events.map((it) => ({ ...it, vouched: false, src_external: false }));
  assert.deepEqual(run(nameless), []);
});
