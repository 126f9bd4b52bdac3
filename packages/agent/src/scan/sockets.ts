/** One listening TCP socket of the kernel's table. */
export interface Socket {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** The state of a listening socket in `/proc/net/tcp`. */
const listening = "0A";

/**
 * The listening sockets in the text of `/proc/net/tcp` or `/proc/net/tcp6`. Lines that do not read are left out.
 * Source: proc_pid_net(5); addresses stand as 32-bit words in the byte order of the machine, here little-endian.
 */
export function parseListening(text: string): Socket[] {
  return text.split("\n").flatMap((line) => {
    const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    if (state !== listening || !/^(?:[0-9A-F]{8}){1,4}$/.test(address) || !/^[0-9A-F]{4}$/.test(port)) return [];
    return [{ address: addressOf(address), port: Number.parseInt(port, 16), inode }];
  });
}

/** An address as the kernel's tables write it, 8 or 32 hexadecimal digits, as people do. */
export function addressOf(hex: string): string {
  return hex.length === 8 ? ipv4(hex) : ipv6(hex);
}

function bytesOf(word: string): number[] {
  return [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16));
}

function ipv4(hex: string): string {
  return bytesOf(hex).join(".");
}

function ipv6(hex: string): string {
  const bytes = [0, 8, 16, 24].flatMap((at) => bytesOf(hex.slice(at, at + 8)));
  const mapped = bytes.slice(0, 10).every((it) => it === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return compressed(groups);
}

/** RFC 5952 §4.2: the longest run of at least two zero groups becomes `::`, the first of equal ones. */
function compressed(groups: readonly string[]): string {
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.at < 0) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
}

/** Whether only this machine reaches it. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
