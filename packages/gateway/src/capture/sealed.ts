import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { z } from "zod";
import { GatewayError } from "../error.ts";

/** Longest record of a sealed file, in bytes: a request and an answer of 1 MiB each as base64, and their names. */
const maxRecordBytes = 4 * 1024 * 1024;
const tagBytes = 16;
const nonceBytes = 12;
/** The first byte of each record: one that holds something, or the file's end. */
const [holds, ends] = [1, 2];

const header = z.strictObject({
  sealed: z.literal("outweigh.capture.v1"),
  order: z.string().max(128),
  gateway: z.string().max(256),
  /** X25519, SubjectPublicKeyInfo in DER, base64; the private half was forgotten when the file was begun. */
  ephemeral: z.base64().length(60),
});
type SealedHeader = z.infer<typeof header>;

/**
 * Seals records to a public key, one after the other: whoever seals cannot read what is sealed. X25519 with a key of this file alone,
 * HKDF-SHA-256, AES-256-GCM with the record's number as nonce and the header as further data. Source: RFC 7748, RFC 5869, NIST SP 800-38D.
 *
 * Form: a line of JSON, then for each record its length in four bytes, big endian, and its ciphertext with the tag behind it. The last one
 * says that it is the last: a file without it was cut off.
 */
export class Sealer {
  /** What the file begins with. */
  readonly head: Buffer;
  readonly #key: Buffer;
  #number = 0;

  /** @param sealTo X25519, SubjectPublicKeyInfo in DER, base64. @throws when it is none. */
  constructor(sealTo: string, { order, gateway }: Pick<SealedHeader, "order" | "gateway">) {
    const { privateKey, publicKey } = generateKeyPairSync("x25519");
    const ephemeral = derOf(publicKey);
    const it: SealedHeader = { sealed: "outweigh.capture.v1", order, gateway, ephemeral };
    this.head = Buffer.from(`${JSON.stringify(it)}\n`);
    this.#key = keyBetween(privateKey, publicFrom(sealTo), ephemeral, sealTo);
  }

  /** One record, as it goes to the file. */
  seal(record: Buffer): Buffer {
    return this.#frame(Buffer.concat([Buffer.from([holds]), record]));
  }

  /** The record that ends the file. */
  end(): Buffer {
    return this.#frame(Buffer.from([ends]));
  }

  #frame(plain: Buffer): Buffer {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(this.#number++)).setAAD(this.head);
    const sealed = [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
    const length = Buffer.alloc(4);
    length.writeUInt32BE(plain.length + tagBytes);
    return Buffer.concat([length, ...sealed]);
  }
}

/** What a sealed file holds. */
export interface Opened {
  readonly header: SealedHeader;
  readonly records: readonly Buffer[];
  /** False where the file ends before its last record: the gateway ended without a word, or somebody cut it. */
  readonly isWhole: boolean;
}

/** Opens a file. @throws {GatewayError} BAD_CAPTURE for what is none, of another key, or changed. */
export function openSealed(file: Buffer, privateKey: KeyObject): Opened {
  const newline = file.indexOf(0x0a);
  const head = file.subarray(0, newline + 1);
  const read = header.safeParse(parsed(head));
  if (newline < 0 || newline > 1024 || !read.success) throw bad("not a sealed capture");
  const { ephemeral } = read.data;
  const key = keyBetween(privateKey, publicFrom(ephemeral), ephemeral, derOf(createPublicKey(privateKey)));
  const records: Buffer[] = [];
  let at = head.length;
  for (let number = 0; at + 4 <= file.length; number++) {
    const length = file.readUInt32BE(at);
    if (length <= tagBytes || length > maxRecordBytes) throw bad(`record ${number}: its length was changed`);
    if (at + 4 + length > file.length) break;
    const plain = openFrame(file.subarray(at + 4, at + 4 + length), { key, number, head });
    at += 4 + length;
    if (plain[0] === ends) {
      if (at !== file.length) throw bad("something stands behind its end");
      return { header: read.data, records, isWhole: true };
    }
    records.push(plain.subarray(1));
  }
  return { header: read.data, records, isWhole: false };
}

/** @throws {GatewayError} BAD_CAPTURE */
export function captureKeyFrom(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "x25519") return key;
  } catch (cause) {
    throw bad("the key cannot be read", { cause });
  }
  throw bad("the key is of another kind");
}

interface Frame {
  readonly key: Buffer;
  readonly number: number;
  readonly head: Buffer;
}

function openFrame(sealed: Buffer, { key, number, head }: Frame): Buffer {
  const text = sealed.subarray(0, sealed.length - tagBytes);
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(number), { authTagLength: tagBytes })
      .setAAD(head)
      .setAuthTag(sealed.subarray(sealed.length - tagBytes));
    return Buffer.concat([decipher.update(text), decipher.final()]);
  } catch (cause) {
    throw bad(`record ${number}: sealed to another key, or changed`, { cause });
  }
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUInt32BE(number, nonceBytes - 4);
  return nonce;
}

function keyBetween(privateKey: KeyObject, publicKey: KeyObject, ephemeral: string, sealTo: string): Buffer {
  const secret = agreed(privateKey, publicKey);
  const salt = Buffer.from(`${ephemeral}${sealTo}`);
  return Buffer.from(hkdfSync("sha256", secret, salt, "outweigh.capture.v1", 32));
}

function agreed(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch (cause) {
    // A point of small order: RFC 7748 §6.1.
    throw bad("the key is no key to agree with", { cause });
  }
}

function publicFrom(der: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(der, "base64"), type: "spki", format: "der" });
    if (key.asymmetricKeyType === "x25519") return key;
  } catch (cause) {
    throw bad("the key cannot be read", { cause });
  }
  throw bad("the key is of another kind");
}

function derOf(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

function parsed(head: Buffer): unknown {
  try {
    return JSON.parse(head.toString("utf8"));
  } catch {
    return undefined;
  }
}

function bad(message: string, options?: ErrorOptions): GatewayError {
  return new GatewayError("BAD_CAPTURE", message, options);
}
