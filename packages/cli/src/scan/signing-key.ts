// The key that signs a scan made by hand.
import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { CliError } from "../error.ts";
import { statOf, unreadable } from "../paths.ts";
import { visible } from "../text/visible.ts";

/** Longest file of a key that is read, in bytes: PEM of an Ed25519 key has some 120. */
const maxKeyBytes = 64 * 1024;

/** A private Ed25519 key in PEM (PKCS #8). @throws {CliError} USAGE for what is none; what the file holds is never said. */
export function signingKey(file: string): KeyObject {
  if (statOf(file).size > maxKeyBytes) throw noKey(file);
  let key: KeyObject;
  try {
    key = createPrivateKey(readKey(file));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    // Not the cause: OpenSSL may repeat what it read.
    throw noKey(file);
  }
  if (key.asymmetricKeyType !== "ed25519") throw noKey(file);
  return key;
}

function readKey(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function noKey(file: string): CliError {
  return new CliError(
    "USAGE",
    `${visible(file)} is no private Ed25519 key in PEM: openssl genpkey -algorithm ed25519 -out ${visible(file)} makes one`,
  );
}
