import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OcsfEvent } from "@outweigh/schema";
import { anEvent, findings } from "../testing/nouns.ts";
import { impossibleTravel } from "./impossible-travel.ts";
import { distanceKm, speedKmh } from "./travel.ts";

const berlin = { latitude: 52.52, longitude: 13.4 };
const newYork = { latitude: 40.71, longitude: -74 };
const logon = (place: object, over: Partial<OcsfEvent> = {}) =>
  anEvent({ operation: "logon", principal: "ana@acme.example", artifact: undefined, unmapped: place, ...over });
const run = (events: readonly OcsfEvent[]) =>
  findings(
    impossibleTravel,
    events.map((it) => [it, { declared: false }] as const),
  );

test("Berlin and New York within an hour", () => {
  const first = logon(berlin);
  const [it] = run([first, logon(newYork, { time: first.time + 3_600_000 })]);
  assert.match(it?.summary ?? "", /signed in 63\d\d km from where they had 60 min before/);
  assert.equal(it?.events.length, 2);
});

test("a flight's time, a nearby town, failed sign-ins and other people are silent", () => {
  const first = logon(berlin);
  assert.deepEqual(run([first, logon(newYork, { time: first.time + 9 * 3_600_000 })]), []);
  assert.deepEqual(run([first, logon({ latitude: 53.55, longitude: 10 })]), []);
  assert.deepEqual(run([first, logon(newYork, { status_id: 2 })]), []);
  assert.deepEqual(run([first, logon(newYork, { principal: "ben@acme.example" })]), []);
});

test("distance is symmetric, at most half the earth, and 0 to oneself; speed is finite", () => {
  const place = fc.record({
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    at: fc.integer({ min: 0, max: 2e12 }),
    event: fc.constant("e"),
  });
  fc.assert(
    fc.property(place, place, (a, b) => {
      const far = distanceKm(a, b);
      assert.ok(far >= 0 && far <= 20_016 && Math.abs(far - distanceKm(b, a)) < 1e-6);
      assert.ok(distanceKm(a, a) === 0 && Number.isFinite(speedKmh(a, b)));
    }),
  );
});
