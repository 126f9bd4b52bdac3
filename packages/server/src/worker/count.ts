// What the answer to a sender says: how many records were found, and what was wrong with the others.
import { setImmediate as nextTurn } from "node:timers/promises";
import { RecordSplitter } from "@outweigh/pipeline";
import type { IngestAnswer } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { maxIngestRecords } from "../limits.ts";

/** Bytes that are cut before others get their turn. */
const stepBytes = 1024 * 1024;
/** Most rejects that an answer lists; it counts the rest. */
const maxListed = 100;

/** Counts the records of a body as the worker will cut them. `whole`: all of it is one record. */
export async function countRecords(body: Buffer, whole: boolean): Promise<IngestAnswer> {
  if (body.length === 0) return { accepted: 0, rejected: 0, rejects: [] };
  if (whole) return { accepted: 1, rejected: 0, rejects: [] };
  const splitter = new RecordSplitter();
  let accepted = 0;
  let rejected = 0;
  const rejects: IngestAnswer["rejects"] = [];
  const count = (cuts: ReturnType<RecordSplitter["push"]>) => {
    for (const it of cuts) {
      if ("record" in it) accepted++;
      else {
        rejected++;
        if (rejects.length < maxListed) rejects.push({ line: lineAt(body, it.offset), reason: it.rejected });
      }
    }
    if (accepted > maxIngestRecords) {
      throw new ServerError("TOO_LARGE", `more than ${maxIngestRecords} records in one request: send fewer at a time`);
    }
  };
  for (let at = 0; at < body.length; at += stepBytes) {
    count(splitter.push(body.subarray(at, at + stepBytes)));
    if (at + stepBytes < body.length) await nextTurn();
  }
  count(splitter.end());
  return { accepted, rejected, rejects };
}

/** The number of the line that holds a byte, from 1. */
function lineAt(body: Buffer, offset: number): number {
  let line = 1;
  for (let at = body.indexOf(0x0a); at >= 0 && at < offset; at = body.indexOf(0x0a, at + 1)) line++;
  return line;
}
