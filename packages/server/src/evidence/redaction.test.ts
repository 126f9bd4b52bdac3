// What is left out of a pack: nowhere in it, with proofs that hold for both verifiers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { documentDigest, packOf, verifyPack, type Document, type JsonObject } from "@outweigh/evidence";
import type { RedactKind } from "@outweigh/schema";
import { ALog, aSigner, saltKey } from "../../../evidence/src/testing/a-log.ts";
import { noPython, verifyByPython } from "../../../evidence/src/testing/python.ts";
import { documentFor } from "./records.ts";
import { limitsOf, previewOf, redactionOf } from "./redaction.ts";

const dana = "arn:aws:iam::111122223333:user/dana.smith";
const raw = `10.0.7.7 - ${encodeURIComponent(dana)} "GET /acme/acme-9b/model.safetensors" 200`;
const document = (kind: Document["kind"], id: string, value: JsonObject) => documentFor(kind, id, value, saltKey);
const documents = [
  document("incident", "incident-1", {
    title: "dana.smith took all of acme-9b",
    reason: "One alert",
    severity: "critical",
    principals: [dana],
    models: ["acme-9b"],
  }),
  document("alert", "alert-1", {
    rule: "complete-copy",
    summary: "DANA.SMITH (from 10.0.7.7) read acme-9b",
    matched: [{ field: "principal", value: dana }],
    principal: dana,
    model: "acme-9b",
    count: 1,
  }),
  document("event", "http:0011", {
    time: 1,
    principal: dana,
    src_endpoint: { ip: "10.0.7.7" },
    artifact: "hf:acme/acme-9b/model.safetensors",
    unmapped: { said: "hello" },
    raw_data: raw,
    bytes: 1000,
  }),
  document("source", "laptop-of-dana.smith", { name: "laptop-of-dana.smith", kind: "agent" }),
  document("source", "front", { name: "front", kind: "http-access" }),
];

/** A log with all of them on record, and a comment that names one of the values. */
function aLog(fields: JsonObject = {}) {
  const log = new ALog();
  const entries = [
    log.add("recorded", { records: documents.map(documentDigest), documents: documents.map((it) => [it.kind, it.id]) }),
    log.add("commented", { text: "I called dana.smith: a mistake", ...fields }),
    log.add("assigned", { text: "assigned to ana" }),
  ];
  log.sign();
  return { log, entries };
}

function packed(kinds: readonly RedactKind[]): string {
  const { log, entries } = aLog();
  const redact = redactionOf(kinds, documents, entries);
  const [incident, alert, event, ...sources] = documents;
  assert.ok(incident && alert && event);
  return packOf({
    incident,
    alerts: [alert],
    events: [event],
    sources,
    entries,
    checkpoints: log.checkpoints,
    entryHashes: log.entries.map((it) => it.hash),
    signer: aSigner(),
    time: 1,
    redact,
  });
}

test("a principal is nowhere in the pack: not in titles, records, comments, ids or other spellings", () => {
  const pack = packed(["principal"]);
  assert.deepEqual(verifyPack(pack).problems, []);
  assert.doesNotMatch(pack, /dana/i);
  assert.doesNotMatch(pack, /laptop-of/);
  for (const shown of ["acme-9b", "complete-copy", "10.0.7.7", "assigned to ana", '"front"', "1000"])
    assert.ok(pack.includes(shown), shown);
});

