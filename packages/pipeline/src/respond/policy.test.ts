import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert, Incident } from "@outweigh/schema";
import { PipelineError } from "../error.ts";
import { demandOf, readPolicy, recommend, toldOfIncident, toldOfSilence, unknownTeller } from "./policy.ts";

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

test("who must agree is the strictest of the lines that name the verb and what it touches", () => {
  const strict = readPolicy(`
- { when: { rule: a, target: "file:/srv/models/" }, do: [quarantine-file], approval: two-people, lasts: 30d, why: production }
- { when: { rule: b }, do: [quarantine-file], lasts: 12h, why: a copy }
- { when: {}, do: [notify], why: tell }
`);
  const hour = 3_600_000;
  assert.deepEqual(demandOf(strict, "quarantine-file", "file:/srv/models/x"), {
    approval: "two-people",
    lasts: 12 * hour,
  });
  assert.deepEqual(demandOf(strict, "quarantine-file", "file:/home/x"), { approval: "person", lasts: 12 * hour });
  assert.deepEqual(demandOf(strict, "notify", "pager"), { approval: "person" });
});

test("who is told by itself is told of what fits, and of silence only where a line says so", () => {
  const telling = readPolicy(`
- { when: { incident: { severity: high } }, tell: [soc, mail], why: look }
- { when: { incident: { method: queries } }, tell: [gateway-team], why: theirs }
- { when: { source: silent }, tell: [mail], why: blind }
`);
  const told = (over: Partial<Incident>) => [...toldOfIncident(telling, incident(over))];
  assert.deepEqual(told({ severity: "critical" }), ["soc", "mail"]);
  assert.deepEqual(told({ severity: "low", method: "queries" }), ["gateway-team"]);
  assert.deepEqual(told({ severity: "medium" }), []);
  assert.deepEqual([...toldOfSilence(telling)], ["mail"]);
  assert.deepEqual(
    [recommend(telling, incident({}), []), [...toldOfSilence(policy)]],
    [[], []],
    "nothing is done by itself",
  );
});

test("a mistake is named by its file, entry and path", () => {
  const code = (text: string, message: RegExp) =>
    assert.throws(
      () => readPolicy(text),
      (error) => error instanceof PipelineError && error.code === "BAD_POLICY" && message.test(error.message),
    );
  code("- { when: {}, do: [shell], why: x }", /^policy\.yml, entry 1: do\.0: /);
  code(
    "- { when: { incident: { severity: bad } }, do: [notify], why: x }",
    /^policy\.yml, entry 1: when\.incident\.severity: /,
  );
  code("- { when: {}, do: [notify], why: x, for: 1h }", /^policy\.yml, entry 1: /);
  code("- { when: {}, do: [notify], why: x, lasts: 91d }", /^policy\.yml, entry 1: lasts: at most 90d/);
  code("- { when: {}, do: [notify], why: x, lasts: soon }", /^policy\.yml, entry 1: lasts: expected hours or days/);
  code("- { when: {}, tell: [soc], why: x }", /^policy\.yml, entry 1: when: expected either incident or source/);
  code("- { when: { source: quiet }, tell: [soc], why: x }", /^policy\.yml, entry 1: when\.source: /);
  code("- { when: { source: silent }, tell: [], why: x }", /^policy\.yml, entry 1: tell: /);
  code(
    "- { when: {}, do: [notify], why: x }\n- { when: { source: silent }, tel: [soc], why: x }",
    /entry 2: expected do or tell/,
  );
  code("a: [", /^policy\.yml: not YAML/);
  code("x".repeat(300_000), /characters/);
});

test("a connection that the policy tells by and nobody named is found", () => {
  const it = readPolicy("- { when: { source: silent }, tell: [soc, night], why: somebody must look }");
  assert.equal(unknownTeller(it, ["soc"]), "night");
  assert.equal(unknownTeller(it, ["night", "soc", "other"]), undefined);
});
