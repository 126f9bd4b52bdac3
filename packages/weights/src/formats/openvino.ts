// Source: openvinotoolkit/openvino, docs "Intermediate Representation"; version 10 and later.
import { readExactly } from "../cursor.ts";
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxTensors } from "../limits.ts";
import { siblingName } from "../sibling.ts";
import type { Dtype, ModelFile, Reader, Tensor } from "../tensor.ts";
import { Findings, Metadata, type Format, type ReadContext } from "./format.ts";
import { decodeText, indexOf } from "./json.ts";

/** Longest network description, in bytes: constants are not in it, and 10,000 layers take 20 MB. */
const maxXmlBytes = 64 * 1024 * 1024;

const types: ReadonlyMap<string, Dtype> = new Map([
  ["boolean", "bool"],
  ["f8e4m3", "f8_e4m3"],
  ["f8e5m2", "f8_e5m2"],
  ...["f16", "bf16", "f32", "f64", "i4", "u4", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"].map(
    (it): [string, Dtype] => [it, it],
  ),
]);

/** A network in XML whose constants lie in the `.bin` of the same name. */
export const openvino: Format = {
  name: "openvino",
  kind: "tensors",
  mayBe: (head) => head[0] === 0x3c && indexOf(head, "<net ") >= 0 && indexOf(head, "<layer") >= 0,
  recognise: () => true,
  read,
};

async function read(reader: Reader, context: ReadContext): Promise<ModelFile> {
  const text = decodeText(await readExactly(reader, 0, reader.size, "the network", maxXmlBytes), "the network", 0);
  const file = siblingName((context.name ?? "model.xml").replace(/\.xml$/i, "") + ".bin");
  const tensors: Tensor[] = [];
  for (const [, layer = "", data = ""] of text.matchAll(/<layer ([^<>]*type="Const"[^<>]*)>\s*<data ([^<>]*)>/g)) {
    if (tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} constants`);
    const tensor = readConstant(attribute(layer, "name") ?? "", data);
    if (tensor) tensors.push({ ...tensor, file });
  }
  const metadata = new Metadata();
  metadata.set("name", attribute(/<net ([^<>]*)>/.exec(text)?.[1] ?? "", "name") ?? "");
  return { format: "openvino", tensors, metadata: metadata.record, findings: new Findings().list };
}

/** Undefined for constants without numbers (texts). */
function readConstant(name: string, data: string): Tensor | undefined {
  const what = `constant ${JSON.stringify(name)}`;
  const dtype = types.get(attribute(data, "element_type") ?? "");
  if (!dtype) return undefined;
  const offset = Number(attribute(data, "offset") ?? Number.NaN);
  const size = Number(attribute(data, "size") ?? Number.NaN);
  const shape = (attribute(data, "shape") ?? "").split(",").flatMap((it) => (it.trim() === "" ? [] : [Number(it)]));
  const bytes = sizeOf(dtype, shape, what);
  if (!Number.isSafeInteger(offset + bytes) || offset < 0 || size !== bytes) {
    throw new WeightsError("MALFORMED", `${what} needs ${bytes} bytes and has ${size} at ${offset}`);
  }
  return { name, dtype, shape, offset, bytes };
}

function attribute(text: string, name: string): string | undefined {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1];
}
