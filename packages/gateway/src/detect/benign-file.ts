// Files that owners record of benign clients, and how their principals are dealt.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { GatewayError } from "../error.ts";

/** Longest line read, in UTF-16 units: an image of 512 × 512 × 3 as decimals. */
const maxLineLength = 16 * 1024 * 1024;
/** Most lines read: more principals than this promise no more. */
const maxLines = 2_000_000;

/** The values of an NDJSON file, each with its place: `file, line 7`. @throws {GatewayError} BAD_CALIBRATION naming file and line. */
export async function* readJsonLines(
  file: string,
): AsyncGenerator<{ readonly value: unknown; readonly place: string }> {
  let line = 0;
  const input = createReadStream(file);
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      const place = `${file}, line ${++line}`;
      if (text.trim() === "") continue;
      if (text.length > maxLineLength) throw bad(`${place}: longer than ${maxLineLength} characters`);
      if (line > maxLines) throw bad(`${file}: more than ${maxLines} lines; fewer do as well`);
      yield { value: parsed(text, place), place };
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw bad(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  } finally {
    input.destroy();
  }
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(`${place}: not JSON`);
  }
}

/** In an order that says nothing of the file's, the same for the same file. */
export function dealt<T>(list: readonly T[]): T[] {
  const random = dice(list.length);
  return list
    .map((it) => [random(), it] as const)
    .sort(([a], [b]) => a - b)
    .map(([, it]) => it);
}

/** A small generator with a seed (mulberry32): the same files give the same calibration. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let it = Math.imul(state ^ (state >>> 15), 1 | state);
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it;
    return ((it ^ (it >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function bad(message: string): GatewayError {
  return new GatewayError("BAD_CALIBRATION", message);
}
