import { realpathSync } from "node:fs";
import type { ModelEntry } from "@outweigh/schema";
import type { FoundModel } from "@outweigh/weights";
import { isUnder } from "./mounts.ts";

/** A folder or file of this host in which the register declares a model. */
export interface DeclaredPlace {
  readonly entry: ModelEntry;
  readonly path: string;
}

/**
 * The `file:` places of the register, both as written and as the system resolves them: copies are found without links.
 * Blind spot: places on another host that have the same path.
 */
export function declaredPlaces(register: readonly ModelEntry[]): DeclaredPlace[] {
  return register.flatMap((entry) =>
    entry.places
      .filter((it) => it.startsWith("file:"))
      .map((it) => withoutEnd(it.slice("file:".length).replace(/^\/\/+/, "/")))
      .flatMap((path) => [...new Set([path, resolved(path)])].map((it) => ({ entry, path: it }))),
  );
}

/**
 * The registered model that a found one is: by its digest, by the SHA-256 of a file, or, if the register knows no digest of
 * it, by the declared place of a copy. Undefined for a model that the register does not know.
 */
export function entryOf(
  model: FoundModel,
  register: readonly ModelEntry[],
  places: readonly DeclaredPlace[],
): ModelEntry | undefined {
  const sums = new Set(model.copies.flatMap((it) => it.sha256 ?? []));
  return (
    register.find((it) => it.digest === model.digest) ??
    register.find((it) => it.files?.some((file) => file.sha256 !== undefined && sums.has(file.sha256))) ??
    places.find(({ entry, path }) => entry.digest === undefined && model.copies.some((it) => isUnder(fileOf(it), path)))
      ?.entry
  );
}

export function isDeclared(copy: OnDisk, entry: ModelEntry, places: readonly DeclaredPlace[]): boolean {
  return places.some((it) => it.entry === entry && isUnder(fileOf(copy), it.path));
}

interface OnDisk {
  readonly path: string;
  readonly container?: string | undefined;
}

/** The file on the disk that a copy is or lies in. */
export function fileOf({ path, container }: OnDisk): string {
  return container ?? path;
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function withoutEnd(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
