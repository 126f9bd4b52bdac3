import type { Checkpoint } from "./checkpoint.ts";
import type { Field } from "./digest.ts";
import { documentKinds, type Document } from "./document.ts";
import { EvidenceError } from "./error.ts";
import { canonical, type Json } from "./json.ts";
import { maxKeys, maxPackBytes, maxPackLines, maxProofHashes } from "./limits.ts";
import { isKind, isName, isOrigin, type Entry } from "./log.ts";
import { packVersion } from "./pack.ts";
import type { Problems } from "./problems.ts";

/** A line of a pack and its number, from 1. */
interface Line<Content> {
  readonly line: number;
  readonly it: Content;
}

/** A pack, read and well formed, nothing proven yet. */
export interface PackLines {
  readonly header: Line<{ readonly origin: string; readonly incident: string; readonly keys: readonly string[] }>;
  readonly documents: readonly Line<Document>[];
  readonly entries: readonly Line<{ readonly entry: Entry; readonly proof: readonly string[] }>[];
  readonly checkpoints: readonly Line<{ readonly checkpoint: Checkpoint; readonly consistency: readonly string[] }>[];
  readonly seal: Line<{ readonly digest: string; readonly key: string; readonly signature: string }>;
  /** All that stands before the seal. */
  readonly sealed: string;
}

/** Reads a pack's lines. Undefined, with problems, unless all of it has the form that FORMAT.md describes. */
export function readPack(pack: string | Uint8Array, problems: Problems): PackLines | undefined {
  const text = textOf(pack, problems);
  if (text === undefined) return undefined;
  if (!text.endsWith("\n")) {
    problems.add("TRUNCATED", 1, "the pack does not end with a line feed");
    return undefined;
  }
  const lines = text.slice(0, -1).split("\n", maxPackLines + 1);
  if (lines.length > maxPackLines) {
    problems.add("TOO_LARGE", maxPackLines, `the pack has more than ${maxPackLines} lines`);
    return undefined;
  }
  const parsed = lines.map((it, i) => readLine(it, i + 1, problems));
  if (problems.list.length > 0) return undefined;
  const sealed = text.slice(0, text.length - 1 - (lines.at(-1)?.length ?? 0));
  return arrange(
    parsed.flatMap((it) => it ?? []),
    sealed,
    problems,
  );
}

function textOf(pack: string | Uint8Array, problems: Problems): string | undefined {
  // A text of n units has at least n bytes.
  if (pack.length > maxPackBytes) {
    problems.add("TOO_LARGE", 1, `the pack has ${pack.length} bytes or more, at most ${maxPackBytes} are read`);
    return undefined;
  }
  if (typeof pack === "string") return pack;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(pack);
  } catch {
    problems.add("NOT_TEXT", 1, "the pack is not UTF-8");
    return undefined;
  }
}

type Content =
  | { type: "pack"; it: PackLines["header"]["it"] }
  | { type: "document"; it: Document }
  | { type: "entry"; it: PackLines["entries"][number]["it"] }
  | { type: "checkpoint"; it: PackLines["checkpoints"][number]["it"] }
  | { type: "seal"; it: PackLines["seal"]["it"] };
type AnyLine = Content & { readonly line: number };

/** Which kind of line may follow which: each kind in one block, in this order. */
const order = ["pack", "document", "entry", "checkpoint", "seal"] as const;

function arrange(lines: readonly AnyLine[], sealed: string, problems: Problems): PackLines | undefined {
  for (const [i, { type, line }] of lines.entries()) {
    const before = lines[i - 1];
    const misplaced = before ? order.indexOf(type) < order.indexOf(before.type) : type !== "pack";
    const doubled = before?.type === type && (type === "pack" || type === "seal");
    if (misplaced || doubled) problems.add("LINE_ORDER", line, `a line of type ${type} cannot stand here`);
  }
  const [header] = lines;
  const seal = lines.at(-1);
  if (seal?.type !== "seal") problems.add("TRUNCATED", lines.length, "the pack does not end with a seal");
  if (problems.list.length > 0 || header?.type !== "pack" || seal?.type !== "seal") return undefined;
  return {
    header,
    documents: lines.filter((it) => it.type === "document"),
    entries: lines.filter((it) => it.type === "entry"),
    checkpoints: lines.filter((it) => it.type === "checkpoint"),
    seal,
    sealed,
  };
}

function readLine(text: string, line: number, problems: Problems): AnyLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // One text for one value: so there is no byte in a line that could be changed without changing what it says.
    if (canonical(value) !== text) {
      problems.add("NOT_CANONICAL", line, "the line is not the canonical text of its value");
      return undefined;
    }
    return { ...contentOf(value), line };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof EvidenceError || error instanceof Malformed)) throw error;
    const reason = error instanceof SyntaxError ? "the line is not JSON" : error.message;
    problems.add("BAD_LINE", line, reason);
    return undefined;
  }
}

/** A line that is JSON but not one of ours. */
class Malformed extends Error {
  override readonly name = "Malformed";
}

