import assert from "node:assert/strict";
import { test } from "node:test";
import { stateParts } from "./state-parts.ts";

const day = 86_400_000;

test("each state lasts until the next; what is older than the bar is cut, and before the first look there is nothing", () => {
  const now = 1000 * day;
  const at = (ago: number) => now - ago * day;
  const rounded = (all: ReturnType<typeof stateParts>) =>
    all.map((it) => ({ ...it, left: Math.round(it.left * 100) / 100, width: Math.round(it.width * 100) / 100 }));
  assert.deepEqual(
    rounded(
      stateParts(
        [
          { at: at(2), state: "pass" },
          { at: at(5), state: "fail" },
          { at: at(20), state: "unknown" },
          { at: at(30), state: "pass" },
        ],
        now,
        10,
      ),
    ),
    [
      { left: 0, width: 0.5, state: "unknown" },
      { left: 0.5, width: 0.3, state: "fail" },
      { left: 0.8, width: 0.2, state: "pass" },
    ],
  );
  assert.deepEqual(stateParts([{ at: at(5), state: "pass" }], now, 10), [{ left: 0.5, width: 0.5, state: "pass" }]);
  assert.deepEqual(stateParts([], now, 10), []);
});
