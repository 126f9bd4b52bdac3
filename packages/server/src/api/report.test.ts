import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unseenOf } from "./report.ts";

const span = { from: 100, to: 200 };

test("what overlaps counts once, and what lies outside not at all", () => {
  const gaps = [
    { source: "a", from: 0, to: 120 },
    { source: "a", from: 110, to: 130 },
    { source: "a", from: 190 },
    { source: "b", from: 0, to: 99 },
  ];
  assert.deepEqual(unseenOf(gaps, span), [{ source: "a", ms: 40 }]);
});

test("no source is unseen for longer than the time itself", () => {
  const gap = fc.record({
    source: fc.constantFrom("a", "b"),
    from: fc.nat(300),
    to: fc.option(fc.nat(300), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(gap), (gaps) => {
      const whole = gaps.map(({ to, ...it }) => ({ ...it, ...(to !== undefined && { to: Math.max(it.from, to) }) }));
      for (const { ms } of unseenOf(whole, span)) assert.ok(ms > 0 && ms <= 100);
    }),
  );
});
