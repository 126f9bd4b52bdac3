import { WeightsError } from "./error.ts";
import { isObject, member, parseObject, decodeText, type JsonObject } from "./formats/json.ts";
import { maxSampled, maxTiles } from "./fingerprint/fingerprint.ts";
import { tileSide } from "./fingerprint/cells.ts";
import type { ExactIdentity, Fingerprint, TensorRecord, Tile, VectorRecord } from "./fingerprint/record.ts";
import { sketchWords } from "./fingerprint/sketch.ts";
import { halfValue } from "./dequantise/elements.ts";

// The file: magic, version and length of the description (32-bit little-endian words), the description as JSON, then samples: for each tile
// its codes and its sketch, for each vector its halves, in the order of the description.

/** "OWFP" in little-endian order. */
const magic = 0x5046574f;
const version = 1;
const headerBytes = 12;

/** Largest stored fingerprint, in bytes: 128 matrices of 64 tiles of 8 KB each, the most that `fingerprint` makes. */
export const maxFingerprintBytes = 96 * 1024 * 1024;

/** Most digests in one fingerprint: the largest public mixture has 100,000 tensors. */
const maxDigests = 1_000_000;

/** Longest vector and most vectors, as `fingerprint` keeps them. */
const maxVectorLength = 65_536;
const maxVectors = 64;

/** A fingerprint as bytes, to be kept in a register. Holds samples of the weights: keep it as one keeps an index of them. */
export function encodeFingerprint(fingerprint: Fingerprint): Uint8Array {
  const blobs: Uint8Array[] = [];
  const tensors = fingerprint.tensors.map(({ tiles, extraTiles, ...rest }) => ({
    ...rest,
    tiles: tiles.map((it) => describeTile(it, blobs)),
    extraTiles: extraTiles.map((it) => describeTile(it, blobs)),
  }));
  const vectors = fingerprint.vectors.map(({ name, values }) => {
    blobs.push(toHalves(values));
    return { name, length: values.length };
  });
  const description = new TextEncoder().encode(JSON.stringify({ ...fingerprint, tensors, vectors }));
  const size = blobs.reduce((sum, it) => sum + it.length, headerBytes + description.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of [magic, version, description.length].entries()) view.setUint32(4 * i, word, true);
  bytes.set(description, headerBytes);
  let at = headerBytes + description.length;
  for (const blob of blobs) {
    bytes.set(blob, at);
    at += blob.length;
  }
  return bytes;
}

/**
 * The fingerprint that `encodeFingerprint` stored.
 * @throws {WeightsError} MALFORMED, UNSUPPORTED for another version, TRUNCATED, TOO_LARGE, TOO_MANY.
 */
