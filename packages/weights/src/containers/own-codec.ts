// Codecs that Node's zlib does not have.
import { headBytes, maxRecogniseBytes } from "../limits.ts";
import { bzip2PeekBytes, unpackBzip2 } from "./bzip2.ts";
import type { Codec, Decompressor } from "./codec.ts";
import { Input, peekUnpacked, type Unpack } from "./input.ts";
import { unpackLz4 } from "./lz4.ts";
import { lzmaAlone, zipLzma } from "./lzma-streams.ts";
import { unpackXz, xzSize } from "./xz.ts";

export const xz: Codec = { ...ownCodec("xz", unpackXz), peekBytes: maxRecogniseBytes / 2, measure: xzSize };

/** `.lzma` alone, the format before xz; Python's `lzma` and joblib write it. */
export const lzma: Codec = ownCodec("lzma", lzmaAlone);

/** A zip's method 14: its own short header, then a raw stream. */
export const lzmaInZip: Codec = ownCodec("lzma", zipLzma);

/** Also a zip's method 12. A peek sees nothing of a block unless it has all of it. */
export const bzip2: Codec = { ...ownCodec("bzip2", unpackBzip2), peekBytes: bzip2PeekBytes };

export const lz4: Codec = { ...ownCodec("lz4", unpackLz4), peekBytes: maxRecogniseBytes / 2 };

/** A codec of a decoder of ours. */
export function ownCodec(name: string, unpack: Unpack): Codec {
  return {
    name,
    peek: (packed) => peekUnpacked(unpack, packed, headBytes),
    stream: () => new OwnStream(unpack),
  };
}

/** A decoder of ours with the methods of Node's streams that are used here. Nothing runs unless somebody reads. */
class OwnStream implements Decompressor {
  destroyed = false;
  readonly #unpack: Unpack;
  readonly #input = new Input();
  #offered: { piece: Uint8Array; taken: () => void } | undefined;
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #onClose: (() => void)[] = [];

  constructor(unpack: Unpack) {
    this.#unpack = unpack;
  }

  write(piece: Uint8Array, taken: () => void): void {
    this.#offered = { piece, taken };
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#wake();
    for (const listener of this.#onClose) listener();
  }

  once(_event: "close", listener: () => void): void {
    this.#onClose.push(listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (const step of this.#unpack(this.#input)) {
      if (typeof step === "number") await this.#fill(step);
      else if (step.length > 0) yield step.slice(); // whoever reads keeps it
      if (this.destroyed) return;
    }
    this.destroy();
  }

  /** Waits until so many bytes are there, or the end. */
  async #fill(wanted: number): Promise<void> {
    const input = this.#input;
    while (input.left < wanted && !input.last && !this.destroyed) {
      if (this.#offered) {
        input.add(this.#offered.piece);
        const { taken } = this.#offered;
        this.#offered = undefined;
        taken();
      } else if (this.#ended) input.last = true;
      else await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}
