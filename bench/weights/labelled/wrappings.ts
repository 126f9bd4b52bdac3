// What happens to files on their way: renamed, packed, split, cut.
import { gzipSync, zstdCompressSync } from "node:zlib";
import { writeTar } from "../../../packages/weights/src/testing/tar.ts";
import { writeZip } from "../../../packages/weights/src/testing/zip.ts";
import type { Sample } from "./models.ts";

export type Files = Readonly<Record<string, Uint8Array>>;

/** By the word that the table uses. A seed chooses between equal habits. */
export const wrappings: Readonly<Record<string, (sample: Sample, seed: number) => Files>> = {
  plain: ({ files }) => files,
  renamed: (it) => it.renamed ?? { "holiday.jpg": it.files[it.main] ?? new Uint8Array(0) },
  zip: (it) => ({ "backup.zip": zipOf(it) }),
  tar: (it) => ({ "backup.tar": tarOf(it) }),
  gzip: (it) => compressed(it, "gz", (data) => new Uint8Array(gzipSync(data))),
  zstd: (it) => compressed(it, "zst", (data) => new Uint8Array(zstdCompressSync(data))),
  "zip in tar.gz": (it) => ({
    "image.tar.gz": new Uint8Array(gzipSync(writeTar([{ name: "layer/app.zip", data: zipOf(it) }]))),
  }),
  split,
  truncated,
  "zip cut short": (it, seed) => ({ "backup.zip": cut(zipOf(it), zipShares[seed % zipShares.length]) }),
};

function zipOf({ files }: Sample): Uint8Array {
  return writeZip(Object.entries(files).map(([name, data]) => ({ name: `backup/${name}`, data, deflated: true })));
}

function tarOf({ files }: Sample): Uint8Array {
  return writeTar(Object.entries(files).map(([name, data]) => ({ name: `backup/${name}`, data })));
}

/** One file as it is, several as a tar. */
function compressed(it: Sample, extension: string, pack: (data: Uint8Array) => Uint8Array): Files {
  const [[name, data] = ["", new Uint8Array(0)], ...more] = Object.entries(it.files);
  return more.length === 0
    ? { [`${name}.${extension}`]: pack(data) }
    : { [`backup.tar.${extension}`]: pack(tarOf(it)) };
}

const pieces = 3;

const suffixes: readonly ((i: number) => string)[] = [
  (i) => `.${String(i + 1).padStart(3, "0")}`,
  (i) => `.part${i + 1}`,
  (i) => `.a${"abc"[i]}`,
];

/** As `split`, 7-Zip and people name the pieces. */
function split(it: Sample, seed: number): Files {
  const [[name, data] = ["", new Uint8Array(0)], ...more] = Object.entries(it.files);
  const [whole, called] = more.length === 0 ? [data, name] : [tarOf(it), "backup.tar"];
  const length = Math.ceil(whole.length / pieces);
  const suffix = suffixes[seed % suffixes.length];
  return Object.fromEntries(
    Array.from({ length: pieces }, (_, i) => [`${called}${suffix?.(i)}`, whole.slice(i * length, (i + 1) * length)]),
  );
}

const shares = [0.9, 0.5, 0.98, 0.7] as const;

/** Less, so that the cut is before the directory also in a zip of a few hundred bytes. */
const zipShares = [0.4, 0.5, 0.45, 0.35] as const;

/** Where the end is missing: a copy of it is no whole one. */
export const cutShort: ReadonlySet<string> = new Set(["truncated", "zip cut short"]);

/** The file that holds most ends early. */
function truncated({ files, main }: Sample, seed: number): Files {
  return { ...files, [main]: cut(files[main] ?? new Uint8Array(0), shares[seed % shares.length]) };
}

function cut(data: Uint8Array, share = 0.5): Uint8Array {
  return data.slice(0, Math.floor(share * data.length));
}
