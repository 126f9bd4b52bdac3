import fc from "fast-check";
import { digestTensors } from "../digest.ts";
import { WeightsError } from "../error.ts";
import { readModelFile, recognise } from "../recognise.ts";
import { strictReader } from "./tensors.ts";

/** Bytes that begin like `file` and then go wrong: cut, or with some bytes replaced. */
export function damaged(file: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 6 });
  return fc.tuple(fc.nat(file.length), edits).map(([length, changes]) => {
    const bytes = Uint8Array.from(file);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes.subarray(0, length);
  });
}

/** Whether reading answers or refuses with a coded error, and never asks for bytes outside the file. */
export async function answersOrRefuses(bytes: Uint8Array): Promise<boolean> {
  const reader = strictReader(bytes);
  await recognise(reader);
  try {
    await digestTensors(reader, await readModelFile(reader));
    return true;
  } catch (error) {
    if (error instanceof WeightsError) return true;
    throw error;
  }
}
