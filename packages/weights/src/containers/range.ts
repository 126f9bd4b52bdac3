import type { Reader } from "../tensor.ts";

/** A part of a file as a file: a stored archive member, an image's partition. Reads are cut at its end. */
export function rangeReader(reader: Reader, at: number, bytes: number): Reader {
  const size = Math.max(0, Math.min(bytes, reader.size - at));
  return {
    size,
    read: (from, length) => reader.read(at + from, Math.max(0, Math.min(length, size - from))),
  };
}

/** Bytes in memory as a file. */
export function bytesReader(bytes: Uint8Array): Reader {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + Math.max(0, length)) };
}

/** Files one after the other as one file. */
export function joinedReader(parts: readonly Reader[]): Reader {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.size;
  }
  const read = async (at: number, length: number): Promise<Uint8Array> => {
    const end = Math.min(at + length, size);
    const out = new Uint8Array(Math.max(0, end - at));
    let done = 0;
    for (const [i, part] of parts.entries()) {
      const start = starts[i] ?? 0;
      const from = Math.max(at, start);
      const to = Math.min(end, start + part.size);
      if (from >= to) continue;
      const piece = await part.read(from - start, to - from);
      out.set(piece, from - at);
      done += piece.length;
      if (piece.length < to - from) break; // a part that shrank: what follows is not where it was
    }
    return done === out.length ? out : out.subarray(0, done);
  };
  return { size, read };
}
