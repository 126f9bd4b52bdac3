import { rewrite, writtenRows, type Written } from "./numbers-in.ts";

/** Makes another vector of one; undefined leaves it. */
type Turn = (vector: readonly number[]) => readonly number[] | undefined;

/** One embedding of an answer, as numbers or as base64 of 32-bit floats, with other numbers in it; undefined leaves it. */
export function turnWritten(value: Buffer, turn: Turn): Buffer | undefined {
  if (value[0] === 0x22) return turnBase64(value, turn);
  if (value[0] !== 0x5b) return undefined;
  const [row, ...more] = writtenRows(value, 0) ?? [];
  const turned = row && more.length === 0 ? turn(row.map((it) => it.value)) : undefined;
  if (!row || !turned) return undefined;
  // As many digits as the server writes: no more precise than it, no less.
  const digits = Math.max(...row.map((it) => significant(value, it)));
  const text = (it: number) => String(Number(Math.fround(it).toPrecision(Math.min(17, Math.max(1, digits)))));
  return rewrite(
    value,
    row.map((at, i) => ({ at, text: text(turned[i] ?? 0) })),
  );
}

function turnBase64(value: Buffer, turn: Turn): Buffer | undefined {
  const bytes = Buffer.from(value.toString("latin1", 1, value.length - 1), "base64");
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  const turned = turn(Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i)));
  if (!turned) return undefined;
  turned.forEach((it, i) => bytes.writeFloatLE(it, 4 * i));
  return Buffer.from(JSON.stringify(bytes.toString("base64")));
}

/** Digits of a number as it is written, without leading noughts and exponent. */
function significant(value: Buffer, { start, end }: Written): number {
  const [mantissa = ""] = value.toString("latin1", start, end).split(/[eE]/);
  return mantissa.replace(/[-.]/g, "").replace(/^0+/, "").length;
}
