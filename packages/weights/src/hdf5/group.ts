// Source: HDF5 File Format Specification 3.0, III.A.1 (B-tree v1), III.C (symbol table node), III.D (local heap), IV.A.2.g (link).
import { WeightsError } from "../error.ts";
import { maxNameBytes } from "../limits.ts";
import { readOffset, type Hdf5File, type Message } from "./file.ts";
import { locateInHeap, openHeap } from "./heap.ts";
import { readTree } from "./tree.ts";

/** An object in a group. Soft and external links are passed over: they are no weights of this file. */
export interface Link {
  readonly name: string;
  readonly address: number;
}

/** Most links of one group, and nodes of its tree. */
const maxLinks = 1_000_000;

/** The links of a group: in a symbol table, in its header, or, where there are many, in a heap. @throws {WeightsError} MALFORMED, TOO_MANY. */
export async function readGroup(file: Hdf5File, messages: readonly Message[]): Promise<Link[]> {
  const links: Link[] = [];
  for (const message of messages) {
    if (message.type === 0x11) await readSymbolTable(file, message, links);
    if (message.type === 0x06) {
      const link = await readLink(file, message);
      if (link) links.push(link);
    }
    if (message.type === 0x02) await readDense(file, message, links);
  }
  return links;
}

/** Link info message: a heap with the links, a tree of their names' hashes; neither is there if the links are messages. */
async function readDense(file: Hdf5File, { at }: Message, links: Link[]): Promise<void> {
  const flags = await file.pages.u8(at + 1);
  const heapAt = at + 2 + (flags & 1 ? 8 : 0);
  const heapAddress = await readOffset(file, heapAt);
  const tree = await readOffset(file, heapAt + file.offsetBytes);
  if (heapAddress === undefined || tree === undefined) return;
  const heap = await openHeap(file, heapAddress);
  if (!heap) return;
  const found: { link: Link; order: number }[] = [];
  for (const record of await readTree(file, tree)) {
    const place = await locateInHeap(heap, record.at + 4); // behind the hash of the name
    const link = place === undefined ? undefined : await readLink(file, { at: place });
    if (link && place !== undefined) found.push({ link, order: place });
  }
  links.push(...found.sort((a, b) => a.order - b.order).map((it) => it.link)); // as they were written, not by hash
}

/** Symbol table message: address of the B-tree, address of the heap with the names. */
async function readSymbolTable(file: Hdf5File, { at }: Message, links: Link[]): Promise<void> {
  const tree = await readOffset(file, at);
  const heap = await readOffset(file, at + file.offsetBytes);
  if (tree === undefined || heap === undefined) return; // an empty group
  const heapAt = file.base + heap;
  if ((await file.pages.u32(heapAt)) !== 0x50414548)
    throw new WeightsError("MALFORMED", "no HDF5 local heap", { at: heapAt });
  const names = await readOffset(file, heapAt + 8 + 2 * file.lengthBytes);
  if (names === undefined) throw new WeightsError("MALFORMED", "a heap without names", { at: heapAt });

  const pending = [file.base + tree];
  for (let count = 0; pending.length > 0; count++) {
    if (count > maxLinks) throw new WeightsError("TOO_MANY", "an HDF5 tree without end", { at });
    const node = pending.pop() ?? 0;
    if (await isLeaf(file, node)) await readSymbols(file, node, file.base + names, links);
    else pending.push(...(await childrenOf(file, node)));
  }
}

/** "SNOD" */
async function isLeaf({ pages }: Hdf5File, at: number): Promise<boolean> {
  return (await pages.u32(at)) === 0x444f4e53;
}

async function childrenOf(file: Hdf5File, at: number): Promise<number[]> {
  if ((await file.pages.u32(at)) !== 0x45455254) throw new WeightsError("MALFORMED", "no HDF5 tree node", { at }); // "TREE"
  const count = await file.pages.u16(at + 6);
  const children: number[] = [];
  const step = file.lengthBytes + file.offsetBytes;
  for (let i = 0; i < count; i++) {
    const child = await readOffset(file, at + 8 + 2 * file.offsetBytes + file.lengthBytes + i * step);
    if (child !== undefined) children.push(file.base + child);
  }
  return children.reverse();
}

async function readSymbols(file: Hdf5File, at: number, namesAt: number, links: Link[]): Promise<void> {
  const count = await file.pages.u16(at + 6);
  const entryBytes = 2 * file.offsetBytes + 24;
  for (let i = 0; i < count; i++) {
    const entry = at + 8 + i * entryBytes;
    const name = await readOffset(file, entry);
    const address = await readOffset(file, entry + file.offsetBytes);
    const cached = await file.pages.u32(entry + 2 * file.offsetBytes);
    if (name === undefined || address === undefined || cached === 2) continue; // 2: a soft link
    if (links.length >= maxLinks) throw new WeightsError("TOO_MANY", `more than ${maxLinks} links`, { at });
    links.push({ name: await readName(file, namesAt + name), address });
  }
}

async function readName({ pages }: Hdf5File, at: number): Promise<string> {
  for (let length = 64; ; length *= 4) {
    const reach = Math.min(length, pages.size - at);
    const bytes = await pages.bytes(at, Math.max(1, reach), "a name");
    const end = bytes.indexOf(0);
    if (end >= 0) return new TextDecoder().decode(bytes.subarray(0, end));
    if (reach < length || length > maxNameBytes) throw new WeightsError("TOO_LARGE", "a name without end", { at });
  }
}

/** Link message: undefined for soft and external links. */
async function readLink(file: Hdf5File, { at }: Pick<Message, "at">): Promise<Link | undefined> {
  const { pages } = file;
  const flags = await pages.u8(at + 1);
  let next = at + 2;
  const type = flags & 8 ? await pages.u8(next++) : 0;
  next += (flags & 4 ? 8 : 0) + (flags & 0x10 ? 1 : 0);
  const width = 1 << (flags & 3);
  const length = (await pages.bytes(next, width, "a link")).reduceRight((sum, it) => sum * 256 + it, 0);
  if (length > maxNameBytes) throw new WeightsError("TOO_LARGE", `a link's name of ${length} bytes`, { at });
  const name = new TextDecoder().decode(await pages.bytes(next + width, length, "a link's name"));
  const address = type === 0 ? await readOffset(file, next + width + length) : undefined;
  return address === undefined ? undefined : { name, address };
}
