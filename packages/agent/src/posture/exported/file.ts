// Exported configuration: a folder of files that a person collected. Whoever wrote them may be hostile.
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import type { NotSeen } from "../../scan/not-seen.ts";
import { whyUnreadable } from "../../scan/open-file.ts";
import { maxExportBytes, maxExportDepth, maxExportFiles, maxExportTotal, maxYamlBytes } from "../limits.ts";

export interface ExportedFile {
  /** Below the folder that was named, with slashes. */
  readonly path: string;
  readonly text: string;
  /** What its JSON or YAML says; undefined for other text. */
  readonly value?: unknown;
}

export interface ExportedOptions {
  readonly folder?: string | undefined;
  /** Files that lie in no folder: what clouds answered just now. */
  readonly more?: readonly { readonly path: string; readonly text: string }[];
  /** Reads YAML, for files that are no JSON. @throws for what is none. Without it, YAML is text only. */
  readonly parseYaml?: ((text: string) => unknown) | undefined;
}

/** Folders in which nobody exports anything, and which hold a great many files. */
const passedOver = new Set(["node_modules", ".git", ".venv", "__pycache__"]);

/** What was answered just now, then every regular text file of a folder, within limits. Follows no link; what was left out is said. */
export function* exportedFiles(options: ExportedOptions, notSeen: NotSeen): Generator<ExportedFile> {
  for (const { path, text } of (options.more ?? []).slice(0, maxExportFiles)) {
    const value = text.length > maxExportBytes ? undefined : valueOf(path, text, options.parseYaml, notSeen);
    yield { path, text, ...(value !== undefined && { value }) };
  }
  if (options.folder !== undefined) yield* filesIn(options.folder, options.parseYaml, notSeen);
}

function* filesIn(folder: string, parseYaml: ExportedOptions["parseYaml"], notSeen: NotSeen): Generator<ExportedFile> {
  const root = realpathSync(folder);
  let left = maxExportTotal;
  let files = 0;
  for (const path of pathsBelow(root, 0, notSeen)) {
    if (++files > maxExportFiles || left <= 0) {
      notSeen.say(`exported files after ${path}`, `more than ${maxExportFiles} files or ${maxExportTotal} bytes`);
      return;
    }
    const text = textOf(path, notSeen);
    if (text === undefined) continue;
    left -= text.length;
    const own = relative(root, path).replaceAll("\\", "/");
    const value = valueOf(own, text, parseYaml, notSeen);
    yield { path: own, text, ...(value !== undefined && { value }) };
  }
}

function* pathsBelow(folder: string, depth: number, notSeen: NotSeen): Generator<string> {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    notSeen.add("exported folder", whyUnreadable(error), folder);
    return;
  }
  for (const it of entries) {
    const path = join(folder, it.name);
    if (it.isFile()) yield path;
    else if (it.isDirectory() && depth >= maxExportDepth) notSeen.add("exported folder", "lies too deep", path);
    else if (it.isDirectory() && !passedOver.has(it.name)) yield* pathsBelow(path, depth + 1, notSeen);
  }
}

function textOf(path: string, notSeen: NotSeen): string | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return undefined;
      if (stats.size > maxExportBytes) {
        notSeen.add("exported file", `is longer than ${maxExportBytes} bytes`, path);
        return undefined;
      }
      const bytes = Buffer.alloc(stats.size);
      let done = 0;
      for (let got = 1; got > 0 && done < bytes.length; done += got)
        got = readSync(fd, bytes, done, bytes.length - done, null);
      // Nobody exports configuration as bytes.
      return bytes.subarray(0, 4096).includes(0) ? undefined : bytes.toString("utf8", 0, done);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    notSeen.add("exported file", whyUnreadable(error), path);
    return undefined;
  }
}

function valueOf(path: string, text: string, parseYaml: ExportedOptions["parseYaml"], notSeen: NotSeen): unknown {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      if (path.endsWith(".json")) notSeen.add("exported file", "is no JSON", path);
    }
  }
  if (!parseYaml || !/\.ya?ml$/.test(path)) return undefined;
  if (text.length > maxYamlBytes) {
    notSeen.add(
      "exported file",
      `YAML longer than ${maxYamlBytes} characters is not parsed; kubectl -o json writes JSON`,
      path,
    );
    return undefined;
  }
  try {
    return parseYaml(text);
  } catch {
    notSeen.add("exported file", "is no YAML", path);
    return undefined;
  }
}
