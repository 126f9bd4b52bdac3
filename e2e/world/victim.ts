// The victim: a real small classifier, its real weights evaluated here, served by the Open Inference protocol. Loopback only.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** Where recorded traces and the victim's weights lie, beside the repository. They are not part of it. */
export const tracesFolder = join(import.meta.dirname, "..", "..", "..", "shared", "traces");

/** False when there are no traces; else why a test that needs them is skipped. */
export const noVictim = existsSync(join(tracesFolder, "victim.safetensors"))
  ? false
  : "the recorded traces are not here";

/** Width and height of an image; pixels are in 0…1, row by row. */
export const side = 28;
export const classes = 10;

interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Image → probabilities. */
export interface Victim {
  classify(image: ArrayLike<number>): Float32Array;
}

export function loadVictim(): Victim {
  const tensors = readSafetensors(readFileSync(join(tracesFolder, "victim.safetensors")));
  const of = (name: string) => {
    const it = tensors.get(name);
    if (!it) throw new Error(`the victim has no ${name}`);
    return it;
  };
  return {
    classify(image) {
      const first = convolve(
        { shape: [1, side, side], data: Float32Array.from(image) },
        of("c1.weight"),
        of("c1.bias"),
      );
      const second = convolve(first, of("c2.weight"), of("c2.bias"));
      const hidden = linear(second.data, of("f1.weight"), of("f1.bias")).map((it) => Math.max(0, it));
      return softmax(linear(hidden, of("f2.weight"), of("f2.bias")));
    },
  };
}

function readSafetensors(file: Buffer): Map<string, Tensor> {
  const length = Number(file.readBigUInt64LE(0));
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString("utf8", 8, 8 + length),
  );
  const out = new Map<string, Tensor>();
  for (const [name, it] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const bytes = file.subarray(8 + length + it.data_offsets[0], 8 + length + it.data_offsets[1]);
    out.set(name, { shape: it.shape, data: new Float32Array(new Uint8Array(bytes).buffer) });
  }
  return out;
}

/** 3 × 3, stride 2, one pixel of padding, then ReLU. */
function convolve({ shape: [depth = 1, height = 1, width = 1], data }: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [out = 1] = weight.shape;
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const [h, w] = [height + 2, width + 2];
  const padded = new Float32Array(depth * h * w);
  for (let d = 0; d < depth; d++) {
    for (let y = 0; y < height; y++) {
      padded.set(data.subarray((d * height + y) * width, (d * height + y + 1) * width), (d * h + y + 1) * w + 1);
    }
  }
  const result = new Float32Array(out * rows * columns);
  for (let o = 0, at = 0; o < out; o++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, at++)
        result[at] = Math.max(0, bias.data[o]! + tap(padded, weight.data, { o, depth, h, w, y, x }));
    }
  }
  return { shape: [out, rows, columns], data: result };
}

interface Place {
  readonly o: number;
  readonly depth: number;
  readonly h: number;
  readonly w: number;
  readonly y: number;
  readonly x: number;
}

/** One output value's sum over all channels and the window that begins at twice its place. */
function tap(padded: Float32Array, weight: Float32Array, { o, depth, h, w, y, x }: Place): number {
  let sum = 0;
  for (let d = 0; d < depth; d++) {
    const k = (o * depth + d) * 9;
    for (let ky = 0; ky < 3; ky++) {
      const row = (d * h + 2 * y + ky) * w + 2 * x;
      const kr = k + 3 * ky;
      sum += padded[row]! * weight[kr]! + padded[row + 1]! * weight[kr + 1]! + padded[row + 2]! * weight[kr + 2]!;
    }
  }
  return sum;
}

function linear(input: Float32Array, weight: Tensor, bias: Tensor): Float32Array {
  const width = input.length;
  return bias.data.map((it, o) => {
    let sum = it;
    for (let i = 0; i < width; i++) sum += input[i]! * weight.data[o * width + i]!;
    return sum;
  });
}

export function softmax(values: Float32Array): Float32Array {
  const most = Math.max(...values);
  const powers = values.map((it) => Math.exp(it - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((it) => it / sum);
}

export interface VictimServer {
  readonly url: string;
  /** Answered queries. */
  readonly answered: () => number;
  close(): Promise<void>;
}

/** Serves the victim as `fashion`: `POST /v2/models/fashion/infer`. */
export async function serveVictim(victim: Victim): Promise<VictimServer> {
  let answered = 0;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (it: Buffer) => chunks.push(it));
    req.on("end", () => {
      const { inputs }: { inputs: { data: number[] }[] } = JSON.parse(Buffer.concat(chunks).toString());
      const probabilities = victim.classify(inputs[0]?.data ?? []);
      answered++;
      const tensor = (name: string, data: Float32Array) => ({
        name,
        datatype: "FP32",
        shape: [1, data.length],
        data: [...data],
      });
      const outputs = [tensor("probs", probabilities)];
      const body = JSON.stringify({ model_name: "fashion", model_version: "1", outputs });
      res.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
      res.end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    answered: () => answered,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
