import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRules } from "./document.ts";
import { SigmaEngine } from "./engine.ts";
import { compileFilter } from "./filter.ts";
import { maxShownLength } from "./limits.ts";
import { anEvent, ruleText, run, selectionText } from "./testing/build.ts";

test("a match names its rule, its level, its event and why", () => {
  const text = ruleText(
    {
      read: { "key|endswith": [".gguf", ".pt"], bucket: "models" },
      known: { user: "ci" },
      condition: "read and not known",
    },
    { id: "951f8d29-1234-1234-1234-0673ff105e6f", level: "high", status: "test", tags: ["attack.t1530"] },
  );
  const [match] = run([text], [anEvent({ key: "a/b.PT", bucket: "models", user: "eve" }, { id: "e1", time: 5 })]);
  const { document, ...rest } = match ?? {};
  assert.equal(document?.kind, "rule");
  assert.deepEqual(rest, {
    rule: "951f8d29-1234-1234-1234-0673ff105e6f",
    id: "951f8d29-1234-1234-1234-0673ff105e6f",
    title: "A rule",
    level: "high",
    status: "test",
    tags: ["attack.t1530"],
    time: 5,
    matched: [
      { field: "key", value: "a/b.PT" },
      { field: "bucket", value: "models" },
    ],
    events: ["e1"],
    count: 1,
  });
});

test("a rule is called by its name, else its id, else its title", () => {
  const called = (others: object): string | undefined =>
    run([selectionText({ a: 1 }, { ...others })], [anEvent({ a: 1 })])[0]?.rule;
  const id = "951f8d29-1234-1234-1234-0673ff105e6f";
  assert.equal(called({ id, name: "stem" }), "stem");
  assert.equal(called({ id }), id);
  assert.equal(called({}), "A rule");
});

test("a rule without a level is medium", () =>
  assert.equal(run([selectionText({ a: 1 })], [anEvent({ a: 1 })])[0]?.level, "medium"));

test("of a list, the reason is the member that matched; of a keyword, where it stood", () => {
  const reasons = (selection: unknown, fields: Record<string, unknown>): unknown =>
    run([selectionText(selection)], [anEvent(fields)])[0]?.matched;
  assert.deepEqual(reasons({ "a|contains": "y" }, { a: ["x", "yy"] }), [{ field: "a", value: "yy" }]);
  assert.deepEqual(reasons(["evil"], { m: [{ n: "an evil thing" }] }), [{ field: "m.n", value: "an evil thing" }]);
  assert.deepEqual(reasons({ a: null }, { b: 1 }), [{ field: "a", value: "" }]);
});

test("a reason is cut to length", () => {
  const [match] = run([selectionText({ "a|contains": "x" })], [anEvent({ a: "x".repeat(maxShownLength + 5) })]);
  assert.equal(match?.matched[0]?.value.length, maxShownLength);
});

test("warns of filters that filter nothing", () => {
  const filter = (rules: string[], logsource: object): string =>
    JSON.stringify({ title: "F", logsource, filter: { rules, selection: { a: 1 }, condition: "not selection" } });
  const rule = selectionText({ a: 1 }, { name: "rule" });
  const warnings = (text: string): readonly string[] =>
    new SigmaEngine([rule, text].flatMap((it) => compileRules(it))).warnings;
  assert.deepEqual(warnings(filter(["rule"], {})), []);
  assert.deepEqual(warnings(filter(["other"], {})), ['filter "F" filters nothing: none of its rules is there']);
  assert.deepEqual(warnings(filter(["rule"], { product: "x" })), [
    'filter "F" filters nothing: its logsource is not theirs',
  ]);
});

test("counts what it saw", () => {
  const engine = new SigmaEngine(compileRules(selectionText({ a: 1 })));
  for (const a of [1, 2, 1]) engine.step(anEvent({ a }));
  assert.equal(engine.counters.events, 3);
  assert.equal(engine.counters.matches, 2);
});

test("one event does not leak into the next", () => {
  const engine = new SigmaEngine(compileRules(selectionText({ a: 1, "b.c": 2 })));
  assert.equal(engine.step(anEvent({ a: 1, b: { c: 2 } })).length, 1);
  assert.equal(engine.step(anEvent({ a: 1 })).length, 0);
  assert.equal(engine.step(anEvent({ b: { c: 2 } })).length, 0);
});

test("tells which filter hid a match; a filter on trial only tells", () => {
  const filter = JSON.stringify({
    title: "F",
    name: "fine",
    logsource: {},
    filter: { rules: ["rule"], selection: { user: "ci" }, condition: "not selection" },
  });
  const documents = [selectionText({ a: 1 }, { name: "rule" }), filter].flatMap((it) => compileRules(it));
  const hides = new SigmaEngine(documents);
  assert.equal(hides.step(anEvent({ a: 1, user: "ci" })).length, 0);
  assert.deepEqual(
    hides.hidden.map((it) => [it.filter.name, it.rule.name]),
    [["fine", "rule"]],
  );
  assert.equal(hides.step(anEvent({ a: 1, user: "eve" })).length, 1);
  assert.deepEqual(hides.hidden, []);
  const tries = new SigmaEngine(documents, { trial: new Set(documents) });
  assert.equal(tries.step(anEvent({ a: 1, user: "ci" })).length, 1);
  assert.equal(tries.hidden.length, 1);
});

test("a filter by itself says what stays", () => {
  const [filter] = compileRules(
    JSON.stringify({
      title: "F",
      logsource: {},
      filter: { rules: ["any"], selection: { user: "ci" }, condition: "not selection" },
    }),
  );
  assert.ok(filter?.kind === "filter");
  const stays = compileFilter(filter);
  assert.deepEqual(
    [stays(anEvent({ user: "ci" })), stays(anEvent({ user: "eve" })), stays(anEvent({}))],
    [false, true, true],
  );
});
