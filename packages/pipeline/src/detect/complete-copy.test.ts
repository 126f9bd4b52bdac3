import assert from "node:assert/strict";
import { test } from "node:test";
import { aBooking, aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { completeCopy } from "./complete-copy.ts";

const holding = { ...aBooking().holding, bytes: 2000, fraction: 1, complete: true };
const complete = aContext({ booking: aBooking({ holding }) });
const perhaps = aContext({ booking: aBooking({ holding: { ...holding, bound: "<=" } }) });

test("is critical when every byte is held for certain", () => {
  const [it] = findings(completeCopy, [[anEvent({ model: "acme-13b" }), complete]]);
  assert.equal(it?.severity, "critical");
  assert.equal(
    it?.summary,
    "mallory (from 203.0.113.77) took 100 % of acme-13b, 2 kB; no declared copy accounts for it",
  );
});

test("says 'may' and is one lower where only an upper bound is known", () => {
  const [it] = findings(completeCopy, [[anEvent(), perhaps]]);
  assert.equal(it?.severity, "high");
  assert.match(it?.summary ?? "", /may hold all/);
});

test("speaks once, and again when what was possible becomes certain", () => {
  const steps = [perhaps, perhaps, complete, complete, perhaps].map((it) => [anEvent(), it] as const);
  assert.deepEqual(
    findings(completeCopy, steps).map((it) => it.severity),
    ["high", "critical"],
  );
});

test("is silent short of all of it, on declared readers and on public models", () => {
  const declared = aContext({ booking: aBooking({ holding, declared: true }) });
  const open = aContext({ booking: aBooking({ holding }), model: aModel({ class: "public" }) });
  assert.deepEqual(
    findings(completeCopy, [
      [anEvent(), aContext()],
      [anEvent(), declared],
      [anEvent(), open],
    ]),
    [],
  );
});
