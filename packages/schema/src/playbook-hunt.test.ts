import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFilter } from "./filter.ts";
import { filledHunt, splitHunts } from "./playbook-hunt.ts";

const facts = { principal: "old-ci", model: "acme-13b", firstAt: 3_600_000, lastAt: 7_200_000 };

test("hunts are cut out of the text, title and filter on two lines each", () => {
  const { text, hunts } = splitHunts(
    "1. Look.\n\n```hunt\nIts reads\nprincipal:{principal}\n\nAll\ntime:>={before}\n```\n",
  );
  assert.equal(text, "1. Look.");
  assert.deepEqual(hunts, [
    { title: "Its reads", filter: "principal:{principal}" },
    { title: "All", filter: "time:>={before}" },
  ]);
});

test("an hour before and after what was seen", () => {
  const filter = filledHunt({ title: "a", filter: "time:>={before} time:<={after}" }, facts);
  assert.equal(filter, "time:>=1970-01-01T00:00:00.000Z time:<=1970-01-01T03:00:00.000Z");
});

test("a hunt whose fact is not known is none, and a place that does not exist is a mistake", () => {
  const hunt = { title: "a", filter: "principal:{principal}" };
  assert.equal(filledHunt(hunt, { firstAt: 0, lastAt: 0 }), undefined);
  assert.throws(() => filledHunt({ title: "a", filter: "principal:{who}" }, facts), RangeError);
  assert.throws(() => filledHunt({ title: "a", filter: "" }, facts), RangeError);
});

test("whatever a principal is called, it stays one value of one term", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40, unit: "binary" }), (principal) => {
      const filter = filledHunt({ title: "a", filter: "principal:{principal} model:{model}" }, { ...facts, principal });
      const terms = parseFilter(filter ?? "");
      assert.deepEqual(
        terms.map((it) => [it.field, it.values]),
        [
          ["principal", [principal]],
          ["model", ["acme-13b"]],
        ],
      );
    }),
    { numRuns: 30 },
  );
});
