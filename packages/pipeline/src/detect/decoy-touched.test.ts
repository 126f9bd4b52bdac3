import assert from "node:assert/strict";
import { test } from "node:test";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { decoyTouched } from "./decoy-touched.ts";

const decoy = aContext({ model: aModel({ class: "decoy" }) });

test("one touch is enough, and a refused one tells as much", () => {
  const found = findings(decoyTouched, [
    [anEvent({ operation: "stat" }), decoy],
    [anEvent({ status_id: 2 }), decoy],
  ]);
  assert.deepEqual(
    found.map((it) => it.severity),
    ["critical", "high"],
  );
});

test("is silent on a list that happens to show it, on its declared readers and on other models", () => {
  const backup = aContext({ model: aModel({ class: "decoy" }), declared: true });
  const steps = [
    [anEvent({ operation: "list" }), decoy],
    [anEvent(), backup],
    [anEvent(), aContext()],
  ] as const;
  assert.deepEqual(findings(decoyTouched, steps), []);
});
