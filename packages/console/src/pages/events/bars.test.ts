import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilter, type EventSummary } from "@outweigh/schema";
import { chartOf, withinTime } from "./bars.ts";

const summary = (bars: EventSummary["bars"]): EventSummary => ({
  events: 1,
  barMs: 10,
  bars,
  by: "principal",
  values: [],
  different: 0,
});

test("bars stand where and as high as their events are, gaps over them", () => {
  const chart = chartOf(
    summary([
      { at: 100, events: 4 },
      { at: 130, events: 1 },
    ]),
    [
      { source: "a", from: 0, to: 110 },
      { source: "b", from: 120 },
      { source: "past", from: 0, to: 100 },
      { source: "future", from: 140 },
    ],
  );
  assert.deepEqual(
    chart?.bars.map(({ left, width, height }) => [left, width, height]),
    [
      [0, 0.25, 1],
      [0.75, 0.25, 0.25],
    ],
  );
  assert.deepEqual(chart?.gaps, [
    { source: "a", left: 0, width: 0.25 },
    { source: "b", left: 0.5, width: 0.5 },
  ]);
  assert.equal(chartOf(summary([]), []), undefined);
});

test("a bar's time replaces the time of the filter, and what results can be read", () => {
  const narrowed = withinTime("time:>=24h principal:ana", Date.UTC(2026, 10, 25), Date.UTC(2026, 10, 26));
  assert.equal(narrowed, "principal:ana time:>=2026-11-25T00:00:00Z time:<2026-11-26T00:00:00Z");
  assert.equal(parseFilter(narrowed).length, 3);
});
