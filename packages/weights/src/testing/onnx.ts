import { concat } from "./bytes.ts";
import { bytes, number, varint } from "./protobuf.ts";
import type { TestTensor } from "./tensors.ts";

const types: Readonly<Record<string, number>> = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, f16: 10, f64: 11, bf16: 16 };

interface OnnxOptions {
  /** Put the bytes into a sibling of this name. */
  readonly external?: string;
  /** Put the tensors as constants into the body of an If. */
  readonly inBody?: boolean;
  readonly domain?: string;
}

/** An ONNX file, and its external data if that was asked for. */
export function writeOnnx(
  tensors: readonly TestTensor[],
  options: OnnxOptions = {},
): { model: Uint8Array; data: Uint8Array } {
  const data: Uint8Array[] = [];
  const protos = tensors.map((it) => {
    const at = data.reduce((sum, piece) => sum + piece.length, 0);
    if (options.external === undefined) return tensorProto(it, [bytes(9, it.data)]);
    data.push(it.data);
    const entries = { location: options.external, offset: String(at), length: String(it.data.length) };
    return tensorProto(it, [
      ...Object.entries(entries).map(([key, value]) => bytes(13, bytes(1, key), bytes(2, value))),
      number(14, 1),
    ]);
  });
  const graph = options.inBody
    ? bytes(7, ifNode(protos), bytes(2, "g"))
    : bytes(7, ...protos.map((it) => bytes(5, it)), bytes(2, "g"));
  const custom = options.domain === undefined ? [] : [bytes(7, bytes(1, bytes(4, "Op"), bytes(7, options.domain)))];
  const model = concat(number(1, 8), bytes(2, "writer"), graph, ...custom, bytes(8, bytes(1, ""), number(2, 17)));
  return { model, data: concat(...data) };
}

/** TensorProto with the given payload fields. */
export function tensorProto(
  { name, dtype, shape }: Omit<TestTensor, "data">,
  payload: readonly Uint8Array[],
): Uint8Array {
  const dims = bytes(1, ...shape.map((it) => varint(it)));
  return concat(dims, number(2, types[dtype] ?? 1), bytes(8, name), ...payload);
}

/** A model of one graph with the given initializers, each a TensorProto. */
export function onnxOf(...protos: readonly Uint8Array[]): Uint8Array {
  return concat(number(1, 8), bytes(7, ...protos.map((it) => bytes(5, it))));
}

function ifNode(protos: readonly Uint8Array[]): Uint8Array {
  const constants = protos.map((it, i) =>
    bytes(1, bytes(2, `c${i}`), bytes(4, "Constant"), bytes(5, bytes(1, "value"), bytes(5, it))),
  );
  const body = bytes(6, ...constants);
  return bytes(1, bytes(2, "out"), bytes(4, "If"), bytes(5, bytes(1, "then_branch"), body));
}
