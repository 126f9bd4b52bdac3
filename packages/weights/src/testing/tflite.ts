import { concat, padding, u16, u32 } from "./bytes.ts";
import type { TestTensor } from "./tensors.ts";

/** Builds from the front: a table's children come after it, so offsets point forward and vtables stand right before their tables. */
class Builder {
  #parts: Uint8Array[] = [];
  length = 0;

  add(bytes: Uint8Array): number {
    const at = this.length;
    this.#parts.push(bytes);
    this.length += bytes.length;
    return at;
  }

  align(to: number): void {
    this.add(padding(this.length, to));
  }

  /** A table of 4-byte fields; `undefined` fields are absent. Returns where it is. */
  table(fields: readonly (number | undefined)[]): number {
    this.align(4);
    const vtableBytes = 4 + 2 * fields.length + ((4 + 2 * fields.length) % 4);
    const offsets = fields.map((it, i) => u16(it === undefined ? 0 : 4 + 4 * i));
    this.add(concat(u16(vtableBytes), u16(4 + 4 * fields.length), ...offsets, padding(4 + 2 * fields.length, 4)));
    return this.add(concat(u32(vtableBytes), ...fields.map((it) => u32(it ?? 0))));
  }

  /** Makes the 4 bytes at `at` point to `target`. */
  point(at: number, target: number): void {
    this.#parts = [this.bytes()];
    new DataView(this.#parts[0]?.buffer ?? new ArrayBuffer(0)).setUint32(at, target - at, true);
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}

/** A model of one subgraph whose f32 tensors are constants. */
export function writeTflite(tensors: readonly TestTensor[]): Uint8Array {
  const out = new Builder();
  out.add(concat(u32(0), "TFL3"));
  const model = out.table([3, undefined, 0, undefined, 0]);
  out.point(0, model);

  const subgraphs = out.add(concat(u32(1), u32(0)));
  out.point(model + 12, subgraphs);
  const subgraph = out.table([0]);
  out.point(subgraphs + 4, subgraph);
  const list = out.add(concat(u32(tensors.length), ...tensors.map(() => u32(0))));
  out.point(subgraph + 4, list);
  const buffers = out.add(concat(u32(tensors.length + 1), u32(0), ...tensors.map(() => u32(0))));
  out.point(model + 20, buffers);
  out.point(buffers + 4, out.table([]));

  for (const [i, { name, shape, data }] of tensors.entries()) {
    const table = out.table([0, undefined, i + 1, 0]); // shape, type f32 by absence, buffer, name
    out.point(list + 4 + 4 * i, table);
    out.point(table + 4, out.add(concat(u32(shape.length), ...shape.map(u32))));
    out.point(table + 16, out.add(concat(u32(name.length), name, "\0")));
    out.align(4);
    const buffer = out.table([0]);
    out.point(buffers + 8 + 4 * i, buffer);
    out.point(buffer + 4, out.add(concat(u32(data.length), data)));
  }
  return out.bytes();
}
