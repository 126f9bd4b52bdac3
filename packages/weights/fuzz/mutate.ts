/** A source of numbers that is the same for the same seed: mulberry32. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

/** Numbers at which parsers break: signs, powers of two and their neighbours, absurd sizes. */
const telling: readonly bigint[] = [0, 1, 2, 7, 8, 16, 31, 63, 64, 127, 128, 255, 256, 65535, 65536]
  .map(BigInt)
  .concat([0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]);

/** One to eight changes of a valid file: flipped, overwritten, cut, repeated, moved, mixed with another. */
export function mutate(file: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(file);
  for (let n = 1 + random(8); n > 0; n--) bytes = change(bytes, others, random);
  return bytes;
}

function change(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random(256));
  // Headers are where readers decide, so half of the changes fall into the first 256 bytes, a quarter into the last.
  const near = [Math.min(256, bytes.length), Math.min(256, bytes.length), bytes.length, Math.min(256, bytes.length)];
  const zone = random(4);
  const at = zone === 3 ? bytes.length - 1 - random(near[3] ?? 1) : random(near[zone] ?? 1);
  switch (random(9)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    case 1:
      bytes[at] = random(256);
      return bytes;
    case 2:
      return overwrite(bytes, at, telling[random(telling.length)] ?? 0n, [1, 2, 4, 8][random(4)] ?? 1);
    case 3:
      return bytes.slice(0, at);
    case 4:
      return joined(bytes.slice(0, at), bytes.slice(at + 1 + random(16)));
    case 5:
      return joined(
        bytes.slice(0, at),
        Uint8Array.from({ length: 1 + random(16) }, () => random(256)),
        bytes.slice(at),
      );
    case 6: {
      const length = 1 + random(64);
      return joined(bytes.slice(0, at + length), bytes.slice(at));
    }
    case 7: {
      const other = others[random(others.length)] ?? bytes;
      const from = random(other.length);
      return joined(bytes.slice(0, at), other.slice(from, from + random(128)), bytes.slice(at + random(128)));
    }
    default:
      bytes[at] = ((bytes[at] ?? 0) + (random(2) === 0 ? 1 : 255)) & 0xff;
      return bytes;
  }
}

function overwrite(bytes: Uint8Array, at: number, value: bigint, width: number): Uint8Array {
  for (let i = 0; i < width && at + i < bytes.length; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
