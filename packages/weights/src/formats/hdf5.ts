// Source: HDF5 File Format Specification 3.0; keras-team/keras, saving_lib.py and legacy_h5_format.py.
import { openZipMember } from "../containers/container.ts";
import { readLocalHeader } from "../containers/zip.ts";
import { readZipMembers } from "../containers/zip-salvage.ts";
import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { isDataset, openChunked, readDataset } from "../hdf5/dataset.ts";
import { openHdf5, readMessages, signature, type Hdf5File } from "../hdf5/file.ts";
import { readGroup, type Link } from "../hdf5/group.ts";
import { maxDepth, maxPieceBytes, maxTensors } from "../limits.ts";
import { memberPrefix } from "../sibling.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import { cutShort, endsBefore, Findings, startsWith, type Format } from "./format.ts";
import { zipHolds } from "./zip-names.ts";

/** The superblock may come after a block of the user's own, whose size is a power of two. */
const superblocksAt = [0, 512, 1024, 2048];

/**
 * Groups of arrays: Keras' `.h5`, and much that is no model. Read are datasets of numbers, in one piece or in chunks; those packed by a
 * filter that is not known (szip, plug-ins) and those that lie in other files are findings.
 */
export const hdf5: Format = {
  name: "hdf5",
  kind: "tensors",
  mayBe: (head) => superblockAt(head) !== undefined,
  recognise: (head) => superblockAt(head) !== undefined,
  read: (reader) => readHdf5(reader),
};

const weightsMember = "model.weights.h5";
const configMember = "config.json";

/** Keras 3's zip: its weights are an HDF5 file in it, its configuration may name layers with code. */
export const keras: Format = {
  name: "keras",
  kind: "tensors",
  mayBe: (head) => startsWith(head, "PK\x03\x04"),
  recognise: (head, reader) =>
    zipHolds(head, reader, (names) => names.includes(weightsMember) && names.includes(configMember)),
  read: readKeras,
};

function superblockAt(head: Uint8Array): number | undefined {
  return superblocksAt.find((at) => startsWith(head, signature, at));
}

async function open(reader: Reader): Promise<Hdf5File> {
  const at = superblockAt(await reader.read(0, Math.min(reader.size, 4096)));
  if (at === undefined) throw new WeightsError("MALFORMED", "no HDF5 superblock", { at: 0 });
  return openHdf5(reader, at);
}

/** The bytes of a dataset in chunks, which `file` names as `Tensor.file` does. @throws {WeightsError} whatever is wrong with it. */
export async function openHdf5Dataset(reader: Reader, address: number): Promise<Reader> {
  return openChunked(await open(reader), reader, address);
}

async function readHdf5(reader: Reader): Promise<ModelFile> {
  const file = await open(reader);
  const findings = new Findings();
  const { tensors, lost } = await collect(file, findings);
  if (lost > 0) findings.add(`the file ends before ${lost} of its objects`, reader.size);
  const missing = lost > 0 ? { missingBytes: 1 } : {};
  return {
    format: "hdf5",
    tensors,
    metadata: {},
    findings: findings.list,
    ...missing,
    ...cutShort(tensors, reader.size),
  };
}

interface Pending {
  readonly path: string;
  readonly address: number;
  readonly depth: number;
}

/** Every object once: hard links may form circles. `lost` counts those that lie beyond the end of a file that was cut. */
async function collect(file: Hdf5File, findings: Findings): Promise<{ tensors: Tensor[]; lost: number }> {
  const tensors: Tensor[] = [];
  let lost = 0;
  const seen = new Set<number>();
  const pending: Pending[] = [{ path: "", address: file.root, depth: 0 }];
  for (let it = pending.pop(); it; it = pending.pop()) {
    const { path, address, depth } = it;
    if (seen.has(address)) continue;
    seen.add(address);
    if (depth > maxDepth) throw new WeightsError("TOO_DEEP", `groups nest deeper than ${maxDepth}`);
    if (tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} datasets`);
    try {
      const { tensor, links } = await readObject(file, path, address, findings);
      if (tensor) tensors.push(tensor);
      for (const { name, address } of links.reverse()) {
        pending.push({ path: path === "" ? name : `${path}/${name}`, address, depth: depth + 1 });
      }
    } catch (error) {
      if (depth === 0 || !endsBefore(error)) throw error;
      lost++;
    }
  }
  return { tensors, lost };
}

async function readObject(
  file: Hdf5File,
  path: string,
  address: number,
  findings: Findings,
): Promise<{ tensor?: Tensor; links: Link[] }> {
  const messages = await readMessages(file, address);
  if (!isDataset(messages)) return { links: await readGroup(file, messages) };
  const tensor = await readDataset(file, { name: path, address, messages });
  if (typeof tensor === "string") findings.add(tensor);
  return typeof tensor === "object" ? { tensor, links: [] } : { links: [] };
}

async function readKeras(reader: Reader): Promise<ModelFile> {
  const { members, cut } = await readZipMembers(reader);
  const weights = members.find((it) => it.name === weightsMember);
  if (!weights) throw new WeightsError("MISSING_FILE", `the archive has no ${weightsMember}`);
  const inner = await readHdf5(await openZipMember(reader, weights));
  const stored = weights.method === 0 ? await readLocalHeader(reader, weights) : undefined;
  const tensors = inner.tensors.map((it) => {
    if (it.file !== undefined) return { ...it, file: it.file + memberPrefix + weightsMember };
    return stored ? { ...it, offset: stored.dataAt + it.offset } : { ...it, file: memberPrefix + weightsMember };
  });

  const findings = [...inner.findings];
  const config = members.find((it) => it.name === configMember);
  if (config && config.bytes <= maxPieceBytes) {
    const opened = await openZipMember(reader, config);
    const text = new TextDecoder().decode(await readExactly(opened, 0, opened.size, configMember));
    if (/"class_name"\s*:\s*"Lambda"/.test(text))
      findings.push({ what: "has a Lambda layer: code that runs when it is loaded" });
  }
  if (cut) findings.push({ what: "the archive ends before its directory", at: reader.size });
  const missing = cut ? { missingBytes: Math.max(1, inner.missingBytes ?? 0) } : {};
  return { ...inner, format: "keras", tensors, findings, ...missing };
}
