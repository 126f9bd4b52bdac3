// A checkpoint shaped like a 70B model: 141 GB of which only the sampled places exist on disk.
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fingerprint, openKey, readModelFile, type ModelPart, type Reader } from "../../packages/weights/src/index.ts";
import { Random } from "../../packages/weights/src/testing/random-model.ts";
import { note, printTable } from "./table.ts";

interface Run {
  readonly tiles: number;
  readonly reader: string;
  readonly matrices: number;
  readonly reads: number;
  readonly bytesRead: number;
  readonly bytesWithHeader: number;
  readonly milliseconds: number;
  /** Of the processor: what others on the machine do counts less. */
  readonly cpuMilliseconds: number;
}

const runs = 5;

export async function benchSparse({ json }: { readonly json: boolean }) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-sparse-"));
  const path = join(folder, "model.safetensors");
  try {
    const bytes = writeSparse(path);
    note(`${(bytes / 1e9).toFixed(0)} GB, sparse`);
    await fillSampled(path, 4);
    const results: Run[] = [];
    for (const tiles of [1, 4]) {
      results.push(await measure("readSync", tiles, () => syncReader(path)));
      results.push(await measure("FileHandle.read", tiles, () => asyncReader(path)));
    }
    if (!json) print(results);
    return { bytes, results };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Llama 3 70B's shapes in bfloat16: 723 tensors. */
function shapes(): (readonly [name: string, shape: readonly number[]])[] {
  const layer = (i: number): (readonly [string, readonly number[]])[] => [
    [`model.layers.${i}.input_layernorm.weight`, [8192]],
    [`model.layers.${i}.mlp.down_proj.weight`, [8192, 28672]],
    [`model.layers.${i}.mlp.gate_proj.weight`, [28672, 8192]],
    [`model.layers.${i}.mlp.up_proj.weight`, [28672, 8192]],
    [`model.layers.${i}.post_attention_layernorm.weight`, [8192]],
    [`model.layers.${i}.self_attn.k_proj.weight`, [1024, 8192]],
    [`model.layers.${i}.self_attn.o_proj.weight`, [8192, 8192]],
    [`model.layers.${i}.self_attn.q_proj.weight`, [8192, 8192]],
    [`model.layers.${i}.self_attn.v_proj.weight`, [1024, 8192]],
  ];
  return [
    ["lm_head.weight", [128256, 8192]],
    ["model.embed_tokens.weight", [128256, 8192]],
    ...Array.from({ length: 80 }, (_, i) => layer(i)).flat(),
    ["model.norm.weight", [8192]],
  ];
}

function writeSparse(path: string): number {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of shapes()) {
    const bytes = 2 * shape.reduce((product, it) => product * it, 1);
    header[name] = { dtype: "BF16", shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, "w");
  writeSync(file, prefix);
  writeSync(file, text);
  ftruncateSync(file, 8 + text.length + end);
  closeSync(file);
  return 8 + text.length + end;
}

/** Puts random weights where a fingerprint will look: a file of zeros would be done sooner than a real one. */
async function fillSampled(path: string, tiles: number): Promise<void> {
  const places: [at: number, length: number][] = [];
  const inner = syncReader(path);
  const seeing: Reader = {
    size: inner.reader.size,
    read: (at, length) => {
      places.push([at, length]);
      const noise = new Random(at); // tiles that are not constant, so that all are read
      return Uint8Array.from({ length }, (_, i) => (i % 2 ? 0x3c : noise.word() & 0xff));
    },
  };
  const file = await readModelFile(inner.reader);
  await fingerprint([{ file, reader: seeing }], { key: openKey, tiles });
  inner.close();
  const random = new Random(1);
  const out = openSync(path, "r+");
  for (const [at, length] of places) {
    const view = new DataView(new ArrayBuffer(4));
    const bytes = new Uint8Array(length);
    for (let i = 0; i + 1 < length; i += 2) {
      view.setFloat32(0, 0.02 * random.normal());
      bytes[i] = view.getUint8(1);
      bytes[i + 1] = view.getUint8(0);
    }
    writeSync(out, bytes, 0, length, at);
  }
  closeSync(out);
}

interface Opened {
  readonly reader: Reader;
  close(): void | Promise<void>;
}

function syncReader(path: string): Opened {
  const file = openSync(path, "r");
  const size = sizeOf(file);
  return {
    reader: {
      size,
      read: (at, length) => {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, readSync(file, bytes, 0, length, at));
      },
    },
    close: () => closeSync(file),
  };
}

async function asyncReader(path: string): Promise<Opened> {
  const file = await open(path);
  const { size } = await file.stat();
  return {
    reader: {
      size,
      read: async (at, length) => {
        const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, at);
        return buffer.subarray(0, bytesRead);
      },
    },
    close: () => file.close(),
  };
}

function sizeOf(file: number): number {
  return fstatSync(file).size;
}

/** The best of several runs, the file in the page cache; header and fingerprint together. */
async function measure(name: string, tiles: number, opened: () => Opened | Promise<Opened>): Promise<Run> {
  let best: Run | undefined;
  for (let i = 0; i < runs; i++) {
    const { reader, close } = await opened();
    const counts = { reads: 0, bytes: 0 };
    const counting: Reader = {
      size: reader.size,
      read: (at, length) => {
        counts.reads++;
        counts.bytes += length;
        return reader.read(at, length);
      },
    };
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    const part: ModelPart = { file: await readModelFile(counting), reader: counting };
    const made = await fingerprint([part], { key: openKey, tiles });
    const milliseconds = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    await close();
    const matrices = made.tensors.filter((it) => it.unusable === undefined).length;
    const run = {
      tiles,
      reader: name,
      matrices,
      reads: counts.reads,
      bytesRead: made.bytesRead,
      bytesWithHeader: counts.bytes,
      milliseconds,
      cpuMilliseconds: (user + system) / 1000,
    };
    if (!best || run.cpuMilliseconds < best.cpuMilliseconds) best = run;
  }
  if (!best) throw new RangeError("no runs");
  return best;
}

function print(results: readonly Run[]): void {
  printTable([
    ["tiles", "reader", "matrices", "reads", "MB, header too", "ms", "ms of CPU"],
    ...results.map((it) => [
      it.tiles,
      it.reader,
      it.matrices,
      it.reads,
      (it.bytesWithHeader / 1e6).toFixed(2),
      it.milliseconds.toFixed(0),
      it.cpuMilliseconds.toFixed(0),
    ]),
  ]);
}
