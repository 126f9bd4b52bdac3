import { CustodyError } from "./error.ts";
import type { Limits } from "./limits.ts";

/** A model of the register, as far as the books need it. */
export interface LedgerModel {
  readonly name: string;
  /** Size of all its weights in bytes. Used only when `parts` is empty or absent. */
  readonly bytes?: number | undefined;
  /** All its files, relative to any place it is in. They are the same bytes wherever they lie. */
  readonly parts?: readonly { readonly path: string; readonly bytes: number }[] | undefined;
  /** Principals whose reads a declared copy accounts for; `*` matches any run of characters. */
  readonly readers: readonly string[];
}

/** A file whose bytes are booked. */
export interface ModelFile {
  readonly index: number;
  readonly path: string;
  /** Undefined for a file that the register lists: it is the same in every place. */
  readonly place: string | undefined;
  /** In bytes: the register's, else the largest that a record vouched for; undefined while none did. */
  size: number | undefined;
  /** How far it reaches for all we know: its size, or the end of the last range seen. */
  extent: number;
}

/**
 * The files of one model: those of the register, and those met in records. A file that the register does not list is
 * told apart by place and path, since two places may hold different bytes under one name.
 */
export class Files {
  /** Size of the model in bytes: the sum of its listed files, else what the register says, else undefined. */
  readonly modelBytes: number | undefined;
  /** Whether the register lists the files. If so, all others are perhaps not the model's. */
  readonly listed: boolean;
  /** Counts the changes of any file's size: sums that depend on sizes are stale after one. */
  epoch = 0;
  readonly all: ModelFile[] = [];
  readonly #byPath = new Map<string, ModelFile>();
  readonly #unlisted = new Map<string, ModelFile>();
  readonly #extents = new Map<string, number>();
  readonly #limit: number;

  /** @throws {CustodyError} BAD_MODEL for a size that is no positive safe integer, or a file listed twice. */
  constructor(model: LedgerModel, limits: Limits) {
    this.#limit = limits.unlistedFiles;
    const parts = model.parts ?? [];
    let sum = 0;
    for (const { path, bytes } of parts) {
      checkSize(model.name, bytes);
      if (this.#byPath.has(path)) throw new CustodyError("BAD_MODEL", `${model.name} lists ${path} twice`);
      this.#byPath.set(path, this.#add(path, undefined, bytes));
      sum += bytes;
    }
    if (parts.length === 0 && model.bytes !== undefined) checkSize(model.name, model.bytes);
    if (parts.length > 0) checkSize(model.name, sum);
    this.listed = parts.length > 0;
    this.modelBytes = this.listed ? sum : model.bytes;
  }

  /** The file that a record means; undefined when it cannot be told from others, or when there are too many to follow. */
  find(place: string | undefined, path: string): ModelFile | undefined {
    const listed = this.#byPath.get(path);
    if (listed) return listed;
    if (place === undefined) return undefined;
    const key = JSON.stringify([place, path]);
    const known = this.#unlisted.get(key);
    if (known) return known;
    if (this.#unlisted.size >= this.#limit) return undefined;
    const file = this.#add(path, place, undefined);
    this.#unlisted.set(key, file);
    return file;
  }

  /** Takes note that an unlisted file has at least so many bytes, and that this is its size if `whole`. Never shrinks. */
  learn(file: ModelFile, bytes: number, whole: boolean): void {
    if (file.place === undefined) return;
    if ((whole || file.size !== undefined) && bytes > (file.size ?? -1)) {
      file.size = Math.max(bytes, file.extent);
      this.epoch++;
    }
    const extent = Math.max(file.extent, bytes);
    const sum = this.extentOf(file.place) + extent - file.extent;
    this.#extents.set(file.place, Math.min(Number.MAX_SAFE_INTEGER, sum));
    file.extent = extent;
  }

  /** Bytes of all unlisted files seen in a place, as far as they are known to reach. */
  extentOf(place: string): number {
    return this.#extents.get(place) ?? 0;
  }

  #add(path: string, place: string | undefined, size: number | undefined): ModelFile {
    const file = { index: this.all.length, path, place, size, extent: size ?? 0 };
    this.all.push(file);
    return file;
  }
}

function checkSize(model: string, bytes: number): void {
  if (Number.isSafeInteger(bytes) && bytes > 0) return;
  throw new CustodyError("BAD_MODEL", `${model} has a size of ${bytes}, expected a positive whole number of bytes`);
}
