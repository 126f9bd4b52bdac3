// Source: OCI Image Format Specification 1.1 (image-layout.md, manifest.md, config.md); moby/moby, image/tarexport/save.go and
// layer/filestore.go, for what docker writes.
import { createHash } from "node:crypto";
import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { isObject, member, parseObject, type JsonObject } from "../formats/json.ts";
import { maxArchiveIndexBytes } from "../limits.ts";
import type { Reader } from "../tensor.ts";

/** Where in a container image something lies. */
export interface ImageLayer {
  /** Its tags; where it has none, the digest of its manifest or configuration. At most `maxImages`. */
  readonly images: readonly string[];
  /** The layer's digest: of its blob in a layout, of its content ("diff id") where docker unpacked it. */
  readonly layer: string;
}

/** Opens a file of the image by its path from the image's root; undefined if there is none. */
export type OpenInImage = (path: string) => Promise<Reader | undefined>;

/** Most images named for one layer: a base layer may be in all images of a host. */
const maxImages = 20;

/** Most manifests that are read to find a layer: an index of a store, one for each platform of each image. */
const maxManifests = 1000;

/** How deep an index may name further indexes. */
const maxIndexDepth = 3;

/** `blobs/sha256/<hex>` of a layout, `<hex>/layer.tar` of older `docker save`. */
const layerPath = /^(?:\.\/)?(?:blobs\/(sha256|sha512)\/([0-9a-f]{64,128})|[0-9a-f]{64}\/layer\.tar)$/;

/** Whether a file is called as a layer of an image would be. */
export function isLayerPath(path: string): boolean {
  return layerPath.test(path);
}

/**
 * Which layer of which images a file of an OCI layout or of `docker save` is; undefined if none names it.
 *
 * Broken manifests are as none: this only adds to what is said of a copy. Throws only what the reader throws.
 */
export async function layerOfImage(path: string, open: OpenInImage): Promise<ImageLayer | undefined> {
  if (!isLayerPath(path)) return undefined;
  try {
    return (await layerBySave(path, open)) ?? (await layerByIndex(path, open));
  } catch (error) {
    if (error instanceof WeightsError) return undefined;
    throw error;
  }
}

