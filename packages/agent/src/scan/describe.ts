import { lstatSync } from "node:fs";
import type { ModelEntry, ScannedCopy, ScannedModel } from "@outweigh/schema";
import type { FoundModel, ModelCopy } from "@outweigh/weights";
import type { Accounts } from "./accounts.ts";
import { entryOf, fileOf, isDeclared, type DeclaredPlace } from "./declare.ts";
import type { AttributeReader } from "./attributes.ts";
import type { Machine } from "../posture/machine.ts";
import type { NotSeen } from "./not-seen.ts";
import { openable, whyUnreadable, type Place, type RawNames } from "./open-file.ts";
import { readersOf, type Permissions } from "./readable-by.ts";

/** Most files of one copy whose permissions are read: a copy has a few hundred shards at most. */
const maxFilesPerCopy = 1_000;

/** What lets others read a copy. */
export interface Proof {
  /** The permission bits, and the access lists, from the root folder to the first such file. */
  readonly text: string;
  /** Readers that access lists alone let in. */
  readonly byList: readonly string[];
  /** What to take out of which list so that they cannot, by path. */
  readonly entries: ReadonlyMap<string, ReadonlySet<string>>;
}

interface Described {
  readonly models: readonly ScannedModel[];
  /** For each copy that others can read, by `placeOf` of it. */
  readonly proofs: ReadonlyMap<string, Proof>;
}

export interface Known {
  readonly register: readonly ModelEntry[];
  readonly places: readonly DeclaredPlace[];
  readonly accounts: Accounts;
  /** The other files on the disk that a file needs, by its path. */
  readonly beside: ReadonlyMap<string, readonly { readonly path: string; readonly bytes: number }[]>;
  readonly rawNames: RawNames;
  /** The host that the files are of: folders above its root are not in the way. */
  readonly machine: Pick<Machine, "root" | "attributes">;
}

/** Models as the report shows them: what the register says of them, and who else can read each copy. */
export function describeModels(models: readonly FoundModel[], known: Known, notSeen: NotSeen): Described {
  const proofs = new Map<string, Proof>();
  const steps = models.flatMap((it) => it.copies).flatMap((it) => placesOfCopy(it, known).flatMap(stepsTo));
  known.machine.attributes.learn(steps);
  const described = models.map((model): ScannedModel => {
    const entry = entryOf(model, known.register, known.places);
    const copies = model.copies.map((copy) => describeCopy(copy, entry, known, proofs, notSeen));
    const { id, digest, bytes, tensors, formats } = model;
    return {
      id,
      ...(entry && { name: entry.name, class: entry.class }),
      digest,
      bytes,
      tensors,
      formats: [...formats],
      copies,
    };
  });
  return { models: described, proofs };
}

/** Where a copy lies: `/srv/a.safetensors`, `/srv/b.zip!/a.safetensors`. */
export function placeOf({ path, container }: Pick<ScannedCopy, "path" | "container">): string {
  return container === undefined ? path : `${container}!/${path}`;
}

/** The files of a copy, with those on the disk that they need. */
function filesOf(copy: ModelCopy, { beside }: Known): readonly { readonly path: string; readonly bytes: number }[] {
  const own = copy.files ?? [{ path: copy.path, bytes: copy.bytes }];
  return copy.container === undefined ? own.flatMap((it) => [it, ...(beside.get(it.path) ?? [])]) : own;
}

/** Where they lie on the disk: of a copy in an archive, the archive. */
function placesOfCopy(copy: ModelCopy, known: Known): Place[] {
  const onDisk = copy.container === undefined ? filesOf(copy, known).map((it) => it.path) : [fileOf(copy)];
  return onDisk.flatMap((it) => placesOf(it, known.rawNames)).slice(0, maxFilesPerCopy);
}

function describeCopy(
  copy: ModelCopy,
  entry: ModelEntry | undefined,
  known: Known,
  proofs: Map<string, Proof>,
  notSeen: NotSeen,
): ScannedCopy {
  const { path, container, format, bytes, sha256, digest, complete, missing, findings } = copy;
  const files = filesOf(copy, known);
  const { names, proof } = readersOfAll(placesOfCopy(copy, known), known, notSeen);
  const described: ScannedCopy = {
    path,
    ...(container !== undefined && { container }),
    format,
    bytes,
    ...(sha256 !== undefined && { sha256 }),
    digest,
    complete,
    ...(missing && { missing: [...missing] }),
    readableBy: names,
    ...(entry && { declared: isDeclared(copy, entry, known.places) }),
    ...(files.length > 1 && { files: files.map((it) => ({ path: it.path, bytes: it.bytes })) }),
    ...(findings.length > 0 && { findings: [...findings] }),
  };
  if (proof !== undefined) proofs.set(placeOf(described), proof);
  return described;
}

/** Who can read at least one of the files, with the proof for the first such file. */
function readersOfAll(
  places: readonly Place[],
  { accounts, machine }: Known,
  notSeen: NotSeen,
): { names: string[]; proof?: Proof } {
  const { root } = machine;
  const names = new Set<string>();
  const byList = new Set<string>();
  const entries = new Map<string, Set<string>>();
  let text: string | undefined;
  for (const place of places) {
    const chain = chainTo(place, machine.attributes, notSeen)?.filter(
      (it) => root === "" || it.path === root || it.path.startsWith(`${root}/`),
    );
    if (!chain) continue;
    const readers = readersOf(chain, accounts);
    for (const it of readers.names) names.add(it);
    for (const it of readers.byList) byList.add(it);
    for (const [path, said] of readers.entries) entries.set(path, new Set([...(entries.get(path) ?? []), ...said]));
    if (readers.names.length > 0) text ??= readers.proof;
  }
  return { names: [...names], ...(text !== undefined && { proof: { text, byList: [...byList], entries } }) };
}

/** A path that shows names which are no UTF-8 stands for each of them. */
function placesOf(path: string, rawNames: RawNames): Place[] {
  return rawNames.get(path)?.map((raw) => ({ path, raw })) ?? [{ path }];
}

/** The paths from the root folder to the file, as bytes. */
function stepsTo(place: Place): Buffer[] {
  const whole = Buffer.from(openable(place));
  const ends = [...whole.keys()].filter((at) => at > 0 && whole[at] === slash);
  return [whole.subarray(0, 1), ...ends.map((at) => whole.subarray(0, at)), whole];
}

/** From the root folder to the file. Undefined if a part of it is gone or closed: then nothing is said about readers, but that. */
function chainTo(place: Place, attributes: AttributeReader, notSeen: NotSeen): Permissions[] | undefined {
  try {
    return stepsTo(place).map((it) => {
      const { mode, uid, gid } = lstatSync(it);
      const { list } = attributes.of(it);
      if (list.state === "unknown" && attributes.hasHelper) notSeen.add("access list", list.why, it.toString());
      const known = list.state === "read" ? { list: list.value } : {};
      return { path: it.toString(), mode: mode & 0o7777, uid, gid, ...known };
    });
  } catch (error) {
    notSeen.add("file", `who can read it: ${whyUnreadable(error)}`, place.path);
    return undefined;
  }
}

const slash = "/".charCodeAt(0);
