// Source: numpy/numpy, numpy/lib/format.py; versions 1 to 3.
import { openZipMember } from "../containers/container.ts";
import { readLocalHeader, type ZipMember } from "../containers/zip.ts";
import { readZipMembers } from "../containers/zip-salvage.ts";
import { readExactly } from "../cursor.ts";
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxTensors } from "../limits.ts";
import { fortranStrides, numpyType } from "../pickle/numpy.ts";
import { memberPrefix } from "../sibling.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import { endsBefore, Findings, startsWith, type Format } from "./format.ts";
import { zipHolds } from "./zip-names.ts";

const magic = "\x93NUMPY";

/** Longest header, in bytes: numpy itself refuses more than 10,000 unless told otherwise. */
const maxNpyHeaderBytes = 64 * 1024;

/** One array. Arrays of Python objects hold a pickle instead of numbers: a finding, no tensor. */
export const npy: Format = {
  name: "npy",
  kind: "tensors",
  mayBe: (head) => startsWith(head, magic),
  recognise: (head) => startsWith(head, magic),
  read: readNpy,
};

/** A zip of nothing but arrays. */
export const npz: Format = {
  name: "npz",
  kind: "tensors",
  mayBe: (head) => startsWith(head, "PK\x03\x04"),
  recognise: (head, reader) =>
    zipHolds(head, reader, (names) => names.length > 0 && names.every((it) => it.endsWith(".npy"))),
  read: readNpz,
};

async function readNpy(reader: Reader): Promise<ModelFile> {
  const findings = new Findings();
  const tensor = await readArray(reader, "array", findings);
  const missing = tensor ? Math.max(0, tensor.offset + tensor.bytes - reader.size) : 0;
  return {
    format: "npy",
    tensors: tensor ? [tensor] : [],
    metadata: {},
    findings: findings.list,
    ...(missing > 0 && { missingBytes: missing }),
  };
}

async function readNpz(reader: Reader): Promise<ModelFile> {
  const findings = new Findings();
  const tensors: Tensor[] = [];
  const { members, cut } = await readZipMembers(reader);
  for (const member of members) {
    if (tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} arrays`);
    try {
      const tensor = await readMember(reader, member, findings, cut);
      if (tensor) tensors.push(tensor);
    } catch (error) {
      if (!cut || !endsBefore(error)) throw error;
    }
  }
  if (cut) findings.add("the archive ends before its directory", reader.size);
  return { format: "npz", tensors, metadata: {}, findings: findings.list, ...(cut && { missingBytes: 1 }) };
}

/** @param cut Whether the archive ends early: then an array may as well. */
async function readMember(
  reader: Reader,
  member: ZipMember,
  findings: Findings,
  cut: boolean,
): Promise<Tensor | undefined> {
  const tensor = await readArray(await openZipMember(reader, member), member.name.replace(/\.npy$/, ""), findings);
  if (!tensor || member.method !== 0) return tensor && { ...tensor, file: memberPrefix + member.name };
  const { dataAt } = await readLocalHeader(reader, member);
  if (!cut && tensor.offset + tensor.bytes > member.storedBytes) {
    throw new WeightsError("OUT_OF_FILE", `array ${JSON.stringify(member.name)} is longer than its member`, {
      at: dataAt,
    });
  }
  return { ...tensor, offset: dataAt + tensor.offset };
}

/** Undefined for arrays that hold no numbers. */
async function readArray(reader: Reader, name: string, findings: Findings): Promise<Tensor | undefined> {
  const what = `array ${JSON.stringify(name)}`;
  const prefix = Buffer.from(await readExactly(reader, 0, Math.min(12, reader.size), what));
  if (prefix.length < 12 || !startsWith(prefix, magic))
    throw new WeightsError("MALFORMED", `${what} is no npy`, { at: 0 });
  const wide = (prefix[6] ?? 1) >= 2;
  const headerAt = wide ? 12 : 10;
  const length = wide ? prefix.readUInt32LE(8) : prefix.readUInt16LE(8);
  const header = Buffer.from(
    await readExactly(reader, headerAt, length, `the header of ${what}`, maxNpyHeaderBytes),
  ).toString("latin1");

  const shape = parseShape(header);
  const code = /'descr'\s*:\s*'([^']{1,16})'/.exec(header)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  if (!shape || fortran === undefined)
    throw new WeightsError("MALFORMED", `${what} has no shape or order`, { at: headerAt });
  const type = code === undefined ? undefined : numpyType(code);
  if (!type) {
    const objects = code?.endsWith("O") ?? false;
    findings.add(
      objects ? `${what} holds Python objects, a pickle that numpy loads on demand` : `${what} holds no numbers`,
      headerAt,
    );
    return undefined;
  }
  const strides = fortran === "True" && shape.length > 1 ? fortranStrides(shape) : undefined;
  const bytes = sizeOf(type.dtype, shape, what);
  return { name, ...type, shape, bytes, offset: headerAt + length, ...(strides && { strides }) };
}

/** `'shape': (3, 4)`, `(3,)` or `()`. */
function parseShape(header: string): number[] | undefined {
  const inner = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  return inner
    ?.split(",")
    .map((it) => it.replace("L", "").trim())
    .filter((it) => it !== "")
    .map(Number);
}
