import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { SourceKind } from "./ingest/source.ts";
import { Backtest } from "./backtest.ts";
import { makeRegister } from "./register.ts";
import { recording, replay } from "./testing/recordings.ts";

const folder = join(import.meta.dirname, "..", "..", "..", "content", "rules");
const rule = (name: string) => readFileSync(join(folder, "weights", `${name}.yml`), "utf8");
const register = makeRegister([{ name: "acme-13b", class: "private", places: ["hf:acme/acme-13b"], readers: ["svc"] }]);
const log = { name: "nginx_access_json.log", bytes: recording("lab-mlflow-http/nginx_access_json.log") };

test("a rule says of stored events what it said when they came", () => {
  for (const name of ["mlflow_path_traversal_tried", "weights_read_with_download_tool", "weights_bulk_read"]) {
    const live = replay([log], register.models, { rules: [rule(name)] });
    const again = new Backtest({ rule: rule(name), register, kindOf: () => "http-access" });
    const matches = live.events.flatMap((it) => again.step(it));
    const told = live.alerts.filter((it) => it.rule === name);
    assert.ok(told.length > 0, name);
    assert.deepEqual(new Set(matches.map((it) => it.principal)), new Set(told.map((it) => it.principal)), name);
    assert.equal(again.blind, 0);
  }
});

test("rules on a source's own field names see the record that was kept", () => {
  const own = `
title: A path
name: a_path
id: 4d1f3c52-0000-4000-8000-000000000002
status: test
logsource: { category: webserver }
detection:
  path: { cs-uri-stem|contains: /mlflow-artifacts/ }
  condition: path
level: high
`;
  const { events } = replay([log], [], { rules: [] });
  const count = (kind: SourceKind | undefined) => {
    const it = new Backtest({ rule: own, register, kindOf: () => kind });
    return [events.flatMap((event) => it.step(event)).length > 0, it.blind > 0];
  };
  assert.deepEqual(count("http-access"), [true, false]);
  assert.deepEqual(count(undefined), [false, true]);
});

test("a rule that cannot be used says so and matches nothing", () => {
  const it = new Backtest({ rule: "title: x", register, kindOf: () => "http-access" });
  assert.equal(it.refused.length, 1);
  assert.deepEqual(
    replay([log], [], { rules: [] }).events.flatMap((event) => it.step(event)),
    [],
  );
});
