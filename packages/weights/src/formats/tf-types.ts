// Source: tensorflow/tensorflow, tensorflow/core/framework/types.proto and tensor_shape.proto.
import type { Cursor } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxDimensions } from "../limits.ts";
import type { Dtype } from "../tensor.ts";
import { walkMessage, type Field } from "./protobuf.ts";

const types: ReadonlyMap<number, Dtype> = new Map([
  [1, "f32"],
  [2, "f64"],
  [3, "i32"],
  [4, "u8"],
  [5, "i16"],
  [6, "i8"],
  [8, "c64"],
  [9, "i64"],
  [10, "bool"],
  [11, "i8"],
  [12, "u8"],
  [13, "i32"],
  [14, "bf16"],
  [15, "i16"],
  [16, "u16"],
  [17, "u16"],
  [18, "c128"],
  [19, "f16"],
  [22, "u32"],
  [23, "u64"],
  [24, "f8_e5m2"],
  [25, "f8_e4m3"],
]);

/** Undefined for texts, resources and variants, which hold no numbers. */
export function tensorflowType(type: number): Dtype | undefined {
  return types.get(type);
}

/** TensorShapeProto: dim 2 with its size 1. The cursor stands at the field's beginning. */
export async function readShape(cursor: Cursor, { at, length }: Field): Promise<number[]> {
  const shape: number[] = [];
  await walkMessage(cursor, at + length, "a shape", async (dim) => {
    if (dim.number !== 2 || dim.wire !== 2) return;
    if (shape.length >= maxDimensions) throw new WeightsError("TOO_MANY", "a shape with too many dimensions", { at });
    let size = 0n;
    await walkMessage(cursor, dim.at + dim.length, "a dimension", (field) => {
      if (field.number === 1) size = field.value;
    });
    shape.push(Number(BigInt.asIntN(64, size)));
  });
  return shape;
}
