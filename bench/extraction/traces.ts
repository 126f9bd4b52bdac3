import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A principal of a trace folder: its queries are rows `row` … `row + n - 1` of every array. */
export interface TracePrincipal {
  readonly id: string;
  readonly kind: "reference" | "benign" | "attack";
  readonly row: number;
  readonly n: number;
  readonly attack?: string;
  readonly seed?: number;
  /** Agreement of a clone trained on the first n answered queries, by n. */
  readonly cloneFidelity?: Readonly<Record<string, number>>;
}

interface ArrayInfo {
  readonly file: string;
  readonly dtype: "f16" | "u8";
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly sha256: string;
}

export interface Traces {
  readonly classes: number;
  readonly principals: readonly TracePrincipal[];
  /** Row `i` of an array, as numbers. Throws when the folder has no such array. */
  row(name: string, i: number): Float32Array | Uint8Array;
  has(name: string): boolean;
  rows(name: string): number;
}

/** Reads a folder of recorded query streams: `index.json` and flat little-endian arrays. Checksums are verified. Undefined when there is none. */
export function readTraces(folder: string): Traces | undefined {
  if (!existsSync(join(folder, "index.json"))) return undefined;
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  if (index.format !== "outweigh-traces/1")
    throw new Error(`${folder}: expected outweigh-traces/1, got ${index.format}`);
  const arrays = new Map<string, { info: ArrayInfo; data: Float32Array | Uint8Array }>();
  for (const [name, info] of Object.entries(index.arrays as Record<string, ArrayInfo>)) {
    const bytes = readFileSync(join(folder, info.file));
    if (bytes.length !== info.bytes) throw new Error(`${info.file}: expected ${info.bytes} bytes, got ${bytes.length}`);
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (digest !== info.sha256) throw new Error(`${info.file}: expected sha256 ${info.sha256}, got ${digest}`);
    arrays.set(name, { info, data: info.dtype === "u8" ? new Uint8Array(bytes) : halves(bytes) });
  }
  const find = (name: string) => {
    const it = arrays.get(name);
    if (!it) throw new Error(`the trace folder has no array ${name}`);
    return it;
  };
  return {
    classes: index.classes,
    principals: index.principals,
    row(name, i) {
      const { info, data } = find(name);
      const width = info.shape[1] ?? 1;
      return data.subarray(i * width, (i + 1) * width);
    },
    has: (name) => arrays.has(name),
    rows: (name) => find(name).info.shape[0] ?? 0,
  };
}

/** IEEE 754 binary16, little-endian, as float32. */
function halves(bytes: Buffer): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getFloat16(2 * i, true));
}
