import { deflateRawSync } from "node:zlib";
import { concat, crc32, u16, u32, u64 } from "./bytes.ts";

interface TestMember {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflated?: boolean;
  /** Align the data to so many bytes with an extra field, as PyTorch does. */
  readonly alignment?: number;
}

interface ZipOptions {
  /** Stands before the archive as a program would. */
  readonly prefix?: Uint8Array;
  /** With a zip64 end record and sizes in descriptors behind the data, as PyTorch writes. */
  readonly asTorch?: boolean;
}

/** A zip archive. */
export function writeZip(members: readonly TestMember[], options: ZipOptions = {}): Uint8Array {
  const { prefix = new Uint8Array(0), asTorch = false } = options;
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data, deflated = false, alignment = 1 } of members) {
    const stored = deflated ? new Uint8Array(deflateRawSync(data)) : data;
    const nameBytes = Buffer.from(name);
    const gap = (alignment - ((prefix.length + at + 30 + nameBytes.length + 4) % alignment)) % alignment;
    const extra = alignment === 1 ? new Uint8Array(0) : concat("FB", u16(gap), new Uint8Array(gap));
    const sizes = concat(u32(crc32(data)), u32(stored.length), u32(data.length), u16(nameBytes.length));
    const common = concat(u16(20), u16(asTorch ? 0x808 : 0x800), u16(deflated ? 8 : 0), u32(0));
    const localSizes = asTorch ? concat(new Uint8Array(12), u16(nameBytes.length)) : sizes;
    const local = concat(u32(0x04034b50), common, localSizes, u16(extra.length), nameBytes, extra);
    const descriptor = asTorch ? concat(u32(0x08074b50), sizes.subarray(0, 12)) : new Uint8Array(0);
    directory.push(
      concat(u32(0x02014b50), u16(20), common, sizes, u16(0), u16(0), u16(0), u16(0), u32(0), u32(at), nameBytes),
    );
    parts.push(local, stored, descriptor);
    at += local.length + stored.length + descriptor.length;
  }
  const central = concat(...directory);
  const count = u16(members.length);
  const end = concat(u32(0x06054b50), u16(0), u16(0), count, count, u32(central.length), u32(at), u16(0));
  return concat(prefix, ...parts, central, ...(asTorch ? [end64(members.length, central.length, at)] : []), end);
}

function end64(count: number, directoryBytes: number, at: number): Uint8Array {
  const sizes = concat(u64(count), u64(count), u64(directoryBytes), u64(at));
  const record = concat(u32(0x06064b50), u64(44), u16(798), u16(45), u32(0), u32(0), sizes);
  return concat(record, u32(0x07064b50), u32(0), u64(at + directoryBytes), u32(1));
}
