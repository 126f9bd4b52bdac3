// Assembles pickle streams opcode by opcode, also such as no pickler would write.
import { concat, u32, u64 } from "./bytes.ts";
import type { TestTensor } from "./tensors.ts";
import { writeZip } from "./zip.ts";

export const proto = (version: number): Uint8Array => concat("\x80", Uint8Array.of(version));
export const stop = concat(".");
export const mark = concat("(");
export const none = concat("N");

export function text(value: string): Uint8Array {
  const utf8 = Buffer.from(value);
  return concat("X", u32(utf8.length), utf8);
}

export function int(value: number): Uint8Array {
  return concat("J", u32(value >>> 0));
}

export function rawBytes(value: Uint8Array): Uint8Array {
  return concat("B", u32(value.length), value);
}

export function tuple(...items: readonly Uint8Array[]): Uint8Array {
  return concat(mark, ...items, "t");
}

export function dict(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  return concat("}", mark, ...entries.flat(), "u");
}

export function global(module: string, name: string): Uint8Array {
  return concat("c", Buffer.from(`${module}\n${name}\n`));
}

export function call(callee: Uint8Array, ...args: readonly Uint8Array[]): Uint8Array {
  return concat(callee, tuple(...args), "R");
}

export interface TorchView {
  readonly name: string;
  readonly key: string;
  readonly elements: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly type?: string;
}

/** A state dict of views on storages, as torch.save pickles it. */
export function stateDict(views: readonly TorchView[], legacy = false): Uint8Array {
  const entries = views.map(({ name, key, elements, offset = 0, shape, strides, type = "FloatStorage" }) => {
    const id = [
      text("storage"),
      global("torch", type),
      text(key),
      text("cpu"),
      int(elements),
      ...(legacy ? [none] : []),
    ];
    const storage = concat(tuple(...id), "Q");
    const args = [
      storage,
      int(offset),
      tuple(...shape.map(int)),
      tuple(...strides.map(int)),
      concat("\x89"),
      concat("}"),
    ];
    return [text(name), call(global("torch._utils", "_rebuild_tensor_v2"), ...args)] as const;
  });
  return concat(proto(2), dict(entries), stop);
}

/** C order strides, in elements. */
function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, it) => product * it, 1));
}

function viewsOf(tensors: readonly TestTensor[]): TorchView[] {
  return tensors.map(({ name, shape, data }, i) => {
    return { name, key: String(i), elements: data.length / 4, shape, strides: strides(shape) };
  });
}

interface TorchOptions {
  readonly root?: string;
  readonly deflated?: boolean;
  readonly extra?: readonly { name: string; data: Uint8Array }[];
}

/** What torch.save writes today: f32 tensors, one storage each. */
export function writeTorchZip(
  tensors: readonly TestTensor[],
  { root = "archive", deflated = false, extra = [] }: TorchOptions = {},
): Uint8Array {
  const members = [
    { name: `${root}/data.pkl`, data: stateDict(viewsOf(tensors)), deflated },
    { name: `${root}/byteorder`, data: concat("little") },
    ...tensors.map(({ data }, i) => ({ name: `${root}/data/${i}`, data, deflated, alignment: 64 })),
    ...extra.map((it) => ({ ...it, name: `${root}/${it.name}` })),
    { name: `${root}/version`, data: concat("3\n") },
  ];
  return writeZip(members, { asTorch: true });
}

/** What torch.save wrote before 1.6. */
export function writeTorchLegacy(tensors: readonly TestTensor[]): Uint8Array {
  const magic = concat("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.");
  const version = concat(proto(2), "M\xe9\x03.");
  const system = concat(proto(2), dict([[text("little_endian"), concat("\x88")]]), stop);
  const keys = concat(proto(2), "]", mark, ...tensors.map((_, i) => text(String(i))), "e.");
  const storages = tensors.flatMap(({ data }) => [u64(data.length / 4), data]);
  return concat(magic, version, system, stateDict(viewsOf(tensors), true), keys, ...storages);
}

/** A pickled numpy array of little-endian f32. */
export function numpyArray({ shape, data }: TestTensor, fortran = false, bytes = rawBytes(data)): Uint8Array {
  const type = concat(
    call(global("numpy", "dtype"), text("f4"), int(0), int(1)),
    tuple(int(3), text("<"), none, none, none),
    "b",
  );
  const reconstruct = call(
    global("numpy.core.multiarray", "_reconstruct"),
    global("numpy", "ndarray"),
    tuple(int(0)),
    rawBytes(concat("b")),
  );
  const state = tuple(int(1), tuple(...shape.map(int)), type, concat(fortran ? "\x88" : "\x89"), bytes);
  return concat(reconstruct, state, "b");
}

/** A dict of numpy arrays in a bare pickle. */
export function writePickle(tensors: readonly TestTensor[]): Uint8Array {
  return concat(proto(4), dict(tensors.map((it) => [text(it.name), numpyArray(it)] as const)), stop);
}

/** The same in protocol 2, which has no bytes: they are escaped as a text. */
export function writePickleAsText(tensors: readonly TestTensor[]): Uint8Array {
  const escaped = (data: Uint8Array): Uint8Array =>
    call(global("_codecs", "encode"), text(Buffer.from(data).toString("latin1")), text("latin1"));
  const entries = tensors.map((it) => [text(it.name), numpyArray(it, false, escaped(it.data))] as const);
  return concat(proto(2), dict(entries), stop);
}
