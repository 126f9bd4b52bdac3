import { openZipMember } from "./containers/container.ts";
import { readZipDirectory, type ZipMember } from "./containers/zip.ts";
import { WeightsError } from "./error.ts";
import type { ReadContext } from "./formats/format.ts";
import type { Reader, Tensor } from "./tensor.ts";

/** How `Tensor.file` begins where the bytes are in a compressed member of the archive itself. */
export const memberPrefix = "!/";

/**
 * Opens what holds the bytes of a file's tensors, each once: the file itself, a sibling, or a compressed member of a zip.
 * Whoever reads a tensor's bytes goes through this; `offset` counts from the beginning of the reader it gives.
 */
export class Sources {
  readonly #reader: Reader;
  readonly #context: ReadContext;
  readonly #opened = new Map<string, Reader | undefined>();
  #members: ReadonlyMap<string, ZipMember> | undefined;

  constructor(reader: Reader, context: ReadContext = {}) {
    this.#reader = reader;
    this.#context = context;
  }

  /** Undefined if it is not there or can't be opened. Throws only what the reader throws. */
  async of({ file }: Pick<Tensor, "file">): Promise<Reader | undefined> {
    if (file === undefined) return this.#reader;
    if (!this.#opened.has(file)) this.#opened.set(file, await this.#open(file));
    return this.#opened.get(file);
  }

  async #open(file: string): Promise<Reader | undefined> {
    if (!file.startsWith(memberPrefix)) return this.#context.sibling?.(file);
    try {
      this.#members ??= new Map((await readZipDirectory(this.#reader)).map((it) => [it.name, it]));
      const member = this.#members.get(file.slice(memberPrefix.length));
      return member && (await openZipMember(this.#reader, member));
    } catch (error) {
      if (error instanceof WeightsError) return undefined;
      throw error;
    }
  }
}