/** `manifest.json` lists images with their layers by path; the configuration has the layers' digests in the same order. */
async function layerBySave(path: string, open: OpenInImage): Promise<ImageLayer | undefined> {
  const manifest = await readJson("manifest.json", open);
  if (!Array.isArray(manifest)) return undefined;
  const images = new Set<string>();
  let layer = digestIn(path);
  for (const image of manifest.slice(0, maxManifests)) {
    if (!isObject(image)) continue;
    const index = strings(member(image, "Layers")).indexOf(path.replace(/^\.\//, ""));
    if (index < 0) continue;
    const config = member(image, "Config");
    layer ??= await diffId(config, index, open);
    const tags = strings(member(image, "RepoTags"));
    for (const it of tags.length > 0 ? tags : [digestIn(String(config)) ?? String(config)]) images.add(it);
  }
  return images.size > 0 ? { images: [...images].slice(0, maxImages), layer: layer ?? path } : undefined;
}

async function diffId(config: unknown, index: number, open: OpenInImage): Promise<string | undefined> {
  const parsed = typeof config === "string" ? await readJson(config, open) : undefined;
  return isObject(parsed) ? diffIdsOf(parsed)[index] : undefined;
}

function diffIdsOf(config: JsonObject): string[] {
  const rootfs = member(config, "rootfs");
  return isObject(rootfs) ? strings(member(rootfs, "diff_ids")) : [];
}

/** `index.json` lists manifests, or further indexes; a manifest lists layers, each by its digest. */
async function layerByIndex(path: string, open: OpenInImage): Promise<ImageLayer | undefined> {
  const layer = digestIn(path);
  if (layer === undefined) return undefined;
  const images = new Set<string>();
  const pending: Pending[] = [{ path: "index.json", name: undefined, depth: 0 }];
  for (let read = 0; read < maxManifests; read++) {
    const it = pending.shift();
    if (!it) break;
    const document = await readJson(it.path, open);
    if (!isObject(document)) continue;
    const holds = objects(member(document, "layers")).some((one) => member(one, "digest") === layer);
    if (holds) images.add(it.name ?? digestIn(it.path) ?? it.path);
    if (it.depth < maxIndexDepth) pending.push(...manifestsOf(document, it).slice(0, maxManifests));
  }
  return images.size > 0 ? { images: [...images].slice(0, maxImages), layer } : undefined;
}

interface Pending {
  readonly path: string;
  readonly name: string | undefined;
  readonly depth: number;
}

function manifestsOf(index: JsonObject, parent: Pending): Pending[] {
  return objects(member(index, "manifests")).flatMap((it) => {
    const digest = member(it, "digest");
    const path = typeof digest === "string" ? blobPath(digest) : undefined;
    return path === undefined ? [] : [{ path, name: nameOf(it) ?? parent.name, depth: parent.depth + 1 }];
  });
}

/** Annotations: what containerd calls the image, else what the specification does, which may be the tag alone. */
function nameOf(descriptor: JsonObject): string | undefined {
  const annotations = member(descriptor, "annotations");
  if (!isObject(annotations)) return undefined;
  const names = ["io.containerd.image.name", "org.opencontainers.image.ref.name"].map((it) => member(annotations, it));
  return names.find((it) => typeof it === "string");
}

function blobPath(digest: string): string | undefined {
  return /^sha(256|512):[0-9a-f]{64,128}$/.test(digest) ? `blobs/${digest.replace(":", "/")}` : undefined;
}

function digestIn(path: string): string | undefined {
  const [, algorithm, hex] = layerPath.exec(path) ?? [];
  if (algorithm !== undefined && hex !== undefined) return `${algorithm}:${hex}`;
  const [, config] = /^([0-9a-f]{64})\.json$/.exec(path) ?? [];
  return config === undefined ? undefined : `sha256:${config}`;
}

/** Undefined where there is no such file. @throws {WeightsError} for one that is no JSON, or too long. */
async function readJson(path: string, open: OpenInImage): Promise<unknown> {
  const reader = await open(path);
  if (!reader) return undefined;
  const text = new TextDecoder().decode(await readExactly(reader, 0, reader.size, path, maxArchiveIndexBytes));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WeightsError("MALFORMED", `${path} is not JSON`, { cause });
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((it) => typeof it === "string") : [];
}

function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** What docker keeps under `/var/lib/docker/image/overlay2`, as texts. */
export interface DockerStore {
  /** `layerdb/sha256/<chain id>/cache-id`, by the chain id in hex: what the layer's folder under `overlay2/` is called. */
  readonly cacheIds: ReadonlyMap<string, string>;
  /** `imagedb/content/sha256/<image id>`, by the image id in hex. */
  readonly configs: ReadonlyMap<string, string>;
  /** `repositories.json`; empty if there is none. */
  readonly repositories: string;
}

/** `/var/lib/docker/overlay2/<cache id>/diff/…`, wherever docker's folder is. */
const overlayPath = /\/overlay2\/([0-9a-z-]{20,100})\/diff\//;

/** The folder of a layer in which a file lies that docker unpacked; undefined for any other path. */
export function overlayFolder(path: string): string | undefined {
  return overlayPath.exec(path)?.[1];
}

/**
 * The layers that docker unpacked, by the name of their folder under `overlay2/`. A layer is found by its chain id, the SHA-256 of the
 * chain id below it and its own digest. Broken texts are passed over.
 *
 * Blind spot: what a running container wrote (its folder belongs to no image), containerd's own snapshots, podman.
 */
export function dockerLayers({ cacheIds, configs, repositories }: DockerStore): Map<string, ImageLayer> {
  const tags = tagsById(repositories);
  const layers = new Map<string, ImageLayer>();
  for (const [id, text] of configs) {
    const names = tags.get(id) ?? [`sha256:${id}`];
    let chain: string | undefined;
    for (const layer of diffIdsOf(quietly(text))) {
      chain = chain === undefined ? layer : `sha256:${createHash("sha256").update(`${chain} ${layer}`).digest("hex")}`;
      const folder = cacheIds.get(chain.replace("sha256:", ""))?.trim();
      if (folder === undefined) continue;
      const known = layers.get(folder)?.images ?? [];
      layers.set(folder, { images: [...new Set([...known, ...names])].slice(0, maxImages), layer });
    }
  }
  return layers;
}

/** `{"Repositories": {name: {"name:tag": "sha256:<id>", "name@sha256:…": …}}}` */
function tagsById(repositories: string): Map<string, string[]> {
  const tags = new Map<string, string[]>();
  const all = member(quietly(repositories), "Repositories");
  for (const references of isObject(all) ? Object.values(all).filter(isObject) : []) {
    for (const [tag, id] of Object.entries(references)) {
      if (typeof id !== "string" || tag.includes("@")) continue;
      const hex = id.replace("sha256:", "");
      tags.set(hex, [...(tags.get(hex) ?? []), tag]);
    }
  }
  return tags;
}

function quietly(text: string): JsonObject {
  try {
    return parseObject(text, "docker's own record");
  } catch {
    return {}; // only adds to what is said of a copy
  }
}

/** In words, for a person. */
export function describeLayer({ images, layer }: ImageLayer): string {
  return `lies in layer ${layer} of image ${images.join(", ")}`;
}