test(
  "each kind is nowhere, alone or with others, and both verifiers accept every such pack",
  { skip: noPython },
  () => {
    const gone: Readonly<Record<RedactKind, RegExp>> = {
      principal: /dana/i,
      person: /"ana"|to ana/,
      address: /10\.0\.7\.7/,
      path: /model\.safetensors/,
      text: /One alert|a mistake/,
      record: /GET|hello/,
    };
    const kinds = Object.keys(gone) as RedactKind[];
    const choices = [...kinds.map((it) => [it]), ["principal", "address"] as RedactKind[], kinds];
    const packs = choices.map(packed);
    const second = verifyByPython(packs);
    for (const [i, pack] of packs.entries()) {
      const first = verifyPack(pack);
      assert.deepEqual(first.problems, [], String(choices[i]));
      assert.deepEqual([second[i]?.ok, second[i]?.redacted], [true, first.redacted]);
      assert.ok(first.redacted > 0);
      for (const kind of choices[i] ?? []) assert.doesNotMatch(pack, gone[kind], `${kind} of ${choices[i]}`);
      // The record as it arrived says everything: it goes with any kind.
      assert.doesNotMatch(pack, gone.record);
    }
  },
);

test("what is left out is a commitment with a salt that stays here: no guess of the value gives it", () => {
  const pack = packed(["principal"]);
  const line = pack.split("\n").find((it) => it.includes('"kind":"incident"')) ?? "";
  const { fields } = JSON.parse(line) as { fields: Record<string, { commitment?: string; salt?: string }> };
  const hidden = fields["principals"];
  assert.match(hidden?.commitment ?? "", /^[0-9a-f]{64}$/);
  assert.equal(hidden?.salt, undefined);
  // With another salt key the same value has another commitment: the value alone does not give it.
  const other = documentFor("incident", "incident-1", { principals: [dana] }, Buffer.alloc(32, 1));
  const same = documentFor("incident", "incident-1", { principals: [dana] }, saltKey);
  assert.notDeepEqual(other.fields["principals"], same.fields["principals"]);
});

test("a preview shows what the receiver sees, and says what it cannot keep from him", () => {
  const { entries } = aLog();
  const { documents: seen, redacted, leftOut, limits } = previewOf({ kinds: ["principal"], documents, entries });
  assert.deepEqual(
    seen.map((it) => it.id),
    documents.map((it) => it.id),
  );
  assert.equal(leftOut, 0);
  assert.deepEqual(seen[0]?.redacted, ["title", "principals"]);
  assert.doesNotMatch(JSON.stringify(seen), /dana/i);
  assert.ok(redacted >= 10);
  assert.ok(limits.some((it) => it.startsWith("Ids confirm no guess")));
  const whole = previewOf({ kinds: [], documents, entries });
  assert.deepEqual([whole.redacted, whole.leftOut, whole.limits], [0, 0, []]);
  assert.deepEqual(limitsOf([]), []);
});

test("an entry that names a document by its own id in what cannot be left out goes whole, and that is said", () => {
  const { entries } = aLog({ late: [["source", "laptop-of-dana.smith"]] });
  const { leftOut, entries: kept, limits } = previewOf({ kinds: ["address"], documents, entries });
  assert.deepEqual([leftOut, kept], [1, entries.length - 1]);
  assert.ok(limits.some((it) => /^1 entry .* is left out whole/.test(it)));
  assert.equal(previewOf({ kinds: [], documents, entries }).leftOut, 0);
});

test("ids go with any kind, wherever they stand, and so does what a source calls the record by", () => {
  const alert = `alert-${"a".repeat(24)}`;
  const event = `s3:${"b".repeat(32)}`;
  const uid = "c".repeat(32);
  const given = [
    document("incident", "incident-1", { id: "incident-1", alerts: [alert], severity: "high" }),
    document("alert", alert, {
      id: alert,
      events: [event],
      rule: "complete-copy",
      matched: [{ field: "x", value: uid }],
    }),
    document("event", event, {
      id: event,
      metadata: { uid },
      finding_info: { uid },
      cause: { of: [event] },
      by: { [event]: 1 },
      bytes: 7,
    }),
    document("event", "gpu-1:7", { id: "gpu-1:7", after: "gpu-1:7", metadata: { uid: "7" }, count: "7" }),
    document("scan", "gpu-1@1", { host: "gpu-1", key: "k", signature: "s", report: "r" }),
  ];
  const entries = [
    new ALog().add("incident-split", {
      text: `took ${alert} out`,
      before: [{ alerts: [alert] }],
      digest: "d",
      told: event,
    }),
  ];
  const { documents: seen } = previewOf({ kinds: ["record"], documents: given, entries });
  assert.deepEqual(
    seen.map((it) => it.shown.map(({ name }) => name)),
    [["severity", "keyed"], ["rule", "keyed"], ["bytes"], ["count"], ["host", "key"]],
  );
  const redact = redactionOf(["record"], given, entries);
  for (const name of ["subject", "text", "before", "digest", "told"]) assert.ok(redact("entry", "0", name), name);
  assert.equal(redact("entry", "0", "by"), false);
});

