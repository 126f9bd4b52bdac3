import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  canonical,
  documentDigest,
  documentOf,
  EvidenceError,
  isKeyedId,
  keyedId,
  packOf,
  verifyPack,
  type PackInput,
} from "./index.ts";
import { ALog, aPackInput, aSigner, saltKey } from "./testing/a-log.ts";

/** The refusal of a pack, or undefined if it is made. */
function refusal(over: Partial<PackInput>): string | undefined {
  try {
    packOf(aPackInput(over));
  } catch (error) {
    if (error instanceof EvidenceError && error.code === "BAD_PACK") return error.message;
    throw error;
  }
  return undefined;
}

test("the same input gives the same pack", () => {
  assert.equal(packOf(aPackInput()), packOf(aPackInput()));
});

test("a document is the same whenever it is made, and its digest the same when redacted", () => {
  const value = { time: 1, principal: "mallory", actor: { user: { uid: "7" } }, gone: undefined };
  const [now, later] = [1, 2].map(() => documentOf("event", "e1", value, saltKey));
  assert.deepEqual(now, later);
  assert.deepEqual(Object.keys(now?.fields ?? {}), ["time", "principal", "actor"]);
  const other = documentOf("event", "e1", { ...value, time: 2 }, saltKey);
  assert.notEqual(documentDigest(other), documentDigest(now ?? other));
});

test("a member changed later has a new salt, so the old one does not help to guess it", () => {
  const at = (status: string) => documentOf("incident", "i1", { status, same: 1 }, saltKey).fields;
  const [before, after] = [at("new"), at("closed")];
  assert.notDeepEqual(
    [before["status"]].flatMap((it) => (it && "salt" in it ? it.salt : [])),
    [after["status"]].flatMap((it) => (it && "salt" in it ? it.salt : [])),
  );
  assert.deepEqual(before["same"], after["same"]);
});

test("a keyed id is the same for the same noun and key, another for any other, and refused a key that could be guessed", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  const otherKey = Buffer.alloc(32, 1);
  fc.assert(
    fc.property(text, text, text, text, (kind, id, otherKind, otherId) => {
      const it = keyedId(saltKey, kind, id);
      assert.ok(isKeyedId(it));
      assert.equal(it, keyedId(saltKey, kind, id));
      assert.equal(it === keyedId(saltKey, otherKind, otherId), kind === otherKind && id === otherId);
      assert.notEqual(it, keyedId(otherKey, kind, id));
    }),
  );
  for (const it of [
    "",
    "keyed-",
    `keyed-${"0".repeat(31)}`,
    `keyed-${"0".repeat(33)}`,
    `x${keyedId(saltKey, "a", "b")}`,
  ])
    assert.equal(isKeyedId(it), false);
  assert.throws(() => keyedId(Buffer.alloc(31), "event", "e1"), { code: "BAD_ENTRY" });
});

test("a shown salt is no keyed id, whatever the document is called", () => {
  const { fields } = documentOf("event", "e1", { id: "e1" }, saltKey);
  assert.ok(!JSON.stringify(fields).includes(keyedId(saltKey, "event", "e1").slice("keyed-".length)));
});

test("names that objects inherit are members like any other", () => {
  const value = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
  assert.equal(canonical(value), '{"__proto__":1,"constructor":2,"toString":3}');
  const document = documentOf("event", "e", value, saltKey);
  assert.deepEqual(Object.keys(document.fields), ["__proto__", "constructor", "toString"]);
});

test("sources, gaps and two signing keys have room in a pack", () => {
  const log = new ALog();
  const incident = documentOf("incident", "i", { title: "t" }, saltKey);
  const source = documentOf("source", "cloudtrail", { grade: "signed" }, saltKey);
  const gap = documentOf("gap", "cloudtrail-1", { source: "cloudtrail", from: 1, to: 2 }, saltKey);
  log.add("pack-made", { records: [incident, source, gap].map(documentDigest) });
  log.sign(aSigner(1));
  log.add("key-rotated");
  log.sign(aSigner(2));
  const pack = packOf({
    incident,
    alerts: [],
    events: [],
    sources: [source],
    gaps: [gap],
    entries: log.entries,
    checkpoints: log.checkpoints,
    entryHashes: log.entries.map((it) => it.hash),
    signer: aSigner(2),
    time: 0,
  });
  const { ok, documents, keys } = verifyPack(pack);
  assert.deepEqual([ok, documents, keys.length], [true, 3, 2]);
});

test("what a database adds to entries, documents and checkpoints does not reach the pack", () => {
  const { incident, entries, checkpoints } = aPackInput();
  const more = { stored_at: 1 };
  const over = {
    incident: { ...incident, ...more },
    entries: entries.map((it) => ({ ...it, ...more })),
    checkpoints: checkpoints.map((it) => ({ ...it, ...more })),
  };
  assert.equal(packOf(aPackInput(over)), packOf(aPackInput()));
});

test("what would not verify is not packed", () => {
  const { entries, checkpoints, entryHashes, events } = aPackInput();
  const [first, second] = checkpoints;
  const [raised] = entries;
  assert.ok(first && second && raised);
  const elsewhere = new ALog();
  elsewhere.add("other");
  assert.equal(refusal({}), undefined);
  assert.match(refusal({ checkpoints: [] }) ?? "", /at least one checkpoint/);
  assert.match(refusal({ checkpoints: [first] }) ?? "", /entry 8 is not in any checkpoint/);
  assert.match(refusal({ checkpoints: [second, first] }) ?? "", /comes after one of 11/);
  assert.match(refusal({ checkpoints: [first, { ...second, time: 1 }] }) ?? "", /not signed by its key/);
  assert.match(refusal({ checkpoints: [elsewhere.sign()] }) ?? "", /not of the log with these hashes/);
  assert.match(refusal({ entryHashes: entryHashes.slice(0, 9) }) ?? "", /needs more than the 9 hashes/);
  assert.match(refusal({ entries: [...entries, raised] }) ?? "", /entry 3 comes after entry 9/);
  assert.match(refusal({ entries: [{ ...raised, time: 0 }] }) ?? "", /entry 3 is not the one/);
  assert.match(refusal({ entries: [raised] }) ?? "", /no entry given puts the incident i1 on record/);
  assert.match(refusal({ events: [...events, ...events] }) ?? "", /share kind and id/);
  const changed = documentOf("event", "e1", { time: 2 }, saltKey);
  assert.match(refusal({ events: [...events, changed] }) ?? "", /the event e1 on record/);
});
