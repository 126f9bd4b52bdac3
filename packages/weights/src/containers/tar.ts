// Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar's long names and large sizes.
import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxMembers, maxNameBytes } from "../limits.ts";
import type { Reader } from "../tensor.ts";

/** A regular file in a tar archive. Links, folders and devices are passed over. */
export interface TarMember {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
}

const blockBytes = 512;

/** Whether a file begins with a tar header, judged by its checksum: `ustar` or older. */
export function beginsLikeTar(head: Uint8Array): boolean {
  const first = head[148] ?? 0;
  if (head.length < blockBytes || head[0] === 0 || (first !== 0x20 && (first < 0x30 || first > 0x37))) return false;
  const stated = parseOctal(head.subarray(148, 156));
  return stated !== undefined && stated > 0 && stated === checksum(head);
}

function checksum(header: Uint8Array): number {
  let sum = 8 * 0x20; // its own field counts as spaces
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum;
}

function parseOctal(field: Uint8Array): number | undefined {
  const text = Buffer.from(field)
    .toString("latin1")
    .replace(/[\0 ]+$/, "")
    .trimStart();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/**
 * The regular files of a tar, front to back. A size beyond the end of the archive is cut there by whoever reads.
 * @throws {WeightsError} MALFORMED for a block that is no header, TOO_MANY members, TOO_LARGE names.
 */
export async function* readTar(reader: Reader): AsyncGenerator<TarMember> {
  let given: { path?: string; size?: number } = {};
  let at = 0;
  for (let count = 0; at + blockBytes <= reader.size; count++) {
    if (count > maxMembers) throw new WeightsError("TOO_MANY", `more than ${maxMembers} tar members`, { at });
    const header = await reader.read(at, blockBytes);
    if (header.length < blockBytes || header.every((it) => it === 0)) return; // a stream tells its size at its end only
    if (parseOctal(header.subarray(148, 156)) !== checksum(header)) {
      throw new WeightsError("MALFORMED", "a tar header with a wrong checksum", { at });
    }
    const type = String.fromCharCode(header[156] ?? 0);
    const bytes =
      type === "x" || type === "L" || type === "g" ? sizeField(header, at) : (given.size ?? sizeField(header, at));
    const dataAt = at + blockBytes;
    if (type === "x") given = { ...given, ...(await readPax(reader, dataAt, bytes)) };
    else if (type === "L")
      given = { ...given, path: cString(await readExactly(reader, dataAt, bytes, "a long name", maxNameBytes)) };
    else if (type !== "g" && type !== "K") {
      if (type === "0" || type === "\0" || type === "7")
        yield { name: given.path ?? ownName(header), at: dataAt, bytes };
      given = {};
    }
    at = dataAt + Math.ceil(bytes / blockBytes) * blockBytes;
    if (!Number.isSafeInteger(at))
      throw new WeightsError("TOO_LARGE", `a tar member of ${bytes} bytes`, { at: dataAt });
  }
}

/** Octal, or base 256 where the first bit is set. */
function sizeField(header: Uint8Array, at: number): number {
  const field = header.subarray(124, 136);
  if ((field[0] ?? 0) < 0x80) {
    const size = parseOctal(field);
    if (size === undefined) throw new WeightsError("MALFORMED", "a tar header without a size", { at: at + 124 });
    return size;
  }
  const size = field.subarray(4).reduce((sum, it) => sum * 256 + it, 0);
  if (!Number.isSafeInteger(size))
    throw new WeightsError("TOO_LARGE", "a tar member beyond 2^53 bytes", { at: at + 124 });
  return size;
}

function ownName(header: Uint8Array): string {
  const name = cString(header.subarray(0, 100));
  const isUstar = cString(header.subarray(257, 262)) === "ustar";
  const prefix = isUstar ? cString(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Records `length key=value\n`; only path and size matter here. */
async function readPax(reader: Reader, at: number, bytes: number): Promise<{ path?: string; size?: number }> {
  const text = new TextDecoder().decode(await readExactly(reader, at, bytes, "a pax header", maxNameBytes));
  const found: { path?: string; size?: number } = {};
  for (const record of text.split("\n")) {
    const [, key, value = ""] = /^\d+ ([^=]+)=(.*)$/s.exec(record) ?? [];
    if (key === "path") found.path = value;
    if (key === "size" && /^\d{1,15}$/.test(value)) found.size = Number(value);
  }
  return found;
}
