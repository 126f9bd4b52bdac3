import assert from "node:assert/strict";
import { test } from "node:test";
import { append, EvidenceError, genesis, revealed, sha256, verifyChain, type Entry } from "./index.ts";
import { ALog, saltKey } from "./testing/a-log.ts";

function aLog(): { entries: Entry[]; log: ALog } {
  const log = new ALog();
  for (let i = 0; i < 6; i++) log.add("incident-assigned", { to: `user-${i}`, n: i });
  return { entries: log.entries, log };
}

const origin = genesis("outweigh.example/test");

test("a log verifies whole, and page by page", () => {
  const { entries, log } = aLog();
  assert.deepEqual(verifyChain(entries, origin), { head: log.head });
  const first = verifyChain(entries.slice(0, 2), origin);
  assert.deepEqual(verifyChain(entries.slice(2), first.head), { head: log.head });
});

test("the same body at the same place gives the same entry, and its values can be read", () => {
  const { entries } = aLog();
  const again = append(
    origin,
    {
      time: 1_764_000_000_000,
      kind: "incident-assigned",
      by: "ana",
      subject: "incident-0",
      fields: { to: "user-0", n: 0 },
    },
    saltKey,
  );
  assert.deepEqual(again.entry, entries[0]);
  assert.deepEqual(revealed(again.entry), { by: "ana", subject: "incident-0", fields: { to: "user-0", n: 0 } });
});

test("equal values at two places have different salts", () => {
  const salts = aLog().entries.map(({ by }) => ("salt" in by ? by.salt : ""));
  assert.equal(new Set(salts).size, salts.length);
});

test("any change of any member of any entry is found there", () => {
  const { entries } = aLog();
  for (const [i, entry] of entries.entries()) {
    const changes: Partial<Entry>[] = [
      { seq: entry.seq + 1 },
      { time: entry.time + 1 },
      { kind: "incident-closed" },
      { by: { salt: "0".repeat(32), value: "ana" } },
      { subject: undefined },
      { fields: {} },
      { fields: { ...entry.fields, more: { salt: "0".repeat(32), value: 1 } } },
      { prev: sha256("other") },
      { hash: sha256("other") },
    ];
    for (const change of changes) {
      const changed = entries.with(i, { ...entry, ...change });
      const { head, problem } = verifyChain(changed, origin);
      assert.ok(problem, `not found: ${Object.keys(change)} of entry ${i}`);
      assert.equal(head.size, i);
    }
  }
});

test("a name that belongs to the entry cannot be passed off as a field", () => {
  const { entry } = append(origin, { time: 0, kind: "note", by: "ana", fields: { by: "eve" } }, saltKey);
  const { by, ...rest } = entry;
  const swapped: Entry = { ...rest, by: entry.fields["by"] ?? by, fields: { by } };
  assert.ok(verifyChain([swapped], origin).problem);
});

test("entries left out, put in twice or moved are found", () => {
  const { entries } = aLog();
  const wrong = [
    entries.toSpliced(2, 1),
    entries.toSpliced(2, 0, ...entries.slice(1, 2)),
    entries.toReversed(),
    entries.slice(1),
  ];
  for (const it of wrong) assert.ok(verifyChain(it, origin).problem);
});

test("another log's first entry does not fit", () => {
  assert.ok(verifyChain(aLog().entries, genesis("elsewhere")).problem);
});

test("a log cut short shows in its head alone", () => {
  const { entries, log } = aLog();
  const { head, problem } = verifyChain(entries.slice(0, 4), origin);
  assert.equal(problem, undefined);
  assert.notDeepEqual(head, log.head);
});

test("refuses what cannot be an entry", () => {
  const codeOf = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      if (error instanceof EvidenceError) return error.code;
      throw error;
    }
    return undefined;
  };
  const body = { time: 0, kind: "note", by: "ana" };
  assert.equal(
    codeOf(() => genesis("two words")),
    "BAD_ENTRY",
  );
  assert.equal(
    codeOf(() => append(origin, { ...body, time: 0.5 }, saltKey)),
    "BAD_ENTRY",
  );
  assert.equal(
    codeOf(() => append(origin, { ...body, kind: "Note" }, saltKey)),
    "BAD_ENTRY",
  );
  assert.equal(
    codeOf(() => append(origin, { ...body, fields: { "a b": 1 } }, saltKey)),
    "BAD_ENTRY",
  );
  assert.equal(
    codeOf(() => append(origin, { ...body, fields: { a: "x".repeat(2 ** 20) } }, saltKey)),
    "BAD_ENTRY",
  );
  assert.equal(
    codeOf(() => append(origin, body, new Uint8Array(8))),
    "BAD_ENTRY",
  );
  assert.equal(
    codeOf(() => append(origin, { ...body, fields: { a: Number.NaN } }, saltKey)),
    "BAD_VALUE",
  );
});
