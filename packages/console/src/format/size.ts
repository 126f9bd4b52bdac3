import type { Bound } from "@outweigh/schema";

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes as people compare them: decimal units, three digits at most ("26.1 GB"). Never rounds up into "1000 MB". */
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (unit < units.length - 1 && Number(short(value)) >= 1000) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : short(value)} ${units[unit]}`;
}

function short(value: number): string {
  return value < 99.95 ? String(Number(value.toFixed(1))) : String(Math.round(value));
}

/** A fraction from 0 to 1 as a share. "100 %" is said of all of it alone, "0 %" of nothing alone. */
export function share(fraction: number): string {
  if (fraction >= 1) return "100 %";
  if (fraction <= 0) return "0 %";
  if (fraction < 0.01) return "< 1 %";
  if (fraction > 0.99) return "> 99 %";
  return `${Math.round(fraction * 100)} %`;
}

/** Bytes held with the model as the ruler: "26.1 GB, all of acme-13b"; an upper bound starts with ≤. */
export function held(it: Held, model: string): string {
  const bytes = `${it.bound === "<=" ? "≤ " : ""}${size(it.bytes)}`;
  if (it.fraction === undefined) return `${bytes} of ${model}, whose size is not known`;
  return `${bytes}, ${it.fraction >= 1 ? "all" : share(it.fraction)} of ${model}`;
}

export interface Held {
  readonly bytes: number;
  readonly fraction?: number | undefined;
  readonly bound: Bound;
}

/** For a column: "26.1 GB · 100 %". */
export function heldShort({ bytes, fraction, bound }: Held): string {
  return `${bound === "<=" ? "≤ " : ""}${size(bytes)}${fraction === undefined ? "" : ` · ${share(fraction)}`}`;
}

/** A count: grouped below a million, then shortened ("1.2 M"). */
export function count(n: number): string {
  if (n < 1_000_000) return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");
  const [value, unit] = n < 999_950_000 ? [n / 1e6, "M"] : [n / 1e9, "G"];
  return `${short(value)} ${unit}`;
}

/** "1 alert", "3 alerts". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
