import { concat, padding, u32, u64 } from "./bytes.ts";
import type { TestTensor } from "./tensors.ts";

/** `weight.bin` of a Core ML package: f32 blobs. */
export function writeCoreml(tensors: readonly TestTensor[]): Uint8Array {
  let out: Uint8Array = concat(u32(tensors.length), u32(2), new Uint8Array(56));
  for (const { data } of tensors) {
    const at = out.length + 64;
    const record = concat(u32(0xdeadbeef), u32(2), u64(data.length), u64(at), new Uint8Array(40));
    out = concat(out, record, data, padding(data.length, 64));
  }
  return out;
}

/** An OpenVINO network and its `.bin`. */
export function writeOpenvino(tensors: readonly TestTensor[]): { xml: Uint8Array; bin: Uint8Array } {
  let offset = 0;
  const layers = tensors.map(({ name, shape, data }, id) => {
    const place = `offset="${offset}" shape="${shape.join(",")}" size="${data.length}"`;
    offset += data.length;
    return `<layer id="${id}" name="${name}" type="Const" version="opset1">\n<data element_type="f32" ${place}/>\n</layer>`;
  });
  const xml = `<?xml version="1.0"?>\n<net name="m" version="11">\n<layers>\n${layers.join("\n")}\n</layers>\n</net>\n`;
  return { xml: Buffer.from(xml), bin: concat(...tensors.map((it) => it.data)) };
}
