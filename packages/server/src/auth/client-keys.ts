// Keys of the gateways' clients: made here, told to one person once; the gateway gets the digest alone.
import { randomBytes, randomInt } from "node:crypto";
import { makeClientKey } from "@outweigh/schema";
import { digestOf } from "./tokens.ts";

export function newClientKey() {
  const secret = makeClientKey((below) => randomInt(below));
  const id = `key-${randomBytes(6).toString("hex")}`;
  return { secret, key: { id, digest: digestOf(secret), last4: secret.slice(-4) } };
}
