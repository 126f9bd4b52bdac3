import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert, Incident } from "@outweigh/schema";
import { PipelineError } from "../error.ts";
import { readPolicy, recommend } from "./policy.ts";

const policy = readPolicy(`
- when: { rule: undeclared-copy, incident: { severity: medium } }
  do: [quarantine-file]
  why: a copy
- when: { incident: { severity: high, act: obtain } }
  do: [notify]
  why: bad
`);
const incident = (over: Partial<Incident>): Incident => ({
  id: "i",
  title: "t",
  severity: "high",
  reason: "r",
  principals: [],
  models: [],
  alerts: ["a"],
  firstAt: 0,
  lastAt: 0,
  ...over,
});
const from = (rule: string) => [{ rule } as Alert];
const verbs = (it: Incident, alerts: readonly Alert[]) => recommend(policy, it, alerts).map(({ verb }) => verb);

test("recommends what fits, each verb once, and nothing else", () => {
  assert.deepEqual(verbs(incident({ act: "obtain" }), from("undeclared-copy")), ["quarantine-file", "notify"]);
  assert.deepEqual(verbs(incident({ act: "copy" }), from("undeclared-copy")), ["quarantine-file"]);
  assert.deepEqual(verbs(incident({ severity: "medium", act: "obtain" }), from("complete-copy")), []);
});

test("a mistake is named by its path", () => {
  const code = (text: string, message: RegExp) =>
    assert.throws(
      () => readPolicy(text),
      (error) => error instanceof PipelineError && error.code === "BAD_POLICY" && message.test(error.message),
    );
  code("- { when: {}, do: [shell], why: x }", /^0\.do\.0: /);
  code("- { when: { incident: { severity: bad } }, do: [notify], why: x }", /^0\.when\.incident\.severity: /);
  code("- { when: {}, do: [notify], why: x, for: 1h }", /^0: /);
  code("a: [", /^not YAML/);
  code("x".repeat(300_000), /characters/);
});
