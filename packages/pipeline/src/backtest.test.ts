import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { backtestReport, type BacktestReport } from "@outweigh/schema";
import type { SourceKind } from "./ingest/source.ts";
import { Backtest } from "./backtest.ts";
import { Line } from "./line.ts";
import { makeRegister } from "./register.ts";
import { recording, replay } from "./testing/recordings.ts";

const folder = join(import.meta.dirname, "..", "..", "..", "content", "rules");
const rule = (name: string) => readFileSync(join(folder, "weights", `${name}.yml`), "utf8");
const register = makeRegister([{ name: "acme-13b", class: "private", places: ["hf:acme/acme-13b"], readers: ["svc"] }]);
const log = { name: "nginx_access_json.log", bytes: recording("lab-mlflow-http/nginx_access_json.log") };

function backtest(rules: readonly string[], kind: SourceKind | undefined = "http-access"): BacktestReport {
  const it = new Backtest({ rules, register, kindOf: () => kind });
  for (const event of replay([log], register.models, { rules: [] }).events) it.step(event);
  return backtestReport.parse(it.report());
}

test("a rule says of stored events what it said when they came, and by whom", () => {
  for (const name of ["mlflow_path_traversal_tried", "weights_read_with_download_tool", "weights_bulk_read"]) {
    const live = replay([log], register.models, { rules: [rule(name)] });
    const told = live.alerts.filter((it) => it.rule === name);
    assert.ok(told.length > 0, name);
    const { rules, blind, events } = backtest([rule(name)]);
    const [one] = rules;
    assert.deepEqual([rules.length, one?.rule, blind, events], [1, name, 0, live.events.length]);
    assert.deepEqual(new Set(one?.most.map((it) => it.principal)), new Set(told.map((it) => it.principal)), name);
    assert.equal(one?.principals, one?.most.length);
    assert.equal(
      one?.days.reduce((sum, it) => sum + it.hits, 0),
      one?.hits,
    );
  }
});

test("an example says which line of which selection was true, and of what value", () => {
  const [one] = backtest([rule("mlflow_path_traversal_tried")]).rules;
  const [example] = one?.examples ?? [];
  assert.ok(example && example.because.length > 0);
  for (const it of example.because) assert.ok(it.selection !== undefined && it.field !== "" && it.value !== "");
});

const exception = (of: string, who: string): string => `
title: Ours
id: 4d1f3c52-0000-4000-8000-000000000009
logsource: { product: outweigh, category: model_access }
filter:
  rules: [${of}]
  selection: { principal: ${JSON.stringify(who)} }
  condition: not selection
`;

test("an exception hides what it is about and nothing else, and what it hid is shown", () => {
  const name = "weights_read_with_download_tool";
  const [before] = backtest([rule(name)]).rules;
  const [most] = before?.most ?? [];
  assert.ok(before && most);
  const { rules, warnings } = backtest([rule(name), exception(name, most.principal)]);
  assert.deepEqual(warnings, []);
  assert.deepEqual([rules[0]?.hits, rules[0]?.hidden], [before.hits - most.hits, most.hits]);
  assert.ok(rules[0]?.hiddenExamples.every((it) => it.principal === most.principal));
  assert.match(backtest([rule(name), exception("another", "x")]).warnings.join(), /filters nothing/);
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
  const count = (kind: SourceKind | undefined) => {
    const it = new Backtest({ rules: [own], register, kindOf: () => kind });
    for (const event of replay([log], [], { rules: [] }).events) it.step(event);
    const { rules, blind } = it.report();
    return [(rules[0]?.hits ?? 0) > 0, blind > 0];
  };
  assert.deepEqual(count("http-access"), [true, false]);
  assert.deepEqual(count(undefined), [false, true]);
});

test("a rule that cannot be used says so and matches nothing", () => {
  const { refused, rules } = backtest(["title: x"]);
  assert.deepEqual([refused.length, rules], [1, []]);
});

test("rules that are only joined have no line of their own", () => {
  const text = rule("weights_bulk_read");
  const speaking = new Set(backtest([text]).rules.map((it) => it.rule));
  const parts = new Line({ register, rules: [text] }).rules().filter((it) => it.kind === "sigma");
  assert.deepEqual([speaking.size, parts.length > 1], [1, true]);
});

test("a time beyond all dates is counted and breaks nothing", () => {
  const name = "weights_read_with_download_tool";
  const it = new Backtest({ rules: [rule(name)], register, kindOf: () => "http-access" });
  for (const event of replay([log], register.models, { rules: [] }).events)
    it.step({ ...event, time: Number.MAX_SAFE_INTEGER });
  assert.equal(backtestReport.parse(it.report()).rules[0]?.days[0]?.day, "9999-12-31");
});
