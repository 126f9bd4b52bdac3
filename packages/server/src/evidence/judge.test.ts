import assert from "node:assert/strict";
import { test } from "node:test";
import { documentDigest, type Document, type Entry, type JsonObject } from "@outweigh/evidence";
import { ALog, saltKey } from "../../../evidence/src/testing/a-log.ts";
import { judge, namesPlainly, packable, type Packable } from "./judge.ts";
import { nameOf, packMade, plainField, recordedFields } from "./records.ts";

const incident = (status: string) => packable("incident", "incident-1", { id: "incident-1", status }, saltKey);
const event = (id: string, bytes: number) => packable("event", id, { id, bytes }, saltKey);

/** What an entry holds that puts a noun on record now, and what it held before ids were keyed. */
const keyed = ({ document }: Packable): JsonObject =>
  recordedFields(new Map([[nameOf(document), documentDigest(document)]]))[0] ?? {};
const plain = (it: Packable, name: readonly string[] | null = [it.plain().kind, it.plain().id]): JsonObject => ({
  records: [documentDigest(it.plain())],
  [plainField]: [name && [...name]],
});

function aLog(...all: readonly (readonly [kind: string, fields: JsonObject])[]): Entry[] {
  const log = new ALog();
  return all.map(([kind, fields]) => log.add(kind, fields));
}

/** How a noun is judged, and in which form a pack holds it. */
function judged(it: Packable, entries: readonly Entry[], over: { isGrowing?: boolean; isRedacted?: boolean } = {}) {
  const { document, is } = judge({ entries, isGrowing: false, isRedacted: false, ...over })(it);
  const isSame = (of: Document) => documentDigest(of) === documentDigest(document);
  return [is, isSame(it.document) ? "keyed" : isSame(it.plain()) ? "plain" : "neither"];
}

test("what is on record by its keyed id is judged by the last entry that names it", () => {
  const [now, before] = [incident("closed"), incident("new")];
  const log = aLog(["opened", keyed(before)], ["closed", keyed(now)]);
  assert.deepEqual(judged(now, log), ["on record", "keyed"]);
  assert.deepEqual(judged(before, log), ["changed", "keyed"], "an older version was put back");
  assert.deepEqual(judged(incident("other"), log), ["changed", "keyed"]);
  assert.deepEqual(judged(incident("other"), log, { isGrowing: true }), ["late", "keyed"]);
  assert.deepEqual(judged(event("s3:1", 1), log), ["late", "keyed"]);
});

test("what is on record by its own id is held to that, and packed so unless something is left out", () => {
  const it = incident("new");
  const log = aLog(["opened", plain(it)]);
  assert.deepEqual(judged(it, log), ["on record", "plain"]);
  assert.deepEqual(judged(it, log, { isRedacted: true }), ["late", "keyed"]);
  assert.deepEqual(judged(incident("other"), log), ["changed", "keyed"]);
  assert.deepEqual(judged(incident("other"), log, { isRedacted: true }), ["changed", "keyed"]);
  assert.deepEqual(judged(incident("other"), log, { isGrowing: true }), ["late", "keyed"]);
  const long = event("x".repeat(190), 1);
  assert.deepEqual(
    judged(long, aLog(["raised", plain(long, null)])),
    ["on record", "plain"],
    "on record without its name",
  );
});

test("once it changed by its keyed id, that counts, and a pack's own entry never tells what is right", () => {
  const [before, now] = [incident("new"), incident("closed")];
  const log = aLog(["opened", plain(before)], ["closed", keyed(now)]);
  assert.deepEqual(judged(now, log, { isRedacted: true }), ["on record", "keyed"]);
  assert.deepEqual(judged(before, log), ["changed", "keyed"]);
  const packed = aLog(["opened", plain(before)], [packMade, keyed(now)]);
  assert.deepEqual(judged(now, packed), ["changed", "keyed"]);
  const anew = aLog(["opened", plain(before)], [packMade, keyed(before)]);
  assert.deepEqual(judged(before, anew), ["on record", "plain"]);
  assert.deepEqual(judged(before, anew, { isRedacted: true }), ["on record", "keyed"], "put on record anew once");
});

test("an entry names plainly what it names by own ids in what no pack leaves out", () => {
  const it = incident("new");
  const names = [[it.document.kind, it.document.id]];
  const [recorded, old, bare, marked, none, other] = aLog(
    ["pack-made", { ...keyed(it), changed: names, late: names }],
    ["pack-made", { ...plain(it), late: [["incident", "incident-1"]] }],
    ["pack-made", { ...plain(it), late: [], changed: [] }],
    ["pack-made", { changed: [["incident", "incident-1"]] }],
    ["commented", {}],
    ["pack-made", { late: ["incident-1"] }],
  );
  assert.deepEqual(
    [recorded, old, bare, marked, none, other].map((one) => one && namesPlainly(one)),
    [false, true, false, true, false, true],
  );
});
