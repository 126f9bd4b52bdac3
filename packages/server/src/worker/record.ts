// What every way in hands to the worker: records with their place, and how far the way has been read.
import type { WayIn } from "@outweigh/schema";

/** One raw record and where it stands. */
export interface PlacedRecord {
  readonly record: string;
  /** Bytes before it in its file (unpacked) or its spool block: for people who look a reject up. */
  readonly offset: number;
  /** What names its file or request, the same whenever it is read: stands in the ids of events that have none of their own. */
  readonly file: string;
  /** When it was sent to us, in ms. */
  readonly receivedAt?: number;
  /** When its file was last written, in ms. */
  readonly writtenAt?: number;
  /** What was checked when it came in. */
  readonly way?: WayIn;
}

/** Something that was read and cannot be a record: too long, not text, a broken archive. */
export interface UnreadableRecord {
  readonly offset: number;
  readonly file?: string;
  readonly reason: string;
  /** Its first characters. */
  readonly record: string;
}

/** A piece of a source: its records, and the positions after them, to be stored together with what the line made of them. */
export interface Batch {
  readonly source: string;
  readonly records: readonly PlacedRecord[];
  readonly rejects: readonly UnreadableRecord[];
  /** Stream → position after this batch; undefined forgets the stream. */
  readonly positions: ReadonlyMap<string, object | undefined>;
}

/** How much one batch may hold. */
export interface Portion {
  readonly records: number;
  readonly bytes: number;
}
