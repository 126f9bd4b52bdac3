import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { KnownFingerprint } from "@outweigh/agent";
import type { Fingerprint } from "@outweigh/weights";
import { CliError } from "../error.ts";

/** Bytes of the secret that chooses where a fingerprint samples: whoever knows it can hide a copy from it. */
const keyBytes = 32;

/** Fingerprints of the register's models, beside the configuration: samples of weights, never the weights. */
interface FingerprintFolder {
  /** The secret of this register, made when it is first needed. */
  key(): Uint8Array;
  save(name: string, fingerprint: Fingerprint): Promise<string>;
  /** All that are there and whose model is in `names`. @throws {CliError} FAILED for one that cannot be read. */
  load(names: ReadonlySet<string>): Promise<KnownFingerprint[]>;
}

/** @param configFile Its folder holds `.outweigh/`. */
export function fingerprintFolder(configFile: string): FingerprintFolder {
  const home = join(dirname(configFile), ".outweigh");
  const folder = join(home, "fingerprints");
  return {
    key: () => readKey(home),
    save: async (name, fingerprint) => {
      const { encodeFingerprint } = await import("@outweigh/weights");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${name}.owf`);
      writeFileSync(file, encodeFingerprint(fingerprint), { mode: 0o600 });
      return file;
    },
    load: (names) => loadAll(folder, names),
  };
}

function readKey(home: string): Uint8Array {
  const file = join(home, "fingerprint.key");
  if (!existsSync(file)) {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${randomBytes(keyBytes).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  }
  const text = readFileSync(file, "utf8").trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new CliError("FAILED", `${file} is no key: expected 64 hexadecimal digits`);
  return Buffer.from(text, "hex");
}

async function loadAll(folder: string, names: ReadonlySet<string>): Promise<KnownFingerprint[]> {
  if (!existsSync(folder)) return [];
  const { decodeFingerprint, maxFingerprintBytes } = await import("@outweigh/weights");
  const files = readdirSync(folder).filter((it) => it.endsWith(".owf") && names.has(basename(it, ".owf")));
  return files.sort().map((it) => {
    const path = join(folder, it);
    try {
      if (statSync(path).size > maxFingerprintBytes) throw new Error(`longer than ${maxFingerprintBytes} bytes`);
      return { name: basename(it, ".owf"), fingerprint: decodeFingerprint(readFileSync(path)) };
    } catch (cause) {
      throw new CliError(
        "FAILED",
        `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  });
}