export function decodeFingerprint(bytes: Uint8Array): Fingerprint {
  if (bytes.length > maxFingerprintBytes) throw new WeightsError("TOO_LARGE", `a fingerprint of ${bytes.length} bytes`);
  if (bytes.length < headerBytes) throw new WeightsError("TRUNCATED", `a fingerprint of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== magic) throw new WeightsError("MALFORMED", "no fingerprint", { at: 0 });
  const found = view.getUint32(4, true);
  if (found !== version)
    throw new WeightsError("UNSUPPORTED", `fingerprint version ${found}, expected ${version}`, { at: 4 });
  const end = headerBytes + view.getUint32(8, true);
  if (end > bytes.length) throw new WeightsError("TRUNCATED", "the description ends beyond the file", { at: 8 });
  const description = parseObject(decodeText(bytes.subarray(headerBytes, end), "the description"), "the description");
  const samples = new Samples(bytes, end);
  const fields = new Fields(description, "the fingerprint");
  const fingerprint = {
    keyId: fields.text("keyId", /^[0-9a-f]{16}$/),
    formats: fields.texts("formats", 100),
    structure: fields.has("structure") ? fields.text("structure") : undefined,
    tensors: fields.objects("tensors", maxSampled).map((it) => readRecord(it, samples)),
    vectors: fields.objects("vectors", maxVectors).map((it) => readVector(it, samples)),
    ...(fields.has("exact") && { exact: readExact(fields.object("exact")) }),
    bytesRead: fields.number("bytesRead"),
  };
  samples.finish();
  return fingerprint;
}

function describeTile({ values, sketch, ...rest }: Tile, blobs: Uint8Array[]): object {
  const stored = new Uint8Array(values.byteLength + sketchWords * 4);
  const view = new DataView(stored.buffer);
  const bits = values instanceof Int8Array ? 8 : 16;
  for (const [i, code] of values.entries()) {
    if (bits === 8) view.setInt8(i, code);
    else view.setInt16(2 * i, code, true);
  }
  for (const [i, word] of sketch.entries()) view.setUint32(values.byteLength + 4 * i, word, true);
  blobs.push(stored);
  return { ...rest, bits };
}

function toHalves(values: Float32Array): Uint8Array {
  const stored = new Uint8Array(2 * values.length);
  const view = new DataView(stored.buffer);
  for (const [i, value] of values.entries()) view.setFloat16(2 * i, value, true);
  return stored;
}

function readRecord(fields: Fields, samples: Samples): TensorRecord {
  const rows = fields.count("rows", Number.MAX_SAFE_INTEGER);
  const cols = fields.count("cols", Number.MAX_SAFE_INTEGER);
  const side = { rows: Math.min(tileSide, rows), cols: Math.min(tileSide, cols) };
  return {
    name: fields.text("name"),
    dtype: fields.text("dtype"),
    shapeClass: fields.text("shapeClass", new RegExp(`^${rows}x${cols}x\\d{1,16}$`)),
    rows,
    cols,
    order: fields.count("order", Number.MAX_SAFE_INTEGER),
    of: fields.count("of", Number.MAX_SAFE_INTEGER),
    whole: fields.truth("whole"),
    tokens: fields.truth("tokens"),
    tiles: fields.objects("tiles", maxTiles).map((it) => readTileRecord(it, side, samples)),
    extraTiles: fields.objects("extraTiles", maxTiles).map((it) => readTileRecord(it, side, samples)),
    ...(fields.has("unusable") && { unusable: fields.text("unusable") }),
  };
}

function readTileRecord(fields: Fields, side: { rows: number; cols: number }, samples: Samples): Tile {
  const rows = fields.count("rows", tileSide);
  const cols = fields.count("cols", tileSide);
  if (rows !== side.rows || cols !== side.cols) fields.fail("rows", `a tile of ${rows}x${cols}`);
  const bits = fields.count("bits", 16);
  if (bits !== 8 && bits !== 16) fields.fail("bits", String(bits));
  const scale = fields.number("scale");
  if (scale <= 0) fields.fail("scale", String(scale));
  const stats = fields.object("stats");
  return {
    rows,
    cols,
    centre: fields.number("centre"),
    scale,
    values: samples.codes(rows * cols, bits),
    sketch: samples.words(sketchWords),
    stats: {
      mean: stats.number("mean"),
      sd: stats.number("sd"),
      kurtosis: stats.number("kurtosis"),
      zeroFraction: stats.number("zeroFraction"),
      levels: stats.number("levels"),
    },
  };
}

function readVector(fields: Fields, samples: Samples): VectorRecord {
  return { name: fields.text("name"), values: samples.halves(fields.count("length", maxVectorLength)) };
}

function readExact(fields: Fields): ExactIdentity {
  const digest = /^[0-9a-f]{64}$/;
  return {
    model: fields.has("model") ? fields.text("model", digest) : undefined,
    named: fields.has("named") ? fields.text("named", digest) : undefined,
    tensors: fields.texts("tensors", maxDigests, digest),
    files: fields.texts("files", maxDigests, digest),
  };
}

/** Takes samples in their order. */
class Samples {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = at;
  }

  codes(count: number, bits: number): Int8Array | Int16Array {
    const at = this.#take((count * bits) / 8);
    if (bits === 8) return Int8Array.from({ length: count }, (_, i) => this.#view.getInt8(at + i));
    return Int16Array.from({ length: count }, (_, i) => this.#view.getInt16(at + 2 * i, true));
  }

  words(count: number): Uint32Array {
    const at = this.#take(4 * count);
    return Uint32Array.from({ length: count }, (_, i) => this.#view.getUint32(at + 4 * i, true));
  }

  halves(count: number): Float32Array {
    const at = this.#take(2 * count);
    return Float32Array.from({ length: count }, (_, i) => halfValue(this.#view.getUint16(at + 2 * i, true)));
  }

  finish(): void {
    if (this.#at !== this.#bytes.length)
      throw new WeightsError("MALFORMED", "bytes after the last sample", { at: this.#at });
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new WeightsError("TRUNCATED", "a sample ends beyond the file", { at });
    this.#at += length;
    return at;
  }
}

/** Reads one object of the description: what is not as it must be is MALFORMED, by its name. */
class Fields {
  readonly #object: JsonObject;
  readonly #what: string;

  constructor(object: JsonObject, what: string) {
    this.#object = object;
    this.#what = what;
  }

  has(key: string): boolean {
    return member(this.#object, key) !== undefined;
  }

  text(key: string, form?: RegExp): string {
    const value = member(this.#object, key);
    if (typeof value !== "string" || (form && !form.test(value))) return this.fail(key, JSON.stringify(value));
    return value;
  }

  number(key: string): number {
    const value = member(this.#object, key);
    return typeof value === "number" && Number.isFinite(value) ? value : this.fail(key, JSON.stringify(value));
  }

  count(key: string, most: number): number {
    const value = this.number(key);
    return Number.isSafeInteger(value) && value >= 0 && value <= most ? value : this.fail(key, String(value));
  }

  truth(key: string): boolean {
    const value = member(this.#object, key);
    return typeof value === "boolean" ? value : this.fail(key, JSON.stringify(value));
  }

  texts(key: string, most: number, form?: RegExp): string[] {
    const list = this.#list(key, most);
    return list.map((it) =>
      typeof it === "string" && (!form || form.test(it)) ? it : this.fail(key, JSON.stringify(it)),
    );
  }

  object(key: string): Fields {
    const value = member(this.#object, key);
    return isObject(value) ? new Fields(value, key) : this.fail(key, JSON.stringify(value));
  }

  objects(key: string, most: number): Fields[] {
    return this.#list(key, most).map((it) => (isObject(it) ? new Fields(it, key) : this.fail(key, JSON.stringify(it))));
  }

  fail(key: string, found: string | undefined): never {
    throw new WeightsError("MALFORMED", `${this.#what} has ${key} ${(found ?? "undefined").slice(0, 100)}`);
  }

  #list(key: string, most: number): readonly unknown[] {
    const value = member(this.#object, key);
    if (!Array.isArray(value)) return this.fail(key, JSON.stringify(value));
    if (value.length > most)
      throw new WeightsError("TOO_MANY", `${this.#what} has ${value.length} ${key}, more than ${most}`);
    return value;
  }
}
