// One incident with its proof, for people who don't have us.
import {
  changedField,
  checkpoint,
  documentDigest,
  documentOf,
  lateField,
  packOf,
  type Document,
  type Entry,
  type JsonObject,
} from "@outweigh/evidence";
import { gradeOf, sourceOf } from "@outweigh/pipeline";
import type { Gap, IncidentRow, OcsfEvent, PackPreview, RedactKind } from "@outweigh/schema";
import { alert as alertSchema, incident as incidentSchema, wayIn } from "@outweigh/schema";
import type { SourceState } from "../worker/source-state.ts";
import type { Context } from "../api/context.ts";
import { actionsOf } from "../store/actions.ts";
import { alertsOf } from "../store/alerts.ts";
import { addCheckpoint, checkpoints, entriesAbout, entryHashes, loadHead } from "../store/evidence.ts";
import { gapsWithin } from "../store/gaps.ts";
import { partIds } from "../store/parts.ts";
import { incidentById } from "../store/incidents.ts";
import { pinsOf } from "../store/pins.ts";
import { eventsOf } from "../store/proof.ts";
import { scanId, scanSubject, signedScan, type StoredScan } from "../store/signed-scans.ts";
import { fieldIn } from "../values.ts";
import { previewOf, redactionOf } from "./redaction.ts";
import { asJson, nameOf, namesIn, packMade, readRecords, recordedFields } from "./records.ts";

/** Time around an incident whose gaps belong in its pack, in ms. */
const aroundMs = 86_400_000;
/** Most signed scans in a pack, and their length together in UTF-16 units: a pack holds 128 MiB, its events first. */
const maxScans = 50;
const maxScanLength = 32 * 1024 * 1024;

interface PackOptions {
  readonly by: string;
  readonly isWhole: boolean;
  /** What its receiver is not shown. */
  readonly redact?: readonly RedactKind[];
}

/**
 * @param isWhole Whether whoever asks may see all models: a signed scan tells of every model on its host, and is left out otherwise.
 * @returns The pack's text. What is in it and was not on record as it is now is put on record first, and the entry that does so says
 * which documents those are: `late` those that nothing had on record, `changed` those that were something else at their time. With
 * one of these the pack does not verify: somebody wrote to the stores.
 */
export async function packIncident(
  context: Context,
  incident: IncidentRow,
  { by, isWhole, redact = [] }: PackOptions,
): Promise<string> {
  const { db, evidence, worker, now } = context;
  await worker.record();
  const row = (await incidentById(db, incident.id)) ?? incident;
  const { scans, documents: found } = await documentsOf(context, row, isWhole);
  const subjects = await subjectsOf(context, row, scans);
  const { isLeftOut } = redactionOf(redact, allOf(found), await entriesAbout(db, subjects));
  const documents = without(found, isLeftOut);
  const all = allOf(documents);
  const left = allOf(found).length - all.length;

  const { entries, signed, hashes } = await db.transaction().execute(async (tx) => {
    const judged = judge(all, await entriesAbout(tx, subjects), worker.isGrowing(incident.id));
    const told = redact.length === 0 ? "" : `; left out: ${redactText(redact, left)}`;
    const shown = redact.length === 0 ? {} : { redacted: [...redact], leftOut: left };
    const decisions = packMadeBy(judged).map(({ text, fields }) => ({
      kind: packMade,
      by,
      subject: incident.id,
      text: text + told,
      fields: { ...fields, ...shown },
    }));
    await evidence.append(tx, decisions, now());
    const head = await loadHead(tx);
    if (!head) throw new Error("the evidence log has no end");
    const it = checkpoint(head, now(), evidence.signer);
    await addCheckpoint(tx, it);
    const earlier = (await checkpoints(tx)).filter(({ size }) => size < it.size);
    return { entries: await entriesAbout(tx, subjects), signed: [...earlier, it], hashes: await entryHashes(tx) };
  });
  context.changes.tell("evidence");
  return packOf({
    ...documents,
    entries,
    checkpoints: signed,
    entryHashes: hashes,
    signer: evidence.signer,
    time: now(),
    // Once more with the entries as they are now: one of them may be a moment old. What stood in documents that are left out whole is looked
    // for as well.
    redact: redactionOf(redact, allOf(found), entries).redact,
  });
}

/** What the receiver of a pack would see. */
export async function previewPack(
  context: Context,
  incident: IncidentRow,
  { isWhole, redact = [] }: Omit<PackOptions, "by">,
): Promise<PackPreview> {
  const { db, worker } = context;
  await worker.record();
  const row = (await incidentById(db, incident.id)) ?? incident;
  const { scans, documents } = await documentsOf(context, row, isWhole);
  const entries = await entriesAbout(db, await subjectsOf(context, row, scans));
  return previewOf({ kinds: redact, documents: allOf(documents), entries });
}

type Documents = Awaited<ReturnType<typeof documentsOf>>["documents"];

function allOf({ incident, alerts, events, sources, gaps, scans }: Documents): Document[] {
  return [incident, ...alerts, ...events, ...sources, ...gaps, ...scans];
}

/** The incident and its alerts always stay. */
function without(
  { events, sources, gaps, scans, ...rest }: Documents,
  isLeftOut: (it: Document) => boolean,
): Documents {
  const keep = (them: readonly Document[]) => them.filter((it) => !isLeftOut(it));
  return { ...rest, events: keep(events), sources: keep(sources), gaps: keep(gaps), scans: keep(scans) };
}

