import assert from "node:assert/strict";
import { test } from "node:test";
import { playSchedule } from "./testing/schedule.ts";

test("2,000 random schedules: exact is exact, at most is at most, books balance, snapshots continue", () => {
  const seen = { entries: 0, exact: 0, atMost: 0, restored: 0, limited: 0 };
  for (let seed = 0; seed < 2000; seed++) {
    const tried = playSchedule(seed);
    seen.entries += tried.entries;
    seen.exact += tried.exact;
    seen.atMost += tried.atMost;
    seen.restored += tried.restored;
    seen.limited += tried.limited;
  }
  // The schedules are worth something only if they reach all of this often.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 800, `${what}: ${count}`);
});
