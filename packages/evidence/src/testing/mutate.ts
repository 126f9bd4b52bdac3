import { canonical, type Signer } from "../index.ts";
import { sha256 } from "../digest.ts";
import { sealMessage } from "../pack.ts";

/** The pack with one bit of it turned over. */
export function flip(pack: string, bit: number): Uint8Array {
  const bytes = Buffer.from(pack);
  bytes.writeUInt8(bytes.readUInt8(bit >>> 3) ^ (1 << (bit & 7)), bit >>> 3);
  return bytes;
}

export function linesOf(pack: string): string[] {
  return pack.trimEnd().split("\n");
}

/** A pack made of these lines, sealed anew: what a forger with a signing key would make. The old seal is dropped. */
export function reseal(lines: readonly string[], signer: Signer): string {
  const text = lines.filter((it) => !it.includes('"type":"seal"')).map((it) => `${it}\n`);
  const sealed = text.join("");
  const digest = sha256(sealed);
  const seal = { type: "seal", digest, key: signer.publicKey, signature: signer.sign(sealMessage(digest)) };
  return `${sealed}${canonical(seal)}\n`;
}

/** The pack with one value inside a line changed, in canonical form and sealed anew. `path` leads to the value. */
export function forge(
  pack: string,
  line: number,
  path: readonly (string | number)[],
  change: (value: unknown) => unknown,
  signer: Signer,
): string {
  const lines = linesOf(pack);
  const value: unknown = JSON.parse(lines[line] ?? "null");
  return reseal(lines.with(line, canonical(changeAt(value, path, change))), signer);
}

function changeAt(value: unknown, path: readonly (string | number)[], change: (value: unknown) => unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return change(value);
  if (Array.isArray(value)) return value.map((it, i) => (i === name ? changeAt(it, rest, change) : it));
  const members = Object.entries(value ?? {}).map(([key, it]) => [key, key === name ? changeAt(it, rest, change) : it]);
  return Object.fromEntries(members);
}

/** The paths to all values in a JSON value, itself first. */
export function pathsIn(value: unknown): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[]];
  const inside = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...inside.flatMap(([name, it]) => pathsIn(it).map((path) => [name, ...path]))];
}
