/** Reads one record for a test, and holds whatever comes of it to our schema and to OCSF. */
import assert from "node:assert/strict";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import type { Ingested, Origin, Source } from "../ingest/source.ts";
import { ocsfProblems } from "./ocsf-schema.ts";

const around = { trusts: () => false };

/** What a source makes of a record, given as text or as what is to be JSON. Its events are checked. */
export function readWith(source: Source, record: unknown, from: Partial<Origin> = {}): Ingested {
  const text = typeof record === "string" ? record : JSON.stringify(record);
  const read = source.read(text, { source: source.id, offset: 0, ...from }, around);
  if (read.ok) {
    assert.equal(read.raw.length, read.events.length);
    for (const it of read.events) assert.deepEqual(ocsfProblems(eventSchema.parse(it)), []);
  }
  return read;
}

/** All events of a record. Fails when it was not read. */
export function eventsOf(source: Source, record: unknown, from: Partial<Origin> = {}): readonly OcsfEvent[] {
  const it = readWith(source, record, from);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  return it.events;
}

/** The one event of a record. */
export function onlyEvent(source: Source, record: unknown, from: Partial<Origin> = {}): OcsfEvent {
  const [first, ...others] = eventsOf(source, record, from);
  assert.ok(first && others.length === 0, "expected one event");
  return first;
}

/** Why a record was refused or holds no event. */
export function whyNot(source: Source, record: unknown): string {
  const it = readWith(source, record);
  return it.ok ? (it.skipped ?? it.refused?.[0] ?? "read") : it.reason;
}
