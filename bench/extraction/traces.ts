import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
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

/** Arrays that no measure can do without. */
const needed = ["emb", "label"] as const;

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

/**
 * Reads a folder of recorded query streams: `index.json` and flat little-endian arrays. Checksums are verified. Ids, order of the
 * principals and order of the rows mean nothing.
 * Throws, naming the file, when something is missing or not as the index says.
 */
export function readTraces(folder: string): Traces {
  const file = join(folder, "index.json");
  const index = parsed(read(folder, "index.json"), file);
  if (index.format !== "outweigh-traces/1") throw new Error(`${file}: expected outweigh-traces/1, got ${index.format}`);
  if (!Number.isInteger(index.classes) || index.classes < 2)
    throw new Error(`${file}: expected classes, at least 2, got ${index.classes}`);
  if (!Array.isArray(index.principals)) throw new Error(`${file}: expected principals`);
  const arrays = new Map<string, { info: ArrayInfo; data: Float32Array | Uint8Array }>();
  for (const [name, info] of Object.entries((index.arrays ?? {}) as Record<string, ArrayInfo>)) {
    const isInfo = typeof info?.file === "string" && Array.isArray(info.shape) && info.shape.every(Number.isInteger);
    if (!isInfo) throw new Error(`${file}: arrays.${name}: expected file, dtype, shape, bytes and sha256`);
    const bytes = read(folder, info.file);
    const place = join(folder, info.file);
    if (bytes.length !== info.bytes) throw new Error(`${place}: expected ${info.bytes} bytes, got ${bytes.length}`);
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (digest !== info.sha256) throw new Error(`${place}: expected sha256 ${info.sha256}, got ${digest}`);
    if (info.dtype !== "u8" && info.dtype !== "f16") throw new Error(`${file}: ${name}: unknown dtype ${info.dtype}`);
    const size = info.shape.reduce((product, it) => product * it, info.dtype === "u8" ? 1 : 2);
    if (size !== bytes.length)
      throw new Error(`${file}: ${name}: ${bytes.length} bytes are not of shape ${info.shape}`);
    arrays.set(name, { info, data: info.dtype === "u8" ? new Uint8Array(bytes) : halves(bytes) });
  }
  const missing = needed.find((it) => !arrays.has(it));
  if (missing) throw new Error(`${file}: expected an array ${missing}`);
  checkPrincipals(file, index.principals, arrays.get("label")?.data.length ?? 0);
  const find = (name: string) => {
    const it = arrays.get(name);
    if (!it) throw new Error(`${file}: expected an array ${name}`);
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

function read(folder: string, name: string): Buffer {
  try {
    return readFileSync(join(folder, name));
  } catch (cause) {
    throw new Error(
      `${join(folder, name)}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

function parsed(bytes: Buffer, file: string) {
  try {
    return JSON.parse(bytes.toString("utf8")) ?? {};
  } catch (cause) {
    throw new Error(`${file}: not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function checkPrincipals(file: string, principals: readonly TracePrincipal[], rows: number): void {
  for (const { id, kind, row, n } of principals.map((it) => it ?? {})) {
    const known = kind === "reference" || kind === "benign" || kind === "attack";
    if (!known) throw new Error(`${file}: ${id}: unknown kind ${String(kind)}`);
    if (!(Number.isInteger(row) && Number.isInteger(n) && row >= 0 && n >= 0 && row + n <= rows))
      throw new Error(`${file}: ${id}: rows ${row} to ${row + n} of ${rows}`);
  }
  if (!principals.some((it) => it.kind === "benign")) throw new Error(`${file}: expected benign principals`);
}

/** IEEE 754 binary16, little-endian, as float32. */
function halves(bytes: Buffer): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getFloat16(2 * i, true));
}
