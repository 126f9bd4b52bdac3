// Source: tensorflow/tensorflow, tensorflow/core/util/tensor_bundle and lib/io/table_format.txt.
import { Cursor, readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxPieceBytes, maxTensors } from "../limits.ts";
import { siblingName } from "../sibling.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import { Findings, type Format, type ReadContext } from "./format.ts";
import { readVarint, walkMessage } from "./protobuf.ts";
import { readShape, tensorflowType } from "./tf-types.ts";
import { bytesReader } from "../containers/range.ts";
import { sizeOf } from "../dtype.ts";

const footerBytes = 48;
const magic = "\x57\xfb\x80\x8b\x24\x75\x47\xdb";

/** Largest index that is looked at, in bytes: an entry takes about 60. */
const maxIndexBytes = 1024 * 1024 * 1024;

/**
 * The `.index` of a TensorFlow checkpoint or of a SavedModel's variables: a sorted table from names to shapes and places. The bytes lie
 * in `<name>.data-0000i-of-0000n` beside it, so the file's own name is needed (`variables` if the caller does not know it).
 */
export const tfCheckpoint: Format = {
  name: "tf-checkpoint",
  kind: "tensors",
  // The first entry is the header, under the empty key: shared 0, own 0, a few bytes that begin with field 1.
  mayBe: (head, size) =>
    size > footerBytes &&
    size < maxIndexBytes &&
    head[0] === 0 &&
    head[1] === 0 &&
    (head[2] ?? 0) < 32 &&
    head[3] === 8,
  recognise: async (_, reader) => latin1(await reader.read(reader.size - 8, 8)) === magic,
  read,
};

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

async function read(reader: Reader, context: ReadContext): Promise<ModelFile> {
  const footer = await readExactly(reader, reader.size - footerBytes, footerBytes, "the footer");
  if (latin1(footer.subarray(40)) !== magic)
    throw new WeightsError("MALFORMED", "the table has no footer", { at: reader.size - 8 });
  const cursor = new Cursor(bytesReader(footer), 0, 40);
  await readHandle(cursor); // of the meta index
  const index = await readBlock(reader, await readHandle(cursor));

  const prefix = siblingName((context.name ?? "variables").replace(/\.index$/, ""));
  const bundle: Bundle = { prefix, shards: 1, bigEndian: false, tensors: [], findings: new Findings() };
  for (const { value } of index) {
    const handle = await readHandle(new Cursor(bytesReader(value)));
    for (const entry of await readBlock(reader, handle)) await readEntry(bundle, entry);
  }
  const shards = new Set(bundle.tensors.map((it) => it.file));
  if (shards.size === 0) bundle.findings.add("the checkpoint lists no tensor");
  return { format: "tf-checkpoint", tensors: bundle.tensors, metadata: {}, findings: bundle.findings.list };
}

interface Handle {
  readonly at: number;
  readonly bytes: number;
}

interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

async function readHandle(cursor: Cursor): Promise<Handle> {
  const at = Number(await readVarint(cursor, "a block's place"));
  return { at, bytes: Number(await readVarint(cursor, "a block's size")) };
}

/** Keys share prefixes with the one before. Blocks of checkpoints are never compressed; snappy is refused. */
async function readBlock(reader: Reader, { at, bytes }: Handle): Promise<Entry[]> {
  if (!Number.isSafeInteger(at + bytes)) throw new WeightsError("OUT_OF_FILE", `a block of ${bytes} bytes at ${at}`);
  const block = await readExactly(reader, at, bytes + 5, "a block", 4 * maxPieceBytes);
  if (block[bytes] !== 0) throw new WeightsError("UNSUPPORTED", `a block with the compression ${block[bytes]}`, { at });
  const view = Buffer.from(block.buffer, block.byteOffset, bytes);
  const restarts = bytes >= 4 ? view.readUInt32LE(bytes - 4) : 0;
  const end = bytes - 4 - 4 * restarts;
  if (end < 0) throw new WeightsError("MALFORMED", `a block with ${restarts} restarts`, { at });

  const cursor = new Cursor(bytesReader(block), 0, end);
  const entries: Entry[] = [];
  let last = Buffer.alloc(0);
  while (cursor.left > 0) {
    const shared = Number(await readVarint(cursor, "a key"));
    const own = Number(await readVarint(cursor, "a key"));
    const length = Number(await readVarint(cursor, "a value"));
    if (shared > last.length) throw new WeightsError("MALFORMED", "a key that shares more than there is", { at });
    await cursor.want(own + length, "an entry");
    last = Buffer.concat([last.subarray(0, shared), cursor.take(own)]);
    entries.push({ key: last.toString("utf8"), value: cursor.take(length).slice() });
    if (entries.length > maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} tensors`, { at });
  }
  return entries;
}

interface Bundle {
  readonly prefix: string;
  shards: number;
  bigEndian: boolean;
  readonly tensors: Tensor[];
  readonly findings: Findings;
}

/** The empty key holds BundleHeaderProto: num_shards 1, endianness 2. Every other one a BundleEntryProto. */
async function readEntry(bundle: Bundle, { key, value }: Entry): Promise<void> {
  const cursor = new Cursor(bytesReader(value));
  if (key === "") {
    await walkMessage(cursor, value.length, "the header", ({ number, value: it }) => {
      if (number === 1) bundle.shards = Number(it);
      if (number === 2) bundle.bigEndian = it === 1n;
    });
    return;
  }
  const entry = { type: 0, shard: 0, offset: 0, size: 0, shape: [] as readonly number[], sliced: false };
  await walkMessage(cursor, value.length, `the entry of ${JSON.stringify(key)}`, async (field) => {
    if (field.number === 1) entry.type = Number(field.value);
    else if (field.number === 2) entry.shape = await readShape(cursor, field);
    else if (field.number === 3) entry.shard = Number(field.value);
    else if (field.number === 4) entry.offset = Number(field.value);
    else if (field.number === 5) entry.size = Number(field.value);
    else if (field.number === 7) entry.sliced = true;
  });
  addTensor(bundle, key, entry);
}

interface BundleEntry {
  readonly type: number;
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly shape: readonly number[];
  readonly sliced: boolean;
}

function addTensor(bundle: Bundle, name: string, { type, shard, offset, size, shape, sliced }: BundleEntry): void {
  const dtype = tensorflowType(type);
  if (!dtype || sliced) return; // texts, and the names of tensors stored in slices under keys of their own
  const bytes = sizeOf(dtype, shape, `tensor ${JSON.stringify(name)}`);
  if (bytes !== size || !Number.isSafeInteger(offset + size)) {
    throw new WeightsError(
      "MALFORMED",
      `tensor ${JSON.stringify(name)} needs ${bytes} bytes and has ${size} at ${offset}`,
    );
  }
  const file = `${bundle.prefix}.data-${five(shard)}-of-${five(bundle.shards)}`;
  bundle.tensors.push({
    name,
    dtype,
    shape,
    offset,
    bytes,
    file,
    ...(bundle.bigEndian && { byteOrder: "big" as const }),
  });
}

function five(value: number): string {
  return String(value).padStart(5, "0");
}
