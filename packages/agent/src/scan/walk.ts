import { closeSync, lstatSync, opendirSync, readSync, readlinkSync, type Dirent } from "node:fs";
import { join, resolve, sep } from "node:path";
import { beginsPacked, couldBeModel, splitFiles } from "@outweigh/weights";
import { maxAliases, maxNamesPerFolder, quarantineFolder, walkSliceMs } from "./limits.ts";
import { NotSeen, type ReasonCount } from "./not-seen.ts";
import { errnoOf, HeldFolder, Opener, whyUnreadable, type OpenFile, type Place } from "./open-file.ts";

/** First bytes of a file that decide whether it is read: one page, one read. */
const headBytes = 4096;

/** A file that begins like a model or like something that holds models. */
export interface Candidate extends Place {
  readonly bytes: number;
  readonly allocatedBytes: number;
  readonly device: number;
  readonly inode: number;
  readonly links: number;
  /** Begins like a compressed stream: what is inside shows only by unpacking it from the front. */
  readonly packed: boolean;
  /** The pieces after this one, when names say that a file was split. */
  readonly rest?: readonly Place[];
}

/** A link in a model cache that gives a blob the name under which it belongs to its siblings. */
export interface Alias {
  readonly name: string;
  readonly target: string;
}

/** What one job of walking found. */
export interface Walked {
  /** Folders still to be walked. */
  readonly folders: readonly Place[];
  readonly candidates: readonly Candidate[];
  readonly aliases: readonly Alias[];
  readonly files: number;
  readonly bytesRead: number;
  readonly unseen: readonly ReasonCount[];
}

interface Trip {
  readonly skip: ReadonlySet<string>;
  readonly opener: Opener;
  readonly head: Uint8Array;
  readonly notSeen: NotSeen;
  readonly folders: Place[];
  readonly candidates: Candidate[];
  readonly aliases: Alias[];
  files: number;
  bytesRead: number;
}

/**
 * Walks folders depth first for at most `walkSliceMs`, looking at the first bytes of every regular file. Links are never followed,
 * pipes and devices never opened. Blocks, so it belongs in a worker.
 *
 * @param now Milliseconds of a clock that only goes forward.
 */
export function walk(places: readonly Place[], skip: ReadonlySet<string>, now: () => number): Walked {
  const trip: Trip = {
    skip,
    opener: new Opener(),
    head: new Uint8Array(headBytes),
    notSeen: new NotSeen(),
    folders: [...places],
    candidates: [],
    aliases: [],
    files: 0,
    bytesRead: 0,
  };
  const until = now() + walkSliceMs;
  do {
    const folder = trip.folders.pop();
    if (!folder) break;
    walkFolder(folder, trip);
  } while (now() < until);
  const { folders, candidates, aliases, files, bytesRead, notSeen } = trip;
  return { folders, candidates, aliases, files, bytesRead, unseen: notSeen.counts() };
}

function walkFolder(place: Place, trip: Trip): void {
  if (trip.skip.has(place.path)) return;
  trip.opener.forget();
  try {
    const folder = new HeldFolder(place);
    try {
      visitAll({ ...place, held: folder }, trip);
    } finally {
      folder.close();
    }
  } catch (error) {
    if (errnoOf(error) !== "ENOTDIR") trip.notSeen.add("folder", whyUnreadable(error), place.path);
    else sniff(place, () => trip.opener.open(place), trip, trip.candidates); // a root may be a file
  }
}

interface Folder extends Place {
  readonly held: HeldFolder;
}

function visitAll(folder: Folder, trip: Trip): void {
  const found: Candidate[] = [];
  const names: string[] = [];
  try {
    let unwritable = false;
    for (const entry of entries(folder, folder.raw !== undefined)) {
      // A name that is no UTF-8 opens only by its bytes: list again, for those names alone.
      if (!entry.raw && entry.name.includes("\ufffd")) unwritable = true;
      else visit(entry, folder, trip, found, names);
    }
    if (!unwritable) return;
    for (const entry of entries(folder, true)) {
      if (entry.name.includes("\ufffd")) visit(entry, folder, trip, found, names);
    }
  } finally {
    trip.candidates.push(...withRest(folder, found, names));
  }
}

