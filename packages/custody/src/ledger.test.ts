import assert from "node:assert/strict";
import { test } from "node:test";
import { CustodyError, Ledger, type Entry, type LedgerModel } from "./index.ts";

const acme: LedgerModel = {
  name: "acme-13b",
  parts: [
    { path: "a.safetensors", bytes: 600 },
    { path: "b.safetensors", bytes: 400 },
  ],
  readers: ["deploy", "ci-*"],
};

let events = 0;
function aRead(over: Partial<Entry> = {}): Entry {
  const place = "s3://acme/";
  const part = "a.safetensors";
  return { model: "acme-13b", principal: "mallory", place, part, time: 0, event: `e${events++}`, exact: true, ...over };
}

test("a whole-file read covers the file, and reading it again adds nothing", () => {
  const ledger = new Ledger([acme]);
  const first = ledger.book(aRead({ bytes: 600 }));
  assert.deepEqual(first.holding, {
    model: "acme-13b",
    principal: "mallory",
    declared: false,
    bytes: 600,
    fraction: 0.6,
    bound: "exact",
    complete: false,
  });
  assert.deepEqual([first.added, first.coalitionAdded, first.firstRead, first.filledFile], [600, 600, true, true]);
  const again = ledger.book(aRead({ bytes: 600 }));
  assert.deepEqual([again.added, again.coalitionAdded, again.firstRead], [0, 0, false]);
});

test("all files together are a complete copy", () => {
  const ledger = new Ledger([acme]);
  ledger.book(aRead({ bytes: 600 }));
  const { holding } = ledger.book(aRead({ part: "b.safetensors", bytes: 400 }));
  assert.deepEqual([holding.fraction, holding.bound, holding.complete], [1, "exact", true]);
});

test("ranges split over identities fill one coalition", () => {
  const ledger = new Ledger([acme]);
  for (let i = 0; i < 6; i++) {
    ledger.book(aRead({ principal: `key-${i % 3}`, range: { start: i * 100, end: i * 100 + 100 } }));
  }
  assert.deepEqual(
    ledger.holdings("acme-13b").map((it) => it.bytes),
    [200, 200, 200],
  );
  assert.deepEqual(ledger.coalition("acme-13b"), {
    model: "acme-13b",
    bytes: 600,
    fraction: 0.6,
    bound: "exact",
    readers: 3,
  });
});

test("declared readers stay out of the coalition and the books balance", () => {
  const ledger = new Ledger([acme]);
  ledger.book(aRead({ principal: "deploy", bytes: 600 }));
  ledger.book(aRead({ principal: "ci-7", bytes: 600 }));
  assert.equal(ledger.coalition("acme-13b")?.bytes, 0);
  const before = ledger.balance("acme-13b");
  assert.deepEqual([before.read, before.accounted, before.unaccounted, before.balanced], [1200n, 1200n, 0n, true]);
  ledger.book(aRead({ range: { start: 0, end: 10 } }));
  const after = ledger.balance("acme-13b");
  assert.deepEqual([after.read, after.accounted, after.unaccounted, after.balanced], [1210n, 1200n, 10n, false]);
});

test("pieces without ranges are an upper bound, capped at the file's size", () => {
  const ledger = new Ledger([acme]);
  assert.equal(ledger.book(aRead({ bytes: 500, exact: false })).holding.bound, "<=");
  const { holding } = ledger.book(aRead({ bytes: 500, exact: false }));
  assert.deepEqual([holding.bytes, holding.bound, holding.complete], [600, "<=", false]);
});

test("a broken transfer counts what was sent, not what was asked for", () => {
  const ledger = new Ledger([acme]);
  const { holding } = ledger.book(aRead({ range: { start: 0, end: 600 }, bytes: 50 }));
  assert.deepEqual([holding.bytes, holding.bound], [50, "<="]);
});

test("a read of unknown size may have been of everything", () => {
  const ledger = new Ledger([acme]);
  const { holding } = ledger.book(aRead({ part: undefined }));
  assert.deepEqual([holding.bytes, holding.bound, holding.complete, holding.unsized], [1000, "<=", true, 1]);
});

test("a model of unknown size has no fraction and is never complete", () => {
  const ledger = new Ledger([{ name: "m", readers: [] }]);
  const { holding, filledFile } = ledger.book(aRead({ model: "m", part: "w.bin", bytes: 70 }));
  assert.deepEqual(
    [holding.bytes, holding.bound, "fraction" in holding, holding.complete],
    [70, "exact", false, false],
  );
  assert.equal(filledFile, true);
});

test("without a list of files, what exceeds the model's size makes the bound an upper one", () => {
  const ledger = new Ledger([{ name: "m", bytes: 100, readers: [] }]);
  const read = (part: string, bytes: number, partBytes: number) =>
    ledger.book(aRead({ model: "m", part, range: { start: 0, end: bytes }, partBytes })).holding;
  assert.equal(read("weights.bin", 50, 100).bound, "exact");
  assert.deepEqual([read("readme", 10, 10).bytes, read("readme", 10, 10).bound], [60, "<="]);
  const all = read("weights.bin", 100, 100);
  assert.deepEqual([all.bytes, all.bound, all.complete], [100, "exact", true]);
});

test("the same entry delivered twice is booked once", () => {
  const ledger = new Ledger([acme]);
  const read = aRead({ bytes: 50, exact: false });
  ledger.book(read);
  const { repeated, added } = ledger.book(read);
  assert.deepEqual([repeated, added, ledger.entries("acme-13b")], [true, 0, 1]);
});

test("refuses what cannot be", () => {
  const ledger = new Ledger([acme]);
  const refusal = (over: Partial<Entry>) => {
    try {
      ledger.book(aRead(over));
    } catch (error) {
      if (error instanceof CustodyError) return error.code;
      throw error;
    }
    return undefined;
  };
  assert.equal(refusal({ model: "nobody" }), "UNKNOWN_MODEL");
  assert.equal(refusal({ bytes: -1 }), "BAD_ENTRY");
  assert.equal(refusal({ bytes: 0.5 }), "BAD_ENTRY");
  assert.equal(refusal({ range: { start: 5, end: 4 } }), "BAD_ENTRY");
  assert.equal(refusal({ principal: "x".repeat(5000) }), "BAD_ENTRY");
});
