import { maxProblems } from "./limits.ts";

/** What can be wrong with a pack. Closed: each is a row of FORMAT.md. */
export type ProblemCode =
  | "TOO_LARGE"
  | "NOT_TEXT"
  | "TRUNCATED"
  | "BAD_LINE"
  | "NOT_CANONICAL"
  | "LINE_ORDER"
  | "SEAL_DIGEST"
  | "SEAL_SIGNATURE"
  | "UNKNOWN_KEY"
  | "UNTRUSTED_KEY"
  | "ENTRY_HASH"
  | "ENTRY_ORDER"
  | "ENTRY_CHAIN"
  | "ENTRY_PROOF"
  | "NO_CHECKPOINT"
  | "CHECKPOINT_ORIGIN"
  | "CHECKPOINT_SIGNATURE"
  | "FORK"
  | "ROLLBACK"
  | "KNOWN_NOT_SHOWN"
  | "DOCUMENT_TWICE"
  | "NOT_ON_RECORD"
  | "CHANGED"
  | "INCIDENT"
  | "SCAN_SIGNATURE";

/** Collects what is wrong, for people: code, line, sentence. Beyond `maxProblems` it only remembers the codes. */
export class Problems {
  readonly list: string[] = [];
  readonly #codes = new Set<ProblemCode>();

  /** @param line From 1. */
  add(code: ProblemCode, line: number, text: string): void {
    this.#codes.add(code);
    if (this.list.length < maxProblems) this.list.push(`${code} line ${line}: ${text}`);
  }

  has(code: ProblemCode): boolean {
    return this.#codes.has(code);
  }
}
