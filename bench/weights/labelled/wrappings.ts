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

/** The file that holds most ends early. */
function truncated({ files, main }: Sample, seed: number): Files {
  const data = files[main] ?? new Uint8Array(0);
  return { ...files, [main]: data.slice(0, Math.floor((shares[seed % shares.length] ?? 0.5) * data.length)) };
}
