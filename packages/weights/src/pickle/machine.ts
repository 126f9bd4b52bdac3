// Source: CPython, Lib/pickle.py and pickletools.py, protocols 0 to 5.
import type { Cursor } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxPickleObjects, maxPickleOperations } from "../limits.ts";
import { operations } from "./operations.ts";
import type { PyObject, PyValue } from "./value.ts";

/** What a stream does, as far as one can tell without doing it. */
export interface PickleOutcome {
  readonly value: PyValue;
  readonly protocol: number;
  /** The callees of all calls that loading would make, each once, with the place of the first. */
  readonly calls: ReadonlyMap<string, number>;
}

interface PickleHooks {
  /** Called when an object got its state: joblib writes an array's bytes right there. The cursor may be moved beyond them. */
  built?(object: PyObject, cursor: Cursor): Promise<void> | void;
}

/** As far as a stream could be walked. `broke` says why it ended before its STOP; then `value` is the list of what was under way. */
export interface PickleWalk extends PickleOutcome {
  readonly broke?: WeightsError;
  /** How many opcodes were walked, STOP not counted. */
  readonly operations: number;
}

/**
 * Walks one pickle stream up to and including its STOP, building the object symbolically.
 *
 * Nothing is imported, called or looked up outside the stream; an opcode's effect on the stack is all that happens.
 * @throws {WeightsError} MALFORMED for an unknown opcode or an empty stack; TRUNCATED without STOP; TOO_MANY beyond the limits.
 */
export async function runPickle(cursor: Cursor, hooks: PickleHooks = {}): Promise<PickleOutcome> {
  const { broke, operations: _, ...outcome } = await walkPickle(cursor, hooks);
  if (broke) throw broke;
  return outcome;
}

/** As `runPickle`, but a stream that breaks answers with what came before: malware runs before its stream breaks. */
export async function walkPickle(cursor: Cursor, hooks: PickleHooks = {}): Promise<PickleWalk> {
  const machine = new PickleMachine(cursor, hooks);
  try {
    const value = await untilStop(machine, cursor);
    return { value, protocol: machine.protocol, calls: machine.calls, operations: machine.operations };
  } catch (broke) {
    if (!(broke instanceof WeightsError)) throw broke;
    const { protocol, calls, operations } = machine;
    return { value: machine.unfinished(), protocol, calls, operations, broke };
  }
}

async function untilStop(machine: PickleMachine, cursor: Cursor): Promise<PyValue> {
  for (; ; machine.operations++) {
    if (machine.operations > maxPickleOperations) {
      throw new WeightsError("TOO_MANY", `more than ${maxPickleOperations} opcodes`, { at: cursor.at });
    }
    if (!cursor.holds(1)) await cursor.want(1, "an opcode");
    machine.at = cursor.at;
    const code = cursor.u8();
    if (code === stop) return machine.pop();
    const operation = operations[code];
    if (!operation) {
      throw new WeightsError("MALFORMED", `0x${code.toString(16).padStart(2, "0")} is no pickle opcode`, {
        at: machine.at,
      });
    }
    const pending = operation(machine, cursor);
    if (pending) await pending;
  }
}

const stop = 0x2e;

/** The stack, the memo and what was seen. Only `operations.ts` touches it. */
export class PickleMachine {
  readonly calls = new Map<string, number>();
  protocol = 0;
  operations = 0;
  /** Of the opcode under way. */
  at = 0;
  readonly cursor: Cursor;
  readonly #hooks: PickleHooks;
  readonly #stack: PyValue[] = [];
  readonly #memo = new Map<number, PyValue>();
  #pushed = 0;

  constructor(cursor: Cursor, hooks: PickleHooks) {
    this.cursor = cursor;
    this.#hooks = hooks;
  }

  /** What lies on the stack, bottom first. */
  unfinished(): PyValue {
    return { kind: "list", items: this.#stack.filter((it) => !isMark(it)) };
  }

  push(value: PyValue): void {
    if (++this.#pushed > maxPickleOperations || this.#stack.length > maxPickleObjects) {
      throw new WeightsError("TOO_MANY", `more than ${maxPickleObjects} objects`, { at: this.at });
    }
    this.#stack.push(value);
  }

  pop(): PyValue {
    this.#needs();
    const value = this.#stack.pop();
    if (isMark(value)) throw new WeightsError("MALFORMED", "a mark where an object should be", { at: this.at });
    return value;
  }

  /** What `top` gives, or what lies below a mark; undefined for an empty stack. */
  callee(): PyValue {
    const last = this.#stack.at(-1);
    return isMark(last) ? this.#stack.at(-2) : last;
  }

  top(): PyValue {
    this.#needs();
    return this.#stack.at(-1);
  }

  /** Everything above the last mark, which goes too. */
  popMark(): PyValue[] {
    const at = this.#stack.findLastIndex(isMark);
    if (at < 0) throw new WeightsError("MALFORMED", "no mark on the stack", { at: this.at });
    const items = this.#stack.splice(at);
    items.shift();
    return items;
  }

  /** POP also removes a mark. */
  drop(): void {
    this.#needs();
    this.#stack.pop();
  }

  remember(index: number): void {
    if (this.#memo.size >= maxPickleObjects)
      throw new WeightsError("TOO_MANY", "too many memo entries", { at: this.at });
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    if (!this.#memo.has(index))
      throw new WeightsError("MALFORMED", `memo entry ${index} was never set`, { at: this.at });
    this.push(this.#memo.get(index));
  }

  call(callee: PyValue, args: readonly PyValue[]): void {
    const name = calleeName(callee);
    if (!this.calls.has(name) && this.calls.size < 10_000) this.calls.set(name, this.at);
    this.push({ kind: "object", callee, args, items: [], entries: [], at: this.at });
  }

  build(object: PyObject): Promise<void> | void {
    return this.#hooks.built?.(object, this.cursor);
  }

  #needs(): void {
    if (this.#stack.length === 0) throw new WeightsError("MALFORMED", "the stack is empty", { at: this.at });
  }
}

function isMark(value: PyValue): boolean {
  return typeof value === "object" && value.kind === "mark";
}

function calleeName(callee: PyValue): string {
  if (typeof callee !== "object") return `a ${typeof callee}`;
  return callee.kind === "global" ? `${callee.module}.${callee.name}` : `the result of another call`;
}
