import type { FoundFile } from "./group.ts";

/** Files that belong together by their index or their names: a single file, or the shards of one folder. */
export interface FileSet {
  readonly container: string | undefined;
  readonly folder: string;
  readonly index?: FoundFile;
  readonly files: readonly FoundFile[];
  /** File names that the index or the numbering promises and that are not there. */
  readonly missing: readonly string[];
  readonly findings: readonly string[];
}

/** `model-00002-of-00005.safetensors`: the writers of transformers and llama.cpp number so. */
const numbered = /^(.*)-(\d{5,6})-of-(\d{5,6})(\.[^/]*)?$/;

/** `consolidated.01.pth`: slices of every tensor, one file for each device, without saying how many. */
const sliced = /^(consolidated)\.(\d\d)\.(pth|pt|safetensors)$/;

/** More shards than this are not listed as missing one by one; the largest public model has 163. */
const maxShards = 10_000;

/**
 * Puts shards together: first by an index in the same folder, then by numbered names; what remains is a set of its own. A shard
 * without its index and siblings is a finding, not a model that is complete.
 */
export function assembleSets(files: readonly FoundFile[]): FileSet[] {
  const folders = new Map<string, FoundFile[]>();
  for (const file of files) {
    addTo(folders, JSON.stringify([file.container, folderOf(file.path)]), file);
  }
  return [...folders.values()].flatMap(assembleFolder);
}

function assembleFolder(files: readonly FoundFile[]): FileSet[] {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const byName = new Map(sorted.filter((it) => !it.file.shards).map((it) => [nameOf(it.path), it]));
  const indexed = sorted.filter((it) => it.file.shards).flatMap((index) => byIndex(index, byName));
  for (const it of indexed.flatMap((set) => set.files)) byName.delete(nameOf(it.path));
  return [...indexed, ...byNumber([...byName.values()])];
}

function byIndex(index: FoundFile, byName: ReadonlyMap<string, FoundFile>): FileSet[] {
  const wanted = index.file.shards ?? [];
  const files = wanted.flatMap((name) => byName.get(name) ?? []);
  if (files.length === 0) return []; // an index alone holds no weights
  const missing = wanted.filter((name) => !byName.has(name));
  const findings = missing.length > 0 ? [`${index.path} names ${missing.length} files that are not beside it`] : [];
  return [{ container: index.container, folder: folderOf(index.path), index, files, missing, findings }];
}

function byNumber(files: readonly FoundFile[]): FileSet[] {
  const series = new Map<string, FoundFile[]>();
  const sets: FileSet[] = [];
  for (const file of files) {
    const key = seriesOf(nameOf(file.path));
    if (key === undefined) sets.push(single(file));
    else addTo(series, key, file);
  }
  return [...sets, ...[...series].map(([key, members]) => numberedSet(JSON.parse(key), members))];
}

/** Stem, total (empty if unknown) and ending of a numbered name; undefined for any other. */
function seriesOf(name: string): string | undefined {
  const slice = sliced.exec(name);
  if (slice) return JSON.stringify([slice[1], "", `.${slice[3]}`]);
  const [, stem, , total, ending = ""] = numbered.exec(name) ?? [];
  const count = Number(total);
  return count >= 1 && count <= maxShards ? JSON.stringify([stem, total, ending]) : undefined;
}

function numberedSet([stem = "", total = "", ending = ""]: string[], files: readonly FoundFile[]): FileSet {
  const there = new Set(files.map((it) => nameOf(it.path)));
  const missing: string[] = [];
  for (let i = 1; i <= Number(total); i++) {
    const name = `${stem}-${String(i).padStart(total.length, "0")}-of-${total}${ending}`;
    if (!there.has(name)) missing.push(name);
  }
  const [first] = files;
  if (!first) throw new RangeError("a series without files");
  const findings =
    missing.length > 0 ? [`${first.path} is one of ${Number(total)} shards; ${missing.length} are not beside it`] : [];
  return { container: first.container, folder: folderOf(first.path), files, missing, findings };
}

function single(file: FoundFile): FileSet {
  return { container: file.container, folder: folderOf(file.path), files: [file], missing: [], findings: [] };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Adds to the list under a key. */
export function addTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
