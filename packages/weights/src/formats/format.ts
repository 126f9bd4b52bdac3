import type { ImageLayer } from "../containers/image.ts";
import { WeightsError } from "../error.ts";
import { maxFindings, maxMetadataEntries, maxMetadataLength } from "../limits.ts";
import type { FileFinding, ModelFile, Reader, Tensor } from "../tensor.ts";

/**
 * What a reader can do with a format. `tensors`: lists its tensors; `index`: names the files that hold them;
 * `whole`: only recognised, so the whole file's digest is its identity.
 */
export type FormatKind = "tensors" | "index" | "whole";

/** What a reader may ask for beyond the file itself. */
export interface ReadContext {
  /** What the file is called, where its format says "the other file of the same name". Never opened. */
  readonly name?: string;
  /** The file of this name in the same folder or archive; undefined if there is none. The caller refuses links. */
  sibling?(name: string): Promise<Reader | undefined>;
  /** In which layer of which container images it lies; undefined if in none. Asked at most once, for a file that is a model. */
  image?(): Promise<ImageLayer | undefined>;
}

/** One file format. */
export interface Format {
  readonly name: string;
  readonly kind: FormatKind;
  /** Whether a file that begins so may be of this format. Called for every file of a disk: no allocation, never throws. */
  mayBe(head: Uint8Array, size: number): boolean;
  /** Whether it is, by content. Reads less than `maxRecogniseBytes`; throws only what the reader throws. */
  recognise(head: Uint8Array, reader: Reader): boolean | Promise<boolean>;
  /** Reads the header. @throws {WeightsError} any code; nothing else but what the reader throws. */
  read(reader: Reader, context: ReadContext): Promise<ModelFile>;
}

/** Collects what a person should know, at most `maxFindings` of it. */
export class Findings {
  readonly list: FileFinding[] = [];

  add(what: string, at?: number): void {
    if (this.list.length < maxFindings) this.list.push(at === undefined ? { what } : { what, at });
  }
}

/** Collects metadata as strings: at most `maxMetadataEntries`, each cut at `maxMetadataLength`. The first of two equal keys stays. */
export class Metadata {
  readonly record: Record<string, string> = Object.create(null);
  #count = 0;

  /** Whether the key was new. */
  set(key: string, value: string): boolean {
    if (key in this.record) return false;
    if (this.#count < maxMetadataEntries) {
      this.#count++;
      this.record[key.slice(0, maxMetadataLength)] = value.slice(0, maxMetadataLength);
    }
    return true;
  }
}

/** Whether `head` has the bytes of `text` (Latin-1) at `at`. */
export function startsWith(head: Uint8Array, text: string, at = 0): boolean {
  if (head.length < at + text.length) return false;
  for (let i = 0; i < text.length; i++) if (head[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Whether reading failed because the file ends too early, or points beyond its end: of a copy that was cut, the rest is still worth reading. */
export function endsBefore(error: unknown): boolean {
  return error instanceof WeightsError && (error.code === "TRUNCATED" || error.code === "OUT_OF_FILE");
}

/** `missingBytes` of a file whose own tensors lie partly beyond its end; nothing if they are all there. */
export function cutShort(tensors: readonly Tensor[], size: number): { missingBytes?: number } {
  let end = 0;
  for (const it of tensors) if (!it.file && !it.files && !it.inline) end = Math.max(end, it.offset + it.bytes);
  return end > size ? { missingBytes: end - size } : {};
}
