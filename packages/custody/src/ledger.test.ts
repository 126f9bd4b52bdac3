import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
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

test("a repeat with other bytes or another range is another entry", () => {
  const ledger = new Ledger([acme]);
  const read = aRead({ exact: false });
  for (const bytes of [50, 60]) ledger.book({ ...read, bytes });
  for (const start of [0, 50]) ledger.book({ ...read, range: { start, end: start + 50 } });
  assert.equal(ledger.entries("acme-13b"), 4);
});

test("nothing sent is nothing read", () => {
  const ledger = new Ledger([acme]);
  const { firstRead, added } = ledger.book(aRead({ bytes: 0, range: { start: 0, end: 600 } }));
  ledger.book(aRead({ range: { start: 7, end: 7 } }));
  assert.deepEqual([firstRead, added, ledger.holdings()], [false, 0, []]);
  assert.equal(ledger.book(aRead({ bytes: 600 })).firstRead, true);
});

test("bytes of an empty range are some bytes of the file", () => {
  const ledger = new Ledger([acme]);
  const { holding } = ledger.book(aRead({ bytes: 600, range: { start: 9, end: 9 } }));
  assert.deepEqual([holding.bytes, holding.bound], [600, "<="]);
});

test("what lies beyond the end of a listed file is bytes of no known file", () => {
  const ledger = new Ledger([acme]);
  const { holding, filledFile } = ledger.book(aRead({ bytes: 650 }));
  assert.deepEqual([holding.bytes, holding.bound, filledFile], [650, "<=", true]);
  assert.equal(ledger.book(aRead({ principal: "eve", range: { start: 700, end: 750 } })).holding.bytes, 50);
});

test("the size of an unlisted file grows with what is seen of it", () => {
  const ledger = new Ledger([{ name: "m", readers: [] }]);
  const read = (over: Partial<Entry>) => ledger.book(aRead({ model: "m", part: "w", ...over })).holding;
  read({ principal: "other", range: { start: 0, end: 90 } });
  // A record that says 50 is of an older version: at least 90 are there.
  read({ bytes: 80, exact: false, partBytes: 50 });
  assert.equal(read({ bytes: 80, exact: false }).bytes, 90);
  read({ principal: "other", range: { start: 90, end: 120 } });
  assert.equal(read({ bytes: 1, exact: false }).bytes, 120);
});

test("a whole-file read clears the doubt about closed gaps, and a read of the beginning does not", () => {
  const ledger = new Ledger([acme], { rangesPerFile: 2 });
  for (const start of [0, 100, 200, 300]) ledger.book(aRead({ range: { start, end: start + 10 } }));
  assert.deepEqual([ledger.holdings()[0]?.bound, (ledger.holdings()[0]?.bytes ?? 0) > 40], ["<=", true]);
  assert.equal(ledger.book(aRead({ range: { start: 0, end: 500 } })).holding.bound, "<=");
  const { holding, filledFile } = ledger.book(aRead({ bytes: 600 }));
  assert.deepEqual([holding.bytes, holding.bound, filledFile], [600, "exact", true]);
});

test("places are two sides of the same files when the register lists them, and apart when it does not", () => {
  const listed = new Ledger([acme]);
  listed.book(aRead({ bytes: 600 }));
  assert.equal(listed.book(aRead({ place: "hf:acme/acme-13b", bytes: 600 })).added, 0);
  const sized = new Ledger([{ name: "acme-13b", bytes: 1000, readers: [] }]);
  sized.book(aRead({ bytes: 600 }));
  const { holding } = sized.book(aRead({ place: "hf:acme/acme-13b", bytes: 600 }));
  assert.deepEqual([holding.bytes, holding.bound, holding.complete], [1000, "<=", true]);
  assert.deepEqual(
    [...sized.balance("acme-13b").places],
    [
      ["s3://acme/", 600n],
      ["hf:acme/acme-13b", 600n],
    ],
  );
});

test("a thief of 1.2 % a day over three identities is seen on the first day, however long it takes", () => {
  const dayMs = 86_400_000;
  const size = 1_000_000;
  const ledger = new Ledger([{ name: "m", parts: [{ path: "w", bytes: size }], readers: ["deploy"] }]);
  for (let day = 0; day < 84; day++) {
    ledger.book(aRead({ model: "m", principal: "deploy", part: "w", bytes: size, time: day * dayMs }));
    const range = { start: day * 12_000, end: Math.min(size, day * 12_000 + 12_000) };
    const { coalition } = ledger.book(
      aRead({ model: "m", principal: `key-${day % 3}`, part: "w", range, time: day * dayMs + 1 }),
    );
    assert.equal(coalition.bytes, range.end);
  }
  assert.deepEqual(ledger.coalition("m"), { model: "m", bytes: size, fraction: 1, bound: "exact", readers: 3 });
  const { entries, firstAt, lastAt } = ledger.reads("m", "key-0") ?? assert.fail();
  assert.deepEqual([entries, firstAt, lastAt], [28, 1, 81 * dayMs + 1]);
});

test("absurd sizes do not wear the sums down", () => {
  const ledger = new Ledger([{ name: "m", readers: [] }]);
  const read = (part: string, over: Partial<Entry>) => ledger.book(aRead({ model: "m", part, ...over })).holding.bytes;
  for (const part of ["x", "y", "z"]) read(part, { bytes: Number.MAX_SAFE_INTEGER - 1, exact: false });
  assert.equal(read("a", { range: { start: 0, end: 3 } }), Number.MAX_SAFE_INTEGER);
  // Their true sizes become known, and with them what was read at most.
  for (const part of ["x", "y", "z"]) read(part, { principal: "other", bytes: 5 });
  assert.equal(read("a", { range: { start: 0, end: 3 } }), 3 + 3 * 5);
});

