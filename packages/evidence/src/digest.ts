import { createHash, createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { EvidenceError } from "./error.ts";
import { canonical, type Json } from "./json.ts";
import { maxValueDepth } from "./limits.ts";

/** Length of a salt in bytes: nobody guesses 2^128. */
const saltBytes = 16;
/** Shortest salt key in bytes: as strong as the hash it is used with. */
const minSaltKeyBytes = 32;

/** SHA-256 of a text's UTF-8 or of bytes, as 64 hexadecimal digits in lower case. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * One named value: shown with its salt, or redacted so that only its commitment is left. Both give the same commitment,
 * so a redacted value leaves every proof intact.
 */
export type Field = { readonly salt: string; readonly value: Json } | { readonly commitment: string };

/** SHA-256 over the canonical text of salt, name and value: says nothing about the value to whoever lacks the salt. */
export function commitmentOf(name: string, field: Field): string {
  return "commitment" in field ? field.commitment : sha256(canonical([field.salt, name, field.value]));
}

/** The field without its value. */
export function redacted(name: string, field: Field): Field {
  return { commitment: commitmentOf(name, field) };
}

/**
 * A field whose salt follows from a secret key, the place where it stands and the value: the same again for the same, and
 * unlike any other. So no salt needs to be stored, and a salt that was shown says nothing about another value.
 *
 * @param saltKey At least 32 secret bytes, made once per installation. Who has it can try out redacted values.
 * @param where Texts that tell this place from all others.
 * @throws {EvidenceError} BAD_ENTRY for a short key, BAD_VALUE for what is not JSON or nests too deep.
 */
export function fieldOf(saltKey: Uint8Array, where: readonly string[], name: string, value: Json): Field {
  canonical(value, maxValueDepth);
  return { salt: macOf(saltKey, ["outweigh.salt.v1", where, name, value]), value };
}

/**
 * What a noun is called where its own id would confirm guesses: an id is often a digest of what it names, which whoever guesses it can
 * compute too. The same for the same noun. Nobody without the key computes it, or reads the id from it.
 *
 * @param saltKey See `fieldOf`.
 * @throws {EvidenceError} BAD_ENTRY for a short key, BAD_VALUE for an id with half a surrogate pair.
 */
export function keyedId(saltKey: Uint8Array, kind: string, id: string): string {
  return keyedPrefix + macOf(saltKey, ["outweigh.keyed-id.v1", kind, id]);
}

const keyedPrefix = "keyed-";

/** Whether a text is written as `keyedId` writes it. */
export function isKeyedId(text: string): boolean {
  return text.startsWith(keyedPrefix) && /^[0-9a-f]{32}$/.test(text.slice(keyedPrefix.length));
}

/** HMAC-SHA-256 of a value, cut to the length of a salt. What is asked for says in its first text what for. */
function macOf(saltKey: Uint8Array, value: readonly Json[]): string {
  return createHmac("sha256", preparedKey(saltKey))
    .update(canonical(value))
    .digest("hex")
    .slice(0, 2 * saltBytes);
}

/** Salt keys as `createHmac` takes them at once: making one anew takes longer than a short text's HMAC. */
const prepared = new WeakMap<Uint8Array, KeyObject>();

/** The bytes of a salt key must not change after its first use. */
function preparedKey(saltKey: Uint8Array): KeyObject {
  const known = prepared.get(saltKey);
  if (known) return known;
  if (saltKey.length < minSaltKeyBytes) {
    throw new EvidenceError(
      "BAD_ENTRY",
      `the salt key has ${saltKey.length} bytes, expected at least ${minSaltKeyBytes}`,
    );
  }
  const key = createSecretKey(saltKey);
  prepared.set(saltKey, key);
  return key;
}
