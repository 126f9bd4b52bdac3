import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SigmaEngine } from "./engine.ts";
import { importRules } from "./import.ts";
import { selectionText, texts } from "./testing/build.ts";

const good = selectionText({ a: 1 }, { name: "good" });
const bad = selectionText({ "a|fuzzy": 1 }, { name: "bad", title: "Bad" });
const joining = (name: string, rules: string[]): string =>
  JSON.stringify({
    title: name,
    name,
    correlation: { type: "event_count", rules, "group-by": [], timespan: "1m", condition: { gte: 1 } },
  });

test("one bad document costs no other, except what joins it", () => {
  const text = texts(good, bad, joining("fine", ["good"]), joining("lost", ["bad"]), joining("lost_too", ["lost"]));
  const { loaded, unsupported } = importRules([
    { name: "a.yml", text },
    { name: "b.yml", text: "title: [" },
    { name: "c.yml", text: good },
  ]);
  assert.deepEqual(
    loaded.map((it) => it.name),
    ["good", "fine"],
  );
  assert.deepEqual(
    unsupported.map(({ name, title, document, code }) => [name, title, document, code]),
    [
      ["a.yml", "Bad", 1, "UNKNOWN_MODIFIER"],
      ["b.yml", undefined, 0, "NOT_YAML"],
      ["c.yml", "A rule", 0, "DUPLICATE"],
      ["a.yml", "lost", 3, "UNKNOWN_RULE"],
      ["a.yml", "lost_too", 4, "UNKNOWN_RULE"],
    ],
  );
  assert.equal(unsupported[0]?.path, "detection.selection.a|fuzzy");
});

test("an unfilled placeholder is a reason of its own, for the caller to show as a gap", () => {
  const { unsupported } = importRules([{ name: "a.yml", text: selectionText({ "a|expand": "%readers%" }) }]);
  assert.equal(unsupported[0]?.code, "PLACEHOLDER_UNFILLED");
  assert.match(unsupported[0]?.reason ?? "", /%readers%/);
});

test("what loads together, an engine takes together, whatever joins what", () => {
  const name = fc.constantFrom("aa", "bb", "cc", "dd");
  const document = fc.oneof(
    name.map((it) => selectionText({ a: 1 }, { name: it })),
    fc.tuple(name, fc.uniqueArray(name, { minLength: 1, maxLength: 3 })).map(([it, rules]) => joining(it, rules)),
  );
  fc.assert(
    fc.property(fc.array(document, { maxLength: 8 }), (documents) => {
      const { loaded, unsupported } = importRules(documents.map((text, place) => ({ name: String(place), text })));
      assert.equal(loaded.length + unsupported.length, documents.length);
      assert.ok(new SigmaEngine(loaded));
    }),
  );
});
