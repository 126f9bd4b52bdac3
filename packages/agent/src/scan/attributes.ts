// What stands in extended attributes of files, read by the helper: Node reads none. Whoever owns a file chooses their bytes.
import { spawnSync } from "node:child_process";
import { parseAccessList, type AccessList } from "./access-list.ts";
import { maxAttributeBytes, maxAttributePaths, maxAttributeMs, maxAttributesEach } from "./limits.ts";

/** What was read, that there is none, or why that could not be told. */
export type Known<T> =
  | { readonly state: "read"; readonly value: T }
  | { readonly state: "none" }
  | { readonly state: "unknown"; readonly why: string };

/** The rights that a program brings to whoever runs it. */
export interface Capability {
  /** Bits by the numbers of linux/capability.h. */
  readonly permitted: bigint;
  /** Held from its start; else it must take them first, which most programs do not. */
  readonly effective: boolean;
}

interface Attributes {
  readonly list: Known<AccessList>;
  readonly capability: Known<Capability>;
}

/** Why nothing is told, in one place: without the helper, and before a path was asked for. */
export const withoutHelper =
  "they stand in extended attributes, which Node does not read: outweigh agent helper compiles what does";

/** Numbers of errors. Source: errno(3) of Linux. */
const errors: Readonly<Record<number, string>> = {
  1: "permission denied",
  2: "gone",
  13: "permission denied",
  20: "gone",
  34: "longer than the kernel gives",
  36: "its path is too long",
  40: "reached through a link",
  95: "its file system does not say",
};
const noAttribute = 61;

/** Reads them ahead, many at a time: each call starts a process. */
export class AttributeReader {
  readonly #helper: string | undefined;
  readonly #known = new Map<string, Attributes>();

  /** @param helper The compiled helper; undefined if there is none, and nothing can be told. */
  constructor(helper?: string) {
    this.#helper = helper;
  }

  get hasHelper(): boolean {
    return this.#helper !== undefined;
  }

  /** Asks for these paths, of which those that are known are not asked for again. */
  learn(paths: Iterable<string | Uint8Array>): void {
    if (this.#helper === undefined) return;
    let batch: Buffer[] = [];
    let bytes = 0;
    for (const path of paths) {
      const it = Buffer.from(path);
      if (it.includes(0) || this.#known.has(keyOf(it))) continue;
      this.#known.set(keyOf(it), unknown("not asked for"));
      batch.push(it, end);
      bytes += it.length + 1;
      if (batch.length < maxAttributePaths * 2 && bytes < maxAttributeBytes) continue;
      this.#ask(this.#helper, batch);
      [batch, bytes] = [[], 0];
    }
    if (batch.length > 0) this.#ask(this.#helper, batch);
  }

  /** Of a path that `learn` was told. */
  of(path: string | Uint8Array): Attributes {
    if (this.#helper === undefined) return unknown(withoutHelper);
    return this.#known.get(keyOf(Buffer.from(path))) ?? unknown("not asked for");
  }

  #ask(helper: string, batch: readonly Buffer[]): void {
    const { stdout, error, status, signal } = spawnSync(helper, ["attributes"], {
      input: Buffer.concat(batch),
      env: {},
      stdio: ["pipe", "pipe", "ignore"],
      timeout: maxAttributeMs,
      killSignal: "SIGKILL",
      maxBuffer: maxAttributesEach,
    });
    const paths = batch.filter((it) => it !== end);
    const why = error ? `the helper failed: ${error.message}` : `the helper ended with ${signal ?? status}`;
    const said = !error && status === 0 ? attributesIn(stdout, paths.length) : undefined;
    for (const [i, path] of paths.entries())
      this.#known.set(keyOf(path), said?.[i] ?? unknown(status === 0 ? "the helper did not say" : why));
  }
}

const end = Buffer.from([0]);

/** Bytes of a path, whatever they mean, as a key. */
function keyOf(path: Buffer): string {
  return path.toString("latin1");
}

function unknown(why: string): Attributes {
  return { list: { state: "unknown", why }, capability: { state: "unknown", why } };
}

/** What the helper wrote for so many paths; undefined for bytes that no helper of ours writes. */
export function attributesIn(bytes: Buffer, paths: number): Attributes[] | undefined {
  const found: Attributes[] = [];
  let at = 0;
  const field = (): Known<Buffer> | undefined => {
    if (bytes.length - at < 8) return undefined;
    const [error, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    at += 8;
    if (length > bytes.length - at || (error !== 0 && length > 0)) return undefined;
    at += length;
    if (error === 0) return { state: "read", value: bytes.subarray(at - length, at) };
    if (error === noAttribute) return { state: "none" };
    return { state: "unknown", why: errors[error] ?? `error ${error}` };
  };
  for (let i = 0; i < paths; i++) {
    const [list, capability] = [field(), field()];
    if (!list || !capability) return undefined;
    found.push({
      list: readAs(list, parseAccessList, "its bytes are no access list"),
      capability: readAs(capability, parseCapability, "its bytes are no capability"),
    });
  }
  return at === bytes.length ? found : undefined;
}

function readAs<T>(it: Known<Buffer>, parse: (bytes: Buffer) => T | undefined, otherwise: string): Known<T> {
  if (it.state !== "read") return it;
  const value = parse(it.value);
  return value === undefined ? { state: "unknown", why: otherwise } : { state: "read", value };
}

/** Revisions of `security.capability`: how many pairs of 32 bits follow, and whether the uid of a namespace's root does. */
const revisions: Readonly<Record<number, { readonly pairs: number; readonly rooted: boolean }>> = {
  1: { pairs: 1, rooted: false },
  2: { pairs: 2, rooted: false },
  3: { pairs: 2, rooted: true },
};

/**
 * The value of `security.capability`; undefined for bytes that are none. One that counts only in another user namespace gives nothing here.
 * Source: linux/capability.h (vfs_ns_cap_data).
 */
export function parseCapability(bytes: Buffer): Capability | undefined {
  if (bytes.length < 4) return undefined;
  const magic = bytes.readUInt32LE(0);
  const revision = revisions[magic >>> 24];
  if (!revision || bytes.length !== 4 + revision.pairs * 8 + (revision.rooted ? 4 : 0)) return undefined;
  let permitted = 0n;
  for (let i = 0; i < revision.pairs; i++) permitted |= BigInt(bytes.readUInt32LE(4 + i * 8)) << BigInt(32 * i);
  const isElsewhere = revision.rooted && bytes.readUInt32LE(bytes.length - 4) !== 0;
  return { permitted: isElsewhere ? 0n : permitted, effective: (magic & 1) !== 0 };
}
