import assert from "node:assert/strict";
import { test } from "node:test";
import { aBooking, aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { unaccountedRead } from "./unaccounted-read.ts";

test("speaks at the first byte that nobody declared", () => {
  const [it] = findings(unaccountedRead, [[anEvent({ model: "acme-13b" }), aContext()]]);
  assert.match(it?.summary ?? "", /^mallory \(from 203\.0\.113\.77\) read 1 kB of acme-13b, 50 % of it/);
  assert.equal(it?.severity, "medium");
});

test("is silent on a declared reader, on a public model and on a base", () => {
  const declared = aContext({ declared: true, booking: aBooking({ declared: true }) });
  const open = aContext({ model: aModel({ class: "public" }) });
  const base = aContext({ model: aModel({ class: "base" }) });
  assert.deepEqual(
    findings(unaccountedRead, [
      [anEvent(), declared],
      [anEvent(), open],
      [anEvent(), base],
    ]),
    [],
  );
});

test("is low where the log names nobody and the client is inside, and medium where it is outside", () => {
  const inside = anEvent({ principal: "anonymous@10.0.0.9", vouched: false, src_external: false });
  const outside = anEvent({ principal: "anonymous@203.0.113.9", vouched: false });
  const found = findings(unaccountedRead, [
    [inside, aContext()],
    [outside, aContext()],
  ]);
  assert.deepEqual(
    found.map((it) => it.severity),
    ["low", "medium"],
  );
});

test("says at most where the books know an upper bound only", () => {
  const booking = aBooking();
  const context = aContext({ booking: { ...booking, holding: { ...booking.holding, bound: "<=" } } });
  assert.match(findings(unaccountedRead, [[anEvent(), context]])[0]?.summary ?? "", /at most 1 kB .* at most 50 %/);
});
