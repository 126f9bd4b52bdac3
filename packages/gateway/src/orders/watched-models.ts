import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { watchedModels, type WatchedModel } from "@outweigh/schema";

/**
 * Models of which a theft was confirmed, by their names in the register: detectors take stricter levels for them, each until its time is
 * over by this machine's clock, whether the server is there or not. Kept over a restart.
 */
export class WatchedModels {
  readonly #path: string;
  #all: readonly WatchedModel[];

  /** What cannot be read is nothing: the server sees that none holds here, and says it again. */
  constructor(dataDir: string) {
    this.#path = join(dataDir, "watched.json");
    this.#all = readModels(this.#path);
  }

  /** Those that are watched now. */
  now(now: number): readonly WatchedModel[] {
    return this.#all.filter((it) => it.until > now);
  }

  /** Replaces all of them. On disk when it returns. */
  set(models: readonly WatchedModel[]): void {
    const next = `${this.#path}.${randomBytes(6).toString("hex")}`;
    writeFileSync(next, JSON.stringify(models), { mode: 0o600, flag: "wx", flush: true });
    renameSync(next, this.#path);
    this.#all = models;
  }

  /** Takes out those whose time is over; answers with them. */
  expire(now: number): readonly WatchedModel[] {
    const over = this.#all.filter((it) => it.until <= now);
    if (over.length > 0) this.set(this.now(now));
    return over;
  }
}

function readModels(path: string): readonly WatchedModel[] {
  try {
    return existsSync(path) ? watchedModels.parse(JSON.parse(readFileSync(path, "utf8"))) : [];
  } catch {
    return [];
  }
}
