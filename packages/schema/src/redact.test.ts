import assert from "node:assert/strict";
import { test } from "node:test";
import { timeIn } from "./redact.ts";

test("a number is a time where its member is named as one", () => {
  assert.equal(timeIn("firstAt", "1795597924000"), 1_795_597_924_000);
  assert.equal(timeIn("time", "1795597924000"), 1_795_597_924_000);
  for (const [name, json] of [
    ["bytes", "1795597924000"],
    ["time", '"1795597924000"'],
    ["time", "1"],
    ["time", "null"],
  ] as const)
    assert.equal(timeIn(name, json), undefined);
});
