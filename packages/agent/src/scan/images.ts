// Which container image a file on the disk belongs to: a blob of an OCI layout, or what docker unpacked of a layer.
import { readdirSync } from "node:fs";
import { join, normalize, sep } from "node:path";
import { dockerLayers, layerOfImage, overlayFolder, type ImageLayer, type Reader } from "@outweigh/weights";
import { readTable } from "./listeners.ts";

/** Most layers and images of docker's own store that are read: a build machine has some thousands. */
const maxEntries = 20_000;
/** Longest of its files that are read, in bytes: a configuration lists every command of a build. */
const maxConfigBytes = 4 * 1024 * 1024;

/** A blob of a layout: the layout's folder, and its path from there. */
const blob = /^(.+)\/(blobs\/sha(?:256|512)\/[0-9a-f]{64,128})$/;

/** What docker says of its layers, by its folder: read once. */
const stores = new Map<string, ReadonlyMap<string, ImageLayer>>();

/** Whether a file lies where the layers of images do. */
export function isInImage(path: string): boolean {
  return blob.test(path) || overlayFolder(path) !== undefined;
}

/**
 * The layer and images that a file lies in; undefined for a file of no image, or where the store may not be read.
 *
 * @param open Opens a file of the layout without following links; undefined if there is none.
 */
export async function imageOf(
  path: string,
  open: (path: string) => Reader | undefined,
): Promise<ImageLayer | undefined> {
  const [, root, inside] = blob.exec(path) ?? [];
  if (root !== undefined && inside !== undefined) {
    return layerOfImage(inside, async (name) => {
      const full = normalize(join(root, name));
      // A manifest is written by whoever made the image: it names files of the layout, or none.
      return full.startsWith(root + sep) ? open(full) : undefined;
    });
  }
  const folder = overlayFolder(path);
  if (folder === undefined) return undefined;
  const store = path.slice(0, path.indexOf(`/overlay2/${folder}/`));
  const known = stores.get(store) ?? dockerLayers(readStore(`${store}/image/overlay2`));
  stores.set(store, known);
  return known.get(folder);
}

function readStore(folder: string): Parameters<typeof dockerLayers>[0] {
  const layers = `${folder}/layerdb/sha256`;
  const images = `${folder}/imagedb/content/sha256`;
  return {
    cacheIds: texts(layers, (chain) => `${layers}/${chain}/cache-id`),
    configs: texts(images, (id) => `${images}/${id}`),
    repositories: readTable(`${folder}/repositories.json`, maxConfigBytes) ?? "",
  };
}

function texts(folder: string, fileOf: (name: string) => string): Map<string, string> {
  const found = new Map<string, string>();
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return found; // not docker's, or not ours to see
  }
  for (const name of names.slice(0, maxEntries)) {
    const text = /^[0-9a-f]{64}$/.test(name) ? readTable(fileOf(name), maxConfigBytes) : undefined;
    if (text !== undefined) found.set(name, text);
  }
  return found;
}
