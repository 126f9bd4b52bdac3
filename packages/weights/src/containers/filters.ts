// Source: LZMA SDK (public domain), `Bra86.c` and `Delta.c`; "The .xz File Format" 1.2.1, §5.3.2 and §5.3.3.
import type { Unpacking } from "./input.ts";

/** Turns what a decoder gives into what was packed; of the same length. */
export type Filter = (steps: Unpacking) => Unpacking;

/** Bytes of a call or jump: its code and where to. */
const callBytes = 5;

/** By which of the last three bytes began calls that were none: whether a call may begin here, and which byte of its target to look at. */
const mayBegin = [true, true, true, false, true, false, false, false] as const;
const byteToTest = [0, 1, 2, 2, 3, 3, 3, 3] as const;

/**
 * Undoes BCJ for x86: targets of calls, which were made absolute so that equal ones pack well, become relative again. py7zr applies it to
 * whatever it packs, 7-Zip to programs.
 */
export const undoX86: Filter = function* (steps) {
  const state = { mask: 0, last: -callBytes };
  let rest = new Uint8Array(0);
  let at = 0; // of `rest`, in all that was unpacked
  for (const step of steps) {
    if (typeof step === "number") {
      yield step;
      continue;
    }
    const bytes = new Uint8Array(rest.length + step.length);
    bytes.set(rest);
    bytes.set(step, rest.length);
    const done = turnCalls(bytes, at, state);
    yield bytes.subarray(0, done);
    rest = bytes.slice(done);
    at += done;
  }
  yield rest;
};

interface CallState {
  /** Bit i + 1: i bytes ago something like a call began; bit 4: its target ended like one. */
  mask: number;
  /** Where that was. */
  last: number;
}

/** @returns How many bytes are done: a call that may reach beyond the end waits. */
function turnCalls(bytes: Uint8Array, start: number, state: CallState): number {
  let at = 0;
  while (at + callBytes <= bytes.length) {
    if (((bytes[at] ?? 0) & 0xfe) !== 0xe8) {
      at++;
      continue;
    }
    const since = start + at - state.last;
    state.last = start + at;
    if (since > callBytes) state.mask = 0;
    else for (let i = 0; i < since; i++) state.mask = (state.mask & 0x77) << 1;
    const isNear = endsNear(bytes[at + 4] ?? 0);
    const before = state.mask >> 1;
    if (!isNear || before >= 16 || mayBegin[before & 7] !== true) {
      state.mask |= isNear ? 0x11 : 1;
      at++;
      continue;
    }
    turnCall(bytes, at, { end: start + at + callBytes, mask: state.mask });
    state.mask = 0;
    at += callBytes;
  }
  return at;
}

function turnCall(bytes: Uint8Array, at: number, { end, mask }: { end: number; mask: number }): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, callBytes);
  let target = (view.getUint32(1, true) - end) >>> 0;
  if (mask !== 0) {
    const shift = 8 * (byteToTest[mask >> 1] ?? 0);
    if (endsNear((target >>> (24 - shift)) & 255)) target = ((target ^ (2 ** (32 - shift) - 1)) - end) >>> 0;
  }
  view.setUint32(1, ((target & 0x01ffffff) | (target & 0x01000000 ? 0xff000000 : 0)) >>> 0, true);
}

/** Targets within 16 MiB, forwards or backwards, have such an uppermost byte. */
function endsNear(byte: number): boolean {
  return byte === 0 || byte === 0xff;
}

/** Undoes delta: each byte was stored as its difference to that `distance` before. */
export function undoDelta(distance: number): Filter {
  return function* (steps) {
    const history = new Uint8Array(distance);
    let at = 0;
    for (const step of steps) {
      if (typeof step === "number") {
        yield step;
        continue;
      }
      const bytes = step.slice();
      for (let i = 0; i < bytes.length; i++) {
        const sum = ((bytes[i] ?? 0) + (history[at] ?? 0)) & 255;
        bytes[i] = history[at] = sum;
        at = (at + 1) % distance;
      }
      yield bytes;
    }
  };
}
