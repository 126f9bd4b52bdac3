// Who the agent is, and whom it believes.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { open, readFile, unlink } from "node:fs/promises";
import { agentHeaders, agentIdentity, orderText, signedText, type OrderText, type SignedOrder } from "@outweigh/schema";
import { AgentError } from "./error.ts";

export interface Identity {
  readonly server: string;
  readonly agent: string;
  readonly key: KeyObject;
  readonly serverKey: KeyObject;
}

export function newKey(): { key: KeyObject; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { key: privateKey, publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64") };
}

/**
 * Makes a new identity with what `enrolled` gives, readable by its owner alone. The file is there before anybody is asked, so that no token
 * is used up for an identity that cannot be kept; it is gone again when `enrolled` fails.
 *
 * @throws {AgentError} ENROLLED if there is one; whatever `enrolled` throws.
 */
export async function makeIdentity(
  path: string,
  enrolled: () => Promise<{ server: string; agent: string; key: KeyObject; serverKey: string }>,
): Promise<void> {
  const made = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw new AgentError("ENROLLED", `${path} could not be made: this host may be enrolled already`, { cause });
  });
  try {
    const it = await enrolled();
    const key = it.key.export({ type: "pkcs8", format: "pem" }).toString();
    await made.writeFile(`${JSON.stringify({ ...it, key }, null, 2)}\n`);
    await made.sync();
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await made.close();
  }
}

/** @throws {AgentError} NOT_ENROLLED */
export async function loadIdentity(path: string): Promise<Identity> {
  try {
    const { server, agent, key, serverKey } = agentIdentity.parse(JSON.parse(await readFile(path, "utf8")));
    return { server, agent, key: createPrivateKey(key), serverKey: publicKeyOf(serverKey) };
  } catch (cause) {
    const what = `${path} holds no identity: enrol this host first, outweigh agent enrol`;
    throw new AgentError("NOT_ENROLLED", what, { cause });
  }
}

function publicKeyOf(base64: string): KeyObject {
  return createPublicKey({ key: Buffer.from(base64, "base64"), type: "spki", format: "der" });
}

/** The headers that prove who sends this body, as request number `counter`. */
export function signedHeaders(
  { agent, key }: Pick<Identity, "agent" | "key">,
  path: string,
  counter: number,
  body: Buffer,
): Record<string, string> {
  const digest = createHash("sha256").update(body).digest("hex");
  const signature = sign(null, Buffer.from(signedText(path, counter, digest)), key).toString("base64url");
  return {
    [agentHeaders.agent]: agent,
    [agentHeaders.counter]: String(counter),
    [agentHeaders.signature]: signature,
  };
}

/**
 * The order, if the server signed it, for us, and it is still wanted; else why not. `id`: the server did give us that one, and wants to know
 * what came of it. What somebody else signed has none: it could end another's order by its name.
 */
export function readOrder(
  { text, signature }: SignedOrder,
  { agent, serverKey }: Pick<Identity, "agent" | "serverKey">,
  now: number,
): OrderText | { readonly refused: string; readonly id?: string } {
  if (!verify(null, Buffer.from(text), serverKey, Buffer.from(signature, "base64url")))
    return { refused: "the server we enrolled with did not sign it" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: "it is not JSON" };
  }
  const whose = orderText.pick({ id: true, agent: true }).loose().safeParse(value).data;
  if (whose?.agent !== agent) return { refused: "it is for another agent" };
  const { id } = whose;
  const read = orderText.safeParse(value);
  if (!read.success) return { refused: "it asks for something this agent does not do: update the agent", id };
  const { expiresAt } = read.data;
  if (expiresAt <= now)
    return {
      refused: `it has expired: it held until ${timeText(expiresAt)}, and this host's clock says ${timeText(now)}`,
      id,
    };
  return read.data;
}

/** A time of any size, which a signed number may have. */
function timeText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
