import assert from "node:assert/strict";
import { test } from "node:test";
import { aBooking, aContext, anEvent, findings } from "../testing/nouns.ts";
import { firstReader } from "./first-reader.ts";

test("tells of a declared reader's first read, and of nothing after it", () => {
  const first = aContext({ declared: true, booking: aBooking({ declared: true }) });
  const later = aContext({ declared: true, booking: aBooking({ declared: true, firstRead: false }) });
  const event = () => anEvent({ principal: "svc-deploy", model: "acme-13b" });
  const found = findings(firstReader, [
    [event(), first],
    [event(), later],
  ]);
  assert.equal(found.length, 1);
  assert.match(found[0]?.summary ?? "", /svc-deploy .* for the first time/);
});

test("leaves the undeclared to unaccounted-read", () => {
  assert.deepEqual(findings(firstReader, [[anEvent(), aContext()]]), []);
});
