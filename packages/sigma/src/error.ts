/**
 * Why a text, a rule or a stored state can't be used. Stable: callers may test it.
 *
 * `UNSUPPORTED_REGEX` is a regular expression that other engines read but no linear-time engine can run;
 * `PLACEHOLDER_UNFILLED` a rule that nothing but missing configuration keeps from working.
 */
export type SigmaErrorCode =
  | "TOO_LONG"
  | "TOO_DEEP"
  | "TOO_MANY"
  | "NOT_YAML"
  | "NOT_A_RULE"
  | "BAD_ATTRIBUTE"
  | "BAD_DETECTION"
  | "BAD_CONDITION"
  | "BAD_VALUE"
  | "BAD_MODIFIER"
  | "UNKNOWN_MODIFIER"
  | "BAD_REGEX"
  | "UNSUPPORTED_REGEX"
  | "PLACEHOLDER_UNFILLED"
  | "BAD_CORRELATION"
  | "BAD_FILTER"
  | "UNSUPPORTED"
  | "UNKNOWN_RULE"
  | "DUPLICATE"
  | "CYCLE"
  | "BAD_STATE";

/** Where in a document something stands: keys and list positions from its root. */
export type Path = readonly (string | number)[];

interface Place {
  readonly path?: Path | undefined;
  /** Position of the document in its text, from 0. */
  readonly document?: number | undefined;
  /** Line in the text, from 1. */
  readonly line?: number | undefined;
  readonly cause?: unknown;
}

/** A rule, filter, correlation or state that can't be used. `code` is stable; `message` is for people and names the place. */
export class SigmaError extends Error {
  override readonly name = "SigmaError";
  readonly code: SigmaErrorCode;
  /** What is wrong, without the place. */
  readonly reason: string;
  readonly segments: Path;
  readonly document: number | undefined;
  readonly line: number | undefined;

  constructor(code: SigmaErrorCode, reason: string, place: Place = {}) {
    super(printPlace(place) + reason, place.cause === undefined ? undefined : { cause: place.cause });
    this.code = code;
    this.reason = reason;
    this.segments = place.path ?? [];
    this.document = place.document;
    this.line = place.line;
  }

  /** The offending field as people write it: `detection.selection.Image|endswith[2]`; empty for the whole document. */
  get path(): string {
    return printPath(this.segments);
  }
}

/** Refuses what stands at `path`. */
export function refuse(code: SigmaErrorCode, path: Path, reason: string, cause?: unknown): never {
  throw new SigmaError(code, reason, { path, cause });
}

/** `["detection", "a", 2]` as `detection.a[2]`. */
function printPath(path: Path): string {
  return path
    .map((it, place) => (typeof it === "number" ? `[${it}]` : `${place === 0 ? "" : "."}${it.slice(0, 120)}`))
    .join("");
}

function printPlace({ path = [], document, line }: Place): string {
  const parts = [
    document === undefined ? "" : `document ${document + 1}`,
    line === undefined ? "" : `line ${line}`,
    printPath(path),
  ].filter((it) => it !== "");
  return parts.length === 0 ? "" : `${parts.join(", ")}: `;
}
