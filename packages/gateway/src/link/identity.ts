// Who this gateway is to its server, and whom it believes: the agents' channel, with a file of our own.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  agentHeaders,
  agentIdentity,
  gatewayAskText,
  signedText,
  type GatewayAskText,
  type SignedOrder,
} from "@outweigh/schema";
import { GatewayError } from "../error.ts";

export interface Identity {
  readonly server: string;
  /** Its id there. */
  readonly id: string;
  readonly key: KeyObject;
  readonly serverKey: KeyObject;
}

function identityPath(dataDir: string): string {
  return join(dataDir, "link.json");
}

export function newIdentityKey(): { readonly key: KeyObject; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { key: privateKey, publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64") };
}

/** Undefined for a gateway that never enrolled. @throws {GatewayError} BAD_STATE for a file that is no identity. */
export function readIdentity(dataDir: string): Identity | undefined {
  const path = identityPath(dataDir);
  if (!existsSync(path)) return undefined;
  try {
    const { server, agent, key, serverKey } = agentIdentity.parse(JSON.parse(readFileSync(path, "utf8")));
    const der = { key: Buffer.from(serverKey, "base64"), type: "spki", format: "der" } as const;
    return { server, id: agent, key: createPrivateKey(key), serverKey: createPublicKey(der) };
  } catch (cause) {
    throw new GatewayError("BAD_STATE", `${path} holds no identity: remove it, then enrol again`, { cause });
  }
}

/** Replaces the file whole. */
export function writeIdentity(dataDir: string, { server, id, key, serverKey }: Identity): void {
  const path = identityPath(dataDir);
  const text = {
    server,
    agent: id,
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
    serverKey: serverKey.export({ type: "spki", format: "der" }).toString("base64"),
  };
  rmSync(`${path}.next`, { force: true });
  writeFileSync(`${path}.next`, `${JSON.stringify(text, undefined, 2)}\n`, { mode: 0o600, flag: "wx", flush: true });
  renameSync(`${path}.next`, path);
}

/** The headers that prove who sends this body, as request number `counter`. */
export function signedHeaders(
  { id, key }: Identity,
  path: string,
  counter: number,
  body: Buffer,
): Record<string, string> {
  const digest = createHash("sha256").update(body).digest("hex");
  return {
    [agentHeaders.agent]: id,
    [agentHeaders.counter]: String(counter),
    [agentHeaders.signature]: sign(null, Buffer.from(signedText(path, counter, digest)), key).toString("base64url"),
  };
}

/** What the server asks, if it signed it, for us, and it is still wanted; else why not. */
export function readAsk(
  { text, signature }: SignedOrder,
  { id, serverKey }: Identity,
  now: number,
): GatewayAskText | { readonly refused: string } {
  if (!verify(null, Buffer.from(text), serverKey, Buffer.from(signature, "base64url")))
    return { refused: "the server we enrolled with did not sign it" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: "it is not JSON" };
  }
  const read = gatewayAskText.safeParse(value);
  if (!read.success) return { refused: "it asks for something this gateway does not do" };
  if (read.data.agent !== id) return { refused: "it is for another gateway" };
  if (read.data.expiresAt <= now) return { refused: "it has expired" };
  return read.data;
}
