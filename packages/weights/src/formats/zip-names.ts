import { beginsLikeZip, readZipDirectory, type ZipMember } from "../containers/zip.ts";
import { WeightsError } from "../error.ts";
import type { Reader } from "../tensor.ts";

/**
 * Whether a zip's members satisfy `claim`. A zip whose directory is cut off or broken is judged by its first member's name alone.
 * Throws only what the reader throws.
 */
export async function zipHolds(
  head: Uint8Array,
  reader: Reader,
  claim: (names: readonly string[]) => boolean,
): Promise<boolean> {
  if (!beginsLikeZip(head)) return false;
  return claim((await directoryOf(reader))?.map((it) => it.name) ?? [firstName(head)]);
}

async function directoryOf(reader: Reader): Promise<readonly ZipMember[] | undefined> {
  try {
    return await readZipDirectory(reader);
  } catch (error) {
    if (error instanceof WeightsError) return undefined;
    throw error;
  }
}

function firstName(head: Uint8Array): string {
  const length = (head[26] ?? 0) | ((head[27] ?? 0) << 8);
  return Buffer.from(head.subarray(30, 30 + length)).toString("latin1");
}
