import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlindBook } from "./blind-book.ts";

function book(...gaps: readonly (readonly [source: string, from: number, to: number])[]): BlindBook {
  const it = new BlindBook();
  it.watch("acme-13b", "trail");
  it.watch("acme-13b", "proxy");
  for (const gap of gaps) it.silence(...gap);
  return it;
}

test("silence of a source that tells of a model's reads is time of which nothing is known", () => {
  assert.equal(book(["trail", 100, 400]).blindMs("acme-13b"), 300);
  assert.equal(book(["other", 100, 400]).blindMs("acme-13b"), 0);
  assert.equal(book(["trail", 100, 400]).blindMs("acme-7b"), 0);
});

test("a gap that goes on is one, and two sources silent at once are blind once", () => {
  assert.equal(book(["trail", 100, 200], ["trail", 100, 400]).blindMs("acme-13b"), 300);
  assert.equal(book(["trail", 100, 400], ["proxy", 300, 500]).blindMs("acme-13b"), 400);
  assert.equal(book(["trail", 100, 200], ["proxy", 300, 500]).gaps().length, 2);
});

test("blind time is at most the sum of the gaps, at least the longest, and survives a snapshot", () => {
  const gap = fc.tuple(fc.constantFrom("trail", "proxy"), fc.nat(1000), fc.nat(1000));
  fc.assert(
    fc.property(fc.uniqueArray(gap, { selector: ([source, from]) => `${source} ${from}`, maxLength: 20 }), (list) => {
      const spans = list.map(([source, from, length]) => [source, from, from + length] as const);
      const it = book(...spans);
      const lengths = list.map(([, , length]) => length);
      const blind = it.blindMs("acme-13b");
      assert.ok(blind <= lengths.reduce((a, b) => a + b, 0) && blind >= Math.max(0, ...lengths));
      const again = new BlindBook();
      again.restore(JSON.parse(JSON.stringify(it.snapshot())));
      assert.deepEqual(again.snapshot(), JSON.parse(JSON.stringify(it.snapshot())));
      assert.equal(again.blindMs("acme-13b"), blind);
    }),
  );
});

test("a snapshot of before is taken over, another one is refused", () => {
  const it = new BlindBook();
  it.restore({ gaps: [{ source: "trail", from: 1, to: 2 }] });
  assert.equal(it.gaps().length, 1);
  assert.throws(() => it.restore({ gaps: 3 }));
});
