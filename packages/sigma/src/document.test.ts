import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { compileRules } from "./document.ts";
import { SigmaError } from "./error.ts";
import { aRule, anEvent, matches, ruleText, run, selectionText, texts } from "./testing/build.ts";
import { readSample, samplePath, skipWithoutSamples } from "./testing/samples.ts";

test("keeps what a rule says of itself, the author's own attributes among them", () => {
  const rule = aRule(
    selectionText(
      { a: 1 },
      { name: "my_rule", level: "high", tags: ["attack.t1530"], blindspots: ["x"], playbook: "y" },
    ),
  );
  assert.equal(rule.name, "my_rule");
  assert.equal(rule.level, "high");
  assert.deepEqual(rule.tags, ["attack.t1530"]);
  assert.deepEqual(rule.attributes["blindspots"], ["x"]);
  assert.equal(rule.attributes["playbook"], "y");
});

test("maps mean and, lists of maps mean or", () => {
  const selection = [{ a: 1, b: 2 }, { c: 3 }];
  assert.ok(matches(selection, { a: 1, b: 2 }));
  assert.ok(matches(selection, { c: 3 }));
  assert.ok(!matches(selection, { a: 1 }));
});

test("a list may mix maps and keywords", () => {
  assert.ok(matches([{ a: 1 }, "evil"], { x: "an evil thing" }));
  assert.ok(matches([{ a: 1 }, "evil"], { a: 1 }));
});

test("one of several conditions is enough", () => {
  const text = ruleText({ one: { a: 1 }, two: { b: 1 }, condition: ["one", "two"] });
  assert.equal(run([text], [anEvent({ b: 1 })]).length, 1);
  assert.equal(run([text], [anEvent({ c: 1 })]).length, 0);
});

const aCorrelation = { type: "event_count", rules: ["rule"], "group-by": ["a"], timespan: "1m", condition: { gte: 2 } };
const correlationText = (others: object, title = "C"): string =>
  JSON.stringify({ title, correlation: { ...aCorrelation, ...others } });
const aFilter = { rules: ["rule"], selection: { a: 1 }, condition: "not selection" };
const filterText = (others: object): string =>
  JSON.stringify({ title: "F", logsource: {}, filter: { ...aFilter, ...others } });
const good = { selection: { a: 1 }, condition: "selection" };

