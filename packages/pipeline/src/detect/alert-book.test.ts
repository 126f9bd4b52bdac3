import assert from "node:assert/strict";
import { test } from "node:test";
import { alert as alertSchema, maxEventsPerAlert } from "@outweigh/schema";
import { anEvent } from "../testing/nouns.ts";
import { AlertBook, type Claim } from "./alert-book.ts";

const claim = (over: Partial<Claim> = {}): Claim => ({
  rule: "unaccounted-read",
  title: "A read",
  summary: "mallory read 1 kB",
  severity: "medium",
  principal: "mallory",
  model: "acme-13b",
  events: ["e-1"],
  matched: [],
  techniques: ["T1530"],
  playbook: "unaccounted-read",
  ...over,
});
const at = (time: number) => anEvent({ time });

test("repeats update one alert: its numbers, its end, its worst severity", () => {
  const book = new AlertBook();
  const first = book.raise(claim(), at(1000));
  const second = book.raise(claim({ events: ["e-2"], severity: "high", summary: "mallory read 2 kB" }), at(5000));
  const third = book.raise(claim({ events: ["e-3"], severity: "low", summary: "less" }), at(4000));
  assert.equal(first.id, third.id);
  assert.deepEqual([second.severity, third.severity, third.summary], ["high", "high", "mallory read 2 kB"]);
  assert.deepEqual([third.firstAt, third.lastAt, third.count, third.events], [1000, 5000, 3, ["e-1", "e-2", "e-3"]]);
  alertSchema.parse(third);
});

test("another rule, principal or model is another alert, whatever the names", () => {
  const book = new AlertBook();
  const ids = [
    claim(),
    claim({ rule: "x" }),
    claim({ principal: "mallory|acme" }),
    claim({ model: undefined }),
    claim({ principal: undefined }),
  ].map((it) => book.raise(it, at(1000)).id);
  assert.equal(new Set(ids).size, ids.length);
});

test("after three days of quiet the same claim is a new alert", () => {
  const book = new AlertBook();
  const first = book.raise(claim(), at(0));
  const later = book.raise(claim({ events: ["e-9"] }), at(3 * 86_400_000 + 1));
  assert.notEqual(first.id, later.id);
});

test("what was told and is unchanged adds no event, only when it was seen last, and once for one time", () => {
  const book = new AlertBook();
  book.raise(claim(), at(1000));
  for (const event of ["e-2", "e-3"]) book.raise(claim({ events: [event], again: true }), at(2000));
  const third = book.raise(claim({ events: ["e-4"], again: true }), at(3000));
  assert.deepEqual([third.events, third.count, third.lastAt, third.again], [["e-1"], 1, 3000, 2]);
  alertSchema.parse(third);
  const worse = book.raise(claim({ events: ["e-5"], again: true, severity: "high" }), at(4000));
  assert.deepEqual([worse.events, worse.severity], [["e-1", "e-5"], "high"]);
  const later = book.raise(claim({ events: ["e-6"], again: true }), at(4000 + 3 * 86_400_000 + 1));
  assert.deepEqual([later.events, later.again], [["e-6"], undefined]);
});

test("an alert lists the first events and counts the rest", () => {
  const book = new AlertBook();
  let last = book.raise(claim(), at(0));
  for (let n = 0; n < maxEventsPerAlert + 50; n++) last = book.raise(claim({ events: [`m-${n}`] }), at(n));
  assert.equal(last.events.length, maxEventsPerAlert);
  assert.equal(last.count, maxEventsPerAlert + 51);
});