test("principals without end share an account, and the coalition stays exact", () => {
  const ledger = new Ledger([acme], { accounts: 3 });
  for (let i = 0; i < 60; i++) {
    const range = { start: i * 10, end: i * 10 + 10 };
    const { holding, pooled, firstRead } = ledger.book(aRead({ principal: `anonymous@${i}`, range }));
    assert.deepEqual([pooled, firstRead], [i >= 3, i < 3]);
    assert.deepEqual([holding.bytes, holding.bound], i < 3 ? [10, "exact"] : [(i - 2) * 10, "<="]);
  }
  assert.deepEqual(ledger.holdings().length, 4);
  assert.deepEqual(ledger.coalition("acme-13b")?.bytes, 600);
  assert.equal(ledger.coalition("acme-13b")?.bound, "exact");
});

test("state stays bounded whatever is read, and no bound falls below the truth", () => {
  const limits = { accounts: 4, coverages: 6, ranges: 20, rangesPerFile: 8, unlistedFiles: 3, places: 2, recent: 5 };
  const ledger = new Ledger([{ name: "m", readers: [] }], limits);
  for (let i = 0; i < 3000; i++) {
    const start = (i * 7919) % 30_000;
    const read = { principal: `p${i % 50}`, place: `place-${i % 7}`, part: `file-${i % 11}` };
    ledger.book(aRead({ model: "m", ...read, range: { start, end: start + 1 } }));
  }
  const [state] = ledger.snapshot().models;
  const accounts = [...(state?.accounts ?? []), ...(state?.pooled ?? [])];
  const coverages = accounts.flatMap((it) => it.coverages);
  const ranges = coverages.reduce((sum, [, , , edges]) => sum + edges.length / 2, 0);
  assert.deepEqual([accounts.length, state?.files.length, state?.places.length], [5, 3, 3]);
  assert.ok(coverages.length <= 6 && ranges <= 20 + 6, `${coverages.length} coverages, ${ranges} ranges`);
  assert.ok(ledger.snapshot().recent.length <= 5);
  assert.ok((ledger.coalition("m")?.bytes ?? 0) >= 3000);
});

test("a principal newly declared leaves the coalition, one no longer declared joins it with all it read", () => {
  const ledger = new Ledger([acme]);
  ledger.book(aRead({ principal: "deploy", range: { start: 0, end: 300 } }));
  ledger.book(aRead({ principal: "newcomer", range: { start: 300, end: 400 } }));
  const heir = new Ledger([{ ...acme, readers: ["newcomer"] }]);
  heir.restore(JSON.parse(JSON.stringify(ledger.snapshot())));
  assert.deepEqual(heir.coalition("acme-13b")?.bytes, 300);
  assert.deepEqual(
    heir.holdings().map((it) => [it.principal, it.declared]),
    [
      ["deploy", false],
      ["newcomer", true],
    ],
  );
  const { accounted, unaccounted } = heir.balance("acme-13b");
  assert.deepEqual([accounted, unaccounted], [100n, 300n]);
});

test("a model that leaves the register and comes back has its books again", () => {
  const ledger = new Ledger([acme]);
  ledger.book(aRead({ bytes: 600 }));
  const without = new Ledger([]);
  without.restore(ledger.snapshot());
  assert.deepEqual(without.holdings(), []);
  const again = new Ledger([acme]);
  again.restore(without.snapshot());
  assert.deepEqual(again.snapshot(), ledger.snapshot());
});

test("any value is a snapshot or is refused, and a refused one changes nothing", () => {
  const ledger = new Ledger([acme]);
  ledger.book(aRead({ bytes: 600 }));
  const good = ledger.snapshot();
  const paths = pathsIn(JSON.parse(JSON.stringify(good)));
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 0.5, 2 ** 60, "x", null, [], {}));
  fc.assert(
    fc.property(fc.constantFrom(...paths), value, (path, it) => {
      const state = replaced(JSON.parse(JSON.stringify(good)), path, it);
      const target = new Ledger([acme]);
      target.restore(good);
      try {
        target.restore(state);
        target.book(aRead({ bytes: 600 }));
        assert.equal(
          target.holdings().every(({ bytes }) => Number.isSafeInteger(bytes) && bytes >= 0),
          true,
        );
      } catch (error) {
        assert.ok(error instanceof CustodyError && error.code === "BAD_STATE", String(error));
        assert.deepEqual(target.snapshot(), good);
      }
    }),
    { numRuns: 500 },
  );
});

function pathsIn(value: unknown): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[]];
  const inside = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...inside.flatMap(([name, it]) => pathsIn(it).map((path) => [name, ...path]))];
}

function replaced(value: unknown, [name, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (name === undefined) return by;
  if (Array.isArray(value)) return value.map((it, i) => (i === name ? replaced(it, rest, by) : it));
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, it]) => [key, key === name ? replaced(it, rest, by) : it]),
  );
}

test("refuses a register that cannot be booked on", () => {
  const models: LedgerModel[][] = [
    [acme, acme],
    [{ name: "m", bytes: 0, readers: [] }],
    [{ name: "m", bytes: 0.5, readers: [] }],
    [{ name: "m", parts: [{ path: "a", bytes: -1 }], readers: [] }],
    [
      {
        name: "m",
        parts: [
          { path: "a", bytes: 1 },
          { path: "a", bytes: 1 },
        ],
        readers: [],
      },
    ],
  ];
  for (const it of models) {
    assert.throws(
      () => new Ledger(it),
      (error) => error instanceof CustodyError && error.code === "BAD_MODEL",
    );
  }
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
