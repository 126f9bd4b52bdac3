import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileRules } from "./document.ts";
import { SigmaEngine } from "./engine.ts";
import { SigmaError } from "./error.ts";
import type { SigmaEvent } from "./field.ts";
import { importRules } from "./import.ts";
import { makeEvents, makeRules } from "./testing/corpus.ts";
import { anEvent, ruleText, selectionText } from "./testing/build.ts";

const word = fc.constantFrom("cmd", "cmd.exe", "curl", "-s", "a", "", "Ünï", "ab", "/tmp/", "x y", "abc");
const pattern = fc.oneof(
  word,
  fc.tuple(word, fc.constantFrom("*", "?", "-a"), word).map((it) => it.join("")),
);
const field = fc.constantFrom("a", "b", "c.d", "e");
const plainKey = fc
  .tuple(
    fc.constantFrom("", "a", "b", "c.d", "e"),
    fc.constantFrom("", "|contains", "|startswith", "|endswith", "|cased", "|contains|windash", "|neq", "|re"),
  )
  .map((it) => it.join(""));
const values = fc.oneof(pattern, fc.array(pattern, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 3 }));
const item = fc.oneof(
  fc.tuple(plainKey, values),
  fc.tuple(
    field.map((it) => `${it}|contains|all`),
    fc.array(pattern, { minLength: 2, maxLength: 3 }),
  ),
  fc.tuple(
    field.map((it) => `${it}|exists`),
    fc.boolean(),
  ),
  fc.tuple(field, fc.constant(null)),
  fc.tuple(
    field.map((it) => `${it}|gt`),
    fc.integer({ min: 0, max: 3 }),
  ),
  fc.tuple(
    field.map((it) => `${it}|fieldref`),
    field,
  ),
);
const map = fc.array(item, { minLength: 1, maxLength: 3 }).map((it) => Object.fromEntries(it));
const selection = fc.oneof(
  map,
  fc.array(map, { minLength: 1, maxLength: 3 }),
  fc.array(pattern, { minLength: 1, maxLength: 3 }),
);
const condition = fc.constantFrom(
  "s1",
  "s1 and s2",
  "s1 or s2",
  "s1 and not s2",
  "not s1",
  "1 of s*",
  "all of s*",
  "(s1 or s2) and not s3",
  "s3 or (s1 and s2)",
);
const detection = fc.record({ s1: selection, s2: selection, s3: selection, condition }, { noNullPrototype: true });

const text = fc.oneof(
  word,
  fc.array(fc.oneof(word, fc.constantFrom("-", " ", "/", "cmd")), { maxLength: 4 }).map((it) => it.join("")),
);
const value = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.integer({ min: 0, max: 4 }), fc.constant(null));
const fields = fc.record(
  { a: value, b: value, c: fc.oneof(value, fc.record({ d: value })), e: value },
  { requiredKeys: [], noNullPrototype: true },
);

/** Rules that compile, as the generator also makes regular expressions that do not. */
function compile(detections: readonly unknown[], logsource: object): ReturnType<typeof compileRules> {
  return detections.flatMap((it, place) => {
    try {
      return compileRules(ruleText(it, { name: `r${place}`, logsource }));
    } catch (error) {
      assert.ok(error instanceof SigmaError, String(error));
      return [];
    }
  });
}

test("the index changes nothing about what matches", () => {
  fc.assert(
    fc.property(
      fc.array(detection, { minLength: 1, maxLength: 12 }),
      fc.array(fields, { minLength: 1, maxLength: 6 }),
      (detections, events) => {
        const documents = compile(detections, { category: "test" });
        const [indexed, plain] = [true, false].map((index) => new SigmaEngine(documents, { index }));
        for (const it of events) {
          const event = anEvent(it);
          assert.deepEqual(indexed?.step(event), plain?.step(event));
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test("a rule is tried when its logsource names nothing that the event's does not", () => {
  const logsources = [
    {},
    { product: "aws" },
    { product: "AWS", service: "cloudtrail" },
    { category: "webserver" },
    { product: "aws", category: "x" },
  ];
  const engine = new SigmaEngine(
    logsources.flatMap((logsource, place) => compileRules(selectionText({ a: 1 }, { name: `r${place}`, logsource }))),
  );
  const rules = (...event: SigmaEvent["logsources"]): string[] =>
    engine.step(anEvent({ a: 1 }, { logsources: event })).map((it) => it.rule);
  assert.deepEqual(rules({ product: "aws", service: "cloudtrail" }), ["r0", "r1", "r2"]);
  assert.deepEqual(rules({ category: "webserver", product: "nginx" }), ["r0", "r3"]);
  assert.deepEqual(rules({ product: "aws" }, { category: "webserver" }), ["r0", "r1", "r3"]);
  assert.deepEqual(rules(), ["r0"]);
});

test("names that look alike in one text are different logsources", () => {
  const engine = new SigmaEngine(compileRules(selectionText({ a: 1 }, { logsource: { product: 'a","b' } })));
  assert.equal(engine.step(anEvent({ a: 1 }, { logsources: [{ product: "a", service: "b" }] })).length, 0);
  assert.equal(engine.step(anEvent({ a: 1 }, { logsources: [{ product: 'a","b' }] })).length, 1);
});

test("thousands of texts of one field are found in one pass", () => {
  const words = Array.from({ length: 3000 }, (_, it) => `needle-${it.toString(36)}-x`);
  const engine = new SigmaEngine(
    words.flatMap((it, place) => compileRules(selectionText({ "a|contains": it }, { name: `r${place}` }))),
  );
  const found = engine.step(anEvent({ a: `${words[17]} and ${words[2999]}` })).map((it) => it.rule);
  assert.deepEqual(found, ["r17", "r2999"]);
});

test("over a corpus like SigmaHQ's, the index changes nothing and leaves little to try", () => {
  const { loaded } = importRules(makeRules(600, 1));
  const [indexed, plain] = [true, false].map((index) => new SigmaEngine(loaded, { index }));
  for (const it of makeEvents(300, 1)) assert.deepEqual(indexed?.step(it), plain?.step(it));
  assert.ok((indexed?.counters.tried ?? 0) * 20 < (plain?.counters.tried ?? 0));
});
