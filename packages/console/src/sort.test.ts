import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextOrder, parseOrder } from "./sort.ts";

test("a head is clicked through its two directions and back to the list's own order", () => {
  const second = nextOrder(parseOrder("-severity"), "-severity");
  assert.deepEqual(
    [nextOrder(undefined, "-severity"), second, nextOrder(parseOrder(second), "-severity")],
    ["-severity", "severity", undefined],
  );
  assert.equal(nextOrder(parseOrder("model"), "-severity"), "-severity");
});

test("an order is read as it is written; what is none is none", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{1,20}$/), fc.boolean(), (column, falling) => {
      assert.deepEqual(parseOrder(`${falling ? "-" : ""}${column}`), { column, falling });
    }),
  );
  for (const it of [undefined, "", "-"]) assert.equal(parseOrder(it), undefined);
});
