// A week of work that looks like theft: who is woken, and how much is left for the working day.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lookAlikes, lookAlikeWeek, register } from "./world/look-alikes.ts";
import { pages, replayed, rulesOf, tell, tickets } from "./world/story.ts";

test("a week of look-alikes wakes nobody, and leaves at most two tickets", { timeout: 600_000 }, (t) => {
  const files: Record<string, readonly string[]> = {};
  let n = 0;
  for (const day of lookAlikeWeek(14, 6000)) {
    for (const [source, records] of Object.entries(day)) if (records.length > 0) files[`${source}-${n}.json`] = records;
    n++;
  }
  const week = replayed({ register, files });
  const [loud, quiet] = [pages(week), tickets(week)];

  tell(t, `look-alike week: ${week.events} events, ${lookAlikes.length + 1} look-alikes, seed 14`, [
    { what: "pages", expected: "0", found: String(loud.length), after: loud.map((it) => it.title).join("; ") },
    {
      what: "tickets",
      expected: "at most 2",
      found: String(quiet.length),
      after: quiet.map((it) => it.title).join("; "),
    },
    { what: "alerts of medium and more", expected: "", found: rulesOf(week.alerts) },
    {
      what: "alerts below that",
      expected: "",
      found: String(week.alerts.filter((it) => it.severity === "low").length),
    },
  ]);
  assert.equal(week.rejected, 0);
  assert.ok(lookAlikes.length >= 12);
  assert.deepEqual(
    loud.map((it) => it.title),
    [],
  );
  assert.ok(quiet.length <= 2, quiet.map((it) => it.title).join("\n"));
});
