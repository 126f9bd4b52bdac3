import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SigmaError } from "./error.ts";
import { maxTextLength, maxYamlDepth } from "./limits.ts";
import { readYaml } from "./yaml.ts";

const read = (text: string): unknown => readYaml(text).map((it) => it.read());

test("reads the documents of a text and leaves out empty ones", () => {
  assert.deepEqual(read("---\n---\na: 1\n---\nb: [x, null]\n"), [{ a: 1 }, { b: ["x", null] }]);
});

test("keeps dates and YAML 1.1's truth words as the texts they are written as", () => {
  assert.deepEqual(read("{ a: 2026-11-25, b: no, c: 0x17, d: yes }"), [{ a: "2026-11-25", b: "no", c: 23, d: "yes" }]);
});

test("keeps every digit of an integer that a number can't hold", () => {
  assert.deepEqual(read("a: 9007199254740993"), [{ a: "9007199254740993" }]);
});

test("follows aliases", () => assert.deepEqual(read("a: &x [1]\nb: *x"), [{ a: [1], b: [1] }]));

const laughs = Array.from({ length: 12 }, (_, it) => `a${it + 1}: &a${it + 1} [${`*a${it},`.repeat(12)}]`);

const refused: readonly (readonly [what: string, code: string, text: string])[] = [
  ["an alias bomb", "TOO_MANY", `a0: &a0 x\n${laughs.join("\n")}`],
  ["an alias that contains itself", "NOT_YAML", "a: &x [*x]"],
  ["an alias to nothing", "NOT_YAML", "a: *x"],
  ["a key that stands twice", "NOT_YAML", "a: 1\na: 2"],
  ["a merge key, which would silently be a field", "UNSUPPORTED", "a: &x { b: 1 }\nc: { <<: *x }"],
  ["a map as key", "NOT_YAML", "? { a: 1 }\n: b"],
  ["broken YAML", "NOT_YAML", "a: [1"],
  ["deep nesting", "TOO_DEEP", "[".repeat(maxYamlDepth + 2) + "]".repeat(maxYamlDepth + 2)],
  ["nesting beyond the parser's stack", "NOT_YAML", "[".repeat(200_000)],
  ["a long text", "TOO_LONG", "#".repeat(maxTextLength + 1)],
  ["many documents", "TOO_MANY", "---\na: 1\n".repeat(1001)],
  ["many values", "TOO_MANY", `[${"1,".repeat(100_001)}]`],
];
for (const [what, code, text] of refused) {
  test(`refuses ${what}`, () => assert.throws(() => read(text), { name: "SigmaError", code }));
}

test("says in which line something is wrong", () => {
  assert.throws(() => read("a: 1\nb: 2\na: 3"), { path: "a" });
  assert.equal(readYaml("a: 1\nb:\n  - c: 2\n    d: 3")[0]?.lineOf(["b", 0, "d"]), 4);
  assert.equal(readYaml("a: 1\nb:\n  - c: 2")[0]?.lineOf(["b", 0, "nothing", "here"]), 3);
});

test("a key can't reach the prototype", () => {
  const [document] = readYaml("__proto__: { polluted: 1 }").map((it) => it.read());
  assert.ok(typeof document === "object" && document !== null);
  assert.ok(Object.hasOwn(document, "__proto__"));
  assert.equal(Reflect.get({}, "polluted"), undefined);
});

test("reads or throws a SigmaError, whatever the text", () => {
  const piece = fc.constantFrom(
    "- ",
    "a: ",
    "&x ",
    "*x",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    "  ",
    "|\n",
    "? ",
    "!!int ",
    '"',
    "'",
    "1",
    "---\n",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 40 }).map((it) => it.join("")),
      ),
      (text) => {
        try {
          read(text);
        } catch (error) {
          assert.ok(error instanceof SigmaError, String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("reads back any plain data written as JSON", () => {
  const key = fc.string().filter((it) => it !== "<<");
  const data = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("node"), { maxLength: 4 }),
      fc.dictionary(key, tie("node"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).node;
  fc.assert(
    fc.property(
      data.filter((it) => it !== null),
      (it) => assert.deepEqual(read(JSON.stringify(it)), [it]),
    ),
  );
});
