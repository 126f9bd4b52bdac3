import type { OcsfEvent } from "@outweigh/schema";
import { addressOf, field } from "../detect/events.ts";

/** The columns, in their order. */
const columns: readonly (readonly [string, (it: OcsfEvent) => unknown])[] = [
  ["time", (it) => new Date(it.time).toISOString()],
  ["source", (it) => it.source],
  ["principal", (it) => it.principal],
  ["operation", (it) => it.operation],
  ["status", (it) => (it.status_id === 1 ? "success" : it.status_id === 2 ? "failure" : "")],
  ["model", (it) => it.model],
  ["artifact", (it) => it.artifact],
  ["bytes", (it) => it.bytes],
  ["range_start", (it) => it.range?.start],
  ["range_end", (it) => it.range?.end],
  ["address", (it) => addressOf(it)],
  ["host", (it) => field(it.device, "hostname")],
  ["credential", (it) => it.credential],
  ["grade", (it) => it.grade ?? "none"],
  ["id", (it) => it.id],
];

/**
 * Events as a table, oldest first. RFC 4180, UTF-8. A cell that a spreadsheet would take for a formula begins with an apostrophe, and control
 * characters other than a blank are left out: what is in a cell was written by whoever is investigated.
 */
export function csvOf(events: readonly OcsfEvent[]): string {
  const head = columns.map(([name]) => name);
  return csvTable(
    head,
    events.toSorted((a, b) => a.time - b.time).map((it) => columns.map(([, of]) => of(it))),
  );
}

/** A table in the same form. Shorter rows are filled up. */
export function csvTable(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const filled = rows.map((row) => head.map((_, i) => cellOf(row[i])));
  return [head, ...filled].map((row) => `${row.join(",")}\r\n`).join("");
}

function cellOf(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return "";
  const plain = value.replace(/[\p{Cc}\p{Bidi_Control}]/gu, " ").toWellFormed();
  // Also after a semicolon: where that is the separator, spreadsheets cut there, quotes or not. Wide forms count in East Asian ones.
  const safe = plain.replace(/(?<=^|;)(?=\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20])/gu, "'");
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
