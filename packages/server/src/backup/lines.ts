// A backup's form: lines of text, so that one engine's can be read into another, and a last line that vouches for all before it.
import { createHash } from "node:crypto";

/** The form that this version writes and reads. */
export const backupFormat = 1;

/** Longest line, in UTF-16 units: an event's record, which is at most some megabytes, and what stands around it. */
export const maxLine = 64 * 1024 * 1024;

/** One line, by its first word. Bodies are JSON as the engines gave it: no number of theirs passes through one of ours. */
export type Line =
  | { readonly kind: "backup"; readonly json: string }
  | { readonly kind: "row"; readonly table: string; readonly json: string }
  | { readonly kind: "event"; readonly json: string }
  /** A part of a file of the data folder, in Base64; parts of one file follow one another. */
  | { readonly kind: "file"; readonly path: string; readonly base64: string }
  | { readonly kind: "end"; readonly lines: number; readonly sha256: string };

export function printLine(it: Line): string {
  switch (it.kind) {
    case "backup":
    case "event":
      return `${it.kind} ${it.json}`;
    case "row":
      return `row ${it.table} ${it.json}`;
    case "file":
      return `file ${encodeURIComponent(it.path)} ${it.base64}`;
    case "end":
      return `end ${it.lines} ${it.sha256}`;
  }
}

/** Undefined for what is no line of a backup. */
export function readLine(text: string): Line | undefined {
  const [, kind = "", rest = ""] = /^(\w+) (.*)$/s.exec(text) ?? [];
  const [, first = "", second = ""] = /^(\S+) (.*)$/s.exec(rest) ?? [];
  switch (kind) {
    case "backup":
    case "event":
      return { kind, json: rest };
    case "row":
      return /^[a-z_]+$/.test(first) ? { kind, table: first, json: second } : undefined;
    case "file":
      return readFileLine(first, second);
    case "end":
      return /^\d+$/.test(first) && /^[0-9a-f]{64}$/.test(second)
        ? { kind, lines: Number(first), sha256: second }
        : undefined;
    default:
      return undefined;
  }
}

function readFileLine(name: string, base64: string): Line | undefined {
  try {
    const path = decodeURIComponent(name);
    return isInside(path) ? { kind: "file", path, base64 } : undefined;
  } catch {
    return undefined; // No text that encodeURIComponent wrote.
  }
}

/** Whether a path stays below the folder that it is written into. */
export function isInside(path: string): boolean {
  return path !== "" && !path.includes("\0") && path.split("/").every((it) => it !== "" && it !== "." && it !== "..");
}

/** Counts and digests lines as they pass. */
export class Tally {
  #lines = 0;
  readonly #hash = createHash("sha256");

  add(text: string): void {
    this.#lines++;
    this.#hash.update(text).update("\n");
  }

  /** What the last line says of those before it. */
  end(): { readonly lines: number; readonly sha256: string } {
    return { lines: this.#lines, sha256: this.#hash.copy().digest("hex") };
  }
}
