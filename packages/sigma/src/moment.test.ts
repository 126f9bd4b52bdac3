import assert from "node:assert/strict";
import { test } from "node:test";
import { momentPart } from "./moment.ts";

test("takes a written date as it stands, without its zone", () => {
  const written = "2026-03-02T23:15:59.5+05:30";
  assert.deepEqual(
    (["year", "month", "day", "hour", "minute"] as const).map((part) => momentPart(written, part)),
    [2026, 3, 2, 23, 15],
  );
  assert.equal(momentPart("2026-03-02 04:05", "hour"), 4);
});

test("reads numbers as seconds or milliseconds since 1970", () => {
  for (const it of [1_772_493_300, 1_772_493_300_000, "1772493300", "1772493300.25"])
    assert.equal(momentPart(it, "hour"), 23);
});

test("counts weeks as ISO 8601 does", () => {
  const weeks = ["2021-01-03", "2021-01-04", "2020-12-31", "2026-01-01", "2024-12-30"].map((it) =>
    momentPart(it, "week"),
  );
  assert.deepEqual(weeks, [53, 1, 53, 1, 1]);
});

test("what holds no date has no part", () => {
  for (const it of ["", "yesterday", "2026-13-01", "12", true, Number.NaN, Infinity, "2026-03-02"]) {
    assert.equal(momentPart(it, "hour"), undefined);
  }
});
