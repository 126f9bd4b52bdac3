import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** Most bytes that one packed file may unpack to: a day of a very busy log. A bomb ends here, counted as a reject. */
export const maxUnpackedBytes = 64 * 1024 ** 3;

const chunkBytes = 256 * 1024;

/**
 * The bytes of a log as it was before it was packed: gzip and zstd are told by their first bytes, not by the name.
 * @throws what reading and unpacking throw: a broken stream ends with an error after what could be read.
 */
export async function* unpacked(path: string): AsyncGenerator<Uint8Array> {
  const codec = await codecOf(path);
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  if (!codec) {
    yield* file;
    return;
  }
  const stream = file.pipe(codec);
  file.on("error", (error) => stream.destroy(error));
  try {
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > maxUnpackedBytes) throw new Error(`it unpacks to more than ${maxUnpackedBytes} bytes`);
      yield chunk;
    }
  } finally {
    file.destroy();
    stream.destroy();
  }
}

async function codecOf(
  path: string,
): Promise<ReturnType<typeof createGunzip | typeof createZstdDecompress> | undefined> {
  const head = Buffer.alloc(4);
  const file = await open(path);
  try {
    await file.read(head, 0, 4, 0);
  } finally {
    await file.close();
  }
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip({ chunkSize: chunkBytes });
  if (head.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress({ chunkSize: chunkBytes });
  return undefined;
}
