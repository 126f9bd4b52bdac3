import { closeSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  digestFile,
  digestTensors,
  findModels,
  joinedReader,
  readModelFile,
  WeightsError,
  type Allowance,
  type FindOptions,
  type FoundFile,
  type FoundInside,
  type ReadContext,
  type Reader,
} from "@outweigh/weights";
import { imageOf, isInImage } from "./images.ts";
import { NotSeen, type ReasonCount } from "./not-seen.ts";
import { errnoOf, fileReader, Opener, Recycler, whyUnreadable, type OpenFile, type Place } from "./open-file.ts";

/** A model file on the disk, or inside a file on the disk. */
export interface Found extends FoundFile {
  /** The other files on the disk that it needs: pieces of a split file, external data. */
  readonly beside: readonly { readonly path: string; readonly bytes: number }[];
  /** The name on the disk of the file, or of its container, where that is no UTF-8. */
  readonly raw?: Uint8Array;
}

export interface ReadJob {
  readonly candidate: Place & { readonly rest?: readonly Place[] };
  /** Whether to hash the weights. Otherwise only headers are read. */
  readonly hash: boolean;
  /** What looking into it may cost if it is an archive. Undefined: as much as it takes. */
  readonly allowance?: Allowance | undefined;
  /** What an earlier look found in it: nothing else is looked at. */
  readonly only?: ReadonlySet<string> | undefined;
}

export interface ReadAnswer {
  readonly found: readonly Found[];
  readonly bytesRead: number;
  /** Bytes of its allowance that were spent. */
  readonly unpacked: number;
  /** Set if it is an archive: whether it was looked into to its end. */
  readonly archive?: "looked-into" | "left-out" | undefined;
  readonly unseen: readonly ReasonCount[];
}

/** One for this thread: files are read one after the other. */
const recycler = new Recycler();

interface Desk {
  readonly allowance: Allowance | undefined;
  readonly only: ReadonlySet<string> | undefined;
  unpacked: number;
  archive: ReadAnswer["archive"];
  readonly files: OpenFile[];
  readonly opener: Opener;
  readonly notSeen: NotSeen;
  readonly recycler: Recycler;
  readonly onRead: (bytes: number) => void;
}

/**
 * The models that a file is or holds. Blocks, so it belongs in a worker. What cannot be read is in the answer, never an exception.
 *
 * @param onRead Called with the length of each read.
 */
export async function readCandidate(
  { candidate, hash, allowance, only }: ReadJob,
  onRead: (bytes: number) => void,
): Promise<ReadAnswer> {
  let bytesRead = 0;
  const count = (bytes: number): void => {
    bytesRead += bytes;
    onRead(bytes);
  };
  const opening = { files: [], opener: new Opener(), notSeen: new NotSeen(), recycler, onRead: count };
  const desk: Desk = { ...opening, allowance, only, unpacked: 0, archive: undefined };
  const answer = (found: readonly Found[]): ReadAnswer => {
    const { unpacked, archive, notSeen } = desk;
    return { found, bytesRead, unpacked, archive, unseen: notSeen.counts() };
  };
  try {
    return answer(await readAll(candidate, hash, desk));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const why = error instanceof WeightsError ? error.message : whyUnreadable(error);
    desk.notSeen.add("file", why, candidate.path);
    return answer([]);
  } finally {
    for (const { fd } of desk.files) closeSync(fd);
  }
}

async function readAll(candidate: ReadJob["candidate"], hash: boolean, desk: Desk): Promise<Found[]> {
  const reader = open(candidate, desk);
  if (!reader) return [];
  const { rest, path, raw } = candidate;
  if (!rest) {
    const found = await readFile(path, { reader, beside: [] }, hash, desk);
    return raw ? found.map((it) => ({ ...it, raw })) : found;
  }

  const parts = rest.map((it) => ({ path: it.path, reader: open(it, desk) }));
  const joined = joinedReader([reader, ...parts.flatMap((it) => it.reader ?? [])]);
  const beside = parts.map((it) => ({ path: it.path, bytes: it.reader?.size ?? 0 }));
  const quiet = { ...desk, notSeen: new NotSeen() };
  const whole = await readFile(path, { reader: joined, beside }, false, quiet);
  // The header says how long the file must be: the pieces belong to it only if it needs them.
  const alone = await readFile(path, { reader, beside: [] }, false, quiet);
  const needed = whole.length > 0 && (alone.length === 0 || alone.some(isCut));
  return readFile(path, needed ? { reader: joined, beside } : { reader, beside: [] }, hash, desk);
}

function isCut({ file }: Found): boolean {
  return (file.missingBytes ?? 0) > 0;
}

