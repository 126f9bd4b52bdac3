import { closeSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ScannedCopy } from "@outweigh/schema";
import { findModels, joinedReader, readModelFile, WeightsError, type ModelPart, type Reader } from "@outweigh/weights";
import { fileReader, Opener, type OpenFile, type RawNames } from "./scan/open-file.ts";

/** A copy whose headers are read and whose bytes can be read, until it is closed. */
export interface OpenCopy {
  readonly parts: readonly ModelPart[];
  close(): void;
}

/**
 * Opens a copy that a scan found, for comparing: its files, or the member of an archive. Reads headers only.
 *
 * @param rawNames The bytes of names that are no UTF-8, as the scan knows them.
 * @throws the system's error, or {WeightsError}, if it is not there any more or is not what it was.
 */
export async function openCopy(copy: ScannedCopy, rawNames: RawNames = new Map()): Promise<OpenCopy> {
  const opened: OpenFile[] = [];
  const opener = new Opener();
  const open = (path: string): Reader | undefined => {
    const [raw] = rawNames.get(path) ?? [];
    const file = opener.open(raw ? { path, raw } : { path });
    if (!file) return undefined;
    opened.push(file);
    return fileReader(file, () => undefined);
  };
  const close = (): void => {
    for (const { fd } of opened.splice(0)) closeSync(fd);
  };
  try {
    return { parts: await partsOf(copy, open), close };
  } catch (error) {
    close();
    throw error;
  }
}

type Open = (path: string) => Reader | undefined;

async function partsOf(copy: ScannedCopy, open: Open): Promise<ModelPart[]> {
  const { path, container } = copy;
  if (container !== undefined)
    return inside(
      container,
      (copy.files ?? [copy]).map((it) => it.path),
      open,
    );
  const paths = (copy.files ?? [copy]).map((it) => it.path);
  const parts: ModelPart[] = [];
  for (const it of paths) parts.push(...(await partOf(it, open)));
  if (parts.length > 0) return parts;
  // Pieces of a split file have no header of their own: only together they are one.
  const pieces = paths.map(open);
  if (pieces.length < 2 || pieces.includes(undefined))
    throw new WeightsError("UNKNOWN_FORMAT", `${path} holds no weights now`);
  const reader = joinedReader(pieces.flatMap((it) => it ?? []));
  return [{ reader, file: await readModelFile(reader) }];
}

/** None for what is no model file: an index, external data, a later piece. */
async function partOf(path: string, open: Open): Promise<ModelPart[]> {
  const reader = open(path);
  if (!reader) return [];
  const sibling = async (name: string): Promise<Reader | undefined> => {
    const full = join(dirname(path), name);
    return realpathSync(dirname(full)) === dirname(full) ? open(full) : undefined;
  };
  try {
    const file = await readModelFile(reader, { name: basename(path), sibling });
    // The first piece of a split file is cut; the whole is read from all pieces.
    if (file.tensors.length === 0 || (file.missingBytes ?? 0) > 0) return [];
    return [{ reader, file, sibling }];
  } catch (error) {
    if (error instanceof WeightsError) return [];
    throw error;
  }
}

async function inside(container: string, names: readonly string[], open: Open): Promise<ModelPart[]> {
  const reader = open(container);
  if (!reader) throw new WeightsError("MISSING_FILE", `${container} is no regular file`);
  const parts: ModelPart[] = [];
  const packed = basename(container);
  for await (const { path, reader: member, context } of findModels(reader)) {
    if (!names.includes(path) && !(path === "" && names.some((it) => packed.startsWith(it)))) continue;
    const file = await readModelFile(member, context);
    if (file.tensors.length > 0)
      parts.push({ reader: member, file, ...(context.sibling && { sibling: context.sibling }) });
  }
  if (parts.length === 0) throw new WeightsError("MISSING_FILE", `${container} does not hold ${names.join(", ")} now`);
  return parts;
}
