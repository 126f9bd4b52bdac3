import { existsSync, readFileSync } from "node:fs";
import { config as configSchema, maxConfigBytes, type Config } from "@outweigh/schema";
import { isMap, isScalar, LineCounter, parseDocument, visit, type Document, type Node, type Pair } from "yaml";
import type { z } from "zod";
import { CliError } from "../error.ts";
import { statOf, unreadable } from "../paths.ts";
import { crossChecks, unsetVariables, type Environment } from "./cross-checks.ts";
import { mistakeText, pathText, type Mistake } from "./mistake.ts";
import { secretIn } from "./secrets.ts";

/** Where the configuration is looked for when nobody names a file. */
export const defaultConfigFile = "outweigh.yml";

/** Most mistakes that are listed: a person mends ten, then checks again. */
const maxMistakes = 100;

/** Deepest nesting of flow collections: the schema needs five; the YAML reader is recursive. */
const maxNesting = 50;

/** A configuration as read: the file may be absent, then all defaults hold. */
interface ReadConfig {
  readonly config: Config;
  /** The file it came from; undefined for none. */
  readonly file: string | undefined;
}

/**
 * The configuration for a command that needs one to work with.
 * @param file As named by the person; undefined for `outweigh.yml` here, if there is one.
 * @throws {CliError} CONFIG with all mistakes, one a line.
 */
export function loadConfig(file: string | undefined): ReadConfig {
  const path = file ?? (existsSync(defaultConfigFile) ? defaultConfigFile : undefined);
  if (path === undefined) return { config: configSchema.parse({}), file: undefined };
  const { config, mistakes } = checkConfig(readText(path), path);
  if (!config) throw new CliError("CONFIG", mistakes.map(mistakeText).join("\n"));
  return { config, file: path };
}

/** @throws {CliError} USAGE if it is not there or too long, FAILED if it cannot be read. */
export function readText(path: string): string {
  const { size } = statOf(path);
  if (size > maxConfigBytes)
    throw new CliError("USAGE", `${path} has ${size} bytes, at most ${maxConfigBytes} are read`);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Reads a configuration; either it is good, or all its mistakes are there, in the order of the file. Never throws.
 * @param environment If given, a variable that is named and not set there is a mistake too.
 */
export function checkConfig(
  text: string,
  file: string,
  environment?: Environment,
): { config?: Config; mistakes: Mistake[] } {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (nesting(text) > maxNesting) {
    return { mistakes: [{ ...at(0), path: "", message: `nested more than ${maxNesting} deep` }] };
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    const broken = document.errors.map((it): Mistake => ({ ...at(it.pos[0]), path: "", message: it.message }));
    return { mistakes: broken.slice(0, maxMistakes) };
  }
  const value = toValue(document);
  if (typeof value === "string") return { mistakes: [{ ...at(0), path: "", message: value }] };

  const read = configSchema.safeParse(value.it ?? {});
  const issues: Issue[] = read.success
    ? [...crossChecks(read.data), ...(environment ? unsetVariables(read.data, environment) : [])]
    : read.error.issues.flatMap(explain);
  const mistakes = [
    ...issues.map((it): Mistake => ({ ...at(offsetOf(document, it)), path: pathText(it.path), message: it.message })),
    ...secrets(document).map(({ offset, message }): Mistake => ({ ...at(offset), path: "", message })),
  ].toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (read.success && mistakes.length === 0) return { config: read.data, mistakes };
  return { mistakes: mistakes.slice(0, maxMistakes) };
}

/** Deepest bracket nesting, counted without understanding quotes: too many is refused, whatever they mean. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const it of text) {
    if (it === "[" || it === "{") deepest = Math.max(deepest, ++depth);
    else if (it === "]" || it === "}") depth = Math.max(0, depth - 1);
  }
  return deepest;
}

/** A document's value, or why it has none: aliases that multiply beyond measure. */
function toValue(document: Document): { it: unknown } | string {
  try {
    return { it: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Its last name is what is wrong, not what stands there. */
  readonly isKey?: boolean;
}

/** One issue of zod's as one or several of ours, each at the value or key that is wrong. */
function explain(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: "there is no such key", isKey: true }));
  }
  const message = issue.message.replace(/^Invalid discriminator value\. Expected/, "Invalid option: expected one of");
  return [{ path: issue.path, message: lowerFirst(message) }];
}

function lowerFirst(text: string): string {
  return text.replace(/^[A-Z](?=[a-z])/, (it) => it.toLowerCase());
}

/** Where the value of a path begins; its key, if it is a wrong key; the nearest thing above it, if it is missing. */
function offsetOf(document: Document, { path, isKey = false }: Issue): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [i, key] of path.entries()) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((it) => isScalar(it.key) && it.key.value === key);
      if (!pair) return offset;
      const isLast = i === path.length - 1;
      offset =
        startOf(isLast && (isKey || !isScalar(pair.value)) ? pair.key : pair.value) ?? startOf(pair.key) ?? offset;
      node = pair.value;
      continue;
    }
    node = document.getIn(path.slice(0, i + 1).map(keyOf), true);
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function keyOf(it: PropertyKey): string | number {
  return typeof it === "symbol" ? String(it) : it;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** Credentials that stand in the file. They are not repeated in the message. */
function secrets(document: Document): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  visit(document, {
    Scalar(_, node) {
      const what = typeof node.value === "string" ? secretIn(node.value) : undefined;
      if (what !== undefined) {
        found.push({
          offset: node.range?.[0] ?? 0,
          message: `this looks like ${what}; secrets come from the environment, as \${NAME}`,
        });
      }
    },
  });
  return found;
}
