import { createHash } from "node:crypto";
import { modelDigest, rootOf, type TensorDigest } from "./digest.ts";
import { addTo, assembleSets, type FileSet } from "./shards.ts";
import type { ModelFile } from "./tensor.ts";

/** One model file as a scan found it. */
export interface FoundFile {
  readonly path: string;
  /** The archive or image that holds it, if any; then `path` is its name in there. */
  readonly container?: string;
  readonly bytes: number;
  readonly file: ModelFile;
  /** As `digestTensors` gave them. */
  readonly digests?: readonly TensorDigest[];
  /** Of the whole file, in hex: the identity where tensors can't be listed. */
  readonly sha256?: string;
}

/** One instance of a model's weights: a file, or the shards in one folder. Shaped as `ScannedCopy` of the schema. */
export interface ModelCopy {
  /** Of the index if there is one, else of the first file. */
  readonly path: string;
  readonly container?: string;
  readonly format: string;
  readonly bytes: number;
  readonly sha256?: string;
  readonly digest: string;
  readonly complete: boolean;
  /** Names of shard files, or of tensors, that are not there; at most 100. */
  readonly missing?: readonly string[];
  readonly files?: readonly { readonly path: string; readonly bytes: number }[];
  /** What a person should know, each with the file it concerns. */
  readonly findings: readonly string[];
}

/** Equal weights, however often and in whatever container they lie around. */
export interface FoundModel {
  readonly id: string;
  readonly digest: string;
  readonly bytes: number;
  readonly tensors: number;
  readonly formats: readonly string[];
  readonly copies: readonly ModelCopy[];
}

const maxMissing = 100;

/** Least bytes of one distinct learned tensor for a fragment to be tied to a model by it: below, equal bytes may be chance. */
const minTellingBytes = 256;

/**
 * Files → copies → models.
 *
 * Shards in one folder are one copy, complete or with what is missing. Copies with the same telling tensors are one model: a format
 * may add small constants, so their digests may differ by those. A copy whose telling tensors all belong to another model is an incomplete copy of that one; several of these in one folder that
 * are the whole model together are one complete copy. A file without tensor digests is known by its SHA-256; without that, by its
 * place, as a model of its own whose digest begins with `unread:`.
 *
 * @returns Models by falling size; copies by path. The same files in any order give the same answer.
 * Blind spot: weights kept as integers or raw bytes in an array format are taken for data. A tensor counts as telling if it has 256 bytes and is not constant, so a shared frozen layer alone makes no kinship,
 * but a complete public backbone inside a larger model is called an incomplete copy of that.
 */
export function groupModels(files: readonly FoundFile[]): FoundModel[] {
  const sets = assembleSets(files.filter(holdsWeights));
  const whole = uniteByDigest(sets.map(identify));
  const models = mergeFragments(whole);
  return models.map(describe).toSorted((a, b) => b.bytes - a.bytes || (a.digest < b.digest ? -1 : 1));
}

/** A pickle of settings, a graph without initializers or an array of labels is no model. A file known by its SHA-256 was called one by the caller. */
export function holdsWeights({ file, sha256 }: Pick<FoundFile, "file" | "sha256">): boolean {
  if (file.shards !== undefined || sha256 !== undefined) return true;
  if (!anyArrays.has(file.format)) return file.tensors.length > 0;
  return file.tensors.some((it) => !/^(?:u\d|i(?:16|32|64)$|bool)/.test(it.dtype) && it.bytes >= minTellingBytes);
}

/**
 * Formats of any arrays: pictures, labels and indexes more often than weights. In these only floating or signed bytes count, and no handful of
 * numbers. Bench/weights labelled: precision .892 without, above .99 with it.
 */
const anyArrays: ReadonlySet<string> = new Set(["npy", "npz", "pickle", "joblib", "hdf5"]);

interface Instance {
  readonly set: FileSet;
  readonly digest: string;
  readonly tensors: ReadonlyMap<string, TensorDigest>;
  readonly complete: boolean;
  readonly missing: readonly string[];
}

interface Group {
  readonly digest: string;
  readonly tensors: ReadonlyMap<string, TensorDigest>;
  readonly complete: boolean;
  readonly instances: Instance[];
}

function identify(set: FileSet): Instance {
  const digests = set.files.flatMap((it) => it.digests ?? []);
  const tensors = new Map<string, TensorDigest>();
  const unread: string[] = [];
  for (const digest of digests) {
    if (digest.sha256 === undefined) unread.push(digest.name);
    else tensors.set(digest.sha256, digest);
  }
  const missing = [...set.missing, ...unread];
  const truncated = set.files.some((it) => (it.file.missingBytes ?? 0) > 0);
  return { set, digest: digestOf(set, digests), tensors, complete: missing.length === 0 && !truncated, missing };
}

function digestOf(set: FileSet, digests: readonly TensorDigest[]): string {
  const known = digests.filter((it) => it.sha256 !== undefined);
  const root = modelDigest(known);
  if (root !== undefined) return root;
  const sums = set.files.map((it) => it.sha256);
  const [first] = sums;
  if (first !== undefined && sums.length === 1) return first;
  if (sums.every((it) => it !== undefined)) return rootOf(sums);
  const place = JSON.stringify(set.files.map((it) => [it.container, it.path]));
  return `unread:${createHash("sha256").update(place).digest("hex")}`;
}

function uniteByDigest(instances: readonly Instance[]): Group[] {
  const groups = new Map<string, Group>();
  for (const instance of instances) {
    const { digest, tensors, complete } = instance;
    const group = groups.get(digest);
    if (!group) groups.set(digest, { digest, tensors, complete, instances: [instance] });
    else if (complete && !group.complete)
      groups.set(digest, { ...group, complete, instances: [...group.instances, instance] });
    else group.instances.push(instance);
  }
  return [...groups.values()];
}

