import assert from "node:assert/strict";
import { test } from "node:test";
import { at, hour, permitted, read } from "../testing/permits.ts";

test("what goes beyond it is an alarm: after its end, from elsewhere, another model", () => {
  const ended = permitted().line;
  const before = read(ended, { time: at + hour - 1 });
  assert.equal(before.has("permit-overstepped"), false);
  const late = read(ended, { time: at + hour });
  assert.deepEqual([late.get("permit-overstepped"), late.get("unaccounted-read")], ["high", "medium"]);

  const bound = permitted({ address: "10.0.0.1" }).line;
  assert.equal(read(bound, { address: "10.0.0.1" }).has("permit-overstepped"), false);
  assert.equal(read(bound, { file: 2 }).get("permit-overstepped"), "high");

  const { line } = permitted();
  const astray = read(line, { model: "acme-7b" });
  assert.deepEqual([astray.get("permit-overstepped"), astray.get("unaccounted-read")], ["high", "medium"]);
});
