import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GatewayError } from "../error.ts";
import { maxPrincipals } from "../limits.ts";
import { keyDigest, newKey } from "./key.ts";

/** What is kept of a key. Never the key. */
const keyEntry = z.strictObject({
  id: z.string().regex(/^key-[0-9a-f]{12}$/),
  principal: z.string().min(1).max(256),
  tenant: z.string().min(1).max(128).optional(),
  plan: z.string().max(32).optional(),
  /** Models it may ask; `*` matches any run of characters. Empty: all. */
  models: z.array(z.string().min(1).max(128)).max(1000),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  last4: z.string().length(4),
  createdAt: z.int().nonnegative(),
  expiresAt: z.int().nonnegative().optional(),
  revokedAt: z.int().nonnegative().optional(),
  /** The key that this one took over from: a leaked key's history stays one story. */
  replaces: z.string().optional(),
});
export type KeyEntry = z.infer<typeof keyEntry>;

const keyFile = z.strictObject({ version: z.literal(1), keys: z.array(keyEntry).max(maxPrincipals) });

/** Changes of one reading that the evidence names; the rest are counted. */
const maxChanges = 100;
/** Largest file of keys that is read, in bytes. */
const maxFileBytes = 64 * 1024 * 1024;

/** Where keys lie in a data folder. */
export function keyPath(dataDir: string): string {
  return join(dataDir, "keys.json");
}

/** All keys of a data folder, none if there is no file. @throws {GatewayError} BAD_KEY_FILE */
export function readKeys(dataDir: string): KeyEntry[] {
  const path = keyPath(dataDir);
  if (!existsSync(path)) return [];
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > maxFileBytes) throw new Error(`longer than ${maxFileBytes} bytes`);
    return keyFile.parse(JSON.parse(text)).keys;
  } catch (cause) {
    throw new GatewayError("BAD_KEY_FILE", `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** Replaces the file whole: a reader sees the old or the new one. */
function writeKeys(dataDir: string, keys: readonly KeyEntry[]): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = keyPath(dataDir);
  const next = `${path}.${randomBytes(6).toString("hex")}`;
  const file = openSync(next, "wx", 0o600);
  try {
    writeSync(file, `${JSON.stringify({ version: 1, keys }, undefined, 1)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}

/** A key that somebody else made: all that is needed of it. */
interface GivenKey {
  readonly id: string;
  readonly digest: string;
  readonly last4: string;
}

export interface NewKey {
  readonly principal: string;
  readonly tenant?: string | undefined;
  readonly plan?: string | undefined;
  readonly models?: readonly string[];
  readonly expiresAt?: number | undefined;
  readonly replaces?: string | undefined;
}

/** Makes a key. @returns The entry, and the secret, which is nowhere kept. @throws {GatewayError} BAD_KEY_FILE */
export function createKey(
  dataDir: string,
  it: NewKey,
  now: number,
): { readonly entry: KeyEntry; readonly secret: string } {
  const { secret, given } = made();
  const entry = entryOf(given, it, now);
  writeKeys(dataDir, keyFile.parse({ version: 1, keys: [...readKeys(dataDir), entry] }).keys);
  return { entry, secret };
}

/** Takes a key that the server made. One that is here already stays as it is. @throws {GatewayError} BAD_KEY_FILE */
export function addKey(dataDir: string, given: GivenKey, it: NewKey, now: number): KeyEntry {
  const keys = readKeys(dataDir);
  const known = keys.find(({ id }) => id === given.id);
  if (known) return known;
  const entry = entryOf(given, it, now);
  writeKeys(dataDir, keyFile.parse({ version: 1, keys: [...keys, entry] }).keys);
  return entry;
}

/**
 * A new key for the same principal with the same rights; the old one ends at `graceMs` from now, so that clients can change over.
 * @throws {GatewayError} NO_SUCH_KEY for an id that does not exist or is revoked.
 */
export function rotateKey(dataDir: string, id: string, now: number, graceMs: number) {
  const { secret, given } = made();
  return { entry: replaceKey(dataDir, { id, given, graceMs }, now), secret };
}

/** As `rotateKey`, with a key that the server made. */
export function replaceKey(
  dataDir: string,
  { id, given, graceMs }: { readonly id: string; readonly given: GivenKey; readonly graceMs: number },
  now: number,
): KeyEntry {
  const keys = readKeys(dataDir);
  const known = keys.find((it) => it.id === given.id);
  if (known) return known;
  const old = find(keys, id);
  if (old.revokedAt !== undefined) throw new GatewayError("NO_SUCH_KEY", `${id} is revoked`);
  const entry = entryOf(given, { ...old, replaces: old.id }, now);
  const ends = Math.min(old.expiresAt ?? Infinity, now + graceMs);
  writeKeys(dataDir, [...keys.map((it) => (it === old ? { ...it, expiresAt: ends } : it)), entry]);
  return entry;
}

/** Ends a key now. Ending it twice changes nothing. @throws {GatewayError} NO_SUCH_KEY */
export function revokeKey(dataDir: string, id: string, now: number): KeyEntry {
  const keys = readKeys(dataDir);
  const old = find(keys, id);
  const ended = { ...old, revokedAt: old.revokedAt ?? now };
  writeKeys(
    dataDir,
    keys.map((it) => (it === old ? ended : it)),
  );
  return ended;
}

/** What changed between two readings of the file, for the evidence; undefined for nothing. Whoever changed it may not have come through us. */
export function keyChanges(
  before: readonly KeyEntry[],
  after: readonly KeyEntry[],
): { readonly text: string; readonly keys: string[] } | undefined {
  const known = new Map(before.map((it) => [it.id, JSON.stringify(it)]));
  const left = new Set(after.map((it) => it.id));
  const changes = [
    ...after.flatMap((it) => {
      const was = known.get(it.id);
      if (was === JSON.stringify(it)) return [];
      const what = was === undefined ? "made" : it.revokedAt !== undefined ? "revoked" : "changed";
      return [`${it.id} of ${it.principal} ${what}`];
    }),
    ...before.flatMap((it) => (left.has(it.id) ? [] : [`${it.id} of ${it.principal} removed`])),
  ];
  if (changes.length === 0) return undefined;
  return { text: `keys changed: ${changes.length}`, keys: changes.slice(0, maxChanges) };
}

function find(keys: readonly KeyEntry[], id: string): KeyEntry {
  const found = keys.find((it) => it.id === id);
  if (!found) throw new GatewayError("NO_SUCH_KEY", `there is no key ${JSON.stringify(id)}`);
  return found;
}

function made(): { readonly secret: string; readonly given: GivenKey } {
  const secret = newKey();
  const given = { id: `key-${randomBytes(6).toString("hex")}`, digest: keyDigest(secret), last4: secret.slice(-4) };
  return { secret, given };
}

function entryOf(
  { id, digest, last4 }: GivenKey,
  { principal, tenant, plan, models = [], expiresAt, replaces }: NewKey,
  now: number,
): KeyEntry {
  return {
    id,
    principal,
    ...(tenant !== undefined && { tenant }),
    ...(plan !== undefined && { plan }),
    models: [...models],
    digest,
    last4,
    createdAt: now,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(replaces !== undefined && { replaces }),
  };
}
