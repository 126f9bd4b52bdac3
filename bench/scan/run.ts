// `npm run bench -- scan [--json] [files] [MB of weights] [seed]`: a scan beside `find` with `sha256sum` over the same tree in the same run.
// The bar of 500,000 files: `npm run bench -- scan 500000 64`.
// A disk as it is: `npm run bench -- scan real [PATH] [outweigh scan's options]`, beside `find` alone and `find` with a read of every first page.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measure, program } from "./measure.ts";
import { runReal } from "./real.ts";

/** As many as a folder of sources or of a cache has. */
const filesPerFolder = 100;
/** One tensor of the models in the tree, in bytes. */
const tensorBytes = 4 * 1024 * 1024;
/** mulberry32: small, seeded, good enough to fill files. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let it = Math.imul(state ^ (state >>> 15), 1 | state);
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it;
    return (it ^ (it >>> 14)) >>> 0;
  };
}

/** Files as a disk has them: mostly small text, some of them with a byte order that looks like something. */
function plant(root: string, files: number, weightsMb: number, seed: number): { models: number } {
  const next = dice(seed);
  const text = Buffer.from("const answer = 42; // nothing to see here\n".repeat(200));
  for (let n = 0; n < files; n += filesPerFolder) {
    const folder = join(root, `d${(n / filesPerFolder) % 97}`, `e${n / filesPerFolder}`);
    mkdirSync(folder, { recursive: true });
    for (let i = n; i < Math.min(files, n + filesPerFolder); i++) {
      writeFileSync(join(folder, `f${i}.js`), text.subarray(0, 40 + (next() % 8000)));
    }
  }
  const models = Math.max(1, Math.round((weightsMb * 1024 * 1024) / (8 * tensorBytes)));
  for (let m = 0; m < models; m++) {
    const bytes = safetensors(next);
    writeFileSync(join(root, `d${m % 97}`, `model-${m}.safetensors`), bytes);
    if (m % 2 === 0) writeFileSync(join(root, `d${m % 97}`, `holiday-${m}.jpg`), bytes);
  }
  return { models };
}

/** Eight tensors of float32 values, so that nothing compresses and no two are alike. */
function safetensors(next: () => number): Buffer {
  const entries = Array.from({ length: 8 }, (_, i) => [
    `layers.${i}.weight`,
    { dtype: "F32", shape: [1024, 1024], data_offsets: [i * tensorBytes, (i + 1) * tensorBytes] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)).padEnd(1024));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const body = new Float32Array((8 * tensorBytes) / 4).map(() => next() / 2 ** 32 - 0.5);
  return Buffer.concat([length, header, Buffer.from(body.buffer)]);
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  if (args[0] === "real") return runReal({ json, args: args.slice(1) });
  const [files = 20_000, weightsMb = 512, seed = 1] = args.map(Number);
  const root = mkdtempSync(join(tmpdir(), "outweigh-bench-scan-"));
  try {
    const { models } = plant(root, files, weightsMb, seed);
    // Both read the tree once before, so that neither pays for a cold disk.
    await measure("find", [root, "-type", "f", "-exec", "sha256sum", "{}", "+"]);
    const hashing = await measure("find", [root, "-type", "f", "-exec", "sha256sum", "{}", "+"]);
    const scanning = await measure(process.execPath, [program, "scan", root, "--json", "--config", "/dev/null"]);
    const report = JSON.parse(scanning.stdout);
    const copies = report.models.reduce((sum: number, it: { copies: unknown[] }) => sum + it.copies.length, 0);
    const result = {
      files: report.filesSeen,
      weightsMb,
      seed,
      planted: { models, copies: models + Math.ceil(models / 2) },
      found: { models: report.models.length, copies },
      scanSeconds: scanning.seconds,
      firstLineSeconds: scanning.firstLineSeconds,
      scanPeakMb: scanning.peakMb,
      findSha256sumSeconds: hashing.seconds,
      timesFaster: hashing.seconds / scanning.seconds,
    };
    if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else {
      const line = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(26)}${value}\n`);
      line("files, weights", `${result.files}, ${weightsMb} MB (seed ${seed})`);
      line("models, copies found", `${result.found.models} of ${models}, ${copies} of ${result.planted.copies}`);
      line(
        "outweigh scan",
        `${scanning.seconds.toFixed(2)} s, first line after ${scanning.firstLineSeconds.toFixed(2)} s, peak ${scanning.peakMb} MB`,
      );
      line("find + sha256sum", `${hashing.seconds.toFixed(2)} s`);
      line("times faster", result.timesFaster.toFixed(2));
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
