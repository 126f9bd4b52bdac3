// A guess of what was left out of a pack: whoever knows everything of an incident but one name computes what that name would give, and
// looks whether it stands in the pack.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { changedField, documentDigest, documentKinds, lateField, recordsField, verifyPack } from "@outweigh/evidence";
import type { Document } from "@outweigh/evidence";
import { alert as alertSchema, incident as incidentSchema, redactKind, type RedactKind } from "@outweigh/schema";
import { sql } from "kysely";
import { pino } from "pino";
import { z } from "zod";
import { plainPacks } from "../../../evidence/src/testing/plain-ids.ts";
import { noPython, verifyByPython } from "../../../evidence/src/testing/python.ts";
import { alertsOf } from "../store/alerts.ts";
import { incidentById } from "../store/incidents.ts";
import { eventsOf } from "../store/proof.ts";
import { openStore, type Store } from "../store/store.ts";
import { aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { enginesOf } from "../testing/engines.ts";
import { EvidenceLog, self } from "./log.ts";
import { plainDocument, plainField } from "./records.ts";

const thief = "arn:aws:iam::111122223333:user/mallory";
const innocent = "arn:aws:iam::111122223333:user/eve";
const rules = ["complete-copy", "unaccounted-read"];

/** The record, but for who it was. Source: S3 server access log format. */
const recordOf = (principal: string) =>
  `0a1b2c acme-models [26/Nov/2026:09:25:21 +0000] 203.0.113.9 ${principal} 7ERH6MMR32AXYMKY REST.GET.OBJECT ` +
  `acme-13b/model.safetensors "GET /acme-13b/model.safetensors HTTP/1.1" 200 - 1000 1000 138 11 "-" "curl/8.5.0" -`;

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** The ids that the line gives to what this principal would have done. */
function idsFor(principal: string): Record<"event" | "alert" | "incident", string[]> {
  const event = `s3:${sha256(JSON.stringify(["bucket", recordOf(principal)])).slice(0, 32)}`;
  const alert = rules.map((it) => `alert-${sha256(JSON.stringify([it, principal, "acme-13b", event])).slice(0, 24)}`);
  return { event: [event], alert, incident: alert.map((it) => `incident-${sha256(it).slice(0, 24)}`) };
}

const documentLine = z.object({
  type: z.literal("document"),
  kind: z.enum(documentKinds),
  id: z.string(),
  fields: z.record(
    z.string(),
    z.union([z.object({ commitment: z.string() }), z.object({ salt: z.string(), value: z.json() })]),
  ),
});

function documentsIn(pack: string): Document[] {
  return pack
    .trimEnd()
    .split("\n")
    .flatMap((it) => documentLine.safeParse(JSON.parse(it)).data ?? []);
}

/** What in a pack tells that a guess of its principal is right: ids, plain digests, and digests of documents under a guessed id. */
function confirms(pack: string, principal: string): string[] {
  const ids = idsFor(principal);
  const all = Object.values(ids).flat();
  const plain = [principal, recordOf(principal), ...all].flatMap((it) => [sha256(it), sha256(JSON.stringify(it))]);
  const under = documentsIn(pack).flatMap((it) => all.map((id) => documentDigest({ ...it, id })));
  return [...all, ...plain, ...under].filter((it) => pack.includes(it.slice(it.indexOf("-") + 1)));
}

test("in packs of before ids were keyed the guess of the principal is confirmed, and no other is: the attack works", () => {
  for (const pack of Object.values(plainPacks)) {
    const [event = "", alert = "", ...more] = confirms(pack, thief);
    assert.match(event, /^s3:/);
    assert.match(alert, /^alert-/);
    assert.ok(more.some((it) => it.startsWith("incident-")) && more.some((it) => /^[0-9a-f]{64}$/.test(it)));
    assert.deepEqual(confirms(pack, innocent), []);
  }
  assert.doesNotMatch(plainPacks.redacted, /mallory/);
});

const configuration = {
  models: [{ name: "acme-13b", class: "private" as const, places: ["s3://acme-models/acme-13b"], bytes: 1000 }],
  sources: [{ name: "bucket", kind: "s3-access" as const }],
};

/** The log written anew as a server wrote it before ids were keyed, `changed` its only incident said to be changed since. */
async function asBefore({ state: { db }, engine }: Store, folder: string, incident: string, changed: boolean) {
  const row = (await incidentById(db, incident)) ?? assert.fail();
  const alerts = await alertsOf(db, incident);
  const events = await eventsOf(engine, alerts, []);
  await sql`truncate evidence, checkpoint, log`.execute(db);
  const log = await EvidenceLog.open(db, folder);
  const documents = [
    plainDocument("incident", row.id, incidentSchema.parse(row), log.saltKey),
    ...alerts.map((it) => plainDocument("alert", it.id, alertSchema.parse(it), log.saltKey)),
    ...events.map((it) => plainDocument("event", it.id, it, log.saltKey)),
  ];
  const names = documents.map((it) => [it.kind, it.id]);
  const fields = { [recordsField]: documents.map(documentDigest), [plainField]: names };
  const marks = { [changedField]: changed ? names.slice(0, 1) : [], [lateField]: names };
  await db.transaction().execute((tx) =>
    log.append(
      tx,
      [
        { kind: "incident-opened", by: self, subject: row.id, text: "opened", fields },
        { kind: "pack-made", by: self, subject: row.id, text: "packed", fields: { ...fields, ...marks } },
      ],
      Date.now(),
    ),
  );
}

test("no guess is confirmed by a pack that leaves something out, and both verifiers accept it, also where the log is from before", async (t) => {
  const folder = aFolder("guess");
  const data = join(folder.path, "data");
  let server = await aServer(data, configuration);
  t.after(async () => {
    await server.close();
    folder.remove();
  });
  const headers = { authorization: `Bearer ${server.token("bucket")}` };
  const body = `${recordOf(thief)}\n`;
  assert.equal((await fetch(`${server.url}/api/ingest/bucket`, { method: "POST", headers, body })).status, 200);
  let visitor = await signIn(server.link());
  const ask = async () => (await visitor.get("/api/incidents?filter=model:acme-13b")).body.items;
  const [incident] = await eventually(ask, (it) => it?.[0]?.alerts.length === rules.length);
  assert.deepEqual(new Set(incident.alerts), new Set(idsFor(thief).alert), "the attack computes what the line does");
  const packed = async (redact: readonly RedactKind[]) => {
    const query = redact.length === 0 ? "" : `?redact=${redact.join(",")}`;
    return String((await visitor.get(`/api/incidents/${incident.id}/pack${query}`)).body);
  };
  const restart = async (how: (store: Store) => Promise<void>) => {
    await server.close();
    const env = { ...(await enginesOf(data)) };
    const store = await openStore({ folder: data, env, log: pino({ level: "silent" }) });
    await how(store).finally(() => store.close());
    server = await aServer(data, configuration);
    visitor = await signIn(server.link());
  };

  const whole = await packed([]);
  assert.ok(confirms(whole, thief).length > 0, "a whole pack shows its ids");
  const choices: RedactKind[][] = [["principal"], ["record"], ["address", "path"], [...redactKind.options]];
  const packs = [];
  for (const kinds of choices) packs.push(await packed(kinds));

  await restart((store) => asBefore(store, data, incident.id, false));
  const old = await packed([]);
  const { problems: none, incident: named, late: unknown } = verifyPack(old);
  assert.deepEqual([none, named, unknown], [[], incident.id, 1], "as it is on record");
  for (const kinds of choices) packs.push(await packed(kinds));
  const { body: preview } = await visitor.get(`/api/incidents/${incident.id}/pack/preview?redact=principal`);
  assert.deepEqual([preview.leftOut, confirms(JSON.stringify(preview), thief)], [1, []]);

  for (const pack of packs) {
    assert.deepEqual(confirms(pack, thief), []);
    const { problems, documents, late } = verifyPack(pack);
    assert.deepEqual(problems, []);
    // What is known of the source is put on record by the pack, and all of it where it is on record by plain ids alone.
    assert.equal(late, packs.indexOf(pack) < choices.length ? 1 : documents);
    // What belongs together is still seen.
    const [story, ...rest] = documentsIn(pack);
    const idsOf = (kind: string) => rest.flatMap((it) => (it.kind === kind ? it.id : [])).toSorted();
    const keyed = (it: Document | undefined) =>
      z
        .object({ value: z.array(z.string()) })
        .parse(it?.fields["keyed"])
        .value.toSorted();
    assert.deepEqual(keyed(story), idsOf("alert"));
    for (const it of rest) if (it.kind === "alert") assert.deepEqual(keyed(it), idsOf("event"));
    assert.ok(whole.includes(story?.id ?? "-"), "whoever holds the whole pack finds it again");
  }
  if (noPython === false)
    assert.deepEqual(
      verifyByPython(packs).map((it) => it.problems),
      packs.map(() => []),
    );

  // What an entry that is left out says is changed, the pack says all the same.
  await restart((store) => asBefore(store, data, incident.id, true));
  const { ok, problems } = verifyPack(await packed(["principal"]));
  assert.deepEqual([ok, problems.map((it) => it.split(" ")[0])], [false, ["CHANGED"]]);
});
