import { concat, padding } from "./bytes.ts";

/** A ustar archive of regular files. */
export function writeTar(members: readonly { readonly name: string; readonly data: Uint8Array }[]): Uint8Array {
  return concat(
    ...members.flatMap(({ name, data }) => [header(name, data.length), data, padding(data.length, 512)]),
    new Uint8Array(1024),
  );
}

function header(name: string, size: number): Uint8Array {
  const out = Buffer.alloc(512);
  out.write(name.slice(0, 100), 0, "latin1");
  out.write("0000644\0", 100);
  out.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  out.write("0", 156);
  out.write("ustar\x0000", 257);
  out.fill(0x20, 148, 156);
  out.write(
    `${out
      .reduce((sum, it) => sum + it, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return out;
}
