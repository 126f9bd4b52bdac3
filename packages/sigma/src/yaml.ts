import {
  isAlias,
  isMap as isMapNode,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from "yaml";
import { refuse, SigmaError, type Path } from "./error.ts";
import { maxDocuments, maxTextLength, maxYamlDepth, maxYamlNodes } from "./limits.ts";

/** Plain data as YAML's core schema reads it. Integers beyond 2^53 are strings of their digits, so that none is rounded. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainMap;
export interface PlainMap {
  readonly [key: string]: Plain;
}

export function isMap(value: Plain | undefined): value is PlainMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One document of a text. */
export interface YamlDocument {
  /** @throws {SigmaError} TOO_DEEP, TOO_MANY, NOT_YAML (duplicate or non-text key, unknown alias), UNSUPPORTED (merge key). */
  read(): Plain;
  /** The line of what stands at `path`, or of the nearest thing above it; counted from 1. */
  lineOf(path: Path): number | undefined;
}

/**
 * Splits a text into its documents; empty ones are left out.
 *
 * YAML 1.2: `no` and `off` are texts, `0x17` is 23, dates are texts.
 *
 * @throws {SigmaError} TOO_LONG, TOO_MANY, NOT_YAML.
 */
export function readYaml(text: string): YamlDocument[] {
  if (text.length > maxTextLength) {
    refuse("TOO_LONG", [], `the text has ${text.length} characters, at most ${maxTextLength} are read`);
  }
  const lines = new LineCounter();
  const documents = parse(text, lines);
  if (documents.length > maxDocuments) {
    refuse("TOO_MANY", [], `the text has ${documents.length} documents, at most ${maxDocuments} are read`);
  }
  return documents
    .filter(
      (it) => it.errors.length > 0 || (it.contents !== null && !(isScalar(it.contents) && it.contents.value === null)),
    )
    .map((it) => ({ read: () => toPlain(it, lines), lineOf: (path) => lineOf(it, path, lines) }));
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed[] {
  try {
    // Keys are compared in `toPlain`: the parser's own check takes quadratic time.
    const options = { lineCounter, intAsBigInt: true, uniqueKeys: false, prettyErrors: false } as const;
    const documents = parseAllDocuments(text, { ...options, logLevel: "silent" });
    return Array.isArray(documents) ? documents : [];
  } catch (cause) {
    // The parser recurses, so nesting without end overflows its stack instead of ours.
    throw new SigmaError("NOT_YAML", "the text is not YAML, or is nested too deeply", { cause });
  }
}

function toPlain(document: Document.Parsed, lines: LineCounter): Plain {
  const [error] = document.errors;
  if (error) {
    const { line } = lines.linePos(error.pos[0]);
    throw new SigmaError("NOT_YAML", error.message, { line, cause: error });
  }
  const anchors = new Map<string, Node>();
  let left = maxYamlNodes;

  function convert(node: unknown, path: Path): Plain {
    if (--left < 0) refuse("TOO_MANY", path, `more than ${maxYamlNodes} values, aliases followed`);
    if (path.length > maxYamlDepth) refuse("TOO_DEEP", path, `nested deeper than ${maxYamlDepth}`);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (!target) refuse("NOT_YAML", path, `nothing before it is called &${node.source}`);
      return convert(target, path);
    }
    if (isScalar(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      return scalar(node.value);
    }
    if (isSeq(node)) {
      const list = node.items.map((it, place) => convert(it, [...path, place]));
      // Known only after its end, so that nothing can contain itself.
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      return list;
    }
    if (!isMapNode(node)) return null; // `key:` with nothing behind it
    const entries = new Map<string, Plain>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? scalar(key.value) : undefined;
      if (name === undefined || name === null) refuse("NOT_YAML", path, "a key is not a plain value");
      const at = [...path, String(name)];
      if (name === "<<") refuse("UNSUPPORTED", at, "merge keys are not part of YAML 1.2");
      if (entries.has(String(name))) refuse("NOT_YAML", at, "the key stands twice");
      entries.set(String(name), convert(value, at));
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    return Object.fromEntries(entries);
  }
  return convert(document.contents, []);
}

function scalar(value: unknown): string | number | boolean | null {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  return value === null || value === undefined ? null : String(value);
}

function lineOf(document: Document.Parsed, path: Path, lines: LineCounter): number | undefined {
  let node: unknown = document.contents;
  let line = startOf(node, lines);
  for (const step of path) {
    if (isMapNode(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      line = startOf(pair?.key, lines) ?? line;
      node = pair?.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      line = startOf(node, lines) ?? line;
    } else {
      return line;
    }
  }
  return line;
}

function startOf(node: unknown, lines: LineCounter): number | undefined {
  const range = isMapNode(node) || isSeq(node) || isScalar(node) ? node.range : undefined;
  return range ? lines.linePos(range[0]).line : undefined;
}
