import type { OcsfEvent } from "@outweigh/schema";
import { size } from "../../format/size.ts";

/** An event in a few words: "download acme-13b · 541 MB". Falls back to the class where the source says no more. */
export function whatHappened(it: OcsfEvent): string {
  const what = it.operation ?? `class ${it.class_uid}, activity ${it.activity_id}`;
  const to = it.artifact ?? it.model ?? "";
  const failed = it.status_id === 2 ? " · failed" : "";
  return `${what}${to === "" ? "" : ` ${to}`}${it.bytes ? ` · ${size(it.bytes)}` : ""}${failed}`;
}

/** One field of an event by its dotted name, as text. */
interface FlatField {
  readonly name: string;
  readonly value: string;
}

/** Most fields of one event that are listed, and how deep: a record may hold anything. */
export const maxFields = 200;
const maxDepth = 8;

/** Every field of an event by its dotted name, in the event's order, without the record as it arrived. */
export function flatFields(it: OcsfEvent): FlatField[] {
  const fields: FlatField[] = [];
  const walk = (name: string, value: unknown, depth: number): void => {
    if (fields.length >= maxFields || value === undefined) return;
    if (typeof value === "string") return void fields.push({ name, value });
    if (typeof value !== "object" || value === null) return void fields.push({ name, value: String(value) });
    // Not even JSON.stringify: a hostile nesting would exhaust the stack.
    if (depth >= maxDepth) return void fields.push({ name, value: "… nested deeper" });
    for (const [key, inner] of Object.entries(value)) {
      walk(name === "" ? key : `${name}.${key}`, inner, depth + 1);
    }
  };
  const { raw_data: _, ...rest } = it;
  walk("", rest, 0);
  return fields;
}

/** A record for reading: JSON is set in lines, anything else stays as it arrived. */
export function readable(record: string): string {
  if (!/^\s*[[{]/.test(record)) return record;
  try {
    return JSON.stringify(JSON.parse(record), undefined, 2);
  } catch {
    return record;
  }
}
