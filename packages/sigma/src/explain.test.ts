import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { aRule, anEvent, ruleText } from "./testing/build.ts";

const rule = aRule(
  ruleText({
    read: [{ "key|endswith": [".pt", ".gguf"], op: "Get" }, { "path|re": "w+" }],
    known: { user: ["ci", "backup"] },
    condition: "read and not known",
  }),
);

test("says of each line of each selection whether it matched, and what stood there", () => {
  const explained = explain(rule, anEvent({ key: "x.PT", op: "Get", user: "ci" }));
  assert.equal(explained.matched, false);
  assert.equal(explained.fits, true);
  assert.deepEqual(explained.conditions, ["read and not known"]);
  assert.deepEqual(
    explained.selections.map(({ name, matched }) => [name, matched]),
    [
      ["read", true],
      ["known", true],
    ],
  );
  assert.deepEqual(explained.selections[0]?.alternatives, [
    [
      { field: "key", modifiers: ["endswith"], matched: true, values: [{ field: "key", value: "x.PT" }] },
      { field: "op", modifiers: [], matched: true, values: [{ field: "op", value: "Get" }] },
    ],
    [{ field: "path", modifiers: ["re"], matched: false, values: [{ field: "path", value: "" }] }],
  ]);
});

test("says when the rule would not even be tried", () => {
  const explained = explain(rule, anEvent({ key: "x.pt", op: "Get" }, { logsources: [{ category: "other" }] }));
  assert.equal(explained.matched, true);
  assert.equal(explained.fits, false);
});
