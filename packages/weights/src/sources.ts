import { openZipMember } from "./containers/container.ts";
import { joinedReader } from "./containers/range.ts";
import type { ZipMember } from "./containers/zip.ts";
import { readZipMembers } from "./containers/zip-salvage.ts";
import { WeightsError } from "./error.ts";
import type { ReadContext } from "./formats/format.ts";
import { openHdf5Dataset } from "./formats/hdf5.ts";
import { chunkedPrefix } from "./hdf5/dataset.ts";
import { memberPrefix } from "./sibling.ts";
import type { Reader, Tensor } from "./tensor.ts";

/** Most sibling files opened for one model: exporters that write one file for each tensor stay below. */
const maxSiblings = 20_000;

/**
 * Opens what holds the bytes of a file's tensors, each once: the file itself, a sibling, a compressed member of a zip, or the chunks of a
 * dataset put together.
 * Whoever reads a tensor's bytes goes through this; `offset` counts from the beginning of the reader it gives.
 */
export class Sources {
  /** Of the compressed member opened last: its unpacked bytes take memory, so only one is kept. */
  #member: { readonly file: string; readonly reader: Reader | undefined } | undefined;
  #chunked: { readonly file: string; readonly reader: Reader | undefined } | undefined;
  readonly #reader: Reader;
  readonly #context: ReadContext;
  readonly #opened = new Map<string, Reader | undefined>();
  #members: ReadonlyMap<string, ZipMember> | undefined;

  constructor(reader: Reader, context: ReadContext = {}) {
    this.#reader = reader;
    this.#context = context;
  }

  /** Undefined if it is not there or can't be opened. Throws only what the reader throws. */
  async of({ file, files }: Pick<Tensor, "file" | "files">): Promise<Reader | undefined> {
    if (files) return this.#joined(files);
    if (file === undefined) return this.#reader;
    if (file.startsWith(chunkedPrefix)) return this.#openChunked(file);
    if (file.startsWith(memberPrefix)) {
      if (this.#member?.file !== file) this.#member = { file, reader: await this.#openMember(file) };
      return this.#member.reader;
    }
    if (!this.#opened.has(file)) {
      const allowed = this.#opened.size < maxSiblings;
      this.#opened.set(file, allowed ? await this.#context.sibling?.(file) : undefined);
    }
    return this.#opened.get(file);
  }

  /** Pieces count from the front: all of them must be there. */
  async #joined(files: readonly string[]): Promise<Reader | undefined> {
    const key = JSON.stringify(files);
    if (!this.#opened.has(key)) {
      const parts: Reader[] = [];
      for (const file of files) {
        const part = await this.of({ file });
        if (part) parts.push(part);
      }
      this.#opened.set(key, parts.length === files.length ? joinedReader(parts) : undefined);
    }
    return this.#opened.get(key);
  }

  /** One at a time, as its chunks take memory. */
  async #openChunked(file: string): Promise<Reader | undefined> {
    if (this.#chunked?.file === file) return this.#chunked.reader;
    const [address = "", ...member] = file.slice(chunkedPrefix.length).split(memberPrefix);
    const holder = member.length > 0 ? await this.of({ file: memberPrefix + member.join(memberPrefix) }) : this.#reader;
    try {
      this.#chunked = { file, reader: holder && (await openHdf5Dataset(holder, Number(address))) };
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      this.#chunked = { file, reader: undefined };
    }
    return this.#chunked.reader;
  }

  async #openMember(file: string): Promise<Reader | undefined> {
    try {
      this.#members ??= new Map((await readZipMembers(this.#reader)).members.map((it) => [it.name, it]));
      const member = this.#members.get(file.slice(memberPrefix.length));
      return member && (await openZipMember(this.#reader, member));
    } catch (error) {
      if (error instanceof WeightsError) return undefined;
      throw error;
    }
  }
}
