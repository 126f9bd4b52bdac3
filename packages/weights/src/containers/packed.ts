// Containers that Node cannot open: ours, and those that we only know by name.
import { WeightsError } from "../error.ts";
import { startsWith } from "../formats/format.ts";
import { streamContainer, type Container } from "./container.ts";
import { lz4Magic } from "./lz4.ts";
import { beginsLikeLzmaAlone } from "./lzma-streams.ts";
import { bzip2, lz4, lzma, xz } from "./own-codec.ts";
import { sevenZip } from "./seven-zip.ts";
import { xzMagic } from "./xz.ts";

/** Streams and archives that our own decoders unpack. */
export const packed: readonly Container[] = [
  streamContainer(xz, (head) => startsWith(head, xzMagic)),
  streamContainer(bzip2, (head) => startsWith(head, "BZh") && startsWith(head, "1AY&SY", 4)),
  streamContainer(lz4, (head) => startsWith(head, lz4Magic)),
  sevenZip,
  streamContainer(lzma, beginsLikeLzmaAlone),
];

/** What we can name and not open: a gap, never "no model there". */
export const closed: readonly Container[] = [
  closedContainer("rar", (head) => startsWith(head, "Rar!\x1a\x07")),
  closedContainer("qcow2 disk image", (head) => startsWith(head, "QFI\xfb")),
  closedContainer("vmdk disk image", (head) => startsWith(head, "KDMV")),
  closedContainer("vhdx disk image", (head) => startsWith(head, "vhdxfile")),
  closedContainer("squashfs image", (head) => startsWith(head, "hsqs")),
  closedContainer("ext file system image", beginsLikeExt),
];

/** Linux, fs/ext4/ext4.h: the superblock at 1024 has its magic at 56, and a block size of at most 64 KiB at 24. */
function beginsLikeExt(head: Uint8Array): boolean {
  const at = 1024;
  if (head.length < at + 100 || head[at + 56] !== 0x53 || head[at + 57] !== 0xef) return false;
  const blockSize = new DataView(head.buffer, head.byteOffset, head.length).getUint32(at + 24, true);
  return blockSize <= 6 && head.subarray(0, 512).every((it, _, all) => it === 0 || all[510] === 0x55);
}

function closedContainer(name: string, mayBe: Container["mayBe"]): Container {
  return {
    name,
    mayBe,
    open: () => {
      throw new WeightsError("UNSUPPORTED", `${name}: not opened`);
    },
  };
}
