import assert from "node:assert/strict";
import { test } from "node:test";
import { prove } from "./proof.ts";

const rule = `
title: A push
name: a_push
id: 4d1f3c52-0000-4000-8000-000000000001
status: test
logsource: { category: webserver }
detection:
  push: { operation: push }
  condition: push
level: high
`;
const record = (path: string) =>
  `{ time: '2026-11-24T09:00:00Z', remote_addr: 10.0.0.9, remote_user: ana, request_method: POST, request_uri: ${path}, status: 200, body_bytes_sent: 1 }`;
const proof = (expect: string, path: string) => `
- { name: a case, kind: ${expect === "alert" ? "attack" : "clean"}, expect: ${expect}, records: [${record(path)}] }
`;

test("a case passes when the rule does what is expected, and says what it did otherwise", () => {
  assert.deepEqual(prove("a_push", rule, proof("alert", "/api/push")), [
    { rule: "a_push", case: "a case", kind: "attack", passed: true },
  ]);
  assert.equal(prove("a_push", rule, proof("alert", "/api/tags"))[0]?.problem, "raised nothing, expected an alert");
  assert.equal(prove("a_push", rule, proof("nothing", "/api/push"))[0]?.problem, "raised an alert, expected nothing");
});

test("a proof, rule or record that cannot be used is a case that does not pass", () => {
  const problem = (text: string, of = rule) => prove("a_push", of, text)[0]?.problem ?? "";
  assert.match(problem("- { name: x }"), /^0\.kind/);
  assert.match(problem("a: ["), /^not YAML/);
  assert.match(problem("[]"), /proof/);
  assert.match(problem(proof("alert", "/api/push"), "title: x"), /^refused: /);
  assert.match(problem("- { name: x, kind: attack, expect: alert, records: [hello] }"), /^no source reads hello/);
});
