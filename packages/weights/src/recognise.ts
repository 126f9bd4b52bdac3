import { WeightsError } from "./error.ts";
import { gguf } from "./formats/gguf.ts";
import { onnx } from "./formats/onnx.ts";
import { pickleFile } from "./formats/pickle-file.ts";
import { pytorchLegacy } from "./formats/pytorch-legacy.ts";
import { pytorchZip } from "./formats/pytorch-zip.ts";
import { safetensors } from "./formats/safetensors.ts";
import { shardIndex } from "./formats/shard-index.ts";
import type { Format, FormatKind, ReadContext } from "./formats/format.ts";
import { headBytes } from "./limits.ts";
import type { ModelFile, Reader } from "./tensor.ts";

/** What a file turned out to be. */
export interface Recognised {
  readonly format: string;
  readonly kind: FormatKind;
}

/** In the order in which they are asked: sharp magics first, guesses last. */
const formats: readonly Format[] = [safetensors, gguf, pytorchZip, pytorchLegacy, onnx, shardIndex, pickleFile];

/**
 * Whether a file that begins with `head` (its first `headBytes`, or all of it) deserves `recognise`.
 *
 * For disk scans: synchronous, allocates nothing for the many files that are no models, never throws. A false alarm costs one
 * `recognise`; what it lets through and what it misses is decided by content, never by name.
 */
export function couldBeModel(head: Uint8Array, size: number): boolean {
  return size >= 8 && formats.some((format) => format.mayBe(head, size));
}

/**
 * The format of a file, by content alone; undefined if it is none that we know.
 * Reads less than 64 KiB. Throws only what the reader throws.
 */
export async function recognise(reader: Reader): Promise<Recognised | undefined> {
  const format = await formatOf(reader);
  return format && { format: format.name, kind: format.kind };
}

/**
 * The tensors of a model file, as far as its header tells; no weight is read.
 *
 * @param context How to reach the siblings that it names. ONNX external data is listed even where it cannot be reached.
 * @throws {WeightsError} UNKNOWN_FORMAT if nothing recognises it; else whatever is wrong with it.
 */
export async function readModelFile(reader: Reader, context: ReadContext = {}): Promise<ModelFile> {
  const format = await formatOf(reader);
  if (!format) throw new WeightsError("UNKNOWN_FORMAT", "the file is of no format that holds weights");
  return format.read(reader, context);
}

async function formatOf(reader: Reader): Promise<Format | undefined> {
  const head = await reader.read(0, Math.min(headBytes, reader.size));
  for (const format of formats) {
    if (format.mayBe(head, reader.size) && (await format.recognise(head, reader))) return format;
  }
  return undefined;
}
