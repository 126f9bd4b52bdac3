// Source: pytorch/pytorch, torch/serialization.py `_save` and caffe2/serialize/inline_container.cc.
import { openZipMember } from "../containers/container.ts";
import { beginsLikeZip, readLocalHeader, readZipDirectory, type ZipMember } from "../containers/zip.ts";
import { Cursor, readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { reportCalls } from "../pickle/calls.ts";
import { collectTensors } from "../pickle/collect.ts";
import { runPickle, type PickleOutcome } from "../pickle/machine.ts";
import { torchTensor, type StorageId, type StoragePlace } from "../pickle/torch.ts";
import { memberPrefix } from "../sibling.ts";
import type { ModelFile, Reader } from "../tensor.ts";
import { salvage } from "./pytorch-salvage.ts";
import { zipHolds } from "./zip-names.ts";
import { Findings, Metadata, type Format } from "./format.ts";

/**
 * What `torch.save` writes since 1.6 and TorchScript since 1.0: `<root>/data.pkl` with one stored member `<root>/data/<key>` for each
 * storage. The pickle is walked, never loaded. An archive with `code/` is called `torchscript`.
 */
export const pytorchZip: Format = {
  name: "pytorch",
  kind: "tensors",
  mayBe: (head) => beginsLikeZip(head),
  recognise,
  read,
};

const isPickle = /(^|\/)data\.pkl$/;

function recognise(head: Uint8Array, reader: Reader): Promise<boolean> {
  return zipHolds(head, reader, (names) => names.some((it) => isPickle.test(it)));
}

async function read(reader: Reader): Promise<ModelFile> {
  const members = await directoryOf(reader);
  if (!members) return readRest(reader);
  const findings = new Findings();
  const byName = indexMembers(members, findings);
  const pickleName = members.find((it) => isPickle.test(it.name))?.name;
  if (pickleName === undefined) throw new WeightsError("UNKNOWN_FORMAT", "the zip has no data.pkl");
  const root = pickleName.slice(0, -"data.pkl".length);

  const byteOrder = await readSmall(reader, byName.get(`${root}byteorder`));
  const script = members.some((it) => it.name.startsWith(`${root}code/`));
  if (script) findings.add("it carries TorchScript code, which runs when the model is used");
  const folder = `${root}data/`;
  const places = await placeStorages(reader, members, folder, byteOrder === "big" ? { byteOrder: "big" } : {});
  const cursor = await openPickle(reader, byName.get(pickleName));
  const outcome = await runPickle(cursor);
  return describe(outcome, { places, folder, findings, format: script ? "torchscript" : "pytorch" });
}

/** Undefined where the end of the file, and with it the directory, is missing. */
async function directoryOf(reader: Reader): Promise<readonly ZipMember[] | undefined> {
  try {
    return await readZipDirectory(reader);
  } catch (error) {
    if (error instanceof WeightsError && error.code === "TRUNCATED") return undefined;
    throw error;
  }
}

async function readRest(reader: Reader): Promise<ModelFile> {
  const rest = await salvage(reader);
  if (!rest) throw new WeightsError("TRUNCATED", "the archive ends within its data.pkl", { at: reader.size });
  const findings = new Findings();
  findings.add("the archive ends before its directory", reader.size);
  return { ...describe(rest.walk, { ...rest, findings, format: "pytorch" }), missingBytes: 1 };
}

interface Archive {
  readonly places: ReadonlyMap<string, StoragePlace>;
  readonly folder: string;
  readonly findings: Findings;
  readonly format: string;
}

function describe(outcome: PickleOutcome, { places, folder, findings, format }: Archive): ModelFile {
  reportCalls(outcome.calls, findings);
  const placeOf = ({ key }: StorageId): StoragePlace => {
    const place = places.get(key);
    if (!place) findings.add(`storage ${JSON.stringify(key)} is not in the archive`);
    return place ?? { file: memberPrefix + folder + key, at: 0, bytes: Infinity };
  };
  const tensors = collectTensors(outcome.value, (object) => torchTensor(object, placeOf));
  const metadata = new Metadata();
  metadata.set("pickle.protocol", String(outcome.protocol));
  return { format, tensors, metadata: metadata.record, findings: findings.list };
}

function indexMembers(members: readonly ZipMember[], findings: Findings): Map<string, ZipMember> {
  const byName = new Map<string, ZipMember>();
  for (const member of members) {
    if (byName.has(member.name)) findings.add(`two members are called ${JSON.stringify(member.name)}`, member.headerAt);
    else byName.set(member.name, member);
  }
  return byName;
}

/** Storages are stored, so that they can be mapped; a compressed one is named as a member, to be unpacked when it is read. */
async function placeStorages(
  reader: Reader,
  members: readonly ZipMember[],
  folder: string,
  order: Pick<StoragePlace, "byteOrder">,
): Promise<Map<string, StoragePlace>> {
  const places = new Map<string, StoragePlace>();
  for (const member of members) {
    if (!member.name.startsWith(folder)) continue;
    const key = member.name.slice(folder.length);
    if (member.method === 0) {
      const { dataAt } = await readLocalHeader(reader, member);
      places.set(key, { at: dataAt, bytes: member.storedBytes, ...order });
    } else places.set(key, { file: memberPrefix + member.name, at: 0, bytes: member.bytes, ...order });
  }
  return places;
}

/** A short text member, or the empty text. */
async function readSmall(reader: Reader, member: ZipMember | undefined): Promise<string> {
  if (!member || member.method !== 0 || member.storedBytes > 64) return "";
  const { dataAt } = await readLocalHeader(reader, member);
  return Buffer.from(await readExactly(reader, dataAt, member.storedBytes, member.name))
    .toString("latin1")
    .trim();
}

/** A cursor over a member: where it lies if stored, over the unpacked bytes if somebody packed the archive again. */
async function openPickle(reader: Reader, member: ZipMember | undefined): Promise<Cursor> {
  if (!member) throw new WeightsError("MISSING_FILE", "the zip has no data.pkl");
  if (member.method !== 0) return new Cursor(await openZipMember(reader, member));
  const { dataAt } = await readLocalHeader(reader, member);
  return new Cursor(reader, dataAt, dataAt + member.storedBytes); // so that offsets are those of the file
}
