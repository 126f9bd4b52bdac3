import { WeightsError } from "../src/index.ts";
import { Input } from "../src/containers/input.ts";
import { lzma2Stream } from "../src/containers/lzma-streams.ts";
import { readSevenZipHeader } from "../src/containers/seven-zip-header.ts";
import type { Outcome } from "./tally.ts";

/** Parsers that a checksum keeps mutated files from: handed the bytes behind it. */
export const direct: Readonly<Record<string, (bytes: Uint8Array) => void>> = {
  "7z-header": (bytes) => void readSevenZipHeader(bytes),
  lzma2: (bytes) => {
    const input = new Input(bytes);
    input.last = true;
    for (const step of lzma2Stream(8 * 1024 * 1024)(input)) if (typeof step === "number") break;
  },
};

export function triedDirectly(parse: (bytes: Uint8Array) => void, bytes: Uint8Array): Outcome {
  try {
    parse(bytes);
    return { kind: "read" };
  } catch (error) {
    if (error instanceof WeightsError) return { kind: error.code };
    return { kind: "bug", bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
