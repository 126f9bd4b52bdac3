// One incident with its proof, for people who don't have us.
import {
  checkpoint,
  documentDigest,
  documentOf,
  packOf,
  recordsField,
  type Document,
  type Entry,
} from "@outweigh/evidence";
import { sourceOf } from "@outweigh/pipeline";
import type { Gap, IncidentRow } from "@outweigh/schema";
import { alert as alertSchema, incident as incidentSchema } from "@outweigh/schema";
import type { Context } from "../api/context.ts";
import { actionsOf } from "../store/actions.ts";
import { alertsOf } from "../store/alerts.ts";
import { addCheckpoint, checkpoints, entriesAbout, entryHashes, loadHead } from "../store/evidence.ts";
import { gapsWithin } from "../store/gaps.ts";
import { provingEvents } from "../store/proof.ts";
import { asJson } from "../worker/commit.ts";

/** Time around an incident whose gaps belong in its pack, in ms. */
const aroundMs = 86_400_000;
/** Digests of one entry: far below what an entry may hold. */
const maxRecords = 5000;

/** @returns The pack's text. What is in it and was not on record as it is now is put on record first. */
export async function packIncident(context: Context, incident: IncidentRow, by: string): Promise<string> {
  const { db, evidence, now } = context;
  const documents = await documentsOf(context, incident);
  const all = [documents.incident, ...documents.alerts, ...documents.events, ...documents.sources, ...documents.gaps];
  const actions = await actionsOf(db, incident.id);
  const subjects = [incident.id, ...incident.alerts, ...actions.map((it) => it.id)];

  const { entries, signed, hashes } = await db.transaction().execute(async (tx) => {
    const known = recordsOf(await entriesAbout(tx, subjects));
    const missing = all.map(documentDigest).filter((it) => !known.has(it));
    const chunks = missing.length === 0 ? [[]] : chunked(missing);
    const decisions = chunks.map((records, i) => ({
      kind: "pack-made",
      by,
      subject: incident.id,
      text: `packed with its evidence${chunks.length > 1 ? `, part ${i + 1} of ${chunks.length}` : ""}`,
      fields: { records },
    }));
    await evidence.append(tx, decisions, now());
    const head = await loadHead(tx);
    if (!head) throw new Error("the evidence log has no end");
    const it = checkpoint(head, now(), evidence.signer);
    await addCheckpoint(tx, it);
    const before = (await checkpoints(tx)).filter(({ size }) => size < it.size);
    return { entries: await entriesAbout(tx, subjects), signed: [...before, it], hashes: await entryHashes(tx) };
  });
  context.changes.tell("evidence");
  return packOf({
    ...documents,
    entries,
    checkpoints: signed,
    entryHashes: hashes,
    signer: evidence.signer,
    time: now(),
  });
}

async function documentsOf({ db, engine, evidence, worker }: Context, row: IncidentRow) {
  const span = { from: row.firstAt - aroundMs, to: row.lastAt + aroundMs };
  const alerts = await alertsOf(db, row.id);
  const [events, gaps] = await Promise.all([provingEvents(engine, alerts), gapsWithin(db, span)]);
  const document = (kind: Document["kind"], id: string, value: object) =>
    documentOf(kind, id, asJson(value), evidence.saltKey);
  const names = new Set(events.map((it) => it.source));
  const sources = [...worker.sources()].filter(([name]) => names.has(name));
  return {
    incident: document("incident", row.id, incidentSchema.parse(row)),
    alerts: alerts.map((it) => document("alert", it.id, alertSchema.parse(it))),
    events: events.map((it) => document("event", it.id, it)),
    sources: sources.map(([name, { kind }]) => document("source", name, aboutSource(name, kind))),
    gaps: gaps.map((it) => document("gap", gapId(it), it)),
  };
}

function aboutSource(name: string, kind: string) {
  const known = kind === "auto" ? undefined : sourceOf(kind as Parameters<typeof sourceOf>[0]);
  return { name, kind, cannotSee: [...(known?.cannotSee ?? [])], requires: [...(known?.requires ?? [])] };
}

function gapId({ source, from }: Gap): string {
  return `${source}@${from}`;
}

function recordsOf(entries: readonly Entry[]): Set<unknown> {
  return new Set(
    entries.flatMap(({ fields }) => {
      const field = fields[recordsField];
      return field && "value" in field && Array.isArray(field.value) ? field.value : [];
    }),
  );
}

function chunked(list: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let at = 0; at < list.length; at += maxRecords) chunks.push(list.slice(at, at + maxRecords));
  return chunks;
}
