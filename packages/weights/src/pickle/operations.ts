// Source: CPython, Lib/pickletools.py: each opcode and its effect on the stack.
import type { Cursor } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxInlineBytes, maxNameBytes } from "../limits.ts";
import { parseInteger, readLine, readLong, readRange, readText, unescapeUnicode, unquote } from "./arguments.ts";
import type { PickleMachine } from "./machine.ts";
import { isPyObject, type PyDict, type PyList, type PyValue } from "./value.ts";

type Operation = (machine: PickleMachine, cursor: Cursor) => Promise<void> | void;

/** By opcode; STOP is the machine's own. */
export const operations: readonly (Operation | undefined)[] = table({
  // Constants
  N: (m) => m.push(undefined),
  "\x88": (m) => m.push(true),
  "\x89": (m) => m.push(false),
  I: async (m, c) => m.push(parseInteger(await readLine(c), m.at)),
  L: async (m, c) => m.push(parseInteger(await readLine(c), m.at)),
  F: async (m, c) => m.push(Number(await readLine(c))),
  J: fixed(4, (m, c) => m.push(c.i32())),
  K: fixed(1, (m, c) => m.push(c.u8())),
  M: fixed(2, (m, c) => m.push(c.u16())),
  "\x8a": async (m, c) => m.push(await readLong(c, 1)),
  "\x8b": async (m, c) => m.push(await readLong(c, 4)),
  G: fixed(8, (m, c) => m.push(bigEndianDouble(c.take(8)))),

  // Texts and bytes
  S: async (m, c) => m.push(unquote(await readLine(c), m.at)),
  V: async (m, c) => m.push(unescapeUnicode(await readLine(c))),
  X: async (m, c) => m.push(await readText(c, 4, mostOf(m))),
  "\x8c": async (m, c) => m.push(await readText(c, 1)),
  "\x8d": async (m, c) => m.push(await readText(c, 8, mostOf(m))),
  T: (m, c) => latinString(m, c, 4),
  U: (m, c) => latinString(m, c, 1),
  B: async (m, c) => m.push(await readRange(c, 4, "bytes")),
  C: async (m, c) => m.push(await readRange(c, 1, "bytes")),
  "\x8e": async (m, c) => m.push(await readRange(c, 8, "bytes")),
  "\x96": async (m, c) => m.push(await readRange(c, 8, "bytes")),
  "\x97": (m) => m.push({ kind: "persistent", id: "out-of-band buffer" }),
  "\x98": (m) => void m.top(),

  // Containers
  "]": (m) => m.push({ kind: "list", items: [] }),
  "}": (m) => m.push({ kind: "dict", entries: [] }),
  ")": (m) => m.push({ kind: "tuple", items: [] }),
  "\x8f": (m) => m.push({ kind: "set", items: [] }),
  l: (m) => m.push({ kind: "list", items: m.popMark() }),
  t: (m) => m.push({ kind: "tuple", items: m.popMark() }),
  "\x91": (m) => m.push({ kind: "set", items: m.popMark() }),
  d: (m) => m.push({ kind: "dict", entries: pairs(m, m.popMark()) }),
  "\x85": (m) => tuple(m, 1),
  "\x86": (m) => tuple(m, 2),
  "\x87": (m) => tuple(m, 3),
  a: (m) => append(m, [m.pop()]),
  e: (m) => append(m, m.popMark()),
  "\x90": (m) => append(m, m.popMark()),
  s: (m) => setItems(m, [m.pop(), m.pop()].reverse()),
  u: (m) => setItems(m, m.popMark()),

  // Stack and memo
  "(": (m) => m.push({ kind: "mark" }),
  0: (m) => m.drop(),
  1: (m) => void m.popMark(),
  2: (m) => m.push(m.top()),
  p: async (m, c) => m.remember(Number(parseInteger(await readLine(c), m.at))),
  q: fixed(1, (m, c) => m.remember(c.u8())),
  r: fixed(4, (m, c) => m.remember(c.u32())),
  "\x94": (m) => m.memoize(),
  g: async (m, c) => m.recall(Number(parseInteger(await readLine(c), m.at))),
  h: fixed(1, (m, c) => m.recall(c.u8())),
  j: fixed(4, (m, c) => m.recall(c.u32())),

  // Classes, calls and objects
  c: async (m, c) => m.push({ kind: "global", module: await readLine(c), name: await readLine(c), at: m.at }),
  "\x93": (m) => stackGlobal(m),
  R: (m) => reduce(m),
  "\x81": (m) => reduce(m),
  "\x92": (m) => newObjectEx(m),
  i: async (m, c) => instance(m, await readLine(c), await readLine(c)),
  o: (m) => object(m),
  b: (m) => build(m),
  P: async (m, c) => m.push({ kind: "persistent", id: await readLine(c) }),
  Q: (m) => m.push({ kind: "persistent", id: m.pop() }),
  "\x82": fixed(1, (m, c) => extension(m, c.u8())),
  "\x83": fixed(2, (m, c) => extension(m, c.u16())),
  "\x84": fixed(4, (m, c) => extension(m, c.i32())),

  // Framing
  "\x80": fixed(1, (m, c) => void (m.protocol = c.u8())),
  "\x95": fixed(8, (_, c) => void c.u64()),
});

