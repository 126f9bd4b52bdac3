import assert from "node:assert/strict";
import { test } from "node:test";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { undeclaredCopy } from "./undeclared-copy.ts";

const copy = (path: string, over: object = {}) =>
  anEvent({
    operation: "seen",
    principal: "host:laptop-7",
    model: "acme-13b",
    artifact: `file:${path}`,
    file: { size: 2000 },
    unmapped: { declared: false, complete: true, digest: "a".repeat(64), ...over },
  });

test("a whole copy in no declared place is high, a part of one medium", () => {
  const found = findings(undeclaredCopy, [
    [copy("/home/dev/holiday.jpg"), aContext()],
    [copy("/tmp/half.bin", { complete: false }), aContext()],
  ]);
  assert.deepEqual(
    found.map((it) => it.severity),
    ["high", "medium"],
  );
  assert.equal(
    found[0]?.summary,
    "/home/dev/holiday.jpg on laptop-7 is a whole copy of acme-13b, 2 kB, in no declared place",
  );
  assert.match(found[1]?.summary ?? "", /2 such copies on this host$/);
});

test("what may come from a watched model is low, and says that it is not sure", () => {
  const [only] = findings(undeclaredCopy, [[copy("/tmp/a.bin", { unsure: true }), aContext()]]);
  assert.equal(only?.severity, "low");
  assert.match(only?.summary ?? "", /is perhaps a changed copy of acme-13b/);
});

test("a copy that lies there unchanged is seen again, one that became whole is told", () => {
  const found = findings(undeclaredCopy, [
    [copy("/tmp/half.bin", { complete: false }), aContext()],
    [copy("/tmp/half.bin", { complete: false }), aContext()],
    [copy("/tmp/half.bin"), aContext()],
    [copy("/tmp/half.bin", { digest: "b".repeat(64) }), aContext()],
    [copy("/tmp/half.bin", { digest: "b".repeat(64) }), aContext()],
  ]);
  assert.deepEqual(
    found.map((it) => it.again),
    [false, true, false, false, true],
  );
});

test("declared copies, copies of public models and those of which it is not known are silent", () => {
  const open = aContext({ model: aModel({ class: "public" }) });
  const steps = [
    [copy("/srv/a", { declared: true }), aContext()],
    [copy("/srv/b", { declared: "unknown" }), aContext()],
    [copy("/srv/c"), open],
  ] as const;
  assert.deepEqual(findings(undeclaredCopy, steps), []);
});
