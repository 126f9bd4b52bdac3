import { eachElement, eachMember, skipSpace, skipValue, type Span } from "../json/spans.ts";

/** A number as it is written, and what it says. */
export interface Written extends Span {
  readonly value: number;
}

/**
 * The numbers of a JSON value by innermost list or object, in the order they are written; undefined when anything else is in it.
 * @param at Where the value begins. @throws {JsonError}
 */
export function writtenRows(text: Buffer, at: number): Written[][] | undefined {
  const rows: Written[][] = [];
  let isNumeric = true;
  const walk = (from: number): number => {
    const row: Written[] = [];
    let nested = 0;
    const each = (start: number): number => {
      const first = text[start] ?? 0;
      if (first === 0x5b || first === 0x7b) {
        nested++;
        return walk(start);
      }
      const end = skipValue(text, start);
      const value = Number(text.toString("latin1", start, end));
      if (first === 0x22 || !Number.isFinite(value)) isNumeric = false;
      row.push({ start, end, value });
      return end;
    };
    const end = text[from] === 0x7b ? eachMember(text, from, (_, start) => each(start)) : eachElement(text, from, each);
    if (row.length > 0 && nested > 0) isNumeric = false;
    if (row.length > 0) rows.push(row);
    return end;
  };
  const start = skipSpace(text, at);
  if (text[start] !== 0x5b && text[start] !== 0x7b) return undefined;
  walk(start);
  return isNumeric ? rows : undefined;
}

/** A flat row cut into rows of so many numbers, where that is what it is. */
export function cutWritten(rows: readonly Written[][], wanted: number): readonly Written[][] {
  const [only] = rows;
  if (rows.length !== 1 || !only || wanted < 2 || only.length % wanted !== 0) return rows;
  const width = only.length / wanted;
  return Array.from({ length: wanted }, (_, i) => only.slice(i * width, (i + 1) * width));
}

/** Puts other texts where numbers stand. Everything else stays byte for byte. */
export function rewrite(text: Buffer, changes: readonly { readonly at: Span; readonly text: string }[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const { at, text: put } of [...changes].sort((a, b) => a.at.start - b.at.start)) {
    parts.push(text.subarray(from, at.start), Buffer.from(put, "latin1"));
    from = at.end;
  }
  parts.push(text.subarray(from));
  return Buffer.concat(parts);
}