interface Source {
  readonly reader: Reader;
  readonly beside: Found["beside"];
}

async function readFile(path: string, { reader, beside }: Source, hash: boolean, desk: Desk): Promise<Found[]> {
  const found: Found[] = [];
  const opened = [...beside];
  const context = {
    name: basename(path),
    sibling: (name: string) => sibling(path, name, desk, opened),
    ...(isInImage(path) && { image: () => imageOf(path, (name) => openIfThere(name, desk)) }),
  };
  const onProblem = (inside: string, why: string): void => desk.notSeen.add("file", why, shown(path, inside));
  for await (const it of findModels(reader, { ...context, onProblem, ...accounts(path, desk) })) {
    const own = it.reader === reader;
    const place = own ? { path } : { path: it.path || unpackedName(path), container: path };
    try {
      const read = await readOne(it, hash, desk);
      if (!read) continue;
      // A joined reader has the bytes of its pieces; what was opened on the way comes on top.
      const bytes = it.reader.size + sum(own ? opened.slice(beside.length) : []);
      found.push({ ...place, bytes, ...read, beside: own ? opened : [] });
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      desk.notSeen.add(
        "file",
        `looks like ${it.recognised.format}, but ${error.message}`,
        shown(path, own ? "" : place.path),
      );
    }
  }
  return found;
}

/** What archives cost, and what their allowance left out. */
function accounts(path: string, desk: Desk): FindOptions {
  const { allowance, only } = desk;
  return {
    ...(only && { only }),
    allowance,
    onArchive: () => (desk.archive ??= "looked-into"),
    onLeftOut: (it) => {
      if (it.code === "BUDGET") desk.archive = "left-out";
      desk.notSeen.addLeftOut(it, shown(path, it.path));
    },
    onUnpacked: (bytes) => (desk.unpacked += bytes),
  };
}

type Contents = Pick<FoundFile, "file" | "digests" | "sha256">;

/** Undefined for what holds no weights: a pickle of settings, a graph without numbers. */
async function readOne(it: FoundInside, hash: boolean, desk: Desk): Promise<Contents | undefined> {
  const { reader, recognised, context } = it;
  if (recognised.kind === "whole") {
    const file = await readModelFile(reader, context);
    return hash ? { file, sha256: await recycling(desk, () => digestFile(reader)) } : { file };
  }
  const read = await readModelFile(reader, context);
  // Without bytes kept inline: this goes from thread to thread.
  const tensors = read.tensors.map(({ name, dtype, shape, offset, bytes }) => ({ name, dtype, shape, offset, bytes }));
  const file = { ...read, tensors };
  if (read.shards) return { file };
  if (read.tensors.length === 0) return undefined;
  if (!hash) return { file };
  const options = context.sibling ? { sibling: context.sibling } : {};
  return { file, digests: await recycling(desk, () => digestTensors(reader, read, options)) };
}

/** Large reads share buffers while weights are hashed, and only then. */
async function recycling<T>({ recycler }: Desk, hash: () => Promise<T>): Promise<T> {
  recycler.isOn = true;
  try {
    return await hash();
  } finally {
    recycler.isOn = false;
  }
}

/** A file that a model names, beside it or below. A link on the way there is not followed. */
async function sibling(
  path: string,
  name: string,
  desk: Desk,
  opened: { path: string; bytes: number }[],
): ReturnType<NonNullable<ReadContext["sibling"]>> {
  const full = join(dirname(path), name);
  try {
    if (realpathSync(dirname(full)) !== dirname(full)) return undefined;
    const reader = open({ path: full }, desk);
    if (reader && !opened.some((it) => it.path === full)) opened.push({ path: full, bytes: reader.size });
    return reader;
  } catch {
    return undefined; // the reader says which file is missing
  }
}

/** A file that may not be there, or not be ours to read: what would be read of it only adds to what is said. */
function openIfThere(path: string, desk: Desk): Reader | undefined {
  try {
    return open({ path }, desk);
  } catch {
    return undefined;
  }
}

function open(place: Place, desk: Desk): Reader | undefined {
  const file = desk.opener.open(place);
  if (!file) return undefined;
  desk.files.push(file);
  return fileReader(file, desk.onRead, desk.recycler);
}

function shown(path: string, inside: string): string {
  return inside === "" ? path : `${path}!/${inside}`;
}

/** `model.safetensors` for `model.safetensors.gz`: what a compressed stream is called without saying so. */
function unpackedName(path: string): string {
  return basename(path).replace(/\.(?:gz|zst|zz|z|xz|lzma|bz2|lz4)$/i, "");
}

function sum(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((total, it) => total + it.bytes, 0);
}
