import { createHash } from "node:crypto";
import { maxGroupsPerEvent } from "../limits.ts";

/** The values of the group-by fields that matches have in common. */
export interface GroupKey {
  /** Unlike for unlike values, whatever they hold. */
  readonly key: string;
  /** In the order of `group-by`. */
  readonly values: readonly string[];
}

/** Longest key kept as it is, in UTF-16 units; beyond, its digest takes less. */
const maxKeyLength = 128;

/**
 * A text that stands for several, of bounded length. A digest can't be mistaken for a text, as only it starts with #.
 */
export function keyOf(values: readonly string[]): string {
  const text = JSON.stringify(values);
  return text.length <= maxKeyLength ? text : `#${createHash("sha256").update(text).digest("base64")}`;
}

/**
 * The groups that a match belongs to: one for each combination of its values, as a field may hold a list. None if a
 * field is missing.
 *
 * @returns At most `maxGroupsPerEvent`; `more` says that there were others.
 */
export function groupsOf(fields: readonly (readonly string[])[]): { groups: GroupKey[]; more: boolean } {
  let rows: string[][] = [[]];
  let more = false;
  for (const values of fields) {
    rows = rows.flatMap((row) => [...new Set(values)].slice(0, maxGroupsPerEvent + 1).map((value) => [...row, value]));
    more ||= rows.length > maxGroupsPerEvent;
    rows = rows.slice(0, maxGroupsPerEvent);
  }
  return { groups: rows.map((values) => ({ key: keyOf(values), values })), more };
}