function contentOf(value: unknown): Content {
  const it = members(value, "the line");
  switch (it["type"]) {
    case "pack": {
      exactly(it, ["type", "version", "origin", "incident", "time", "keys"]);
      if (it["version"] !== packVersion) throw new Malformed(`version is not ${packVersion}, the one we know`);
      whole(it["time"], "time");
      const keys = hashes(it["keys"], "keys", maxKeys);
      return { type: "pack", it: { origin: origin(it["origin"]), incident: text(it["incident"], "incident"), keys } };
    }
    case "document":
      exactly(it, ["type", "kind", "id", "fields"]);
      return {
        type: "document",
        it: { kind: kind(it["kind"]), id: text(it["id"], "id"), fields: fields(it["fields"]) },
      };
    case "entry":
      exactly(it, ["type", "entry", "proof"]);
      return { type: "entry", it: { entry: entry(it["entry"]), proof: hashes(it["proof"], "proof", maxProofHashes) } };
    case "checkpoint": {
      exactly(it, ["type", "checkpoint", "consistency"]);
      const consistency = hashes(it["consistency"], "consistency", maxProofHashes);
      return { type: "checkpoint", it: { checkpoint: checkpoint(it["checkpoint"]), consistency } };
    }
    case "seal":
      exactly(it, ["type", "digest", "key", "signature"]);
      return {
        type: "seal",
        it: {
          digest: hash(it["digest"], "digest"),
          key: hash(it["key"], "key"),
          signature: signature(it["signature"]),
        },
      };
    default:
      throw new Malformed("type is none of pack, document, entry, checkpoint, seal");
  }
}

function entry(value: unknown): Entry {
  const it = members(value, "entry");
  const names = ["seq", "time", "kind", "by", "fields", "prev", "hash"];
  exactly(it, "subject" in it ? [...names, "subject"] : names);
  const kindText = text(it["kind"], "entry.kind");
  if (!isKind(kindText)) throw new Malformed("entry.kind is no kind");
  const named = fields(it["fields"]);
  if (!Object.keys(named).every(isName)) throw new Malformed("entry.fields holds a name that is none");
  return {
    seq: whole(it["seq"], "entry.seq"),
    time: whole(it["time"], "entry.time"),
    kind: kindText,
    by: field(it["by"], "entry.by"),
    ...("subject" in it && { subject: field(it["subject"], "entry.subject") }),
    fields: named,
    prev: hash(it["prev"], "entry.prev"),
    hash: hash(it["hash"], "entry.hash"),
  };
}

function checkpoint(value: unknown): Checkpoint {
  const it = members(value, "checkpoint");
  exactly(it, ["origin", "size", "root", "time", "key", "signature"]);
  return {
    origin: origin(it["origin"]),
    size: whole(it["size"], "checkpoint.size"),
    root: hash(it["root"], "checkpoint.root"),
    time: whole(it["time"], "checkpoint.time"),
    key: hash(it["key"], "checkpoint.key"),
    signature: signature(it["signature"]),
  };
}

function fields(value: unknown): Record<string, Field> {
  const it = Object.entries(members(value, "fields"));
  return Object.fromEntries(it.map(([name, content]) => [name, field(content, `fields.${name}`)]));
}

function field(value: unknown, at: string): Field {
  const it = members(value, at);
  if ("commitment" in it) {
    exactly(it, ["commitment"]);
    return { commitment: hash(it["commitment"], `${at}.commitment`) };
  }
  exactly(it, ["salt", "value"]);
  const salt = text(it["salt"], `${at}.salt`);
  if (!/^[0-9a-f]{32}$/.test(salt)) throw new Malformed(`${at}.salt is not 32 hexadecimal digits`);
  // What JSON.parse made is JSON.
  return { salt, value: it["value"] as Json };
}

function members(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed(`${at} is no object`);
  // Without a prototype, so that a name such as "constructor" is there only if it was written.
  return Object.assign(Object.create(null), value);
}

function exactly(it: Record<string, unknown>, names: readonly string[]): void {
  const found = Object.keys(it);
  const wrong = found.find((name) => !names.includes(name)) ?? names.find((name) => !(name in it));
  if (wrong !== undefined)
    throw new Malformed(`${JSON.stringify(wrong).slice(0, 80)} is missing or should not be there`);
}

function text(value: unknown, at: string): string {
  if (typeof value !== "string") throw new Malformed(`${at} is no text`);
  return value;
}

function origin(value: unknown): string {
  const it = text(value, "origin");
  if (!isOrigin(it)) throw new Malformed("origin is not 1 to 200 visible ASCII characters");
  return it;
}

function kind(value: unknown): Document["kind"] {
  const known = documentKinds.find((it) => it === value);
  if (!known) throw new Malformed(`kind is none of ${documentKinds.join(", ")}`);
  return known;
}

function whole(value: unknown, at: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new Malformed(`${at} is no whole number from 0 to 2^53 - 1`);
  }
  return value;
}

function hash(value: unknown, at: string): string {
  const it = text(value, at);
  if (!/^[0-9a-f]{64}$/.test(it)) throw new Malformed(`${at} is not 64 hexadecimal digits`);
  return it;
}

function signature(value: unknown): string {
  const it = text(value, "signature");
  if (!/^[0-9a-f]{128}$/.test(it)) throw new Malformed("signature is not 128 hexadecimal digits");
  return it;
}

function hashes(value: unknown, at: string, most: number): string[] {
  if (!Array.isArray(value)) throw new Malformed(`${at} is no list`);
  if (value.length > most) throw new Malformed(`${at} has ${value.length} members, at most ${most} are read`);
  return value.map((it, i) => hash(it, `${at}[${i}]`));
}
