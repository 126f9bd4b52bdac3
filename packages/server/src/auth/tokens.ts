// Secrets that stand in files of the data folder, and the comparing of secrets.
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Random bytes of every secret we make: 192 bits cannot be guessed. */
const secretBytes = 24;

export function newSecret(): string {
  return randomBytes(secretBytes).toString("base64url");
}

/** What we store of a secret. It is random, so a plain digest cannot be reversed by trying. */
export function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Compares without telling by its duration how much was right. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

/** The key that signs orders to agents; made at the first time. */
export async function orderKey(dataDir: string): Promise<KeyObject> {
  const make = () => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return createPrivateKey(await secretIn(join(dataDir, "orders.key"), make));
}

/** A key of 32 bytes in a file; made there at the first time. */
export async function keyIn(file: string): Promise<Buffer> {
  return Buffer.from(await secretIn(file, () => randomBytes(32).toString("hex")), "hex");
}

/** The secret in a file that only its owner may read; made there at the first time. */
export async function secretIn(file: string, make: () => string = newSecret): Promise<string> {
  const made = await open(file, "wx", 0o600).catch(() => undefined);
  if (!made) return (await readFile(file, "utf8")).trim();
  try {
    const secret = make();
    await made.writeFile(`${secret}\n`);
    await made.sync();
    return secret;
  } finally {
    await made.close();
  }
}

/** The token of `Authorization: Bearer …`; undefined when there is none. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer ([\w.~+/-]{1,512}=*)$/i.exec(header ?? "")?.[1];
}
