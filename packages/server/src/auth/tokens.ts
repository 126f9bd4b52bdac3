// Secrets that stand in files of the data folder, and the comparing of secrets.
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from "node:crypto";
import { link, open, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServerError } from "../error.ts";

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

/** What a file system answers that knows no second names of a file. */
const noLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/**
 * The secret in a file that only its owner may read; made there at the first time, and on disk before it is used. It appears whole: of
 * processes that make it in the same moment one does, and the others read what that one made.
 *
 * @throws {ServerError} DATA_NOT_OURS for an empty file: a secret of nothing protects nothing.
 */
export async function secretIn(file: string, make: () => string = newSecret): Promise<string> {
  const there = await readFile(file, "utf8").catch(unless(["ENOENT"]));
  if (there === undefined) await place(file, `${make()}\n`);
  const secret = (there ?? (await readFile(file, "utf8"))).trim();
  if (secret === "")
    throw new ServerError("DATA_NOT_OURS", `${file} is empty: bring it back from a backup, or remove it`);
  return secret;
}

/** Written beside, then given its name. Unlike a rename, a link replaces nothing that another process put there meanwhile. */
async function place(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}`;
  const made = await open(beside, "wx", 0o600);
  try {
    await made.writeFile(text);
    await made.sync();
    await link(beside, path)
      .catch(async (error: unknown) => {
        unless(noLinks)(error);
        await writeFile(path, text, { flag: "wx", mode: 0o600, flush: true });
      })
      .catch(unless(["EEXIST"]));
    await made.sync(); // its name, too
  } finally {
    await made.close();
    await unlink(beside);
  }
}

/** Lets errors of these codes go by. */
function unless(codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof Error && "code" in error && codes.some((it) => it === error.code))) throw error;
  };
}

/** The token of `Authorization: Bearer …`; undefined when there is none. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer ([\w.~+/-]{1,512}=*)$/i.exec(header ?? "")?.[1];
}
