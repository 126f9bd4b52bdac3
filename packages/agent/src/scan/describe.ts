import { lstatSync } from "node:fs";
import type { ModelEntry, ScannedCopy, ScannedModel } from "@outweigh/schema";
import type { FoundModel, ModelCopy } from "@outweigh/weights";
import type { Accounts } from "./accounts.ts";
import { entryOf, fileOf, isDeclared, type DeclaredPlace } from "./declare.ts";
import type { Machine } from "../posture/machine.ts";
import type { NotSeen } from "./not-seen.ts";
import { openable, whyUnreadable, type Place, type RawNames } from "./open-file.ts";
import { readersOf, type Permissions } from "./readable-by.ts";

/** Most files of one copy whose permissions are read: a copy has a few hundred shards at most. */
const maxFilesPerCopy = 1_000;

interface Described {
  readonly models: readonly ScannedModel[];
  /** For each copy that others can read: the permission bits that let them. */
  readonly proofs: ReadonlyMap<ScannedCopy, string>;
}

export interface Known {
  readonly register: readonly ModelEntry[];
  readonly places: readonly DeclaredPlace[];
  readonly accounts: Accounts;
  /** The other files on the disk that a file needs, by its path. */
  readonly beside: ReadonlyMap<string, readonly { readonly path: string; readonly bytes: number }[]>;
  readonly rawNames: RawNames;
  /** The host that the files are of: folders above its root are not in the way. */
  readonly machine: Pick<Machine, "root">;
}

/** Models as the report shows them: what the register says of them, and who else can read each copy. */
export function describeModels(models: readonly FoundModel[], known: Known, notSeen: NotSeen): Described {
  const proofs = new Map<ScannedCopy, string>();
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

function describeCopy(
  copy: ModelCopy,
  entry: ModelEntry | undefined,
  { places, accounts, beside, rawNames, machine }: Known,
  proofs: Map<ScannedCopy, string>,
  notSeen: NotSeen,
): ScannedCopy {
  const { path, container, format, bytes, sha256, digest, complete, missing, findings } = copy;
  const own = copy.files ?? [{ path, bytes }];
  const files = container === undefined ? own.flatMap((it) => [it, ...(beside.get(it.path) ?? [])]) : own;
  const onDisk = container === undefined ? files.map((it) => it.path) : [fileOf(copy)];
  const { names, proof } = readersOfAll(
    onDisk.flatMap((it) => placesOf(it, rawNames)),
    accounts,
    machine.root,
    notSeen,
  );
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
    ...(entry && { declared: isDeclared(copy, entry, places) }),
    ...(files.length > 1 && { files: files.map((it) => ({ path: it.path, bytes: it.bytes })) }),
    ...(findings.length > 0 && { findings: [...findings] }),
  };
  if (proof !== undefined) proofs.set(described, proof);
  return described;
}

/** Who can read at least one of the files, with the proof for the first such file. */
function readersOfAll(
  places: readonly Place[],
  accounts: Accounts,
  root: string,
  notSeen: NotSeen,
): { names: string[]; proof?: string } {
  const names = new Set<string>();
  let proof: string | undefined;
  for (const place of places.slice(0, maxFilesPerCopy)) {
    const chain = chainTo(place, notSeen)?.filter(
      (it) => root === "" || it.path === root || it.path.startsWith(`${root}/`),
    );
    if (!chain) continue;
    const readers = readersOf(chain, accounts);
    for (const it of readers.names) names.add(it);
    if (readers.names.length > 0) proof ??= readers.proof;
  }
  return { names: [...names], ...(proof !== undefined && { proof }) };
}

/** A path that shows names which are no UTF-8 stands for each of them. */
function placesOf(path: string, rawNames: RawNames): Place[] {
  return rawNames.get(path)?.map((raw) => ({ path, raw })) ?? [{ path }];
}

/** From the root folder to the file. Undefined if a part of it is gone or closed: then nothing is said about readers, but that. */
function chainTo(place: Place, notSeen: NotSeen): Permissions[] | undefined {
  const whole = Buffer.from(openable(place));
  const ends = [...whole.keys()].filter((at) => at > 0 && whole[at] === slash);
  try {
    return [whole.subarray(0, 1), ...ends.map((at) => whole.subarray(0, at)), whole].map((it) => {
      const { mode, uid, gid } = lstatSync(it);
      return { path: it.toString(), mode: mode & 0o7777, uid, gid };
    });
  } catch (error) {
    notSeen.add("file", `who can read it: ${whyUnreadable(error)}`, place.path);
    return undefined;
  }
}

const slash = "/".charCodeAt(0);
