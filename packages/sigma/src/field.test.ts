import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxLeaves } from "./limits.ts";
import { anEvent, matches, run, selectionText } from "./testing/build.ts";

test("a literal name beats a path", () => {
  assert.ok(matches({ "id.orig_h": "10.0.0.1" }, { "id.orig_h": "10.0.0.1", id: { orig_h: "other" } }));
});

test("a name with dots leads through nested maps", () => {
  assert.ok(matches({ "a.b.c": "x" }, { a: { b: { c: "x" } } }));
  assert.ok(matches({ "a.b.c": "x" }, { a: { "b.c": "x" } }), "and literal ones at any depth");
  assert.ok(matches({ "a.b.c": "x" }, { "a.b": { c: "x" } }));
  assert.ok(matches({ "a.b.c": "x" }, { "a.b": 1, a: { b: { c: "x" } } }), "a literal dead end does not hide the path");
});

test("a path fans out over lists, and takes a position", () => {
  const fields = { a: [{ b: ["x", "y"] }, { b: "z" }] };
  for (const value of ["x", "y", "z"]) assert.ok(matches({ "a.b": value }, fields), value);
  assert.ok(matches({ "a.1.b": "z" }, fields));
  assert.ok(!matches({ "a.0.b": "z" }, fields));
});

test("a map is seen as its JSON, as rules for CloudTrail expect", () => {
  assert.ok(matches({ "p|contains": "Suspended" }, { p: { v: { Status: "Suspended" } } }));
  assert.ok(!matches({ p: null }, { p: {} }));
});

test("names of an object's prototype are not fields", () => {
  for (const name of ["constructor", "__proto__", "toString", "a.constructor.name"]) {
    assert.ok(!matches({ [`${name}|exists`]: true }, { a: {} }), name);
  }
});

const both = { selection: { status: "x" } };
test("our view answers first, and the source's own record for names without a value there", () => {
  const text = [selectionText(both.selection)];
  const hits = (fields: object, raw: object): boolean =>
    run(text, [anEvent({ ...fields }, { raw: { ...raw } })]).length > 0;
  assert.ok(hits({ status: "x" }, { status: "y" }));
  assert.ok(!hits({ status: "y" }, { status: "x" }));
  assert.ok(hits({}, { status: "x" }));
  assert.ok(hits({ status: null }, { status: "x" }));
  assert.ok(hits({ status: { code: 1 } }, { status: "x" }), "a map there is no answer");
});

test("a rule compiled for the raw view sees nothing else, if there is one", () => {
  const text = [selectionText(both.selection)];
  const hits = (fields: object, raw?: object): boolean =>
    run(text, [anEvent({ ...fields }, { raw: raw && { ...raw } })], { view: "raw" }).length > 0;
  assert.ok(hits({ status: "y" }, { status: "x" }));
  assert.ok(!hits({ status: "x" }, {}));
  assert.ok(hits({ status: "x" }));
});

test("no record can answer for a reserved name", () => {
  const text = [selectionText({ "bytes|gt": 5 })];
  const event = anEvent({}, { raw: { bytes: 10 } });
  assert.equal(run(text, [event]).length, 1);
  assert.equal(run(text, [event], { reserved: ["bytes"] }).length, 0);
});

test("keywords are looked for in all values of the record, and not in names", () => {
  const keywords = (list: unknown, raw: Record<string, unknown>): boolean =>
    matches(list, {}, {}) || run([selectionText(list)], [anEvent({ own: "evil" }, { raw })]).length > 0;
  assert.ok(keywords(["evil"], { a: [{ b: "an EVIL thing" }] }));
  assert.ok(!keywords(["evil"], { evil: "x" }));
  assert.ok(!keywords(["evil"], {}), "the normalised view is not the log message");
  assert.ok(keywords({ "|all": ["one", "two"] }, { a: "two", b: "one" }));
  assert.ok(!keywords({ "|all": ["one", "two"] }, { a: "two" }));
  assert.ok(keywords({ "|re": "e.il" }, { a: "xevil" }));
  assert.ok(keywords({ "|startswith": "ev" }, { a: "evil" }));
  assert.ok(!keywords({ "|startswith": "vi" }, { a: "evil" }));
  assert.ok(keywords([4625], { a: 4625 }));
  assert.ok(keywords(["a*c"], { a: "xxabbcxx" }));
});

test("says when an event holds more than was read", async () => {
  const { SigmaEngine } = await import("./engine.ts");
  const { compileRules } = await import("./document.ts");
  const engine = new SigmaEngine(compileRules(selectionText(["evil"])));
  engine.step(anEvent({ a: Array.from({ length: maxLeaves + 1 }, () => "x") }));
  engine.step(anEvent({ a: "x" }));
  assert.equal(engine.counters.overlong, 1);
  const large = new SigmaEngine(compileRules(selectionText({ "a|re": "(a|b)*a(a|b){200}c" })));
  large.step(anEvent({ a: "d".repeat(100_000) }));
  assert.equal(large.counters.overlong, 1);
});

test("nesting without end neither throws nor stops anything", () => {
  let deep: unknown = "x";
  for (let depth = 0; depth < 50_000; depth++) deep = depth % 2 === 0 ? [deep] : { a: deep };
  const event = anEvent({ a: deep, b: "x" });
  const all = [["x"], { "a.a.a": "x" }, { "a|contains": "x" }, { b: "x" }].map((it, place) =>
    selectionText(it, { name: `r${place}` }),
  );
  assert.deepEqual(
    run(all, [event]).map((it) => it.rule),
    ["r0", "r3"],
  );
});

test("answers for any event without throwing", () => {
  const selection = {
    "a.b|contains": "x",
    "c|re": "y",
    "d|cidr": "10.0.0.0/8",
    "e|hour": 3,
    "f|fieldref": "a",
    "g|exists": false,
  };
  const key = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "a.b", "__proto__", "constructor");
  const value = fc.letrec((tie) => ({
    it: fc.oneof(
      { depthSize: "small" },
      fc.anything(),
      fc.string(),
      fc.array(tie("it")),
      fc.dictionary(key, tie("it")),
    ),
  })).it;
  fc.assert(
    fc.property(fc.dictionary(key, value), (fields) => {
      assert.equal(typeof matches(selection, fields), "boolean");
      assert.equal(typeof matches(["x"], fields), "boolean");
    }),
  );
});
