import { beginsLikeZip, type ZipMember } from "../containers/zip.ts";
import { readZipMembers } from "../containers/zip-salvage.ts";
import { WeightsError } from "../error.ts";
import type { Reader } from "../tensor.ts";

/**
 * Whether a zip's members satisfy `claim`. A zip that is cut is judged by the members that are left of it,
 * one whose directory is broken by its first member's name alone.
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
    return (await readZipMembers(reader)).members;
  } catch (error) {
    if (error instanceof WeightsError) return undefined;
    throw error;
  }
}

function firstName(head: Uint8Array): string {
  const length = (head[26] ?? 0) | ((head[27] ?? 0) << 8);
  return Buffer.from(head.subarray(30, 30 + length)).toString("latin1");
}
