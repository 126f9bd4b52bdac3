// Source: CPython, Lib/pickletools.py: how each opcode's argument is written.
import { exactNumber, type Cursor } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxNameBytes, maxPieceBytes } from "../limits.ts";
import type { PyBytes } from "./value.ts";

/** The text up to the next line feed, which is taken too; Latin-1, as protocol 0 escapes everything else. */
export async function readLine(cursor: Cursor): Promise<string> {
  const at = cursor.at;
  for (let length = 256; ; length *= 4) {
    const reach = Math.min(length, cursor.left, maxPieceBytes);
    await cursor.want(reach, "a line");
    const end = cursor.take(reach).indexOf(0x0a);
    cursor.seek(at, "a line");
    if (end >= 0) {
      const line = Buffer.from(cursor.take(end)).toString("latin1");
      cursor.skip(1, "a line");
      return line;
    }
    if (reach === cursor.left) throw new WeightsError("TRUNCATED", "a line does not end", { at });
    if (reach === maxPieceBytes) throw new WeightsError("TOO_LARGE", `a line is longer than ${maxPieceBytes}`, { at });
  }
}

/** A counted run of bytes, walked over: only where it lies is kept. */
export async function readRange(cursor: Cursor, countBytes: 1 | 4 | 8, kind: "bytes" | "text"): Promise<PyBytes> {
  const length = await readCount(cursor, countBytes);
  const at = cursor.at;
  if (length > cursor.left)
    throw new WeightsError("TRUNCATED", `${length} bytes are promised, ${cursor.left} left`, { at });
  cursor.skip(length, "bytes");
  return { kind, at, length };
}

/** A counted text; one longer than `most` bytes stays a range. Surrogates that Python passes through become U+FFFD. */
export async function readText(cursor: Cursor, countBytes: 1 | 4 | 8, most = maxNameBytes): Promise<string | PyBytes> {
  const range = await readRange(cursor, countBytes, "text");
  if (range.length > most) return range;
  cursor.seek(range.at, "a text");
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  for (let left = range.length; left > 0;) {
    const length = Math.min(left, maxPieceBytes);
    await cursor.want(length, "a text");
    left -= length;
    text += decoder.decode(cursor.take(length), { stream: left > 0 });
  }
  return text;
}

async function readCount(cursor: Cursor, countBytes: 1 | 4 | 8): Promise<number> {
  await cursor.want(countBytes, "a count");
  if (countBytes === 1) return cursor.u8();
  if (countBytes === 4) return cursor.u32();
  return exactNumber(cursor.u64(), "a count", cursor.at);
}

/** LONG1 and LONG4: a little-endian two's complement number. Numbers beyond 64 KiB serve no honest purpose. */
export async function readLong(cursor: Cursor, countBytes: 1 | 4): Promise<number | bigint> {
  const length = await readCount(cursor, countBytes);
  if (length > maxNameBytes) throw new WeightsError("TOO_LARGE", `a number of ${length} bytes`, { at: cursor.at });
  await cursor.want(length, "a number");
  if (length === 0) return 0;
  const hex = Buffer.from(cursor.take(length)).reverse().toString("hex");
  const value = BigInt.asIntN(length * 8, BigInt(`0x${hex}`));
  return narrow(value);
}

/** INT and LONG: decimal lines; INT also spells the booleans `00` and `01`. */
export function parseInteger(line: string, at: number): number | bigint | boolean {
  if (line === "00") return false;
  if (line === "01") return true;
  const digits = line.replace(/L$/, "").trim();
  if (!/^[+-]?\d{1,4300}$/.test(digits))
    throw new WeightsError("MALFORMED", `${JSON.stringify(line.slice(0, 80))} is no number`, { at });
  return narrow(BigInt(digits.replace(/^\+/, "")));
}

function narrow(value: bigint): number | bigint {
  const small = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return small ? Number(value) : value;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["a", "\u0007"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
]);

/** STRING: a quoted Python 2 string literal. */
export function unquote(line: string, at: number): string {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote) {
    throw new WeightsError("MALFORMED", "a string without quotes", { at });
  }
  return line.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/g, (whole, code: string) => {
    if (code[0] === "x") return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    return escapes.get(code) ?? whole;
  });
}

/** UNICODE: raw-unicode-escape, where only \uXXXX and \UXXXXXXXX are special. */
export function unescapeUnicode(line: string): string {
  return line.replace(
    /\\u([0-9a-fA-F]{4})|\\U(000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})/g,
    (_, short?: string, long?: string) => String.fromCodePoint(Number.parseInt(short ?? long ?? "0", 16)),
  );
}
