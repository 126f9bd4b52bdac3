// Where a page of a list ended: opaque outside, a checked list of values inside.
import { z } from "zod";
import { ServerError } from "../error.ts";
import { parseJson } from "../values.ts";

const cursor = z.array(z.union([z.string().max(300), z.number()])).max(4);

export function writeCursor(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString("base64url");
}

/** The values of a cursor that must have the types of `shape`. @throws {ServerError} BAD_REQUEST when it is not one of ours. */
export function readCursor<const Shape extends readonly ("string" | "number")[]>(
  text: string,
  shape: Shape,
): { [Key in keyof Shape]: Shape[Key] extends "string" ? string : number } {
  const read = cursor.safeParse(parseJson(Buffer.from(text, "base64url").toString("utf8")));
  if (read.success && read.data.length === shape.length && read.data.every((it, i) => typeof it === shape[i])) {
    return read.data as never; // Checked just now, value by value.
  }
  throw new ServerError("BAD_REQUEST", "`after` is not the `next` of a page of this list");
}
