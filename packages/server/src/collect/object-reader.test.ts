import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { SplitterState } from "@outweigh/pipeline";
import fc from "fast-check";
import { BrokenObject, readObject, type ObjectReaderOptions, type Piece } from "./object-reader.ts";

/** The pieces of an object that comes in chunks of a length; and what went wrong. */
async function read(body: Buffer, chunkBytes = 65_536, over: Partial<ObjectReaderOptions> = {}) {
  const pieces: Piece[] = [];
  const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, i) =>
    body.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  );
  const keep = async (piece: Piece) => void pieces.push(piece);
  const error = await readObject(Readable.from(chunks), { position: undefined, keep, ...over }).then(
    () => undefined,
    (it: unknown) => it,
  );
  return { pieces, error, text: pieces.map((it) => it.body.toString()).join("\n") };
}

const line = (i: number) => `{"n":${i},"pad":"${"x".repeat(90)}"}`;
const many = Array.from({ length: 30_000 }, (_, i) => line(i));

test("plain, gzip and zstd give the same pieces, and documents their records", async () => {
  const plain = await read(Buffer.from(many.join("\n")));
  assert.equal(plain.text, many.join("\n"));
  assert.equal(plain.pieces.length, 3);
  const document = Buffer.from(`{"Records":[${many.join(",")}]}`);
  for (const body of [gzipSync(plain.text), zstdCompressSync(plain.text), document, gzipSync(document)])
    assert.equal((await read(body)).text, plain.text);
  assert.deepEqual(await read(Buffer.alloc(0)), { pieces: [], error: undefined, text: "" });
});

test("pieces end at the same places however the bytes come, and reading goes on at each of them", async () => {
  const body = Buffer.from(`{"Records":[${many.join(",")}]}`);
  const whole = await read(body);
  const ends = (it: readonly Piece[]) => it.map(({ name, next, body: { length } }) => ({ name, next, length }));
  for (const chunk of [1000, 99_999, body.length])
    assert.deepEqual(ends((await read(body, chunk)).pieces), ends(whole.pieces));
  for (const [i, piece] of whole.pieces.entries()) {
    const position: SplitterState = JSON.parse(JSON.stringify(piece.next));
    assert.deepEqual(ends((await read(body, 12_345, { position })).pieces), ends(whole.pieces.slice(i + 1)));
  }
});

test("what could be unpacked of a broken object is kept", async () => {
  const packed = gzipSync(many.slice(0, 1000).join("\n"), { level: 0 });
  const { error, text } = await read(packed.subarray(0, packed.length / 2));
  assert.ok(error instanceof BrokenObject);
  assert.ok(many.join("\n").startsWith(text) && text.length > packed.length / 3);
});

test("an object that unpacks beyond measure is read to there", async () => {
  const bomb = gzipSync(Buffer.alloc(4_000_000, "\n"));
  const { pieces, error } = await read(bomb, 65_536, { maxBytes: 1_000_000 });
  assert.equal(error, undefined);
  assert.match(pieces[0]?.refused[0]?.reason ?? "", /more than 1000000 bytes/);
});

test("any bytes give records, refusals or the coded error", async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it)),
    fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), it])),
    fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), it])),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), async (body, chunk) => {
      const { error } = await read(body, chunk);
      if (error !== undefined) assert.ok(error instanceof BrokenObject, String(error));
    }),
    { numRuns: 200 },
  );
});