/** Moves each group whose telling tensors all belong to a larger one into that one, as incomplete copies. */
function mergeFragments(groups: readonly Group[]): Group[] {
  const marked = groups.map((group) => ({ group, marks: telling(group) }));
  marked.sort((a, b) => b.marks.length - a.marks.length || (a.group.digest < b.group.digest ? -1 : 1));
  const holders = new Map<string, Holder[]>();
  const kept: Group[] = [];
  for (const { group, marks } of marked) {
    const whole = holderOf(marks, holders);
    if (whole) {
      const same = marks.length === whole.marks.size; // the rest is constants and small tensors that one container adds
      for (const it of group.instances) whole.group.instances.push(same ? it : asFragment(it, whole.group));
      continue;
    }
    const own = { ...group, instances: [...group.instances] };
    kept.push(own);
    const holder = { group: own, marks: new Set(marks) };
    for (const sha256 of marks) addTo(holders, sha256, holder);
  }
  return kept.map(joinFragments);
}

interface Holder {
  readonly group: Group;
  readonly marks: ReadonlySet<string>;
}

/** What a training checkpoint keeps beside the weights. By name, but only to leave it out: weights so named still have their digests. */
const training = /(^|[._/])(optimizer(_states?)?|exp_avg(_sq)?|momentum_buffer|adam(_[mv\d])?)([._/]|$)/i;

/** Digests that tell one model from another: learned, long enough, and no state of an optimizer unless there is nothing else. */
function telling(group: Group): string[] {
  const learned = [...group.tensors].filter(([, it]) => !it.constant && it.bytes >= minTellingBytes);
  const weights = learned.filter(([, it]) => !training.test(it.name));
  return (weights.length > 0 ? weights : learned).map(([sha256]) => sha256);
}

/** The largest group that holds all of `marks`, looked for among those that hold the rarest one. Nothing telling belongs to nobody. */
function holderOf(marks: readonly string[], holders: ReadonlyMap<string, readonly Holder[]>): Holder | undefined {
  let fewest: readonly Holder[] = [];
  for (const [i, mark] of marks.entries()) {
    const having = holders.get(mark) ?? [];
    if (i === 0 || having.length < fewest.length) fewest = having;
    if (fewest.length === 0) return undefined;
  }
  return fewest.find((it) => marks.every((mark) => it.group.tensors.has(mark)));
}

function asFragment(instance: Instance, whole: Group): Instance {
  const lacking = [...whole.tensors].filter(([sha256]) => !instance.tensors.has(sha256)).map(([, it]) => it.name);
  const missing = instance.missing.length > 0 ? instance.missing : lacking;
  return { ...instance, complete: false, missing };
}

/** Fragments of one folder that are the whole model together become one copy: shards that lost their names and their index. */
function joinFragments(group: Group): Group {
  const byFolder = new Map<string, Instance[]>();
  for (const instance of group.instances.filter((it) => !it.complete)) {
    addTo(byFolder, JSON.stringify([instance.set.container, instance.set.folder]), instance);
  }
  const joined: Instance[] = [];
  const gone = new Set<Instance>();
  for (const parts of byFolder.values()) {
    const together = new Set(parts.flatMap((it) => [...it.tensors.keys()]));
    if (parts.length < 2 || ![...group.tensors.keys()].every((it) => together.has(it))) continue;
    for (const part of parts) gone.add(part);
    joined.push(join(parts, group));
  }
  return { ...group, instances: [...group.instances.filter((it) => !gone.has(it)), ...joined] };
}

function join(parts: readonly Instance[], { digest, tensors }: Group): Instance {
  const files = parts.flatMap((it) => it.set.files).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const [first] = parts;
  if (!first) throw new RangeError("no parts to join");
  const findings = parts.flatMap((it) => it.set.findings);
  return { set: { ...first.set, files, missing: [], findings }, digest, tensors, complete: true, missing: [] };
}

function describe(group: Group): FoundModel {
  const copies = group.instances.map(describeCopy).toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const tensorBytes = [...group.tensors.values()].reduce((sum, it) => sum + it.bytes, 0);
  return {
    id: group.digest.replace("unread:", "").slice(0, 16),
    digest: group.digest,
    bytes: tensorBytes > 0 ? tensorBytes : Math.max(...copies.map((it) => it.bytes)),
    tensors: group.tensors.size,
    formats: [...new Set(copies.map((it) => it.format))].sort(),
    copies,
  };
}

function describeCopy({ set, digest, complete, missing }: Instance): ModelCopy {
  const { files, index } = set;
  const head = index ?? files[0];
  if (!head) throw new RangeError("a copy without files");
  const all = index ? [index, ...files] : files;
  const only = files.length === 1 && !index ? files[0] : undefined;
  return {
    path: head.path,
    ...(head.container !== undefined && { container: head.container }),
    format: files[0]?.file.format ?? head.file.format,
    bytes: all.reduce((sum, it) => sum + it.bytes, 0),
    ...(only?.sha256 !== undefined && { sha256: only.sha256 }),
    digest,
    complete,
    ...(missing.length > 0 && { missing: missing.slice(0, maxMissing) }),
    ...(all.length > 1 && { files: all.map(({ path, bytes }) => ({ path, bytes })) }),
    findings: [...set.findings, ...all.flatMap((it) => it.file.findings.map(({ what }) => `${it.path}: ${what}`))],
  };
}

function placeOf({ container = "", path }: ModelCopy): string {
  return JSON.stringify([container, path]);
}
