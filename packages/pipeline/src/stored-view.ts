import type { OcsfEvent } from "@outweigh/schema";
import type { Logsource, Raw, SourceKind } from "./ingest/source.ts";
import { sourceOf } from "./ingest/sources.ts";

const around = { trusts: () => false };

/** What rules see of an event that is stored, beside itself. */
interface StoredView {
  /** The record as its source names its fields; undefined where it was not kept, or only in part. */
  readonly raw: Raw | undefined;
  readonly logsources: readonly Logsource[];
}

/** Reads a stored event's record again. `kind` is that of its source, undefined when that is not known any more. */
export function storedView(event: OcsfEvent, kind: SourceKind | undefined): StoredView {
  if (kind === undefined) return { raw: undefined, logsources: [] };
  const own = sourceOf(kind);
  const read = own.read(event.raw_data ?? "", { source: event.source, offset: 0, receivedAt: event.time }, around);
  if (!read.ok) return { raw: undefined, logsources: own.logsources };
  const at = read.events.length === 1 ? 0 : read.events.findIndex((it) => it.id === event.id);
  const as = read.as?.[at] ?? own.logsources;
  return { raw: read.raw[at], logsources: typeof as === "string" ? sourceOf(as).logsources : as };
}
