// Digests of all tensors against node:crypto over the same bytes, and anchors.
import { createHash } from "node:crypto";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { AnchorScanner, digestTensors, readModelFile } from "../../packages/weights/src/index.ts";
import { Random } from "../../packages/weights/src/testing/random-model.ts";
import { bytesReader } from "./files.ts";
import { printTable } from "./table.ts";

const mebibyte = 1024 * 1024;
const sizeMiB = 256;
const runs = 6;

interface Speed {
  readonly threads: number;
  readonly plain: number;
  readonly tensors: number;
}

/** MB/s of one thread, each the best of six. */
interface Measured {
  readonly plain: number;
  readonly tensors: number;
  readonly anchors: number;
}

export async function benchDigest({ json }: { readonly json: boolean }) {
  const one = await measure();
  const two = await Promise.all([inWorker(), inWorker()]);
  const speeds: Speed[] = [
    { threads: 1, plain: one.plain, tensors: one.tensors },
    { threads: 2, plain: total(two, "plain"), tensors: total(two, "tensors") },
  ];
  if (!json) {
    printTable([
      ["threads", "sha256 MB/s", "tensor digests MB/s", "ratio"],
      ...speeds.map((it) => [
        it.threads,
        it.plain.toFixed(0),
        it.tensors.toFixed(0),
        (it.tensors / it.plain).toFixed(3),
      ]),
    ]);
    process.stdout.write(`anchors: ${one.anchors.toFixed(0)} MB/s\n`);
  }
  return { speeds, anchors: one.anchors };
}

async function measure(): Promise<Measured> {
  const file = testFile();
  const reader = bytesReader(file);
  const read = await readModelFile(reader);
  const best: Measured = { plain: 0, tensors: 0, anchors: 0 };
  let found = best;
  for (let run = 0; run < runs; run++) {
    // One after the other in each run: other work on the machine slows both alike.
    const plain = await speed(file.length, () => {
      const hash = createHash("sha256");
      for (let at = 0; at < file.length; at += 4 * mebibyte) hash.update(file.subarray(at, at + 4 * mebibyte));
      hash.digest();
    });
    const tensors = await speed(file.length, () => digestTensors(reader, read));
    const anchors = await speed(file.length, () => {
      const scanner = new AnchorScanner();
      for (let at = 0; at < file.length; at += 4 * mebibyte) scanner.push(file.subarray(at, at + 4 * mebibyte));
    });
    found = {
      plain: Math.max(found.plain, plain),
      tensors: Math.max(found.tensors, tensors),
      anchors: Math.max(found.anchors, anchors),
    };
  }
  return found;
}

/** MB/s of this thread's processor time: what others on the machine do counts less. */
async function speed(bytes: number, work: () => unknown): Promise<number> {
  const started = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(started);
  return bytes / (user + system);
}

/** 32 tensors of 8 MiB. */
function testFile(): Uint8Array {
  const shape = [2048, 1024];
  const header: Record<string, unknown> = {};
  const count = (sizeMiB * mebibyte) / (shape[0]! * shape[1]! * 4);
  for (let i = 0; i < count; i++) {
    header[`t${i}`] = { dtype: "F32", shape, data_offsets: [i * 8 * mebibyte, (i + 1) * 8 * mebibyte] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + sizeMiB * mebibyte);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  const random = new Random(1);
  const piece = new Uint8Array(Uint32Array.from({ length: mebibyte / 4 }, () => random.word()).buffer);
  for (let i = 0; i < sizeMiB; i++) {
    piece[0] = i; // no two pieces alike
    file.set(piece, 8 + text.length + i * mebibyte);
  }
  return file;
}

function total(measured: readonly Measured[], key: "plain" | "tensors"): number {
  return measured.reduce((sum, it) => sum + it[key], 0);
}

function inWorker(): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url));
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

if (!isMainThread) parentPort?.postMessage(await measure());
