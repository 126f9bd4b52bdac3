/**
 * A Python object as a pickle describes it, built without importing or calling anything. None is `undefined`; numbers, booleans and
 * short texts are themselves. Objects may be shared and may contain themselves.
 */
export type PyValue =
  | undefined
  | boolean
  | number
  | bigint
  | string
  | PyBytes
  | PyList
  | PyDict
  | PyGlobal
  | PyObject
  | PyPersistent
  | PyMark;

/** Bytes, or a text too long to keep, as a range of the stream. */
export interface PyBytes {
  readonly kind: "bytes" | "text";
  readonly at: number;
  readonly length: number;
  /** Where the stream holds them escaped: the bytes themselves. */
  readonly data?: Uint8Array;
}

export interface PyList {
  readonly kind: "list" | "tuple" | "set";
  readonly items: PyValue[];
}

export interface PyDict {
  readonly kind: "dict";
  readonly entries: [key: PyValue, value: PyValue][];
}

/** A class or function by its name: `module.name`. */
interface PyGlobal {
  readonly kind: "global";
  readonly module: string;
  readonly name: string;
  readonly at: number;
}

/** What loading would make by calling `callee`, whatever that is; `state`, `items` and `entries` came after. */
export interface PyObject {
  readonly kind: "object";
  readonly callee: PyValue;
  readonly args: readonly PyValue[];
  state?: PyValue;
  readonly items: PyValue[];
  readonly entries: [key: PyValue, value: PyValue][];
  readonly at: number;
}

export function isPyObject(value: PyValue): value is PyObject {
  return typeof value === "object" && value.kind === "object";
}

/** What the loader must supply: PyTorch's storages. */
export interface PyPersistent {
  readonly kind: "persistent";
  readonly id: PyValue;
}

/** The stack's own marker; never part of a finished object. */
interface PyMark {
  readonly kind: "mark";
}

/** `module.name` of a global; undefined for any other value. */
export function globalName(value: PyValue): string | undefined {
  return typeof value === "object" && value.kind === "global" ? `${value.module}.${value.name}` : undefined;
}

/** The members of a tuple or list; undefined for any other value. */
export function sequence(value: PyValue): readonly PyValue[] | undefined {
  return typeof value === "object" && (value.kind === "tuple" || value.kind === "list") ? value.items : undefined;
}

/** A sequence of safe whole numbers, as shapes and strides are; undefined for anything else. */
export function wholeNumbers(value: PyValue): number[] | undefined {
  const items = isSize(value) ? sequence(value.args[0]) : sequence(value);
  return items?.every((it): it is number => Number.isSafeInteger(it)) ? [...items] : undefined;
}

/** torch.Size is pickled as a call with the tuple. */
function isSize(value: PyValue): value is PyObject {
  return typeof value === "object" && value.kind === "object" && globalName(value.callee) === "torch.Size";
}