const refused: readonly (readonly [what: string, code: string, text: string, path: string])[] = [
  ["a text", "NOT_A_RULE", "hello", ""],
  ["a map without a detection", "NOT_A_RULE", "title: x", ""],
  ["a detection beside a correlation", "NOT_A_RULE", ruleText(good, { correlation: {} }), ""],
  ["a collection of Sigma 1", "UNSUPPORTED", ruleText(good, { action: "global" }), "action"],
  ["a rule without a title", "BAD_ATTRIBUTE", ruleText(good, { title: undefined }), ""],
  ["a long title", "BAD_ATTRIBUTE", ruleText(good, { title: "x".repeat(257) }), "title"],
  ["an id that is no UUID", "BAD_ATTRIBUTE", ruleText(good, { id: "1" }), "id"],
  ["an unknown level", "BAD_ATTRIBUTE", ruleText(good, { level: "severe" }), "level"],
  ["an unknown status", "BAD_ATTRIBUTE", ruleText(good, { status: "new" }), "status"],
  ["a tag without a namespace", "BAD_ATTRIBUTE", ruleText(good, { tags: ["x"] }), "tags"],
  ["a tag twice", "BAD_ATTRIBUTE", ruleText(good, { tags: ["a.b", "a.b"] }), "tags"],
  ["a date with slashes", "BAD_ATTRIBUTE", ruleText(good, { date: "2026/01/02" }), "date"],
  ["an unknown relation", "BAD_ATTRIBUTE", ruleText(good, { related: [{ id: "x", type: "y" }] }), "related"],
  ["a rule without a logsource", "BAD_ATTRIBUTE", ruleText(good, { logsource: undefined }), "logsource"],
  ["a logsource that is no text", "BAD_ATTRIBUTE", ruleText(good, { logsource: { product: 1 } }), "logsource.product"],
  ["a detection without a condition", "BAD_CONDITION", ruleText({ selection: { a: 1 } }), "detection.condition"],
  ["a detection without selections", "BAD_DETECTION", ruleText({ condition: "x" }), "detection"],
  [
    "a selection that is a text",
    "BAD_DETECTION",
    ruleText({ selection: "x", condition: "selection" }),
    "detection.selection",
  ],
  ["an empty selection", "BAD_DETECTION", selectionText({}), "detection.selection"],
  ["an empty list", "BAD_DETECTION", selectionText([]), "detection.selection"],
  ["null as keyword", "BAD_DETECTION", selectionText(["a", null]), "detection.selection[1]"],
  ["a timeframe of Sigma 1", "BAD_DETECTION", ruleText({ ...good, timeframe: "5m" }), "detection.timeframe"],
  ["no condition at all", "BAD_CONDITION", ruleText({ ...good, condition: [] }), "detection.condition"],
  ["an unknown correlation type", "BAD_CORRELATION", correlationText({ type: "sum" }), "correlation.type"],
  ["a part that correlations do not have", "UNSUPPORTED", correlationText({ alias: {} }), "correlation.alias"],
  ["a correlation without rules", "BAD_CORRELATION", correlationText({ rules: [] }), "correlation.rules"],
  [
    "a correlation without group-by",
    "BAD_CORRELATION",
    correlationText({ "group-by": undefined }),
    "correlation.group-by",
  ],
  [
    "a correlation without timespan",
    "BAD_CORRELATION",
    correlationText({ timespan: undefined }),
    "correlation.timespan",
  ],
  ["weeks", "BAD_CORRELATION", correlationText({ timespan: "1w" }), "correlation.timespan"],
  ["a timespan of nothing", "BAD_CORRELATION", correlationText({ timespan: "0m" }), "correlation.timespan"],
  ["a timespan of years", "BAD_CORRELATION", correlationText({ timespan: "9999d" }), "correlation.timespan"],
  [
    "a count without a condition",
    "BAD_CORRELATION",
    correlationText({ condition: undefined }),
    "correlation.condition",
  ],
  ["a condition without a bound", "BAD_CORRELATION", correlationText({ condition: {} }), "correlation.condition"],
  [
    "a condition over rule names",
    "UNSUPPORTED",
    correlationText({ type: "temporal", condition: "rule and other" }),
    "correlation.condition",
  ],
  ["an unknown operator", "BAD_CORRELATION", correlationText({ condition: { ge: 1 } }), "correlation.condition.ge"],
  ["a count of halves", "BAD_CORRELATION", correlationText({ condition: { gte: 1.5 } }), "correlation.condition.gte"],
  [
    "a value_count without field",
    "BAD_CORRELATION",
    correlationText({ type: "value_count" }),
    "correlation.condition.field",
  ],
  [
    "a field of an event_count",
    "BAD_CORRELATION",
    correlationText({ condition: { gte: 1, field: "x" } }),
    "correlation.condition.field",
  ],
  [
    "a sum of two fields",
    "BAD_CORRELATION",
    correlationText({ type: "value_sum", condition: { gt: 1, field: ["x", "y"] } }),
    "correlation.condition.field",
  ],
  [
    "a range that holds nothing",
    "BAD_CORRELATION",
    correlationText({ condition: { gt: 5, lt: 6 } }),
    "correlation.condition",
  ],
  ["a count of what is absent", "UNSUPPORTED", correlationText({ condition: { eq: 0 } }), "correlation.condition"],
  [
    "more rules than there are",
    "BAD_CORRELATION",
    correlationText({ type: "temporal", condition: { gte: 2 } }),
    "correlation.condition",
  ],
  [
    "more distinct values than are kept",
    "TOO_MANY",
    correlationText({ type: "value_count", condition: { field: "x", gte: 1e6 } }),
    "correlation.condition.gte",
  ],
  [
    "an alias for a rule that is not joined",
    "BAD_CORRELATION",
    correlationText({ aliases: { x: { other: "y" } } }),
    "correlation.aliases.x.other",
  ],
  [
    "an alias that leaves a rule out",
    "BAD_CORRELATION",
    correlationText({ aliases: { a: {} } }),
    "correlation.aliases.a",
  ],
  ["a filter for no rules", "BAD_FILTER", filterText({ rules: [] }), "filter.rules"],
  ["a filter for any rule", "BAD_FILTER", filterText({ rules: "any" }), "filter.rules"],
  ["a filter without selection", "BAD_FILTER", filterText({ selection: undefined, x: { a: 1 } }), "filter"],
  ["a filter with a list of conditions", "BAD_CONDITION", filterText({ condition: ["selection"] }), "filter.condition"],
];
for (const [what, code, text, path] of refused) {
  test(`refuses ${what}`, () => assert.throws(() => compileRules(text), { name: "SigmaError", code, path }));
}

