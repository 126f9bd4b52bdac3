import type { FoundModel, ModelCopy } from "@outweigh/weights";
import type { Found } from "./read-candidate.ts";
import type { Alias } from "./walk.ts";

/**
 * Gives blobs of a model cache the names that links give them, so that shards find their siblings: once for each link.
 *
 * @returns The files, and the path on the disk of each that was given another name.
 */
export function nameBlobs(
  found: readonly Found[],
  aliases: readonly Alias[],
): { files: Found[]; onDisk: ReadonlyMap<string, string> } {
  const names = new Map<string, string[]>();
  for (const { name, target } of aliases) names.set(target, [...(names.get(target) ?? []), name]);
  const onDisk = new Map<string, string>();
  const files = found.flatMap((it) => {
    const given = it.container === undefined ? names.get(it.path) : undefined;
    if (!given) return [it];
    for (const name of given) onDisk.set(name, it.path);
    return given.map((path) => ({ ...it, path }));
  });
  return { files, onDisk };
}

/** Takes the given names away again. Two revisions that link to the same blobs are one copy. */
export function unnameBlobs(model: FoundModel, onDisk: ReadonlyMap<string, string>): FoundModel {
  const seen = new Set<string>();
  const copies = model.copies
    .map((it): ModelCopy => {
      const path = onDisk.get(it.path);
      if (path === undefined) return it;
      const files = it.files?.map((file) => ({ ...file, path: onDisk.get(file.path) ?? file.path }));
      return { ...it, path, ...(files && { files }) };
    })
    .filter(({ container, path, files = [] }) => {
      const key = JSON.stringify([container, path, files.map((it) => it.path)]);
      return !seen.has(key) && seen.add(key);
    });
  return { ...model, copies };
}
