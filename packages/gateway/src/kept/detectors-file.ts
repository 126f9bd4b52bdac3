// What detectors remember, in `detectors.db` of the data folder: so that no thief gains by a restart.
import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { keptKinds, type KeptKind, type KeptRow } from "../detect/kept.ts";
import { GatewayError } from "../error.ts";

/** What a file must call itself. Raised whenever the library's states change. */
const format = "outweigh-detectors/1";
/**
 * What is kept of each kind for all configured models together, and for all others. Beyond, whoever has most gives way, first of what was
 * used longest ago: as many names of models as a client invents push out nothing of a configured model, and nobody who has less.
 */
export const maxKeptPrincipals = 4_000;
export const maxKeptOthers = 1_000;
/** Largest state of one principal, in bytes: what the library promises. */
const maxBodyBytes = 64 * 1024;
/**
 * What may be larger: the axes of an output layer that somebody was shown, of 64 at most; and drift, which remembers each principal of a
 * round by a few numbers.
 */
const maxLargeBytes = 9 * 1024 * 1024;
const mostOf: Readonly<Record<KeptKind, number>> = {
  trail: maxBodyBytes,
  numbers: maxBodyBytes,
  prompts: maxBodyBytes,
  "numbers-group": maxBodyBytes,
  "prompts-group": maxBodyBytes,
  shown: maxLargeBytes,
  watch: maxLargeBytes,
};

/** Which run writes, and which one wrote last as far as the evidence knows. */
export interface Runs {
  /** Entries of the evidence when this run began: runs are told apart by it, and it only grows. */
  readonly began: number;
  /** The same of the last run that served; undefined where the evidence names none. */
  readonly last: number | undefined;
}

/** A file that was not taken, and until when what it held was good. */
export interface Refused {
  readonly why: string;
  readonly at: number;
}

/** A file to go on with. */
export interface OpenedFile {
  readonly file: DetectorsFile;
  /** Until when what it holds is good; undefined of a new one. */
  readonly at: number | undefined;
  readonly refused: Refused | undefined;
}

/** The file, open for the detectors' thread alone. */
export class DetectorsFile {
  readonly #db: DatabaseSync;
  readonly #key: Buffer;
  readonly #began: number;

  /** See `open`. */
  constructor(db: DatabaseSync, key: Buffer, began: number) {
    this.#db = db;
    this.#key = key;
    this.#began = began;
  }

  /**
   * Opens the file of a data folder, or begins one. A file that is torn, another gateway's, of another version, or older than the last run
   * is put aside as `detectors.db.refused`, and an empty one begun.
   * @throws {GatewayError} BAD_STATE when the disk is full, fails, or does not let us: then the file stays as it is.
   */
  static open(dataDir: string, secret: Uint8Array, runs: Runs): OpenedFile {
    const path = join(dataDir, "detectors.db");
    const key = createHmac("sha256", secret).update("what detectors remember").digest();
    const isNew = !existsSync(path);
    const writtenAt = isNew ? 0 : Math.floor(statSync(path).mtimeMs);
    try {
      if (isNew && runs.last !== undefined) throw new Error("it is gone");
      return begin(path, key, runs, isNew);
    } catch (error) {
      const why = `${path}: ${error instanceof Error ? error.message : String(error)}`;
      if (isOfDisk(error)) throw new GatewayError("BAD_STATE", why, { cause: error });
      try {
        putAside(path);
        return { ...begin(path, key, runs, true), refused: { why, at: writtenAt } };
      } catch (cause) {
        throw new GatewayError("BAD_STATE", why, { cause });
      }
    }
  }

