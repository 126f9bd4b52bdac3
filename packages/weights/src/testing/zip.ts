import { deflateRawSync } from "node:zlib";
import { concat, crc32, u16, u32 } from "./bytes.ts";

export interface TestMember {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflated?: boolean;
  /** Align the data to so many bytes with an extra field, as PyTorch does. */
  readonly alignment?: number;
}

/** A zip archive; `prefix` stands before it as a program would. */
export function writeZip(members: readonly TestMember[], prefix: Uint8Array = new Uint8Array(0)): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data, deflated = false, alignment = 1 } of members) {
    const stored = deflated ? new Uint8Array(deflateRawSync(data)) : data;
    const nameBytes = Buffer.from(name);
    const gap = (alignment - ((prefix.length + at + 30 + nameBytes.length + 4) % alignment)) % alignment;
    const extra = alignment === 1 ? new Uint8Array(0) : concat("FB", u16(gap), new Uint8Array(gap));
    const sizes = concat(u32(crc32(data)), u32(stored.length), u32(data.length), u16(nameBytes.length));
    const common = concat(u16(20), u16(0x800), u16(deflated ? 8 : 0), u32(0));
    const local = concat(u32(0x04034b50), common, sizes, u16(extra.length), nameBytes, extra);
    directory.push(
      concat(u32(0x02014b50), u16(20), common, sizes, u16(0), u16(0), u16(0), u16(0), u32(0), u32(at), nameBytes),
    );
    parts.push(local, stored);
    at += local.length + stored.length;
  }
  const central = concat(...directory);
  const count = u16(members.length);
  return concat(
    prefix,
    ...parts,
    central,
    u32(0x06054b50),
    u16(0),
    u16(0),
    count,
    count,
    u32(central.length),
    u32(at),
    u16(0),
  );
}
