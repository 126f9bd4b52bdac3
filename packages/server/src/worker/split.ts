// Bytes to placed records, in portions.
import type { RecordSplitter } from "@outweigh/pipeline";
import type { WayIn } from "@outweigh/schema";
import { maxSampleLength } from "../limits.ts";
import type { PlacedRecord, Portion, UnreadableRecord } from "./record.ts";

/** Bytes cut at a time: few enough that a portion is not far exceeded, many enough that cutting is cheap. */
const stepBytes = 256 * 1024;

/** What is the same for all records of one file or request. */
export interface Place {
  readonly file: string;
  readonly receivedAt?: number;
  readonly writtenAt?: number;
  readonly way?: WayIn;
}

interface Pushed {
  readonly records: readonly PlacedRecord[];
  readonly rejects: readonly UnreadableRecord[];
  /** Bytes of the body that the splitter has been given by now. */
  readonly pushed: number;
  /** Whether that was all, and the end was told. */
  readonly ended: boolean;
}

/** Gives the splitter bytes of a whole body from `pushed` on, until the portion is full or the body ends. */
export function pushInto(
  splitter: RecordSplitter,
  body: Buffer,
  pushed: number,
  portion: Portion,
  place: Place,
): Pushed {
  const records: PlacedRecord[] = [];
  const rejects: UnreadableRecord[] = [];
  const start = pushed;
  let at = pushed;
  while (at < body.length && records.length < portion.records && at - start < portion.bytes) {
    const chunk = body.subarray(at, at + stepBytes);
    at += chunk.length;
    collect(splitter.push(chunk), place, records, rejects);
  }
  const ended = at >= body.length;
  if (ended) collect(splitter.end(), place, records, rejects);
  return { records, rejects, pushed: at, ended };
}

/** Sorts what a splitter handed out. */
export function collect(
  cuts: ReturnType<RecordSplitter["push"]>,
  place: Place,
  records: PlacedRecord[],
  rejects: UnreadableRecord[],
): void {
  for (const it of cuts) {
    if ("record" in it) records.push({ ...place, record: it.record, offset: it.offset });
    else rejects.push({ file: place.file, offset: it.offset, reason: it.rejected, record: "" });
  }
}

/** The beginning of a record, for people. */
export function sampleOf(record: string): string {
  return record.slice(0, maxSampleLength);
}
