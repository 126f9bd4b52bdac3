// An index of 10,000 models of 128 matrices: how large, how fast, and whether the right one comes first.
import { buildIndex, FingerprintIndex, type IndexEntry } from "../../packages/weights/src/index.ts";
import type { TensorRecord, Tile } from "../../packages/weights/src/index.ts";
import { Random } from "../../packages/weights/src/testing/random-model.ts";
import { note, printTable } from "./table.ts";

const models = 10_000;
const matrices = 128;
const searches = 20;

/** Bits that differ between the sketches of a copy with this correlation: 256 acos(rho)/pi. */
const copies = [
  { rho: 0.9, bits: 37 },
  { rho: 0.6, bits: 76 },
  { rho: 0.3, bits: 103 },
] as const;

interface Search {
  readonly architectures: number;
  readonly rho: number;
  readonly first: number;
  readonly among20: number;
  /** Of the processor, best of all searches. */
  readonly milliseconds: number;
}

export async function benchIndex({ json }: { readonly json: boolean }) {
  const results: Search[] = [];
  let bytes = 0;
  for (const architectures of [1, 100]) {
    const entries = library(architectures);
    const file = buildIndex(entries);
    bytes = file.length;
    note(`${models} models, ${(bytes / 1e6).toFixed(0)} MB`);
    const index = new FingerprintIndex(file);
    for (const copy of copies) results.push(searchFor(index, entries, architectures, copy));
  }
  if (!json) {
    printTable([
      ["architectures", "rho", "found first", "among 20", "ms of CPU a search"],
      ...results.map((it) => [
        it.architectures,
        it.rho,
        `${it.first}/${searches}`,
        `${it.among20}/${searches}`,
        it.milliseconds.toFixed(1),
      ]),
    ]);
  }
  return { models, matrices, bytes, results };
}

function library(architectures: number): IndexEntry[] {
  const random = new Random(1);
  return Array.from({ length: models }, (_, i) => ({
    id: `model-${i}`,
    fingerprint: { keyId: "00000000000000ff", tensors: tensorsOf(random, 1024 + 64 * (i % architectures)) },
  }));
}

/** Four shape classes, as a decoder has; sketches of independent weights. */
function tensorsOf(random: Random, width: number): TensorRecord[] {
  const shapes = [
    [width, width],
    [width, width / 4],
    [3 * width, width],
    [3 * width + 64, width],
  ] as const;
  return Array.from({ length: matrices }, (_, i) => {
    const [rows, cols] = shapes[i % shapes.length] ?? shapes[0];
    return recordOf(
      rows,
      cols,
      Math.floor(i / shapes.length),
      Uint32Array.from({ length: 8 }, () => random.word()),
    );
  });
}

/** One for all: 5 GB otherwise. */
const noCodes = new Int8Array(4096);

function recordOf(rows: number, cols: number, order: number, sketch: Uint32Array): TensorRecord {
  const stats = { mean: 0, sd: 1, kurtosis: 3, zeroFraction: 0, levels: 32 };
  const tile: Tile = { rows: 64, cols: 64, values: noCodes, centre: 0, scale: 1, sketch, stats };
  const place = { order, of: 32, whole: true, tokens: false };
  return {
    name: "",
    dtype: "bf16",
    shapeClass: `${rows}x${cols}x1`,
    rows,
    cols,
    ...place,
    tiles: [tile],
    extraTiles: [],
  };
}

function searchFor(
  index: FingerprintIndex,
  entries: readonly IndexEntry[],
  architectures: number,
  { rho, bits }: (typeof copies)[number],
): Search {
  const random = new Random(2);
  let [first, among20, milliseconds] = [0, 0, Infinity];
  for (let i = 0; i < searches; i++) {
    const entry = entries[random.below(entries.length)];
    if (!entry) continue;
    const tensors = entry.fingerprint.tensors.map((it) => disturbed(it, bits, random));
    const started = process.cpuUsage();
    const found = index.search({ keyId: entry.fingerprint.keyId, tensors });
    const { user, system } = process.cpuUsage(started);
    milliseconds = Math.min(milliseconds, (user + system) / 1000);
    if (found[0]?.id === entry.id) first++;
    if (found.some((it) => it.id === entry.id)) among20++;
  }
  return { architectures, rho, first, among20, milliseconds };
}

function disturbed(record: TensorRecord, bits: number, random: Random): TensorRecord {
  const [tile] = record.tiles;
  if (!tile) return record;
  const sketch = tile.sketch.slice();
  for (const bit of random.shuffled(256).slice(0, bits)) sketch[bit >> 5] = (sketch[bit >> 5] ?? 0) ^ (1 << (bit & 31));
  return { ...record, tiles: [{ ...tile, sketch }] };
}
