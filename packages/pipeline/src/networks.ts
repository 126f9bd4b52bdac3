/** Addresses and networks, without the operating system's help. */

/** Networks that count as own when none is configured: RFC 1918, 6598, 3927, 4193, 4291 and loopback. */
const privateNetworks = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "127.0.0.0/8",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
];

/** Most answers remembered: addresses repeat, and a flood of new ones must not grow memory. */
const maxRemembered = 10_000;

/** The low 32 bits of `::ffff:0:0/96` hold an IPv4 address (RFC 4291 §2.5.5.2). */
const mapped = 0xffffn << 32n;

/**
 * An address as one number of 128 bits, IPv4 mapped into IPv6; undefined for what is no address.
 * Zero-padded octets (`035.249.1.2`, in anonymised logs) are read as decimal. A zone (`%eth0`) and a port in brackets are ignored.
 */
export function parseAddress(text: string): bigint | undefined {
  const bare = text.replace(/^\[([^\]]*)\](?::\d+)?$/, "$1").replace(/%.*$/, "");
  if (bare.length > 45) return undefined;
  if (!bare.includes(":")) {
    const v4 = parseV4(bare);
    return v4 === undefined ? undefined : mapped | v4;
  }
  return parseV6(bare);
}

function parseV4(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((it) => /^\d{1,3}$/.test(it) && Number(it) < 256)) return undefined;
  let value = 0n;
  for (const it of octets) value = (value << 8n) | BigInt(Number(it));
  return value;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((it) => groups(it));
  if (!head || (halves.length === 2 && !tail)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const it of [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])])
    value = (value << 16n) | BigInt(it);
  return value;
}

function groups(text: string): number[] | undefined {
  if (text === "") return [];
  const found: number[] = [];
  const parts = text.split(":");
  for (const [i, it] of parts.entries()) {
    if (it.includes(".") && i === parts.length - 1) {
      const v4 = parseV4(it);
      if (v4 === undefined) return undefined;
      found.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    } else if (/^[0-9a-f]{1,4}$/i.test(it)) found.push(Number.parseInt(it, 16));
    else return undefined;
  }
  return found.length > 8 ? undefined : found;
}

/** An IPv4 address that is plain already, or nearly: no octet is padded. Only a shortcut, so octets above 255 pass. */
const usualV4 = /^(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/;

/** An address in plain form: octets without padding, no port, no zone; the text itself if it is no address. */
export function plainAddress(text: string): string {
  if (usualV4.test(text)) return text;
  const value = parseAddress(text);
  if (value === undefined) return text;
  const bare = text.replace(/^\[([^\]]*)\](?::\d+)?$/, "$1").replace(/%.*$/, "");
  if (value >> 32n !== 0xffffn) return bare.toLowerCase();
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
}

/** The network around an address, as far as an address alone can tell: its /24, of IPv6 its /48. Undefined for what is no address. */
export function networkAround(address: string): string | undefined {
  const value = parseAddress(address);
  if (value === undefined) return undefined;
  if (value >> 32n === 0xffffn) return `${plainAddress(address).replace(/\.\d+$/, ".0")}/24`;
  const groups = [112n, 96n, 80n].map((shift) => ((value >> shift) & 0xffffn).toString(16));
  return `${groups.join(":")}::/48`;
}

/** A set of networks in CIDR form or single addresses. Entries that are neither match nothing: the configuration's edge refuses them. */
export class Networks {
  readonly #blocks: readonly { readonly value: bigint; readonly shift: bigint }[];
  readonly #known = new Map<string, boolean | undefined>();

  constructor(list: readonly string[]) {
    this.#blocks = list.flatMap((it) => {
      const [address = "", length] = it.split("/");
      const value = parseAddress(address);
      if (value === undefined) return [];
      const width = address.includes(":") ? 128 : 32;
      const bits = length === undefined ? width : Number(length);
      if (!Number.isInteger(bits) || bits < 0 || bits > width) return [];
      const shift = BigInt(width - bits);
      return [{ value: value >> shift, shift }];
    });
  }

  /** Whether one of the networks holds the address; undefined for what is no address. */
  has(address: string): boolean | undefined {
    if (this.#known.has(address)) return this.#known.get(address);
    const value = parseAddress(address);
    const answer = value === undefined ? undefined : this.#blocks.some((it) => value >> it.shift === it.value);
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.set(address, answer);
    return answer;
  }
}

/** The configured own networks; private ranges when none are. */
export function ownNetworks(list: readonly string[]): Networks {
  return new Networks(list.length === 0 ? privateNetworks : list);
}
