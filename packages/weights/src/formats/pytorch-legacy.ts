// Source: pytorch/pytorch, torch/serialization.py `_legacy_save`.
import { Cursor, exactNumber } from "../cursor.ts";
import { bitsOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxTensors } from "../limits.ts";
import { reportCalls } from "../pickle/calls.ts";
import { collectTensors } from "../pickle/collect.ts";
import { runPickle } from "../pickle/machine.ts";
import { collectStorages, torchTensor, type StorageId, type StoragePlace } from "../pickle/torch.ts";
import { sequence, type PyValue } from "../pickle/value.ts";
import type { ModelFile, Reader } from "../tensor.ts";
import { Findings, Metadata, startsWith, type Format } from "./format.ts";

const magic = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/** A storage that no key announces: it would begin where the file ends. */
const beyond: StoragePlace = { at: 2 ** 52, bytes: Infinity };

/** What `torch.save` wrote before 1.6: five pickles (magic, version, system, object, storage keys), then each storage with its length. */
export const pytorchLegacy: Format = {
  name: "pytorch-legacy",
  kind: "tensors",
  mayBe: (head) => startsWith(head, magic),
  recognise: (head) => startsWith(head, magic),
  read,
};

async function read(reader: Reader): Promise<ModelFile> {
  const cursor = new Cursor(reader, magic.length);
  const findings = new Findings();
  const version = await runPickle(cursor);
  if (version.value !== 1001)
    throw new WeightsError("UNSUPPORTED", "an unknown version of the legacy format", { at: magic.length });
  const system = await runPickle(cursor);
  const outcome = await runPickle(cursor);
  const keys = await runPickle(cursor);
  for (const { calls } of [version, system, outcome, keys]) reportCalls(calls, findings);

  const ids = collectStorages(outcome.value);
  const { places, missingBytes } = await placeStorages(cursor, keys.value, ids, isBigEndian(system.value));
  if (missingBytes > 0) findings.add(`the file ends ${missingBytes} bytes before its last storage`, reader.size);
  const tensors = collectTensors(outcome.value, (object) =>
    torchTensor(object, ({ key }) => places.get(key) ?? beyond),
  );
  const metadata = new Metadata();
  metadata.set("pickle.protocol", String(outcome.protocol));
  return {
    format: "pytorch-legacy",
    tensors,
    metadata: metadata.record,
    findings: findings.list,
    ...(missingBytes > 0 && { missingBytes }),
  };
}

function isBigEndian(system: PyValue): boolean {
  if (typeof system !== "object" || system.kind !== "dict") return false;
  return system.entries.some(([key, value]) => key === "little_endian" && value === false);
}

/** The storages follow in the order of the keys, each after its number of elements. */
async function placeStorages(
  cursor: Cursor,
  keys: PyValue,
  ids: ReadonlyMap<string, StorageId>,
  bigEndian: boolean,
): Promise<{ places: Map<string, StoragePlace>; missingBytes: number }> {
  const places = new Map<string, StoragePlace>();
  let missingBytes = 0;
  const list = sequence(keys) ?? [];
  if (list.length > maxTensors) throw new WeightsError("TOO_MANY", `${list.length} storages`, { at: cursor.at });
  for (const key of list) {
    const id = ids.get(String(key));
    if (!id)
      throw new WeightsError("MALFORMED", `storage ${JSON.stringify(String(key))} is named by no tensor`, {
        at: cursor.at,
      });
    const size = (bitsOf(id.dtype) ?? 8) / 8;
    if (cursor.left < 8) {
      missingBytes += 8 + id.elements * size;
      continue;
    }
    await cursor.want(8, "a storage's length");
    const bytes = exactNumber(cursor.u64(), "a storage's length", cursor.at) * size;
    if (!Number.isSafeInteger(cursor.at + bytes))
      throw new WeightsError("TOO_LARGE", `a storage of ${bytes} bytes`, { at: cursor.at });
    places.set(id.key, { at: cursor.at, bytes, ...(bigEndian && size > 1 && { byteOrder: "big" }) });
    missingBytes += Math.max(0, bytes - cursor.left);
    cursor.skip(Math.min(bytes, cursor.left), "a storage");
  }
  return { places, missingBytes };
}
