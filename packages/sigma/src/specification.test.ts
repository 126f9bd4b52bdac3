// What the specification names and no other test here shows by itself; and that the README's table names all there is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { correlationTypes } from "./correlation/definition.ts";
import { modifierNames } from "./modifiers.ts";
import { anEvent, matches, ruleText, run, selectionText, texts } from "./testing/build.ts";

test("the README names every modifier and correlation, and none that is not there", () => {
  const readme = readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8");
  const table = readme.slice(readme.indexOf("## What is supported"), readme.indexOf("## Where the specification"));
  const row = (name: string): string[] =>
    [...(table.split("\n").find((it) => it.startsWith(`| ${name}`)) ?? "").matchAll(/`([a-z0-9_]+)`/g)].map(
      ([, it = ""]) => it,
    );
  const named = [
    ...row("modifiers of text"),
    ...row("regular expressions"),
    ...row("modifiers of other values"),
    ...row("modifiers of the line"),
  ];
  assert.deepEqual([...new Set(named)].sort(), [...modifierNames].sort());
  assert.deepEqual(row("correlations"), [...correlationTypes]);
});

const seen: readonly (readonly [claim: string, selection: unknown, fields: object, matched: boolean])[] = [
  ["fieldref with endswith", { "a|fieldref|endswith": "b" }, { a: "the-key", b: "KEY" }, true],
  ["fieldref with endswith minds the end", { "a|fieldref|endswith": "b" }, { a: "key-x", b: "key" }, false],
  ["fieldref with contains", { "a|fieldref|contains": "b" }, { a: "x-key-y", b: "key" }, true],
  ["fieldref takes any member of a list", { "a|fieldref": "b.c" }, { a: ["1", "2"], b: [{ c: 3 }, { c: 2 }] }, true],
  ["fieldref leads through maps", { "a.b|fieldref": "c.d" }, { a: { b: 5 }, c: { d: "5" } }, true],
  ["utf16le is wide", { "a|utf16le|base64": "ping" }, { a: "cABpAG4AZwA=" }, true],
  [
    "base64offset|contains finds what starts off a border",
    { "a|base64offset|contains": "/bin/sh" },
    { a: "eHgvYmluL3NoeHg=" },
    true,
  ],
  ["minute", { "a|minute": 15 }, { a: "2026-03-02T03:15:00Z" }, true],
  ["day", { "a|day|lt": 3 }, { a: "2026-03-02 03:15:00" }, true],
  ["week, as ISO 8601 counts", { "a|week": 53 }, { a: "2021-01-02" }, true],
  ["month", { "a|month": [3, 4] }, { a: "2026-04-02" }, true],
  ["year of milliseconds since 1970", { "a|year": 2026 }, { a: 1_790_000_000_000 }, true],
  ["a range of hours", { "a|hour|gte": 22 }, { a: "2026-03-02T21:59:00Z" }, false],
  ["re with m and s", { "a|re|m|s": "^b.c$" }, { a: "a\nb\nc" }, true],
  ["cidr of IPv6", { "a|cidr": "2001:db8::/32" }, { a: "2001:DB8:ffff::1" }, true],
  ["exists is true of null", { "a|exists": true }, { a: null }, true],
  ["keywords are looked for in every value, whatever its depth", ["needle"], { a: { b: [{ c: "a Needle!" }] } }, true],
  ["keywords mean one of them", ["x1", "needle"], { a: "needle" }, true],
  ["all of several keywords", { "|all": ["hay", "needle"] }, { a: "hay", b: "needle" }, true],
  ["all of several keywords, one missing", { "|all": ["hay", "pin"] }, { a: "hay", b: "needle" }, false],
  ["a keyword as regular expression", { "|re": "n.{2}dle" }, { a: "x", b: "needle" }, true],
  ["a cased keyword", { "|cased": "Needle" }, { a: "needle" }, false],
  ["windash with startswith and all", { "a|contains|all|windash": ["-x", "-y"] }, { a: "cmd /x \u2014y" }, true],
];
for (const [claim, selection, fields, matched] of seen) {
  test(claim, () => assert.equal(matches(selection, { ...fields }), matched));
}

test("fieldref ends the text: nothing can be found before it", () => {
  assert.throws(() => matches({ "a|endswith|fieldref": "b" }, { a: "x", b: "x" }), { code: "BAD_MODIFIER" });
});

test("keywords see the source's record, and our view where there is none", () => {
  const text = ruleText({ words: ["needle"], condition: "words" });
  const at = (fields: object, raw?: object) => run([text], [anEvent({ ...fields }, raw && { raw: { ...raw } })]).length;
  assert.deepEqual([at({ a: "needle" }), at({ a: "needle" }, { b: "hay" }), at({}, { b: "needle" })], [1, 0, 1]);
});

const conditions: readonly (readonly [condition: string, fields: object, matched: boolean])[] = [
  ["1 of them", { a: "1" }, true],
  ["1 of them", { h: "1" }, false],
  ["all of sel*", { a: "1" }, false],
  ["all of sel*", { a: "1", b: "1" }, true],
  ["all of sel* and not 1 of _*", { a: "1", b: "1", h: "1" }, false],
  ["not all of them", { a: "1" }, true],
  ["any of sel_*", { b: "1" }, true],
];
for (const [condition, fields, matched] of conditions) {
  test(`${condition}: ${JSON.stringify(fields)}`, () => {
    const text = ruleText({ sel_a: { a: 1 }, sel_b: { b: 1 }, _h: { h: 1 }, condition });
    assert.equal(run([text], [anEvent({ ...fields })]).length > 0, matched);
  });
}

