// What is told to somebody who sees only some models: a sentence about one of them may name another.
import type { Config } from "@outweigh/schema";
import type { Reach } from "./rights.ts";

/** What stands for a model that the reader may not know of. */
export const unnamed = "another model";

/** Words of a closed list: a model of such a name is not told of by them. */
const enumerated = new Set([
  "severity",
  "status",
  "verdict",
  "act",
  "method",
  "kind",
  "state",
  "verb",
  "bound",
  "basis",
]);

/** Replaces in a text the names of registered models that lie beyond a reader's spaces; undefined where there are none. */
export function maskFor(models: Config["models"], reach: Reach): ((text: string) => string) | undefined {
  if (reach === undefined || models.every((it) => reach.has(it.name))) return undefined;
  const seen = new Set([...reach].map(plain));
  // The longest first: `acme-13b-chat` is not `acme-13b` with something behind it.
  const names = models.map((it) => it.name).toSorted((a, b) => b.length - a.length);
  const any = names.map((it) => it.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  const found = new RegExp(`(?<![\\p{L}\\p{N}])(?:${any})(?![\\p{L}\\p{N}])`, "giu");
  return (text) => text.replace(found, (name) => (seen.has(plain(name)) ? name : unnamed));
}

function plain(name: string): string {
  return name.toLowerCase();
}

/** As `maskFor`, in every text of an answer, names of its fields too. */
export function maskAll<Answer>(answer: Answer, mask: (text: string) => string): Answer {
  // Texts stay texts, and all else is what it was.
  return masked(answer, mask) as Answer;
}

function masked(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((it) => masked(it, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, it]) => [mask(name), enumerated.has(name) ? it : masked(it, mask)]),
  );
}
