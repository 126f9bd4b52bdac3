// What tests of a scan need: folders that go away, and real weights that are small.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { scan, type ScanOptions } from "../scan/scan.ts";
import type { ScanReport } from "@outweigh/schema";

/** A folder for one test, with links resolved, removed at its end. */
export function aFolder(t: TestContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "outweigh-agent-")));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes a file with the folders above it; answers with its path. */
export function lay(root: string, name: string, bytes: Uint8Array | string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

/** The bytes of tensor `n` of the model named by `seed`: values as weights have them, that no other seed gives. */
function tensorBytes(seed: string, n: number, { side, change }: Required<Shape>): Buffer {
  const out = Buffer.alloc(side * side * 4);
  let block = createHash("sha256").update(`${seed}|${n}`).digest();
  for (let at = 0; at < out.length; at += 4) {
    if (at % 32 === 0) block = createHash("sha256").update(block).digest();
    out.writeFloatLE(change(block.readUInt32LE(at % 32) / 2 ** 32 - 0.5), at);
  }
  return out;
}

export interface Shape {
  /** Rows and columns of each tensor; 32 gives 4 KiB. */
  readonly side?: number;
  /** What was done to each value. */
  readonly change?: (value: number) => number;
}

/** A safetensors file with the chosen tensors of a model, each a square matrix. */
export function weights(
  seed: string,
  tensors: readonly number[] = [0, 1, 2, 3],
  name = (n: number) => `layers.${n}`,
  { side = 32, change = (value) => value }: Shape = {},
): Buffer {
  const bytes = side * side * 4;
  const bodies = tensors.map((n) => tensorBytes(seed, n, { side, change }));
  const entries = tensors.map((n, i) => [
    name(n),
    { dtype: "F32", shape: [side, side], data_offsets: [i * bytes, (i + 1) * bytes] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const padded = Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8, 0x20)]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...bodies]);
}

/** A zip with its members stored, as `zip -0` writes it. */
export function zipOf(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, bytes] of Object.entries(members)) {
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt32LE(bytes.length, 18);
    local.writeUInt32LE(bytes.length, 22);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt32LE(bytes.length, 20);
    entry.writeUInt32LE(bytes.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    entry.write(name, 46);
    locals.push(local, Buffer.from(bytes));
    central.push(entry);
    at += local.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** Scans with two threads and everything else as a person would. */
export function scanOf(root: string, over: Partial<ScanOptions> = {}): Promise<ScanReport> {
  return scan({ roots: [root], limits: { workers: 2 }, ...over });
}
