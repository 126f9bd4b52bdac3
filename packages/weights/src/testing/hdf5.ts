import { concat, padding, u16, u32, u64 } from "./bytes.ts";
import type { TestTensor } from "./tensors.ts";

const nowhere = u64(2n ** 64n - 1n);

/** An HDF5 file as h5py writes it by default: superblock 0, one group with a symbol table, contiguous f32 datasets. */
export function writeHdf5(tensors: readonly TestTensor[]): Uint8Array {
  const names = concat(new Uint8Array(8), ...tensors.map((it) => concat(it.name, "\0")));
  const superblockBytes = 96;
  const rootAt = superblockBytes;
  const treeAt = rootAt + 16 + 24;
  const heapAt = treeAt + 8 + 16 + 24;
  const symbolsAt = heapAt + 32 + names.length;
  let at = symbolsAt + 8 + 40 * tensors.length;

  const objects: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  let nameAt = 8;
  for (const { name, shape, data } of tensors) {
    const header = objectHeader(shape, data.length, at);
    const gap = padding(at + header.length + data.length, 8);
    objects.push(header, data, gap);
    entries.push(concat(u64(nameAt), u64(at), u32(0), u32(0), new Uint8Array(16)));
    at += header.length + data.length + gap.length;
    nameAt += name.length + 1;
  }
  const superblock = concat(
    "\x89HDF\r\n\x1a\n",
    Uint8Array.of(0, 0, 0, 0, 0, 8, 8, 0),
    u16(4),
    u16(16),
    u32(0),
    u64(0),
    nowhere,
    u64(at),
    nowhere,
    concat(u64(0), u64(rootAt), u32(1), u32(0), u64(treeAt), u64(heapAt)),
  );
  const root = concat(
    Uint8Array.of(1, 0),
    u16(1),
    u32(1),
    u32(24),
    u32(0),
    message(0x11, concat(u64(treeAt), u64(heapAt))),
  );
  const tree = concat("TREE", Uint8Array.of(0, 0), u16(1), nowhere, nowhere, u64(0), u64(symbolsAt), u64(8));
  const heap = concat("HEAP", u32(0), u64(names.length), nowhere, u64(heapAt + 32), names);
  const symbols = concat("SNOD", Uint8Array.of(1, 0), u16(tensors.length), ...entries);
  return concat(superblock, root, tree, heap, symbols, ...objects);
}

function message(type: number, body: Uint8Array): Uint8Array {
  return concat(u16(type), u16(body.length), u32(0), body);
}

/** Dataspace, datatype f32 and a contiguous layout right behind the header. */
function objectHeader(shape: readonly number[], bytes: number, at: number): Uint8Array {
  const space = message(1, concat(Uint8Array.of(1, shape.length, 0, 0), u32(0), ...shape.map(u64)));
  const properties = concat(u16(0), u16(32), Uint8Array.of(23, 8, 0, 23), u32(127));
  const type = message(3, concat(Uint8Array.of(0x11, 0x20, 0x1f, 0), u32(4), properties, u32(0)));
  const layoutBytes = 8 + 24;
  const messagesBytes = space.length + type.length + layoutBytes;
  const dataAt = at + 16 + messagesBytes;
  const layout = message(8, concat(Uint8Array.of(3, 1), u64(dataAt), u64(bytes), new Uint8Array(6)));
  return concat(Uint8Array.of(1, 0), u16(3), u32(1), u32(messagesBytes), u32(0), space, type, layout);
}
