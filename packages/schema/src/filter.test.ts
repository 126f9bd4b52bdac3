import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FilterError, parseFilter, printFilter, type FilterTerm } from "./filter.ts";

test("reads fields, comparisons, alternatives, exclusions and bare words", () => {
  assert.deepEqual(parseFilter('status:open severity:>=high model:a,"b c" -principal:ci leak'), [
    { field: "status", op: "=", values: ["open"], excluded: false },
    { field: "severity", op: ">=", values: ["high"], excluded: false },
    { field: "model", op: "=", values: ["a", "b c"], excluded: false },
    { field: "principal", op: "=", values: ["ci"], excluded: true },
    { field: undefined, op: "=", values: ["leak"], excluded: false },
  ]);
});

test("keeps colons inside a value: an ARN is one value", () => {
  assert.deepEqual(parseFilter("principal:arn:aws:iam::1112:role/serve")[0]?.values, ["arn:aws:iam::1112:role/serve"]);
});

test("an empty text is no filter", () => assert.deepEqual(parseFilter("  "), []));

test("says where it could not read on", () => {
  assert.throws(() => parseFilter('model:"open'), { name: "FilterError", at: 0 });
});

test("parses or throws a FilterError, whatever the text", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseFilter(text);
      } catch (error) {
        assert.ok(error instanceof FilterError, String(error));
      }
    }),
  );
});

test("printing and parsing are inverse", () => {
  const term: fc.Arbitrary<FilterTerm> = fc.record(
    {
      field: fc.option(fc.stringMatching(/^[a-z_][a-z0-9_.]{0,8}$/), { nil: undefined }),
      op: fc.constant("=" as const),
      values: fc.array(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
      excluded: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(term, { maxLength: 5 }), (terms) => {
      assert.deepEqual(parseFilter(printFilter(terms)), terms);
    }),
  );
});