  /** When it was last written. @throws when it is not a file to go on with, whole. */
  check({ began, last }: Runs): number {
    // Each row has a seal of its own: that it stands there once, and is found, only the whole file can say.
    const [sound] = Object.values(this.#db.prepare("PRAGMA integrity_check(1)").get() ?? {});
    if (sound !== "ok") throw new Error(`it is damaged: ${String(sound).slice(0, 200)}`);
    const meta = this.#db.prepare("SELECT format, began, at, seal FROM meta").get();
    if (!meta) throw new Error("it says nothing of itself");
    const [ofFormat, ofRun, at] = [String(meta["format"]), Number(meta["began"]), Number(meta["at"])];
    if (ofFormat !== format) throw new Error(`expected ${format}, got ${ofFormat.slice(0, 40)}`);
    if (!isSame(this.#seal([ofFormat, ofRun, at]), meta["seal"]))
      throw new Error("another gateway wrote it, or it was changed");
    if (ofRun > began || (last !== undefined && ofRun < last))
      throw new Error("it is not of the last run of this gateway");
    for (const row of this.#db.prepare(`SELECT ${columns}, seal FROM kept`).iterate()) {
      if (!isSame(this.#seal(sealed(row)), row["seal"])) throw new Error("a row was changed, or is another gateway's");
    }
    return at;
  }

  /** All principals that anything is kept of. */
  principals(): string[] {
    const out = new Set<string>();
    for (const row of this.#db.prepare("SELECT DISTINCT who FROM kept").iterate())
      for (const it of whoIn(row["who"])) out.add(it);
    return [...out];
  }

  /** What is kept, of those that asked longest ago first. */
  *rows(): Generator<KeptRow> {
    for (const row of this.#db.prepare(`SELECT ${columns} FROM kept ORDER BY at`).iterate()) {
      const kind = keptKinds.find((it) => it === row["kind"]);
      const [model, belongs, body] = [String(row["model"]), String(row["belongs"]), String(row["body"])];
      if (kind) yield { kind, model, who: whoIn(row["who"]), belongs, at: Number(row["at"]), body };
    }
  }

  /** Says of itself whose it is, and until when it is good. */
  stamp(at: number): void {
    this.#db.exec("DELETE FROM meta");
    this.#db
      .prepare("INSERT INTO meta (format, began, at, seal) VALUES (?, ?, ?, ?)")
      .run(format, this.#began, at, this.#seal([format, this.#began, at]));
  }

  /**
   * Writes what has changed, all of it or nothing, and forgets whom there is no room for.
   * @param configured Models whose rows no other's push out; absent: all.
   * @param beat Called after each row: writing many takes a while.
   * @returns How many were too large to keep.
   */
  write(
    rows: Iterable<KeptRow>,
    now: number,
    { configured, beat = () => {} }: { readonly configured?: readonly string[]; readonly beat?: () => void } = {},
  ): number {
    let tooLarge = 0;
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const put = this.#db.prepare(
        "INSERT OR REPLACE INTO kept (kind, model, who, belongs, at, body, seal) VALUES (?, ?, ?, ?, ?, ?, ?)",
      );
      for (const { kind, model, who, belongs, at, body } of rows) {
        const whoText = JSON.stringify(who);
        if (Buffer.byteLength(body) > mostOf[kind]) tooLarge++;
        else put.run(kind, model, whoText, belongs, at, body, this.#seal([kind, model, whoText, belongs, at, body]));
        beat();
      }
      this.#trim(configured);
      this.stamp(now);
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
    return tooLarge;
  }

  #trim(configured: readonly string[] | undefined): void {
    const count = this.#db.prepare("SELECT count(*) AS rows FROM kept WHERE kind = ?");
    const among = configured ? "(model IN (SELECT value FROM json_each(:models)))" : ":models IS NULL";
    const trim = this.#db.prepare(`
      DELETE FROM kept WHERE rowid IN (
        SELECT id FROM (
          SELECT rowid AS id, at, row_number() OVER (PARTITION BY who ORDER BY at DESC) AS nth
          FROM kept WHERE kind = :kind AND ${among} = :isConfigured
        ) ORDER BY nth, at DESC LIMIT -1 OFFSET :most
      )`);
    const models = configured ? JSON.stringify(configured) : null;
    for (const kind of keptKinds) {
      if (Number(count.get(kind)?.["rows"]) <= maxKeptOthers) continue;
      trim.run({ kind, models, isConfigured: 1, most: maxKeptPrincipals });
      trim.run({ kind, models, isConfigured: 0, most: maxKeptOthers });
    }
  }

  /** Forgets rows that belong to nobody here any more. */
  forget(rows: Iterable<Pick<KeptRow, "kind" | "model" | "who">>): void {
    const drop = this.#db.prepare("DELETE FROM kept WHERE kind = ? AND model = ? AND who = ?");
    for (const { kind, model, who } of rows) drop.run(kind, model, JSON.stringify(who));
  }

  close(): void {
    this.#db.close();
  }

  #seal(fields: readonly unknown[]): Buffer {
    return createHmac("sha256", this.#key).update(JSON.stringify(fields)).digest();
  }
}

function begin(path: string, key: Buffer, runs: Runs, isNew: boolean): OpenedFile {
  const db = openDatabase(path);
  try {
    const file = new DetectorsFile(db, key, runs.began);
    const at = isNew ? undefined : file.check(runs);
    file.stamp(at ?? Date.now());
    return { file, at, refused: undefined };
  } catch (error) {
    db.close();
    throw error;
  }
}

const columns = "kind, model, who, belongs, at, body";

/** The fields that a row's seal is over. */
function sealed(row: Readonly<Record<string, unknown>>): unknown[] {
  return ["kind", "model", "who", "belongs", "at", "body"].map((it) => row[it]);
}

function whoIn(text: unknown): string[] {
  return JSON.parse(String(text));
}

/** For its owner alone. A transaction is whole or absent after any end; what a power cut may take is the newest of them. */
function openDatabase(path: string): DatabaseSync {
  closeSync(openSync(path, "a", 0o600));
  const db = new DatabaseSync(path);
  try {
    db.exec(`
      PRAGMA busy_timeout = 2000;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA trusted_schema = OFF;
      CREATE TABLE IF NOT EXISTS meta (format TEXT NOT NULL, began INTEGER NOT NULL, at INTEGER NOT NULL, seal BLOB NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS kept (
        kind TEXT NOT NULL, model TEXT NOT NULL, who TEXT NOT NULL, belongs TEXT NOT NULL, at INTEGER NOT NULL,
        body TEXT NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (kind, model, who)
      ) STRICT;
      CREATE INDEX IF NOT EXISTS kept_at ON kept (kind, at);
    `);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** SQLite's codes for what says nothing of the file: permission, busy, locked, memory, read-only, input and output, full, cannot open. */
const diskCodes = new Set([3, 5, 6, 7, 8, 10, 13, 14]);

/** Whether it is the disk that failed, and not the file that is wrong. */
function isOfDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("errcode" in error && typeof error.errcode === "number") return diskCodes.has(error.errcode & 0xff);
  return "syscall" in error;
}

/** One refused file is kept, for whoever wants to look. */
function putAside(path: string): void {
  for (const it of [`${path}-wal`, `${path}-shm`]) rmSync(it, { force: true });
  if (existsSync(path)) renameSync(path, `${path}.refused`);
}

function isSame(expected: Buffer, seal: unknown): boolean {
  return seal instanceof Uint8Array && seal.length === expected.length && timingSafeEqual(expected, seal);
}