test("says in which document and line of a text something is wrong", () => {
  const text =
    "title: good\nlogsource: {}\ndetection: { a: { b: 1 }, condition: a }\n---\ntitle: bad\nlogsource: {}\ndetection:\n  a:\n    b|x: 1\n  condition: a\n";
  assert.throws(() => compileRules(text), {
    document: 1,
    line: 9,
    message: "document 2, line 9, detection.a.b|x: unknown modifier |x",
  });
});

test("a filter keeps what its condition is true of, where logsource and name fit", () => {
  const rule = selectionText({ a: 1 }, { name: "rule", logsource: { product: "p", category: "test" } });
  const event = anEvent({ a: 1, user: "adm_x" }, { logsources: [{ product: "p", category: "test" }] });
  const filter = (logsource: object, condition: string): string =>
    JSON.stringify({
      title: "F",
      logsource,
      filter: { rules: ["rule"], selection: { "user|startswith": "adm_" }, condition },
    });
  const count = (text: string): number => run([rule, text], [event]).length;
  assert.equal(count(filter({ product: "p" }, "not selection")), 0);
  assert.equal(count(filter({ product: "p" }, "selection")), 1);
  assert.equal(count(filter({ product: "other" }, "not selection")), 1, "another logsource is not meant");
});

test("compiles or throws a SigmaError, whatever the text", () => {
  const key = fc.constantFrom(
    "a",
    "a|contains",
    "a|re",
    "a|contains|all",
    "condition",
    "selection",
    "|all",
    "a|cidr",
    "",
    "a|expand",
  );
  const value = fc.letrec((tie) => ({
    it: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.integer(),
      fc.constantFrom(null, true, "*", "%x%"),
      fc.array(tie("it")),
      fc.dictionary(key, tie("it")),
    ),
  })).it;
  const text = fc.oneof(
    fc.string(),
    value.map((it) => selectionText(it)),
    fc.dictionary(fc.constantFrom("selection", "filter", "condition", "_x"), value).map((it) => ruleText(it)),
    fc
      .dictionary(fc.constantFrom("type", "rules", "group-by", "timespan", "condition", "aliases"), value)
      .map((it) => correlationText(it)),
    fc
      .dictionary(fc.constantFrom("title", "id", "tags", "level", "related", "logsource", "filter"), value)
      .map((it) => ruleText(good, it)),
  );
  fc.assert(
    fc.property(text, (it) => {
      try {
        compileRules(it);
      } catch (error) {
        assert.ok(error instanceof SigmaError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("several documents of a text come in their order", () => {
  const kinds = compileRules(texts(selectionText({ a: 1 }, { name: "rule" }), correlationText({}), filterText({}))).map(
    (it) => it.kind,
  );
  assert.deepEqual(kinds, ["rule", "correlation", "filter"]);
});

test("the specification's valid examples compile", skipWithoutSamples, () => {
  for (const folder of ["correlation", "filter", "rules"]) {
    for (const file of readdirSync(samplePath("sigma-spec/tests/schema", folder))) {
      assert.equal(compileRules(readSample("sigma-spec/tests/schema", folder, file)).length, 1, file);
    }
  }
});

test("pySigma's fixtures compile, and its broken ones do not", skipWithoutSamples, () => {
  const compile = (file: string): number => compileRules(readSample("sigma-spec/pysigma", file)).length;
  assert.equal(compile("correlation_rule_valid/correlation_rule.yml"), 6);
  assert.equal(compile("filter_valid/filter_out_domain_controllers.yml"), 1);
  assert.equal(compile("rule_valid/win_codeintegrity_unsigned_driver_loaded.yml"), 1);
  assert.equal(compile("ruleset_nonduplicate/multiple_rules.yml"), 2);
  assert.equal(compile("rule_filename_errors/Name.yml"), 1); // only its name is wrong
  assert.throws(() => compile("ruleset_with_errors/test_rule_with_error.yml"), { code: "UNKNOWN_MODIFIER" });
  // pySigma reads conditions late and lets this one pass: it names a selection that is not there.
  assert.throws(() => compile("ruleset/test_rule.yml"), { code: "BAD_CONDITION" });
});
