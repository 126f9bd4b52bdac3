// Source: pytorch/pytorch, torch/serialization.py `legacy_load`.
import { beginsLikeTar, readTar, type TarMember } from "../containers/tar.ts";
import { Cursor, exactNumber } from "../cursor.ts";
import { bitsOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxDimensions, maxTensors } from "../limits.ts";
import { reportCalls } from "../pickle/calls.ts";
import { collectTensors } from "../pickle/collect.ts";
import { runPickle } from "../pickle/machine.ts";
import { storageDtype, viewOf, type StorageId, type StoragePlace, type View } from "../pickle/torch.ts";
import { sequence, type PyValue } from "../pickle/value.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import { Findings, Metadata, type Format } from "./format.ts";

/** The members that make a tar a checkpoint; `sys_info` beside them. */
const parts = ["pickle", "tensors", "storages"] as const;

const firstName = /^(?:\.\/)?(?:sys_info|pickle|tensors|storages)$/;

/** Most members looked at: four, with a pax header each. */
const maxMembers = 16;

/**
 * What `torch.save` wrote in its first versions (2016, 2017): a tar of three streams. `storages` has each storage behind a pickle of its key and type,
 * `tensors` each tensor as a view on one, `pickle` the object, which names tensors by their keys.
 */
export const pytorchTar: Format = {
  name: "pytorch-tar",
  kind: "tensors",
  mayBe: (head) => beginsLikeTar(head) && firstName.test(nameIn(head)),
  recognise: async (_head, reader) => (await members(reader)) !== undefined,
  read,
};

/** The name in the first header; a pax header before it is called by the name it is for, with a folder before. */
function nameIn(head: Uint8Array): string {
  const name = Buffer.from(head.subarray(0, 100)).toString("latin1").replace(/\0.*$/s, "");
  return name.slice(name.lastIndexOf("/") + 1);
}

type Members = Readonly<Record<(typeof parts)[number], TarMember>>;

/** Undefined unless all three are there. */
async function members(reader: Reader): Promise<Members | undefined> {
  const found = new Map<string, TarMember>();
  try {
    for await (const it of readTar(reader)) {
      found.set(it.name.replace(/^\.\//, ""), it);
      if (found.size >= maxMembers) break;
    }
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error; // what came before the damage counts
  }
  const [pickle, tensors, storages] = parts.map((it) => found.get(it));
  return pickle && tensors && storages ? { pickle, tensors, storages } : undefined;
}

async function read(reader: Reader): Promise<ModelFile> {
  const found = await members(reader);
  if (!found) throw new WeightsError("MISSING_FILE", "the tar has no pickle, tensors and storages");
  const findings = new Findings();
  const cursorOf = ({ at, bytes }: TarMember): Cursor => new Cursor(reader, at, at + bytes);
  const storages = await readStorages(cursorOf(found.storages), findings);
  const views = await readViews(cursorOf(found.tensors), storages, findings);
  const outcome = await runPickle(cursorOf(found.pickle));
  reportCalls(outcome.calls, findings);
  const tensors = collectTensors(
    outcome.value,
    () => undefined,
    (id) => views.get(String(id)),
  );
  const metadata = new Metadata();
  metadata.set("pickle.protocol", String(outcome.protocol));
  return { format: "pytorch-tar", tensors, metadata: metadata.record, findings: findings.list };
}

interface Storage {
  readonly id: StorageId;
  readonly place: StoragePlace;
}

/** A count, then for each storage (key, location, type), its number of elements, its bytes; then views on storages as storages. */
async function readStorages(cursor: Cursor, findings: Findings): Promise<Map<string, Storage>> {
  const storages = new Map<string, Storage>();
  const count = await readCount(cursor, findings);
  for (let i = 0; i < count; i++) {
    const [key, , type] = await readTuple(cursor, findings);
    const dtype = storageDtype(type);
    if (!dtype) throw new WeightsError("UNSUPPORTED", "a storage of an unknown type", { at: cursor.at });
    await cursor.want(8, "a storage's length");
    const elements = exactNumber(cursor.u64(), "a storage's length", cursor.at);
    const bytes = elements * ((bitsOf(dtype) ?? 8) / 8);
    if (!Number.isSafeInteger(cursor.at + bytes)) throw new WeightsError("TOO_LARGE", `a storage of ${bytes} bytes`);
    const id = { key: String(key), dtype, elements, offset: 0 };
    storages.set(id.key, { id, place: { at: cursor.at, bytes } });
    cursor.skip(bytes, "a storage");
  }
  for (const view of sequence(await walk(cursor, findings)) ?? []) addView(storages, sequence(view) ?? []);
  return storages;
}

/** (key, key of the storage it is part of, offset, elements) */
function addView(storages: Map<string, Storage>, [key, root, offset, elements]: readonly PyValue[]): void {
  const whole = storages.get(String(root));
  if (!whole || typeof offset !== "number" || typeof elements !== "number") return;
  storages.set(String(key), { ...whole, id: { ...whole.id, elements, offset: whole.id.offset + offset } });
}

/** A count, then for each tensor (key, key of its storage, type), its number of axes, shape, strides and offset. */
async function readViews(
  cursor: Cursor,
  storages: ReadonlyMap<string, Storage>,
  findings: Findings,
): Promise<Map<string, Omit<Tensor, "name">>> {
  const views = new Map<string, Omit<Tensor, "name">>();
  const count = await readCount(cursor, findings);
  for (let i = 0; i < count; i++) {
    const { at } = cursor;
    const [key, storageKey] = await readTuple(cursor, findings);
    const view = await readView(cursor, at);
    const storage = storages.get(String(storageKey));
    if (!storage) throw new WeightsError("MALFORMED", `tensor ${String(key)} has no storage`, { at });
    views.set(String(key), viewOf(storage.id, view, storage.place));
  }
  return views;
}

async function readView(cursor: Cursor, at: number): Promise<View> {
  await cursor.want(8, "a tensor's shape");
  const axes = cursor.u32();
  cursor.u32(); // once the upper half of the number
  if (axes > maxDimensions) throw new WeightsError("TOO_MANY", `a tensor of ${axes} dimensions`, { at });
  await cursor.want(16 * axes + 8, "a tensor's shape");
  const next = (): number => exactNumber(cursor.u64(), "a tensor's shape", at);
  const shape = Array.from({ length: axes }, next);
  const strides = Array.from({ length: axes }, next);
  return { shape, strides, offset: next(), at };
}

async function readCount(cursor: Cursor, findings: Findings): Promise<number> {
  const count = await walk(cursor, findings);
  if (typeof count !== "number" || count < 0) throw new WeightsError("MALFORMED", "no count", { at: cursor.at });
  if (count > maxTensors) throw new WeightsError("TOO_MANY", `${count} tensors or storages`, { at: cursor.at });
  return count;
}

async function readTuple(cursor: Cursor, findings: Findings): Promise<readonly PyValue[]> {
  const { at } = cursor;
  const items = sequence(await walk(cursor, findings));
  if (!items) throw new WeightsError("MALFORMED", "no tuple where a key belongs", { at });
  return items;
}

/** Each stream holds one small pickle after the other; what loading them would call is a finding. */
async function walk(cursor: Cursor, findings: Findings): Promise<PyValue> {
  const { value, calls } = await runPickle(cursor);
  reportCalls(calls, findings);
  return value;
}
