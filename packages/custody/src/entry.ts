import type { ByteRange } from "@outweigh/schema";
import { CustodyError } from "./error.ts";
import type { Files, ModelFile } from "./files.ts";
import { maxNameLength } from "./limits.ts";

/** One read of a protected model: one request, as its source tells of it. */
export interface Entry {
  readonly model: string;
  readonly principal: string;
  /** Where it was read from. Tells files of the same name apart unless the register lists them. */
  readonly place?: string | undefined;
  /** Which of the model's files. */
  readonly part?: string | undefined;
  /** Which bytes of the file, from 0; `end` is the first byte after them. */
  readonly range?: ByteRange | undefined;
  /** How many bytes were sent. */
  readonly bytes?: number | undefined;
  /** Size of the whole file in bytes, where the record says it. */
  readonly partBytes?: number | undefined;
  /** When, in ms since 1970. */
  readonly time: number;
  /** The event's id. It must not be the client's to choose, else a thief could pass a new read off as a repeat. */
  readonly event: string;
  /**
   * True when the source says which bytes were read: the range is the one that was sent, and a read without a range is
   * of the whole file. False when a range is only what was asked for, or a read without one may be of a piece.
   */
  readonly exact: boolean;
}

/** What an entry says about bytes held. */
export type Claim =
  | { readonly kind: "nothing" }
  /** These very bytes. */
  | { readonly kind: "range"; readonly file: ModelFile; readonly start: number; readonly end: number }
  /** At most so many bytes, which ones is not known; without a file, not even of which. */
  | { readonly kind: "atMost"; readonly file: ModelFile | undefined; readonly bytes: number }
  /** Something was read and nobody can tell how much. */
  | { readonly kind: "unsized" };

/** @throws {CustodyError} BAD_ENTRY when a number is no safe whole one, a range ends before it starts, or a name is too long. */
export function checkEntry({ principal, place, part, range, bytes, partBytes, time }: Entry): void {
  checkName("principal", principal);
  checkName("place", place);
  checkName("part", part);
  checkWhole("bytes", bytes);
  checkWhole("partBytes", partBytes);
  checkWhole("time", time);
  checkWhole("range.start", range?.start);
  checkWhole("range.end", range?.end);
  if (range && range.end < range.start) {
    throw new CustodyError("BAD_ENTRY", `the range ${range.start}-${range.end} ends before it starts`);
  }
}

function checkName(field: string, value: string | undefined): void {
  if (value === undefined || value.length <= maxNameLength) return;
  throw new CustodyError("BAD_ENTRY", `${field} has ${value.length} characters, at most ${maxNameLength} are booked`);
}

function checkWhole(field: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return;
  throw new CustodyError("BAD_ENTRY", `${field} is ${value}, expected a whole number from 0 to 2^53 - 1`);
}

/** What a checked entry says, given the files known so far. Learns sizes of unlisted files on the way. */
export function claimOf(entry: Entry, files: Files): Claim {
  const { range, bytes, partBytes } = entry;
  const length = range && range.end - range.start;
  if (bytes === 0 || (bytes === undefined && length === 0)) return nothing;
  const file = entry.part === undefined ? undefined : files.find(entry.place, entry.part);
  // Bytes sent of an empty range contradict each other; the larger is the safe one.
  const sent = Math.min(bytes ?? Infinity, length || Infinity);
  const most = sent === Infinity ? partBytes : sent;
  const isOther = file?.place === undefined && partBytes !== undefined && partBytes !== file?.size;
  // Not one of the files we know, or another file under its name: any bytes of the model.
  if (!file || isOther) {
    return most === undefined ? unsized : atMost(undefined, partBytes === undefined ? most : Math.min(most, partBytes));
  }
  if (partBytes !== undefined) files.learn(file, partBytes, true);
  if (!range) return wholeOrPiece(entry, file, files);
  // Fewer bytes than the range has: the transfer broke off, or the range was only asked for.
  if (!entry.exact || sent !== length) return atMost(file, sent);
  files.learn(file, range.end, false);
  return covers(file, range.start, range.end);
}

/** A read without a range. */
function wholeOrPiece({ bytes, exact }: Entry, file: ModelFile, files: Files): Claim {
  const { size } = file;
  if (bytes === undefined) {
    if (size === undefined) return unsized;
    return exact ? covers(file, 0, size) : atMost(file, size);
  }
  // One request that sends as many bytes as the file has sends all of them.
  if (bytes === size) return covers(file, 0, size);
  if (exact && (size === undefined || bytes > size)) {
    files.learn(file, bytes, true);
    return covers(file, 0, bytes);
  }
  return atMost(file, bytes);
}

const nothing: Claim = { kind: "nothing" };
const unsized: Claim = { kind: "unsized" };

function covers(file: ModelFile, start: number, end: number): Claim {
  return { kind: "range", file, start, end };
}

function atMost(file: ModelFile | undefined, bytes: number): Claim {
  return { kind: "atMost", file, bytes };
}
