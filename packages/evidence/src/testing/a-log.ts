import { createPrivateKey } from "node:crypto";
import {
  append,
  checkpoint,
  documentDigest,
  documentOf,
  genesis,
  packOf,
  signerOf,
  signScan,
  type Checkpoint,
  type Document,
  type Entry,
  type Head,
  type Json,
  type JsonObject,
  type PackInput,
  type Signer,
} from "../index.ts";

/** A signer that is always the same for the same number: 0 to 255. */
export function aSigner(number = 7): Signer {
  // RFC 8410 §7: an Ed25519 private key in PKCS #8 is this and its 32 bytes.
  const der = Buffer.from(`302e020100300506032b657004220420${Buffer.alloc(32, number).toString("hex")}`, "hex");
  return signerOf(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

export const saltKey = Buffer.alloc(32, 42);

/** A log that tests append to. */
export class ALog {
  head: Head = genesis("outweigh.example/test");
  readonly entries: Entry[] = [];
  readonly checkpoints: Checkpoint[] = [];

  add(kind = "note", fields: JsonObject = {}): Entry {
    const time = 1_764_000_000_000 + this.head.size * 1000;
    const body = { time, kind, by: "ana", subject: `incident-${this.head.size}`, fields: withoutUndefined(fields) };
    const { entry, head } = append(this.head, body, saltKey);
    this.entries.push(entry);
    this.head = head;
    return entry;
  }

  sign(signer = aSigner()): Checkpoint {
    const it = checkpoint(this.head, 1_764_100_000_000 + this.head.size, signer);
    this.checkpoints.push(it);
    return it;
  }
}

/**
 * A pack's input: one incident, one alert, two events, three entries among others, two checkpoints.
 * @param later How many entries, with a third checkpoint, follow them.
 */
export function aPackInput(over: Partial<PackInput> = {}, later = 0): PackInput {
  const log = new ALog();
  for (let i = 0; i < 3; i++) log.add();
  const events = [1, 2].map((n) =>
    documentOf("event", `e${n}`, { time: n, principal: "mallory", raw: `GET /weights/${n} "ü"` }, saltKey),
  );
  const alert = documentOf(
    "alert",
    "a1",
    { rule: "complete-copy", count: 2, ratio: 0.1, events: ["e1", "e2"] },
    saltKey,
  );
  const incident = documentOf(
    "incident",
    "i1",
    { title: "A copy left", alerts: ["a1"], models: ["acme-13b"] },
    saltKey,
  );
  const raised = log.add("alert-raised", { records: digests([alert, ...events]) });
  log.sign();
  for (let i = 0; i < 4; i++) log.add();
  const opened = log.add("incident-opened", { records: digests([incident]), note: "seen" });
  const assigned = log.add("incident-assigned", { to: "ana" });
  log.add();
  log.sign();
  for (let i = 0; i < later; i++) log.add();
  if (later > 0) log.sign();
  return {
    incident,
    alerts: [alert],
    events,
    entries: [raised, opened, assigned],
    checkpoints: log.checkpoints,
    entryHashes: log.entries.map((it) => it.hash),
    signer: aSigner(),
    time: 1_764_200_000_000,
    ...over,
  };
}

export function aPack(over: Partial<PackInput> = {}, later = 0): string {
  return packOf(aPackInput(over, later));
}

function digests(documents: readonly Document[]): string[] {
  return documents.map(documentDigest);
}

function withoutUndefined(fields: JsonObject) {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, it]) => (it === undefined ? [] : [[name, it]])));
}

/** A signed scan as a document; `over` are members that are another, undefined ones left out. */
export function aScan(over: Readonly<Record<string, Json | undefined>> = {}): Document {
  const { key, signature, report } = signScan('{"host":"gpu-1"}', aSigner(9));
  const members = { host: "gpu-1", key, signature, report, ...over };
  return documentOf("scan", "gpu-1@1", withoutUndefined(members), saltKey);
}

/** A pack with one document more, which is on record. */
export function aPackWith(scan: Document, redact?: PackInput["redact"]): string {
  const log = new ALog();
  const { incident, alerts, events } = aPackInput();
  const entry = log.add("scan-signed", { records: digests([incident, ...alerts, ...events, scan]) });
  log.sign();
  const entryHashes = log.entries.map((it) => it.hash);
  return packOf(aPackInput({ scans: [scan], entries: [entry], checkpoints: log.checkpoints, entryHashes, redact }));
}

/** A pack with one event, which says this of its grade. */
export function aGradedPack(grade: Json, redact?: PackInput["redact"]): string {
  const log = new ALog();
  const { incident, alerts } = aPackInput();
  const event = documentOf("event", "e1", { time: 1, principal: "mallory", grade }, saltKey);
  const entry = log.add("alert-raised", { records: digests([incident, ...alerts, event]) });
  log.sign();
  const entryHashes = log.entries.map((it) => it.hash);
  return packOf(aPackInput({ events: [event], entries: [entry], checkpoints: log.checkpoints, entryHashes, redact }));
}

/** A pack whose documents were put on record when it was made, by an entry with these fields, of which none is to be redacted. */
export function aMarkedPack(fields: JsonObject): string {
  const log = new ALog();
  const { incident, alerts, events } = aPackInput();
  const entry = log.add("pack-made", { records: digests([incident, ...alerts, ...events]), ...fields });
  log.sign();
  const entryHashes = log.entries.map((it) => it.hash);
  const redact = (_kind: string, _id: string, field: string) => field in fields;
  return packOf(aPackInput({ entries: [entry], checkpoints: log.checkpoints, entryHashes, redact }));
}

/** What stands where names of documents should, and is none. */
export const junkNames: readonly Json[] = [
  1,
  "event",
  [1],
  [["event"]],
  [["event", 1]],
  [["event", "e1", "x"]],
  { event: "e1" },
  null,
];
