// One incident with its proof, for people who don't have us.
import { changedField, checkpoint, documentDigest, keyedId, lateField, packOf } from "@outweigh/evidence";
import type { Document, Entry, Json, JsonObject } from "@outweigh/evidence";
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
import { judge, namesPlainly, packable, type Judged, type Packable } from "./judge.ts";
import { previewOf, redactionOf } from "./redaction.ts";
import { listIn, nameOf, namesIn, packMade, recordedFields } from "./records.ts";

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
  const isRedacted = redact.length > 0;
  await worker.record();
  const row = (await incidentById(db, incident.id)) ?? incident;
  const { scans, nouns } = await nounsOf(context, row, isWhole);
  const subjects = await subjectsOf(context, row, scans);
  const redactIn = (entries: readonly Entry[]) =>
    redactionOf(
      redact,
      allOf(nouns).map((it) => it.document),
      entries,
    );
  // What cannot be left out is refused before anything is put on record.
  redactIn(await entriesAbout(db, subjects));

  const packed = await db.transaction().execute(async (tx) => {
    const before = await entriesAbout(tx, subjects);
    const judging = judge({ entries: before, isGrowing: worker.isGrowing(incident.id), isRedacted });
    const judged = new Map(allOf(nouns).map((it) => [it, judging(it)]));
    const gone = isRedacted ? before.filter(namesPlainly) : [];
    const told = isRedacted ? `; left out: ${redactText(redact, gone.length)}` : "";
    const shown = isRedacted ? { redacted: [...redact], leftOut: gone.length } : {};
    const decisions = packMadeBy([...judged.values()], changedIn(gone, evidence.saltKey)).map((it) => ({
      kind: packMade,
      by,
      subject: incident.id,
      text: it.text + told,
      fields: { ...it.fields, ...shown },
    }));
    await evidence.append(tx, decisions, now());
    const head = await loadHead(tx);
    if (!head) throw new Error("the evidence log has no end");
    const it = checkpoint(head, now(), evidence.signer);
    await addCheckpoint(tx, it);
    const earlier = (await checkpoints(tx)).filter(({ size }) => size < it.size);
    const kept = (await entriesAbout(tx, subjects)).filter((one) => !isRedacted || !namesPlainly(one));
    const documentOf = (of: Packable) => judged.get(of)?.document ?? of.document;
    return { documentOf, entries: kept, checkpoints: [...earlier, it], entryHashes: await entryHashes(tx) };
  });
  context.changes.tell("evidence");
  const { documentOf, ...rest } = packed;
  return packOf({
    ...mapped(nouns, documentOf),
    ...rest,
    signer: evidence.signer,
    time: now(),
    // Once more with the entries as they are now: one of them may be a moment old.
    redact: redactIn(rest.entries),
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
  const { scans, nouns } = await nounsOf(context, row, isWhole);
  const entries = await entriesAbout(db, await subjectsOf(context, row, scans));
  const judged = judge({ entries, isGrowing: worker.isGrowing(incident.id), isRedacted: redact.length > 0 });
  return previewOf({ kinds: redact, documents: allOf(nouns).map((it) => judged(it).document), entries });
}

type Nouns = Awaited<ReturnType<typeof nounsOf>>["nouns"];

function allOf({ incident, alerts, events, sources, gaps, scans }: Nouns): Packable[] {
  return [incident, ...alerts, ...events, ...sources, ...gaps, ...scans];
}

function mapped({ incident, alerts, events, sources, gaps, scans }: Nouns, to: (it: Packable) => Document) {
  return {
    incident: to(incident),
    alerts: alerts.map(to),
    events: events.map(to),
    sources: sources.map(to),
    gaps: gaps.map(to),
    scans: scans.map(to),
  };
}

/** Whose entries belong to an incident: its own, its alerts', its actions' and its scans'. */
async function subjectsOf({ db }: Context, row: IncidentRow, scans: readonly StoredScan[]): Promise<string[]> {
  const actions = await actionsOf(db, row.id);
  return [...(await partIds(db, row.id)), ...row.alerts, ...actions.map((it) => it.id), ...scans.map(scanSubject)];
}

function redactText(kinds: readonly RedactKind[], left: number): string {
  return kinds.join(", ") + (left === 0 ? "" : `; entries left out whole: ${left}`);
}

/** What entries that are left out whole say is changed, by keyed ids: a pack without them must not hold because of that. */
function changedIn(entries: readonly Entry[], saltKey: Uint8Array): Json[] {
  const names = entries.flatMap((it) => listIn(it, changedField));
  return names.flatMap((it) =>
    Array.isArray(it) ? [[String(it[0]), keyedId(saltKey, String(it[0]), String(it[1]))]] : [],
  );
}

/** What the entries of a pack say, one for each part of what they put on record. */
function packMadeBy(judged: readonly Judged[], before: readonly Json[]): { text: string; fields: JsonObject }[] {
  const news = judged.filter((it) => it.is !== "on record");
  const isChanged = new Set(news.flatMap((it) => (it.is === "changed" ? nameOf(it.document) : [])));
  const more = before.filter((it) => !isChanged.has(JSON.stringify(it)));
  const count = isChanged.size + more.length;
  const told = count > 0 ? `; ${count} of its documents are NOT WHAT WAS PUT ON RECORD AT THEIR TIME` : "";
  const digests = new Map(news.map(({ document }) => [nameOf(document), documentDigest(document)]));
  return recordedFields(digests).map((fields, i, parts) => {
    const named = (which: boolean) => namesIn(fields).filter((it) => isChanged.has(JSON.stringify(it)) === which);
    const part = parts.length > 1 ? `, part ${i + 1} of ${parts.length}` : "";
    return {
      text: `packed with its evidence${part}${told}`,
      fields: { ...fields, [changedField]: [...named(true), ...(i === 0 ? more : [])], [lateField]: named(false) },
    };
  });
}

async function nounsOf({ db, engine, evidence, worker }: Context, row: IncidentRow, isWhole: boolean) {
  const span = { from: row.firstAt - aroundMs, to: row.lastAt + aroundMs };
  const [alerts, pins] = await Promise.all([alertsOf(db, row.id), pinsOf(db, row.id)]);
  const [events, gaps] = await Promise.all([eventsOf(engine, alerts, pins), gapsWithin(db, span)]);
  const noun = (kind: Document["kind"], id: string, value: object) => packable(kind, id, value, evidence.saltKey);
  const named = new Set(events.map((it) => it.source));
  const sources = [...worker.sources()].filter(([name]) => named.has(name));
  const scans = isWhole ? await scansBehind(db, events) : [];
  return {
    scans,
    nouns: {
      incident: noun("incident", row.id, incidentSchema.parse(row)),
      alerts: alerts.map((it) => noun("alert", it.id, alertSchema.parse(it))),
      events: events.map((it) => noun("event", it.id, it)),
      sources: sources.map(([name, it]) => noun("source", name, aboutSource(name, it))),
      gaps: gaps.map((it) => noun("gap", gapId(it), it)),
      scans: scans.map((it) => noun("scan", scanId(it), it)),
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
