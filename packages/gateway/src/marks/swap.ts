import type { Answered, MarkedRows } from "../adapters/adapter.ts";
import { areDistributions } from "../adapters/reading.ts";
import { editJson } from "../json/edit.ts";
import { bestTwo } from "./label-marks.ts";
import { cutWritten, rewrite, writtenRows, type Written } from "./numbers-in.ts";

/**
 * The value of an answer with the two largest probabilities of marked rows swapped, as they are written: no other byte tells that it was
 * changed. Undefined where it holds something else than a distribution for each row.
 */
export function swapWritten(value: Buffer, { rows, marked }: MarkedRows): Buffer | undefined {
  const found = writtenRows(value, 0);
  const cut = found && cutWritten(found, rows);
  // Of a request that holds more rows than are looked at, the rest stays as it is.
  if (!cut || cut.length < rows || !areDistributions(cut.map((row) => row.map((it) => it.value)))) return undefined;
  return rewrite(
    value,
    [...marked].flatMap((i) => swapped(value, cut[i] ?? [])),
  );
}

/** The same for a whole answer: in the first of these places that holds a distribution for each row. */
export function swapAt(...paths: readonly (readonly string[])[]) {
  return ({ body }: Answered, rows: MarkedRows): Buffer | undefined => {
    for (const path of paths) {
      const change = (value: Buffer) => swapWritten(value, rows)?.toString();
      const edited = editJson(body, [{ path, change }]);
      if (edited !== body) return edited;
    }
    return undefined;
  };
}

function swapped(value: Buffer, row: readonly Written[]): { at: Written; text: string }[] {
  const [best, second] = (bestTwo(row.map((it) => it.value)) ?? []).map((i) => row[i]);
  if (!best || !second) return [];
  return [
    { at: best, text: textOf(value, second) },
    { at: second, text: textOf(value, best) },
  ];
}

export function textOf(value: Buffer, { start, end }: Written): string {
  return value.toString("latin1", start, end);
}
