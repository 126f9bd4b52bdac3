// Source: The HDF Group, "HDF5 File Format Specification Version 3.0", II.
import { WeightsError } from "../error.ts";
import { Pages } from "../pages.ts";
import type { Reader } from "../tensor.ts";

export const signature = "\x89HDF\r\n\x1a\n";

/** An open HDF5 file: addresses count from `base`, the superblock (what stands there is ignored by the library too); offsets and lengths have their own widths. */
export interface Hdf5File {
  readonly pages: Pages;
  readonly base: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Of the root group's object header. */
  readonly root: number;
}

/** II.A: the superblock at 0, 512, 1024, … @throws {WeightsError} UNSUPPORTED for versions beyond 3, MALFORMED for widths that none has. */
export async function openHdf5(reader: Reader, at: number): Promise<Hdf5File> {
  const pages = new Pages(reader);
  const version = await pages.u8(at + 8);
  if (version > 3) throw new WeightsError("UNSUPPORTED", `HDF5 superblock version ${version}`, { at });
  const widthsAt = version < 2 ? at + 13 : at + 9;
  const offsetBytes = await pages.u8(widthsAt);
  const lengthBytes = await pages.u8(widthsAt + 1);
  if (![4, 8].includes(offsetBytes) || ![4, 8].includes(lengthBytes)) {
    throw new WeightsError("MALFORMED", `HDF5 addresses of ${offsetBytes} bytes`, { at: widthsAt });
  }
  const file = { pages, base: at, offsetBytes, lengthBytes, root: 0 };
  if (version >= 2) return { ...file, root: required(await readOffset(file, at + 12 + 3 * offsetBytes), at) };
  // Four addresses, then the root group's symbol table entry: name offset, then header address.
  const entryAt = at + (version === 0 ? 24 : 28) + 4 * offsetBytes;
  return { ...file, root: required(await readOffset(file, entryAt + offsetBytes), at) };
}

function required(address: number | undefined, at: number): number {
  if (address === undefined) throw new WeightsError("MALFORMED", "an HDF5 file without a root group", { at });
  return address;
}

/** An address; undefined for the undefined address, all bits set. */
export async function readOffset(file: Hdf5File, at: number): Promise<number | undefined> {
  return readWide(file, at, file.offsetBytes);
}

/** A length; undefined for "unlimited", all bits set. */
export async function readLength(file: Hdf5File, at: number): Promise<number | undefined> {
  return readWide(file, at, file.lengthBytes);
}

async function readWide({ pages }: Hdf5File, at: number, width: number): Promise<number | undefined> {
  const bytes = await pages.bytes(at, width, "an address");
  if (bytes.every((it) => it === 0xff)) return undefined;
  return width === 4 ? pages.u32(at) : pages.u64(at, "an address");
}

/** One message of an object header: its type, and where its data lies in the file. */
export interface Message {
  readonly type: number;
  readonly at: number;
  readonly bytes: number;
}

/** Most messages of one object: attributes are messages, and Keras writes a dozen. */
const maxMessages = 100_000;

interface Block {
  readonly at: number;
  readonly end: number;
}

/** IV.A.1: all messages of an object header, of either version, through its continuations. */
export async function readMessages(file: Hdf5File, address: number): Promise<Message[]> {
  const at = file.base + address;
  const isNew = (await file.pages.u32(at)) === 0x5244484f; // "OHDR"
  const first = isNew ? await firstBlockNew(file, at) : await firstBlockOld(file, at);
  const blocks: Block[] = [first];
  const messages: Message[] = [];
  for (let block = blocks.pop(); block; block = blocks.pop()) {
    for (let next = block.at; next + (isNew ? 4 : 8) <= block.end;) {
      const message = isNew ? await messageNew(file, next, first.ordered) : await messageOld(file, next);
      if (message.at + message.bytes > block.end) break; // the gap at the end of a new block
      if (messages.length >= maxMessages)
        throw new WeightsError("TOO_MANY", `more than ${maxMessages} messages`, { at });
      if (message.type === 0x10) blocks.push(await continuation(file, message, isNew));
      else if (message.type !== 0) messages.push(message);
      else if (messages.length + blocks.length > maxMessages) break;
      next = message.at + message.bytes;
    }
  }
  return messages;
}

interface FirstBlock extends Block {
  /** Whether messages carry their creation order. */
  readonly ordered: boolean;
}

async function firstBlockOld({ pages }: Hdf5File, at: number): Promise<FirstBlock> {
  if ((await pages.u8(at)) !== 1) throw new WeightsError("MALFORMED", "no HDF5 object header", { at });
  return { at: at + 16, end: at + 16 + (await pages.u32(at + 8)), ordered: false };
}

async function firstBlockNew({ pages }: Hdf5File, at: number): Promise<FirstBlock> {
  const flags = await pages.u8(at + 5);
  let next = at + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const width = 1 << (flags & 3);
  const sizeBytes = await pages.bytes(next, width, "a header's size");
  const size = sizeBytes.reduceRight((sum, it) => sum * 256 + it, 0);
  next += width;
  return { at: next, end: next + size, ordered: (flags & 4) !== 0 };
}

async function messageOld({ pages }: Hdf5File, at: number): Promise<Message> {
  return { type: await pages.u16(at), bytes: await pages.u16(at + 2), at: at + 8 };
}

async function messageNew({ pages }: Hdf5File, at: number, ordered: boolean): Promise<Message> {
  return { type: await pages.u8(at), bytes: await pages.u16(at + 1), at: at + (ordered ? 6 : 4) };
}

async function continuation(file: Hdf5File, { at }: Message, isNew: boolean): Promise<Block> {
  const address = await readOffset(file, at);
  const length = await readLength(file, at + file.offsetBytes);
  if (address === undefined || length === undefined)
    throw new WeightsError("MALFORMED", "a continuation to nowhere", { at });
  const start = file.base + address;
  return isNew ? { at: start + 4, end: start + length - 4 } : { at: start, end: start + length };
}
