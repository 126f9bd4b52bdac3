import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimelineEntry } from "@outweigh/schema";
import fc from "fast-check";
import { lane, storyLines, type StoryLine } from "./timeline.ts";

const morning = Date.UTC(2026, 10, 25, 9, 0, 0);
const min = 60_000;

const entry = (minutes: number, override: Partial<TimelineEntry> = {}): TimelineEntry => ({
  at: morning + minutes * min,
  kind: "event",
  title: "download",
  ...override,
});
const kinds = (lines: StoryLine[]) => lines.map((it) => it.kind).join(" ");

test("names each day once, before its first line", () => {
  const lines = storyLines([entry(0), entry(1, { title: "list" }), entry(24 * 60)], [], "utc");
  assert.equal(kinds(lines), "day entry entry day entry");
});

test("tells a run of equal events as one line, and two of them as two", () => {
  assert.equal(kinds(storyLines([entry(0), entry(1), entry(2)], [], "utc")), "day run");
  assert.equal(kinds(storyLines([entry(0), entry(1)], [], "utc")), "day entry entry");
});

test("tells the parts of one model together, though their numbers differ", () => {
  const parts = [1, 2, 3].map((n) => entry(n, { title: `old-ci: download model-0000${n}-of-00003.safetensors` }));
  assert.equal(kinds(storyLines([...parts, entry(4, { title: "old-ci: list" })], [], "utc")), "day run entry");
});

test("an alert in the middle of a run stands alone and cuts it", () => {
  const lines = storyLines(
    [entry(0), entry(1), entry(2), entry(3, { kind: "alert", title: "unaccounted-read" }), entry(4)],
    [],
    "utc",
  );
  assert.equal(kinds(lines), "day run entry entry");
});

test("draws a silence where it began, before what happened in it", () => {
  const gap = { source: "registry", from: morning + min, to: morning + 60 * min };
  const lines = storyLines([entry(0), entry(1, { title: "list" })], [gap], "utc");
  assert.equal(kinds(lines), "day entry gap entry");
});

test("tells a silence once, though entries and gaps both hold it", () => {
  const told = entry(5, { kind: "gap", title: "registry", to: morning + 9 * min });
  assert.equal(kinds(storyLines([told], [{ source: "registry", from: told.at }], "utc")), "day gap");
});

test("says how long after the line before", () => {
  const [, , second] = storyLines([entry(0, { to: morning + 2 * min }), entry(11, { title: "list" })], [], "utc");
  assert.equal(second?.kind === "entry" && second.sinceMs, 9 * min);
});

test("loses no entry, whatever their order", () => {
  const anEntry: fc.Arbitrary<TimelineEntry> = fc.record({
    at: fc.integer({ min: morning, max: morning + 10 ** 9 }),
    kind: fc.constantFrom("event", "alert", "action"),
    title: fc.constantFrom("a", "b"),
  });
  fc.assert(
    fc.property(fc.array(anEntry), (entries) => {
      const told = storyLines(entries, [], "utc").flatMap((it) =>
        it.kind === "run" ? it.entries : it.kind === "entry" ? [it.entry] : [],
      );
      assert.equal(told.length, entries.length);
      assert.deepEqual(
        told.map((it) => it.at),
        entries.map((it) => it.at).sort((a, b) => a - b),
      );
    }),
  );
});

test("places marks and silences between the first and the last moment", () => {
  const it = lane(
    [entry(0), entry(5, { kind: "alert", severity: "high" }), entry(10)],
    [{ source: "registry", from: morning + 5 * min }],
    morning + 60 * min,
  );
  assert.deepEqual(
    it?.marks.map((mark) => mark.at),
    [0, 0.5, 1],
  );
  assert.deepEqual(it?.gaps, [{ source: "registry", from: 0.5, to: 1 }]);
});

test("one moment is no line", () => assert.equal(lane([entry(0)], [], morning), undefined));
