import { digestTensors } from "../digest.ts";
import type { FoundFile } from "../group.ts";
import { readModelFile } from "../recognise.ts";
import { strictReader } from "./tensors.ts";

/** What a scan would hand to `groupModels` for files of these names and bytes. `siblings` are files that are no models. */
export async function foundFiles(
  files: Readonly<Record<string, Uint8Array>>,
  siblings: Readonly<Record<string, Uint8Array>> = {},
): Promise<FoundFile[]> {
  const sibling = async (name: string) => siblings[name] && strictReader(siblings[name]);
  const found: FoundFile[] = [];
  for (const [path, bytes] of Object.entries(files)) {
    const reader = strictReader(bytes);
    const file = await readModelFile(reader);
    found.push({ path, bytes: bytes.length, file, digests: await digestTensors(reader, file, { sibling }) });
  }
  return found;
}
