import type { ByteRange } from "@outweigh/schema";

/**
 * The bytes that a ranged answer held: RFC 9110 §14.2, one range only, together with how many bytes were sent.
 * Undefined for several ranges, other units, or what cannot be told: then only an upper bound is known.
 *
 * @param header The request's `Range` or the answer's `Content-Range`.
 * @param bytes Bytes of the body, if logged. An aborted answer holds fewer than were asked for.
 * @param size The whole file's size in bytes, if known: a range counted from the end needs it.
 */
export function rangeOf(header: string, bytes: number | undefined, size?: number): ByteRange | undefined {
  const answered = /^bytes (\d{1,15})-(\d{1,15})\/(?:\d+|\*)$/i.exec(header.trim());
  const asked = answered ?? /^bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})$/i.exec(header.trim());
  if (!asked) return undefined;
  const [, first = "", last = ""] = asked;
  if (first === "") return last === "" ? undefined : suffix(Number(last), bytes, size);
  const start = Number(first);
  const wanted = last === "" ? undefined : Number(last) + 1;
  if (wanted !== undefined && wanted <= start) return undefined;
  const end = bytes === undefined ? wanted : Math.min(start + bytes, wanted ?? Number.MAX_SAFE_INTEGER);
  return end === undefined ? undefined : { start, end };
}

function suffix(wanted: number, bytes: number | undefined, size: number | undefined): ByteRange | undefined {
  if (size === undefined) return undefined;
  const start = Math.max(size - wanted, 0);
  return { start, end: bytes === undefined ? size : Math.min(start + bytes, size) };
}
