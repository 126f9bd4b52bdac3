// What clients took and what is left of their budgets, in `counters.json` of the data folder: a budget that a restart refills is a hole.
import { createHmac, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { UsedAccount } from "../admission/lender.ts";
import { maxPrincipals } from "../limits.ts";
import type { Runs } from "./detectors-file.ts";

const format = "outweigh-counters/1";
/** Largest file that is read, in bytes: all principals and two accounts of each are a third of it. */
const maxFileBytes = 128 * 1024 * 1024;
/** Accounts that are kept: one of each principal, its tenant and orders. Of more, those made last. */
const maxAccounts = 2 * maxPrincipals;

const counted = z.strictObject({
  principal: z.string().min(1).max(256),
  requests: z.int().nonnegative(),
  denied: z.int().nonnegative(),
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  informationBits: z.number().nonnegative(),
  lastAt: z.int().nonnegative(),
});
/** What was counted of one client. */
export type Counted = z.infer<typeof counted>;

const counters = z.strictObject({
  format: z.literal(format, { error: `expected ${format}` }),
  began: z.int().nonnegative(),
  clients: z.array(counted).max(maxPrincipals),
  accounts: z
    .array(z.strictObject({ key: z.string().max(4096), emptyAt: z.array(z.number()).max(8) }))
    .max(maxAccounts),
});

export interface Counters {
  readonly clients: readonly Counted[];
  readonly accounts: readonly UsedAccount[];
}

/** The file: replaced whole each time, sealed under the gateway's secret. */
export class CountersFile {
  readonly #path: string;
  readonly #key: Buffer;
  readonly #runs: Runs;
  #writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string, secret: Uint8Array, runs: Runs) {
    this.#path = join(dataDir, "counters.json");
    this.#key = createHmac("sha256", secret).update("what clients took").digest();
    this.#runs = runs;
  }

  /** What was counted until the last run ended; `refused` says why it cannot be taken. Neither at the first start. */
  read(): { readonly counters?: Counters; readonly refused?: string } {
    try {
      if (!existsSync(this.#path)) {
        if (this.#runs.last !== undefined) throw new Error("it is gone");
        return {};
      }
      if (statSync(this.#path).size > maxFileBytes) throw new Error(`longer than ${maxFileBytes} bytes`);
      const [text = "", seal = ""] = readFileSync(this.#path, "utf8").split("\n");
      const [ours, theirs] = [Buffer.from(this.#seal(text)), Buffer.from(seal)];
      if (ours.length !== theirs.length || !timingSafeEqual(ours, theirs))
        throw new Error("it is torn, or another gateway wrote it, or it was changed");
      const { began, clients, accounts } = counters.parse(JSON.parse(text));
      const { last } = this.#runs;
      if (began > this.#runs.began || (last !== undefined && began < last))
        throw new Error("it is not of the last run of this gateway");
      return { counters: { clients, accounts } };
    } catch (error) {
      return { refused: `${this.#path}: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  /** Writes beside requests; one after the other. @throws what the disk says. */
  async write(it: Counters): Promise<void> {
    const text = this.#text(it);
    this.#writing = this.#writing.catch(() => {}).then(() => replace(this.#path, text));
    await this.#writing;
  }

  #text({ clients, accounts }: Counters): string {
    const kept = accounts.slice(-maxAccounts);
    const text = JSON.stringify({ format, began: this.#runs.began, clients, accounts: kept });
    return `${text}\n${this.#seal(text)}\n`;
  }

  #seal(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}

async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}
