import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors, modelDigest } from "../digest.ts";
import { WeightsError } from "../error.ts";
import { couldBeModel, findModels, readModelFile } from "../recognise.ts";
import { concat } from "../testing/bytes.ts";
import { damaged } from "../testing/properties.ts";
import { writeSafetensors } from "../testing/safetensors.ts";
import { aModel, seededBytes, sha256, strictReader, tensor } from "../testing/tensors.ts";
import { unpackRange, type Unpack } from "./input.ts";
import { unpackBzip2 } from "./bzip2.ts";
import { unpackLz4 } from "./lz4.ts";
import { lzmaAlone } from "./lzma-streams.ts";
import { unpackXz, xzSize } from "./xz.ts";

const vectors: Record<string, string> = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures", "packed.json"), "utf8"),
);
const vector = (name: string): Uint8Array => new Uint8Array(Buffer.from(vectors[name] ?? "", "base64"));

const plain = writeSafetensors(aModel());
const text = Buffer.from("hello, world\n".repeat(1539)).subarray(0, 20_000);
const root = modelDigest(aModel().map((it) => ({ sha256: sha256(it.data) })));

/** What is found in a file, and whether it is the model; and what could not be looked into. */
async function look(bytes: Uint8Array): Promise<{ found: [string, boolean][]; problems: string[] }> {
  const found: [string, boolean][] = [];
  const problems: string[] = [];
  const onProblem = (path: string, why: string): void => void problems.push(`${path}: ${why}`);
  for await (const { path, reader, context } of findModels(strictReader(bytes), { onProblem })) {
    try {
      const digests = await digestTensors(reader, await readModelFile(reader, context), context);
      found.push([path, modelDigest(digests) === root]);
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      problems.push(`${path}: ${error.message}`);
    }
  }
  return { found, problems };
}

async function unpacked(unpack: Unpack, bytes: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const range = { reader: strictReader(bytes), at: 0, bytes: bytes.length };
  for await (const piece of unpackRange(range, unpack)) pieces.push(piece.slice());
  return new Uint8Array(Buffer.concat(pieces));
}

for (const name of ["xz", "lzma", "bz2", "lz4", "sums.lz4"]) {
  test(`finds a model packed by ${name}, as its own program packs it`, async () => {
    assert.ok(couldBeModel(vector(name).subarray(0, 4096), vector(name).length));
    assert.deepEqual(await look(vector(name)), { found: [["", true]], problems: [] });
  });
}

for (const name of ["lzma.7z", "lzma2.7z", "bzip2.7z", "deflate.7z", "copy.7z", "loose.7z", "bcj.7z", "delta.7z"]) {
  test(`finds a model in ${name}, whose text comes first or not`, async () => {
    assert.deepEqual(await look(vector(name)), { found: [["model.bin", true]], problems: [] });
  });
}

for (const name of ["lzma.zip", "bzip2.zip", "xz.zip"]) {
  test(`finds a model in ${name}`, async () => {
    assert.deepEqual(await look(vector(name)), { found: [["model.bin", true]], problems: [] });
  });
}

test("reads streams that follow each other, with padding between them", async () => {
  const both = (a: Uint8Array, b: Uint8Array): string => sha256(concat(a, b));
  assert.equal(sha256(await unpacked(unpackXz, vector("two-streams.xz"))), both(plain, text));
  assert.equal(sha256(await unpacked(unpackBzip2, vector("two-streams.bz2"))), both(text, plain));
  assert.equal(sha256(await unpacked(unpackLz4, concat(vector("lz4"), vector("lz4")))), both(plain, plain));
  assert.equal(sha256(await unpacked(unpackLz4, vector("linked.lz4"))), both(plain, text));
});

test("says how much an xz file unpacks to without unpacking it", async () => {
  const bytes = vector("two-streams.xz");
  assert.equal(await xzSize({ reader: strictReader(bytes), at: 0, bytes: bytes.length }), plain.length + text.length);
});

test("says of an encrypted archive that it was not opened", async () => {
  assert.deepEqual(await look(vector("encrypted.7z")), {
    found: [],
    problems: ["model.bin: is encrypted, not opened"],
  });
  assert.deepEqual(await look(vector("hidden.7z")), {
    found: [],
    problems: [": the list of files is encrypted, not opened"],
  });
});

