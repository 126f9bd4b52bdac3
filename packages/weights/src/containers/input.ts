import { WeightsError } from "../error.ts";
import type { Reader } from "../tensor.ts";

/** Packed bytes read at a time, unless a decoder wants more at once. */
const feedBytes = 256 * 1024;

/**
 * What a decoder of ours reads from: the packed bytes that are in memory, from `at` to `end`. A decoder takes bytes by moving `at`;
 * where it needs more it yields how many it wants from `at` on, and finds them there afterwards, or `last` set and fewer.
 */
export class Input {
  bytes: Uint8Array;
  at = 0;
  end: number;
  /** Nothing follows `end`. */
  last = false;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Puts a piece behind what is left. */
  add(piece: Uint8Array): void {
    const joined = new Uint8Array(this.left + piece.length);
    joined.set(this.bytes.subarray(this.at, this.end));
    joined.set(piece, this.left);
    this.bytes = joined;
    this.at = 0;
    this.end = joined.length;
  }

  /** The next bytes, as a view. Wanted before, or a RangeError. */
  take(count: number): Uint8Array {
    if (count > this.left) throw new RangeError("taken without being wanted");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  /** Little-endian. */
  u32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.take(4);
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }
}

/** Yields pieces of what is unpacked, valid until the next step, or the number of packed bytes that it needs to go on. */
export type Unpacking<T = void> = Generator<Uint8Array | number, T>;

/** A decoder of ours. @throws {WeightsError} TRUNCATED, MALFORMED, UNSUPPORTED or TOO_LARGE, and nothing else. */
export type Unpack = (input: Input) => Unpacking;

/** Sees to it that `count` bytes are there. @throws {WeightsError} TRUNCATED if they are not. */
export function* need(input: Input, count: number, what: string): Unpacking {
  if (input.left < count) yield count;
  if (input.left < count) throw new WeightsError("TRUNCATED", `the packed stream ends within ${what}`);
}

/** A range of packed bytes. */
export interface PackedBytes {
  readonly reader: Reader;
  readonly at: number;
  readonly bytes: number;
}

/** Unpacks a range; `onTake` is told how many packed bytes were read so far. Throws as `unpack` and the reader. */
export async function* unpackRange(
  { reader, at, bytes }: PackedBytes,
  unpack: Unpack,
  onTake: (taken: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const input = new Input();
  let taken = 0;
  for (const step of unpack(input)) {
    if (typeof step !== "number") {
      yield step;
      continue;
    }
    while (input.left < step && !input.last) {
      const wanted = Math.min(Math.max(feedBytes, step - input.left), bytes - taken);
      const piece = wanted > 0 ? await reader.read(at + taken, wanted) : new Uint8Array(0);
      taken += piece.length;
      input.last = piece.length === 0 || taken >= bytes;
      input.add(piece);
      onTake(taken);
    }
  }
}

/** The beginning of what the beginning of a stream unpacks to, at least `most` bytes if it reaches so far. Never throws. */
export function peekUnpacked(unpack: Unpack, packed: Uint8Array, most: number): Uint8Array {
  const found: Uint8Array[] = [];
  let bytes = 0;
  try {
    const input = new Input(packed);
    for (const step of unpack(input)) {
      if (typeof step === "number") {
        if (input.last) break;
        input.last = true; // it wants more than there is: what it makes of the rest counts
        continue;
      }
      found.push(step.slice());
      bytes += step.length;
      if (bytes >= most) break;
    }
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error; // a broken stream unpacks to what came before
  }
  return new Uint8Array(Buffer.concat(found));
}