/** Whose entries belong to an incident: its own, its alerts', its actions' and its scans'. */
async function subjectsOf({ db }: Context, row: IncidentRow, scans: readonly StoredScan[]): Promise<string[]> {
  const actions = await actionsOf(db, row.id);
  return [...(await partIds(db, row.id)), ...row.alerts, ...actions.map((it) => it.id), ...scans.map(scanSubject)];
}

function redactText(kinds: readonly RedactKind[], left: number): string {
  return kinds.join(", ") + (left === 0 ? "" : `, and ${left} documents whole`);
}

/** Documents that are not on record as they are. */
interface Judged {
  readonly changed: readonly Document[];
  readonly late: readonly Document[];
}

/** While an incident grows, what differs is what came in a moment ago. */
function judge(documents: readonly Document[], entries: readonly Entry[], isGrowing: boolean): Judged {
  const { all, last } = readRecords(entries);
  const isLatest = (it: Document, digest: string) => (last.get(nameOf(it.kind, it.id)) ?? digest) === digest;
  const changed: Document[] = [];
  const late: Document[] = [];
  for (const it of documents) {
    const digest = documentDigest(it);
    // An older version than the last on record was put back.
    if (!isLatest(it, digest) && !(isGrowing && it.kind !== "event")) changed.push(it);
    else if (!all.has(digest)) late.push(it);
  }
  return { changed, late };
}

/** What the entries of a pack say, one for each part of what they put on record. */
function packMadeBy({ changed, late }: Judged): { text: string; fields: JsonObject }[] {
  const told =
    changed.length > 0 ? `; ${changed.length} of its documents are NOT WHAT WAS PUT ON RECORD AT THEIR TIME` : "";
  const digests = new Map([...changed, ...late].map((it) => [nameOf(it.kind, it.id), documentDigest(it)]));
  const isChanged = new Set(changed.map((it) => nameOf(it.kind, it.id)));
  return recordedFields(digests).map((fields, i, parts) => {
    const named = (which: boolean) => namesIn(fields).filter((it) => isChanged.has(JSON.stringify(it)) === which);
    const part = parts.length > 1 ? `, part ${i + 1} of ${parts.length}` : "";
    return {
      text: `packed with its evidence${part}${told}`,
      fields: { ...fields, [changedField]: named(true), [lateField]: named(false) },
    };
  });
}

async function documentsOf({ db, engine, evidence, worker }: Context, row: IncidentRow, isWhole: boolean) {
  const span = { from: row.firstAt - aroundMs, to: row.lastAt + aroundMs };
  const [alerts, pins] = await Promise.all([alertsOf(db, row.id), pinsOf(db, row.id)]);
  const [events, gaps] = await Promise.all([eventsOf(engine, alerts, pins), gapsWithin(db, span)]);
  const document = (kind: Document["kind"], id: string, value: object) =>
    documentOf(kind, id, asJson(value), evidence.saltKey);
  const named = new Set(events.map((it) => it.source));
  const sources = [...worker.sources()].filter(([name]) => named.has(name));
  const scans = isWhole ? await scansBehind(db, events) : [];
  return {
    scans,
    documents: {
      incident: document("incident", row.id, incidentSchema.parse(row)),
      alerts: alerts.map((it) => document("alert", it.id, alertSchema.parse(it))),
      events: events.map((it) => document("event", it.id, it)),
      sources: sources.map(([name, it]) => document("source", name, aboutSource(name, it))),
      gaps: gaps.map((it) => document("gap", gapId(it), it)),
      scans: scans.map((it) => document("scan", scanId(it), it)),
    },
  };
}

/** The signed results of scans that saw what the events tell, the latest first, as far as they fit. */
async function scansBehind(db: Context["db"], events: readonly OcsfEvent[]): Promise<StoredScan[]> {
  const seen = events.flatMap(({ operation, device, metadata }) => {
    const finishedAt = Date.parse(String(fieldIn(metadata, "original_time")));
    const host = fieldIn(device, "hostname");
    if (operation !== "seen" || typeof host !== "string" || Number.isNaN(finishedAt)) return [];
    return [[scanId({ host, finishedAt }), { host, finishedAt }] as const];
  });
  const found: StoredScan[] = [];
  let left = maxScanLength;
  for (const it of [...new Map(seen).values()].sort((a, b) => b.finishedAt - a.finishedAt).slice(0, maxScans)) {
    const scan = await signedScan(db, it);
    left -= scan?.report.length ?? 0;
    if (left < 0) return found;
    if (scan) found.push(scan);
  }
  return found;
}

function aboutSource(name: string, { kind, ways = {} }: SourceState) {
  const known = kind === "auto" ? undefined : sourceOf(kind as Parameters<typeof sourceOf>[0]);
  const grades = wayIn.options.flatMap((way) => (ways[way] ? [`${gradeOf(way).grade}: ${gradeOf(way).basis}`] : []));
  return { name, kind, cannotSee: [...(known?.cannotSee ?? [])], requires: [...(known?.requires ?? [])], grades };
}

function gapId({ source, from }: Gap): string {
  return `${source}@${from}`;
}