function table(byCharacter: Record<string, Operation>): (Operation | undefined)[] {
  const list: (Operation | undefined)[] = Array.from({ length: 256 });
  for (const [character, operation] of Object.entries(byCharacter)) list[character.charCodeAt(0)] = operation;
  return list;
}

/** An operation that needs `count` bytes of argument. Stays synchronous while they are in memory. */
function fixed(count: number, operation: (machine: PickleMachine, cursor: Cursor) => void): Operation {
  return (machine, cursor) => {
    if (cursor.holds(count)) return operation(machine, cursor);
    return cursor.want(count, "an argument").then(() => operation(machine, cursor));
  };
}

function bigEndianDouble(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
}

/** Python 2 strings: short ones are names, long ones are arrays' bytes. */
async function latinString(machine: PickleMachine, cursor: Cursor, countBytes: 1 | 4): Promise<void> {
  const range = await readRange(cursor, countBytes, "bytes");
  if (range.length > 256) return machine.push(range);
  cursor.seek(range.at, "a string");
  await cursor.want(range.length, "a string");
  machine.push(Buffer.from(cursor.take(range.length)).toString("latin1"));
}

function tuple(machine: PickleMachine, count: number): void {
  const items: PyValue[] = [];
  for (let i = 0; i < count; i++) items.unshift(machine.pop());
  machine.push({ kind: "tuple", items });
}

function pairs(machine: PickleMachine, items: readonly PyValue[]): [PyValue, PyValue][] {
  if (items.length % 2 !== 0) throw new WeightsError("MALFORMED", "a dict with a key and no value", { at: machine.at });
  const entries: [PyValue, PyValue][] = [];
  for (let i = 0; i < items.length; i += 2) entries.push([items[i], items[i + 1]]);
  return entries;
}

function append(machine: PickleMachine, items: readonly PyValue[]): void {
  const target = machine.top();
  if (!isList(target) && !isPyObject(target))
    throw new WeightsError("MALFORMED", "items for no list", { at: machine.at });
  for (const it of items) target.items.push(it);
}

function setItems(machine: PickleMachine, items: readonly PyValue[]): void {
  const target = machine.top();
  if (!isDict(target) && !isPyObject(target))
    throw new WeightsError("MALFORMED", "entries for no dict", { at: machine.at });
  for (const entry of pairs(machine, items)) target.entries.push(entry);
}

function stackGlobal(machine: PickleMachine): void {
  const name = machine.pop();
  const module = machine.pop();
  machine.push({ kind: "global", module: nameText(module), name: nameText(name), at: machine.at });
}

/** How long a text may be to be kept: bytes that Python 3 escapes for protocol 2 are the argument of `_codecs.encode`. */
function mostOf(machine: PickleMachine): number {
  const callee = machine.callee();
  return typeof callee === "object" && callee.kind === "global" && callee.module === "_codecs"
    ? maxInlineBytes
    : maxNameBytes;
}

/** A name that is computed or no text at all would fail in Python, yet stays visible here. */
function nameText(value: PyValue): string {
  return typeof value === "string" && value.length <= maxNameBytes ? value : "<not a text>";
}

function reduce(machine: PickleMachine): void {
  const args = machine.pop();
  machine.call(machine.pop(), isList(args) ? args.items : [args]);
}

function newObjectEx(machine: PickleMachine): void {
  const named = machine.pop();
  const args = machine.pop();
  const callee = machine.pop();
  machine.call(callee, [...(isList(args) ? args.items : [args]), named]);
}

function instance(machine: PickleMachine, module: string, name: string): void {
  const args = machine.popMark();
  machine.call({ kind: "global", module, name, at: machine.at }, args);
}

function object(machine: PickleMachine): void {
  const [callee, ...args] = machine.popMark();
  machine.call(callee, args);
}

function build(machine: PickleMachine): Promise<void> | void {
  const state = machine.pop();
  const target = machine.top();
  if (!isPyObject(target)) return undefined;
  target.state = state;
  return machine.build(target);
}

/** copyreg's registry of codes: what it stands for is known only to the program that loads it. */
function extension(machine: PickleMachine, code: number): void {
  machine.push({ kind: "global", module: "copyreg.extension", name: String(code), at: machine.at });
}

function isList(value: PyValue): value is PyList {
  return typeof value === "object" && (value.kind === "list" || value.kind === "tuple" || value.kind === "set");
}

function isDict(value: PyValue): value is PyDict {
  return typeof value === "object" && value.kind === "dict";
}