test("a short name that stands in a keyed id by chance leaves no link out", () => {
  const keyed = [..."0123456789abcdef"].flatMap((a) => [..."0123456789abcdef"].map((b) => a + b));
  const given = [
    document("incident", "incident-1", { principals: keyed, alerts: ["alert-1"] }),
    document("alert", "alert-1", { events: ["event-1"] }),
    document("event", "event-1", { principal: "ed", keyed: "ed" }),
  ];
  const { documents: seen } = previewOf({ kinds: ["principal"], documents: given, entries: [] });
  assert.deepEqual(
    seen.map((it) => it.shown.map(({ name }) => name)),
    [["keyed"], ["keyed"], []],
  );
});

test("people who did nothing in the incident are left out too: who was assigned, who asked for a permit and who agreed", () => {
  const given = [
    document("incident", "incident-1", { title: "kit asked and lee agreed: dana.smith may take acme-9b out" }),
    document("event", "permit:1", { operation: "permit", unmapped: { by: "kit", agreed_by: "lee" } }),
    document("alert", "alert-2", {
      summary: "dana.smith read acme-9b, under the permit that kim asked for and max agreed to",
      matched: [{ field: "permit", value: "action-1, asked for by kim, agreed to by max" }],
    }),
    document("alert", "alert-3", {
      summary: "as zoe said",
      matched: [{ field: "unmapped.agreed_by", value: "zoe" }],
    }),
  ];
  const entries = [new ALog().add("incident-assigned", { text: "assigned to bob" })];
  const { documents: seen } = previewOf({ kinds: ["person"], documents: given, entries });
  assert.doesNotMatch(JSON.stringify(seen), /kit|lee|kim|max|zoe/);
  assert.equal(redactionOf(["person"], given, entries)("entry", "0", "text"), true);
  assert.equal(redactionOf(["address"], given, entries)("entry", "0", "text"), false);
});

test("a principal goes also where a sentence shortens it, and where it is cut off", () => {
  const bob = "arn:aws:iam::111122223333:user/bob";
  const long = `arn:aws:sts::111122223333:assumed-role/${"r".repeat(470)}`;
  const said = "x".repeat(700);
  const given = [
    document("incident", "incident-1", { title: "Whole model read", principals: [bob, long] }),
    document("alert", "alert-1", { summary: "user/bob (from 10.0.7.7) read acme-9b", rule: "r" }),
    document("alert", "alert-2", { matched: [{ field: "principal", value: long.slice(0, 500) }], rule: "r" }),
    document("alert", "alert-3", { summary: `${said} and ${long}`.slice(0, 1000), rule: "r" }),
    document("alert", "alert-4", { summary: said, rule: "r" }),
    document("alert", "alert-5", { principal: "host:ai1", summary: "on ai1 lies a copy of acme-9b", rule: "r" }),
  ];
  const { documents: seen } = previewOf({ kinds: ["principal"], documents: given, entries: [] });
  assert.deepEqual(
    seen.map((it) => it.shown.map(({ name }) => name)),
    [["title"], ["rule"], ["rule"], ["rule"], ["summary", "rule"], ["rule"]],
  );
});
