/** Third-party samples that lie beside a checkout and never in it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";

const folder = join(import.meta.dirname, "../../../../../shared/samples");

/** For `test(name, skipWithoutSamples, …)`. */
export const skipWithoutSamples = { skip: existsSync(folder) ? false : "no samples beside this checkout" };

export function samplePath(...names: readonly string[]): string {
  return join(folder, ...names);
}

export function readSample(...names: readonly string[]): string {
  return readFileSync(samplePath(...names), "utf8");
}

interface ZippedText {
  readonly name: string;
  readonly text: string;
}

/** The texts in a zip archive that we made ourselves: central directory, stored or deflated, no 64-bit sizes. */
export function readZip(bytes: Buffer): ZippedText[] {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  const entries: ZippedText[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [packed, nameLength, extra, comment] = [20, 28, 30, 32].map((offset) =>
      offset === 20 ? bytes.readUInt32LE(at + offset) : bytes.readUInt16LE(at + offset),
    ) as [number, number, number, number];
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + packed);
    const isDeflated = bytes.readUInt16LE(at + 10) === 8;
    if (!name.endsWith("/")) entries.push({ name, text: (isDeflated ? inflateRawSync(data) : data).toString("utf8") });
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}