interface Entry {
  readonly name: string;
  readonly raw?: Uint8Array;
  readonly kind: Dirent;
}

/** Listed in pieces: a folder of ten million files does not fit in memory. */
function* entries({ held }: Folder, raw: boolean): Generator<Entry> {
  // The typings know no "buffer" here; the names are buffers then.
  const encoding = raw ? ("buffer" as BufferEncoding) : "utf8";
  const list = opendirSync(held.self, { encoding, bufferSize: 512 });
  try {
    for (let kind = list.readSync(); kind; kind = list.readSync()) {
      const name: string | Buffer = kind.name;
      yield typeof name === "string" ? { name, kind } : { name: String(name), raw: name, kind };
    }
  } finally {
    list.closeSync();
  }
}

function visit(entry: Entry, folder: Folder, trip: Trip, found: Candidate[], names: string[]): void {
  const { name, raw, kind } = entry;
  const path = folder.path === sep ? sep + name : folder.path + sep + name;
  const place = raw ? { path, raw: joinRaw(folder, raw) } : { path };
  if (kind.isFile()) {
    if (names.length < maxNamesPerFolder) names.push(name);
    sniff(place, () => trip.opener.openIn(folder.held.child(entry)), trip, found);
  } else if (kind.isDirectory()) {
    if (name === quarantineFolder && isClosed(folder.held.child(entry)))
      trip.notSeen.add("folder", "holds what an action of ours quarantined", path);
    else trip.folders.push(place);
  } else if (kind.isSymbolicLink() && path.includes("/snapshots/") && trip.aliases.length < maxAliases) {
    // The cache of Hugging Face's hub: blobs are named by digest, links beside each other carry the names.
    const target = targetOf(folder.held.child(entry));
    if (target?.includes("blobs/")) trip.aliases.push({ name: path, target: resolve(folder.path, target) });
  }
}

/** Where a link leads; undefined if it is gone by now, which must not end the walk of its folder. */
function targetOf(link: string | Buffer): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Only root or the person we run as can have put something there. */
function isClosed(folder: string | Buffer): boolean {
  const { mode, uid } = lstatSync(folder);
  return (mode & 0o077) === 0 && (uid === 0 || uid === process.geteuid?.());
}

function joinRaw(folder: Place, name: Uint8Array): Uint8Array {
  return Buffer.concat([folder.raw ?? Buffer.from(folder.path), Buffer.from(sep), name]);
}

/** Looks at the first bytes of a file. */
function sniff(place: Place, open: () => OpenFile | undefined, trip: Trip, found: Candidate[]): void {
  try {
    const file = open();
    if (!file) return;
    try {
      trip.files++;
      const { size, blocks, dev, ino, nlink } = file.stats;
      const length = size === 0 ? 0 : readSync(file.fd, trip.head, 0, headBytes, 0);
      trip.bytesRead += length;
      const head = trip.head.subarray(0, length);
      if (!couldBeModel(head, size)) return;
      const packed = beginsPacked(head);
      const { path, raw } = place;
      const own = { path, ...(raw && { raw }), bytes: size, allocatedBytes: blocks * 512 };
      found.push({ ...own, device: dev, inode: ino, links: nlink, packed });
    } finally {
      closeSync(file.fd);
    }
  } catch (error) {
    trip.notSeen.add("file", whyUnreadable(error), place.path);
  }
}

/** Files that look like a first piece get the others along: names propose, the joined bytes decide. */
function withRest(folder: Place, found: readonly Candidate[], names: readonly string[]): readonly Candidate[] {
  if (found.length === 0 || names.length < 2) return found;
  const splits = splitFiles(names).map(({ parts }) => parts.map((it) => join(folder.path, it)));
  const byFirst = new Map(splits.map(([first = "", ...rest]) => [first, rest.map((path) => ({ path }))]));
  return found.map((it) => {
    const rest = byFirst.get(it.path);
    return rest && !it.raw ? { ...it, rest } : it;
  });
}
