/** The form of a gateway client's key: `owk_`, 43 characters of 62 (256 bits: too many to guess), six of checksum. */
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const bodyLength = 43;
const checkLength = 6;
const prefix = "owk_";

/** A new key. @param pick A random whole number below what it is given, each as likely as the other. */
export function makeClientKey(pick: (below: number) => number): string {
  let body = "";
  for (let i = 0; i < bodyLength; i++) body += alphabet[pick(alphabet.length)] ?? "";
  return prefix + body + checkOf(body);
}

/** Whether a text can be a key at all: told without looking anything up, so that guesses cost next to nothing. */
export function isClientKey(text: string): boolean {
  if (text.length !== prefix.length + bodyLength + checkLength || !text.startsWith(prefix)) return false;
  const body = text.slice(prefix.length, prefix.length + bodyLength);
  return checkOf(body) === text.slice(prefix.length + bodyLength);
}

function checkOf(body: string): string {
  let rest = crc32(body);
  let out = "";
  for (let i = 0; i < checkLength; i++) {
    out += alphabet[rest % alphabet.length] ?? "";
    rest = Math.floor(rest / alphabet.length);
  }
  return out;
}

/** CRC-32 of a text, each character by its low byte. Source: ISO 3309, the reflected polynomial 0xEDB88320. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (table[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let i = 0; i < 8; i++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc >>> 0;
});