test("says by name what can't be opened", async () => {
  assert.match((await look(vector("ppmd.7z"))).problems.join(), /model.bin: is packed by PPMd, which can't be opened/);
  const image = (magic: string, at = 0): Uint8Array => concat(new Uint8Array(at), magic, new Uint8Array(4096));
  assert.match((await look(image("Rar!\x1a\x07\x01\0"))).problems.join(), /rar: not opened/);
  assert.match((await look(image("QFI\xfb\0\0\0\x03"))).problems.join(), /qcow2 disk image: not opened/);
  assert.match((await look(image("\x53\xef\x01\0", 1024 + 56))).problems.join(), /ext file system image: not opened/);
});

test("a wrong checksum is a problem, whatever the container", async () => {
  for (const name of ["xz", "bz2", "sums.lz4", "lzma2.7z", "lzma.7z"]) {
    const bytes = vector(name);
    const at = bytes.length / 2; // within the packed weights, which are noise: some checksum or symbol is wrong
    bytes[at | 0] = (bytes[at | 0] ?? 0) ^ 0x40;
    const { found, problems } = await look(bytes);
    assert.deepEqual([name, found.some(([, same]) => same)], [name, false]);
    assert.ok(problems.length > 0 || found.length > 0, `${name} fell silent`);
  }
});

const decoders: readonly [string, Unpack][] = [
  ["xz", unpackXz],
  ["lzma", lzmaAlone],
  ["bz2", unpackBzip2],
  ["sums.lz4", unpackLz4],
];

for (const [name, unpack] of decoders) {
  test(`${name}: a stream that is cut anywhere is TRUNCATED`, async () => {
    const bytes = vector(name);
    for (let length = 0; length < bytes.length; length += 1 + (length >> 3)) {
      await assert.rejects(
        unpacked(unpack, bytes.subarray(0, length)),
        (error) => error instanceof WeightsError && (error.code === "TRUNCATED" || length < 18),
        `${name} cut at ${length}`,
      );
    }
  });

  test(`${name}: any bytes unpack or are refused with a code`, async () => {
    const bytes = vector(name);
    const hostile = fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged(bytes));
    await fc.assert(
      fc.asyncProperty(hostile, async (it) => {
        await unpacked(unpack, it).catch((error: unknown) => assert.ok(error instanceof WeightsError, String(error)));
      }),
      { numRuns: 150 },
    );
  });
}

test("a 7z that was damaged is looked into or refused with a reason", async () => {
  const hostile = fc
    .constantFrom("lzma.7z", "loose.7z", "copy.7z", "encrypted.7z", "bcj.7z")
    .chain((it) => damaged(vector(it)));
  await fc.assert(
    fc.asyncProperty(hostile, async (bytes) => void (await look(bytes))),
    { numRuns: 200 },
  );
});

test("a window larger than any preset's is refused, unless what is unpacked is known to be small", async () => {
  const claims = vector("lzma");
  new DataView(claims.buffer).setUint32(1, 0xffffffff, true);
  await assert.rejects(
    unpacked(lzmaAlone, claims),
    (error) => error instanceof WeightsError && error.code === "TOO_LARGE",
  );
  new DataView(claims.buffer).setBigUint64(5, BigInt(plain.length), true);
  assert.equal(sha256(await unpacked(lzmaAlone, claims)), sha256(plain));
});

const python = ["python3", "/usr/bin/python3"].find(
  (it) => spawnSync(it, ["-c", "import lzma, bz2"], { stdio: "ignore" }).status === 0,
);
const skip = python === undefined ? { skip: "there is no python3 with lzma and bz2" } : {};

/** What a line of Python makes of bytes. */
function byPython(code: string, input: Uint8Array): Uint8Array {
  const script = `import sys, lzma, bz2; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(${code})`;
  const { stdout } = spawnSync(python ?? "", ["-c", script], { input, maxBuffer: 2 ** 28 });
  return new Uint8Array(stdout);
}

test("unpacks megabytes of weights, text and zeros as Python packs them", skip, async () => {
  const words = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `line ${(i * 7919) % 1000} of many\n`).join(""));
  const input = concat(
    seededBytes(700_000, "noise"),
    words,
    new Uint8Array(400_000),
    writeSafetensors([tensor("a", [300, 300])]),
  );
  const packings: readonly [string, Unpack][] = [
    ["lzma.compress(d, preset=9)", unpackXz],
    ["lzma.compress(d, preset=0, check=lzma.CHECK_CRC32)", unpackXz],
    ["lzma.compress(d, filters=[{'id': lzma.FILTER_LZMA2, 'dict_size': 4096, 'lc': 0, 'lp': 2, 'pb': 0}])", unpackXz],
    ["lzma.compress(d, format=lzma.FORMAT_ALONE)", lzmaAlone],
    ["bz2.compress(d)", unpackBzip2],
    ["bz2.compress(d, 1)", unpackBzip2],
  ];
  for (const [code, unpack] of packings) {
    assert.equal(sha256(await unpacked(unpack, byPython(code, input))), sha256(input), code);
  }
});