test("several filters of one rule each hide their part, by id or name, and only in their logsource", () => {
  const id = "4d1f3c52-0000-4000-8000-0000000000aa";
  const rule = selectionText({ a: "1" }, { id, name: "the_rule" });
  const filter = (rules: readonly string[], b: string, logsource: object = { category: "test" }): string =>
    JSON.stringify({ title: b, logsource, filter: { rules, selection: { b }, condition: "not selection" } });
  const all = [rule, filter([id], "x"), filter(["the_rule", "other"], "y"), filter([id], "z", { product: "other" })];
  const hits = ["x", "y", "z", "w"].map((b) => run(all, [anEvent({ a: "1", b })]).length);
  assert.deepEqual(hits, [0, 0, 1, 1]);
});

/** One rule for each kind, and what joins them, by the rule's id where `byId`. */
function joined(correlation: object, { root = {}, byId = false }: { root?: object; byId?: boolean } = {}): string {
  const id = "4d1f3c52-0000-4000-8000-0000000000bb";
  const section = {
    type: "event_count",
    rules: [byId ? id : "on_a"],
    "group-by": ["user"],
    timespan: "1m",
    ...correlation,
  };
  return texts(
    selectionText({ kind: "a" }, { name: "on_a", id }),
    JSON.stringify({ title: "J", name: "joined", correlation: section, ...root }),
  );
}
const start = 1_700_000_000_000;
const aAt = (...seconds: readonly number[]) =>
  seconds.map((it) => anEvent({ kind: "a", user: "u", n: it }, { time: start + it * 1000 }));
const after = anEvent({ kind: "z", user: "u" }, { time: start + 100 * 3_600_000 });
const countOf = (text: string, seconds: readonly number[], rule = "joined"): number =>
  run([text], [...aAt(...seconds), after], { latenessMs: 0 }).filter((it) => it.rule === rule).length;

test("every comparison, and two of them as a range", () => {
  const fires = (condition: object, count: number): boolean =>
    countOf(
      joined({ condition }),
      Array.from({ length: count }, (_, i) => i),
    ) > 0;
  const table: readonly (readonly [condition: object, counts: readonly number[]])[] = [
    [{ gt: 3 }, [4]],
    [{ gte: 3 }, [3, 4]],
    [{ lt: 3 }, [1, 2]],
    [{ lte: 3 }, [1, 2, 3]],
    [{ eq: 3 }, [3]],
    [{ neq: 3 }, [1, 2, 4]],
    [{ gte: 2, lte: 3 }, [2, 3]],
  ];
  for (const [condition, counts] of table) {
    assert.deepEqual(
      [1, 2, 3, 4].filter((it) => fires(condition, it)),
      counts,
      JSON.stringify(condition),
    );
  }
});

test("time spans count in seconds, minutes, hours and days", () => {
  for (const [timespan, seconds] of [
    ["2s", 2],
    ["2m", 120],
    ["2h", 7200],
    ["2d", 172_800],
  ] as const) {
    const text = joined({ timespan, condition: { gte: 2 } });
    assert.deepEqual([countOf(text, [0, seconds]), countOf(text, [0, seconds + 1])], [1, 0], timespan);
  }
});

test("a rule is joined by its id as by its name, and speaks for itself where generate says so, wherever it stands", () => {
  const condition = { gte: 2 };
  assert.equal(countOf(joined({ condition }, { byId: true }), [0, 1]), 1);
  assert.equal(countOf(joined({ condition }), [0, 1], "on_a"), 0);
  assert.equal(countOf(joined({ condition, generate: true }), [0, 1], "on_a"), 2);
  assert.equal(countOf(joined({ condition }, { root: { generate: true } }), [0, 1], "on_a"), 2);
});

test("value_sum takes floats and bounds on both sides, value_avg and value_percentile wait for the end", () => {
  const of = (type: string, condition: object): number =>
    countOf(joined({ type, condition: { field: "n", ...condition } }), [1, 2, 6]);
  assert.equal(of("value_sum", { gte: 9 }), 1);
  assert.equal(of("value_sum", { gt: 9 }), 0);
  assert.equal(of("value_avg", { eq: 3 }), 1);
  assert.equal(of("value_percentile", { percentile: 50, eq: 2 }), 1);
  assert.equal(of("value_percentile", { percentile: 99, gte: 6 }), 1);
});

test("an alias joins fields of different names also through a chain", () => {
  const text = texts(
    selectionText({ kind: "fail" }, { name: "failed_login" }),
    selectionText({ kind: "ok" }, { name: "good_login" }),
    JSON.stringify({
      title: "Many",
      name: "many_failed",
      correlation: {
        type: "event_count",
        rules: ["failed_login"],
        "group-by": ["source_user"],
        timespan: "5m",
        condition: { gte: 2 },
      },
    }),
    JSON.stringify({
      title: "Then",
      name: "then_good",
      correlation: {
        type: "temporal_ordered",
        rules: ["many_failed", "good_login"],
        aliases: { who: { many_failed: "source_user", good_login: "target_user" } },
        "group-by": ["who"],
        timespan: "10m",
      },
    }),
  );
  const event = (fields: object, second: number) => anEvent({ ...fields }, { time: start + second * 1000 });
  const list = (who: string) => [
    event({ kind: "fail", source_user: "ana" }, 0),
    event({ kind: "fail", source_user: "ana" }, 1),
    event({ kind: "ok", target_user: who }, 2),
  ];
  assert.deepEqual(
    ["ana", "ben"].map((who) => run([text], list(who)).map((it) => it.rule)),
    [["then_good"], []],
  );
});
