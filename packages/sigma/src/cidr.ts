import { refuse, type Path } from "./error.ts";

/** A range of addresses. An IPv4 range also holds the same addresses written as IPv6 (`::ffff:10.0.0.1`). */
export interface Network {
  readonly version: 4 | 6;
  /** The fixed bits, shifted down to the right; and how many lower bits are free. */
  readonly prefix: bigint;
  readonly free: bigint;
}

interface Address {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a single address.
 *
 * @throws {SigmaError} BAD_VALUE if it is no network, or has bits set outside its prefix: then one of both is a mistake.
 */
export function parseNetwork(text: string, path: Path): Network {
  const [, base = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(base, true);
  if (!address) refuse("BAD_VALUE", path, `"${text.slice(0, 60)}" is not an IPv4 or IPv6 network`);
  const width = address.version === 4 ? 32 : 128;
  const fixed = length === undefined ? width : Number(length);
  if (fixed > width) refuse("BAD_VALUE", path, `"${text}" fixes more than ${width} bits`);
  const free = BigInt(width - fixed);
  const prefix = address.bits >> free;
  if (prefix << free !== address.bits) refuse("BAD_VALUE", path, `"${text}" has bits set outside its prefix`);
  return { version: address.version, prefix, free };
}

/** False for whatever is not an address. */
export function containsAddress(network: Network, text: string): boolean {
  const address = parseAddress(text, false);
  return address?.version === network.version && address.bits >> network.free === network.prefix;
}

/**
 * Longest address we look at: 45 characters of IPv6 with an IPv4 tail, and a zone.
 * It stops a value of megabytes before anything is split.
 */
const maxAddressLength = 80;

function parseAddress(text: string, exact: boolean): Address | undefined {
  if (text.length > maxAddressLength) return undefined;
  const plain = exact ? text : text.trim().replace(/%.*$/, "");
  if (!plain.includes(":")) {
    const bits = parseVersion4(plain, exact);
    return bits === undefined ? undefined : { version: 4, bits };
  }
  const bits = parseVersion6(plain);
  if (bits === undefined) return undefined;
  const mapped = !exact && bits >> 32n === 0xffffn;
  return mapped ? { version: 4, bits: bits & 0xffffffffn } : { version: 6, bits };
}

function parseVersion4(text: string, exact: boolean): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  let bits = 0n;
  for (const octet of octets) {
    // Anonymised records hold zero-padded octets; they are decimal. In a rule they would be a riddle.
    if (!(exact ? /^(?:0|[1-9]\d{0,2})$/ : /^\d{1,3}$/).test(octet) || Number(octet) > 255) return undefined;
    bits = (bits << 8n) | BigInt(octet);
  }
  return bits;
}

function parseVersion6(text: string): bigint | undefined {
  const tail = /:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  const low = tail === undefined ? undefined : parseVersion4(tail, true);
  if (tail !== undefined && low === undefined) return undefined;
  const words = low === undefined ? text : text.slice(0, -(tail ?? "").length) + inWords(low);
  const halves = words.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], rest = []] = halves.map((it) => (it === "" ? [] : it.split(":")));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let bits = 0n;
  for (const word of [...head, ...Array.from({ length: missing }, () => "0"), ...rest]) {
    if (!/^[0-9a-f]{1,4}$/i.test(word)) return undefined;
    bits = (bits << 16n) | BigInt(`0x${word}`);
  }
  return bits;
}

function inWords(bits: bigint): string {
  return `${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
}
