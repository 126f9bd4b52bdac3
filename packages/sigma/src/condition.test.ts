import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCondition, type Condition } from "./condition.ts";
import { SigmaError } from "./error.ts";

const names = ["sel", "sel_1", "sel_2", "filter_a", "filter_b", "_hidden"];

/** As a fully parenthesised text. */
function print(it: Condition): string {
  if (it.kind === "selection") return it.name;
  return it.kind === "not" ? `(not ${print(it.of)})` : `(${it.of.map(print).join(` ${it.kind} `)})`;
}
const read = (text: string): string => print(parseCondition(text, names, []));

const readings: readonly (readonly [text: string, meaning: string])[] = [
  ["sel", "sel"],
  ["sel or sel_1 and not sel_2", "(sel or (sel_1 and (not sel_2)))"],
  ["not sel and sel_1", "((not sel) and sel_1)"],
  ["not (sel or sel_1)", "(not (sel or sel_1))"],
  ["not not sel", "(not (not sel))"],
  ["not 1 of filter_* and sel", "((not (filter_a or filter_b)) and sel)"],
  ["all of sel*", "(sel and sel_1 and sel_2)"],
  ["any of sel_*", "(sel_1 or sel_2)"],
  ["1 of *_a", "(filter_a)"],
  ["1 of f*er*b", "(filter_b)"],
  ["1 of them", "(sel or sel_1 or sel_2 or filter_a or filter_b)"],
  ["all of _*", "(_hidden)"],
  ["any of sel or sel_1", "((sel) or sel_1)"],
  ["sel AND NOT sel_1", "(sel and (not sel_1))"],
  ["((sel))", "sel"],
  ["(sel)and(sel_1)", "(sel and sel_1)"],
];
for (const [text, meaning] of readings) test(`reads "${text}"`, () => assert.equal(read(text), meaning));

const refused: readonly (readonly [text: string, code: string])[] = [
  ["", "BAD_CONDITION"],
  ["sel and", "BAD_CONDITION"],
  ["sel sel_1", "BAD_CONDITION"],
  ["(sel", "BAD_CONDITION"],
  ["sel)", "BAD_CONDITION"],
  ["not", "BAD_CONDITION"],
  ["unknown", "BAD_CONDITION"],
  ["1 of nothing_*", "BAD_CONDITION"],
  ["2 of sel*", "BAD_CONDITION"],
  ["1 of", "BAD_CONDITION"],
  ["1 of (sel)", "BAD_CONDITION"],
  ["sel & sel_1", "BAD_CONDITION"],
  ["sel | count() by x > 5", "UNSUPPORTED"],
  [`${"(".repeat(100)}sel${")".repeat(100)}`, "TOO_DEEP"],
  [`${"not ".repeat(100)}sel`, "TOO_DEEP"],
  ["sel or ".repeat(1000), "TOO_LONG"],
];
for (const [text, code] of refused) {
  test(`refuses "${text.slice(0, 40)}"`, () => assert.throws(() => read(text), { name: "SigmaError", code }));
}

test("reads what it printed, and means the same", () => {
  const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(...names).map((name): Condition => ({ kind: "selection", name })),
      tie("tree").map((of): Condition => ({ kind: "not", of })),
      fc
        .tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("tree"), { minLength: 2, maxLength: 4 }))
        .map(([kind, of]): Condition => ({ kind, of })),
    ),
  }));
  fc.assert(fc.property(tree, (it) => assert.equal(read(print(it)), print(it))));
});

test("reads or throws a SigmaError, whatever the text", () => {
  const word = fc.constantFrom("and", "or", "not", "1", "all", "of", "them", "sel", "sel*", "(", ")", "_", "*");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 12 }).map((it) => it.join(" ")),
      ),
      (text) => {
        try {
          read(text);
        } catch (error) {
          assert.ok(error instanceof SigmaError, String(error));
        }
      },
    ),
    { numRuns: 1000 },
  );
});
