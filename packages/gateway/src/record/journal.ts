import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  append,
  checkpoint,
  genesis,
  revealed,
  signerOf,
  verifyChain,
  type Entry,
  type Head,
  type JsonObject,
  type Signer,
} from "@outweigh/evidence";
import { GatewayError } from "../error.ts";
import { secretFile } from "./secrets.ts";

/** One decision or observation of the gateway, in words and with what must not be changed later. */
export interface Decision {
  /** `gateway-started`, `blind-interval`, `order-applied`. */
  readonly kind: string;
  readonly by: string;
  readonly subject?: string | undefined;
  readonly text: string;
  readonly fields?: JsonObject | undefined;
}

/** The signing key of a gateway; made at the first time. Calibrations are signed with it as well. */
export function gatewayKey(dataDir: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const pem = secretFile(dataDir, "evidence.key", () =>
    generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  );
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** Names the gateway of a data folder, and its evidence, among all; made at the first time. */
export function gatewayOrigin(dataDir: string): string {
  return secretFile(dataDir, "gateway.id", () => `gateway/${randomBytes(8).toString("hex")}`);
}

/**
 * The gateway's own evidence: a hash chain in `evidence.ndjson`, signed after each entry in `checkpoints.ndjson`. Entries are few,
 * so each is on disk before its cause has an effect.
 */
export class Journal {
  readonly origin: string;
  readonly #signer: Signer;
  readonly #saltKey: Buffer;
  readonly #entries: number;
  readonly #checkpoints: number;
  /** The `began` of the last run that served: how many entries there were when it began. Undefined where no entry says. */
  readonly lastBegan: number | undefined;
  #head: Head;

  /** @throws {GatewayError} BAD_STATE when what is on disk is no chain of this gateway. */
  constructor(dataDir: string) {
    this.#signer = signerOf(gatewayKey(dataDir).privateKey);
    this.#saltKey = Buffer.from(
      secretFile(dataDir, "evidence.salt", () => randomBytes(32).toString("hex")),
      "hex",
    );
    this.origin = gatewayOrigin(dataDir);
    const path = join(dataDir, "evidence.ndjson");
    let lastBegan: number | undefined;
    this.#head = readHead(path, this.origin, (it) => (lastBegan = beganOf(it) ?? lastBegan));
    this.lastBegan = lastBegan;
    this.#entries = openSync(path, "a", 0o600);
    this.#checkpoints = openSync(join(dataDir, "checkpoints.ndjson"), "a", 0o600);
  }

  get head(): Head {
    return this.#head;
  }

  /** Appends and signs. @param now In ms since 1970. */
  add({ kind, by, subject, text, fields }: Decision, now: number): Entry {
    const next = append(this.#head, { time: now, kind, by, subject, fields: { text, ...fields } }, this.#saltKey);
    writeSync(this.#entries, `${JSON.stringify(next.entry)}\n`);
    fsyncSync(this.#entries);
    this.#head = next.head;
    writeSync(this.#checkpoints, `${JSON.stringify(checkpoint(next.head, now, this.#signer))}\n`);
    fsyncSync(this.#checkpoints);
    return next.entry;
  }

  close(): void {
    closeSync(this.#entries);
    closeSync(this.#checkpoints);
  }
}

/** Where the chain on disk ends. A last line without its end was being written when the machine stopped: it never was. */
function readHead(path: string, origin: string, each: (entry: Entry) => void): Head {
  if (!existsSync(path)) return genesis(origin);
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  const { head, problem } = verifyChain(entriesIn(whole, path, each), genesis(origin));
  if (problem !== undefined) throw new GatewayError("BAD_STATE", `${path}: ${problem}`);
  return head;
}

function beganOf(entry: Entry): number | undefined {
  if (entry.kind !== "gateway-started") return undefined;
  const { began } = revealed(entry).fields;
  return typeof began === "number" ? began : undefined;
}

/** @param each Called with an entry once all before it and itself are known to be whole. */
function* entriesIn(text: string, path: string, each: (entry: Entry) => void): Generator<Entry> {
  let number = 0;
  for (const line of text.split("\n")) {
    number++;
    if (line === "") continue;
    let entry: Entry;
    try {
      entry = JSON.parse(line);
    } catch (cause) {
      throw new GatewayError("BAD_STATE", `${path}:${number}: not JSON`, { cause });
    }
    yield entry;
    each(entry);
  }
}
