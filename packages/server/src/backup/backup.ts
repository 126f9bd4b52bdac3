// All that an installation knows, as one file: to put back after a loss, or to move from the embedded engines to a cluster.
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { pino, type Logger } from "pino";
import { z } from "zod";
import { claimData, makeDataFolder } from "../data.ts";
import type { Env } from "../env.ts";
import { ServerError } from "../error.ts";
import { handOver, tableIn } from "../store/event-tables.ts";
import { beginLog } from "../store/evidence.ts";
import { openStore, type Store } from "../store/store.ts";
import { addPart, isOwnFile, ownFiles, partsOf } from "./files.ts";
import { backupFormat, maxLine, printLine, readLine, Tally, type Line } from "./lines.ts";
import {
  Batches,
  emptyTables,
  eventsOf,
  goOnCounting,
  migrationsOf,
  putEvents,
  putRows,
  rowsOf,
  tablesOf,
} from "./rows.ts";
import { parseJson } from "../values.ts";

const lf = 0x0a;
/** Longest line, in bytes: three for each unit of one that may be read. */
const maxLineBytes = 3 * maxLine;

const head = z.object({
  format: z.int(),
  version: z.string(),
  at: z.int().nonnegative(),
  migrations: z.array(z.string()),
});

export interface BackupOptions {
  readonly dataDir: string;
  /** The backup's path. */
  readonly file: string;
  readonly version: string;
  readonly env?: Env;
  /** Told of what is written or read, as it goes. */
  readonly progress?: (told: Backup) => void;
}

/** What a backup holds. */
export interface Backup {
  readonly rows: number;
  readonly events: number;
  readonly files: number;
}

/**
 * Writes all that the stopped installation in a data folder knows: rows of both engines, wherever they are, its keys, and records that
 * wait to be read. It holds secrets, and is for its owner alone to read. Not in it: quarantined weights, sessions of browsers.
 *
 * @throws {ServerError} DATA_IN_USE while a server works there; CONFLICT when the file exists.
 */
export async function backUp(options: BackupOptions): Promise<Backup> {
  const { dataDir, file, version } = options;
  return withStore(options, async ({ state, engine }) => {
    const part = `${file}.part`;
    const out = createZstdCompress();
    const sink = createWriteStream(part, { flags: "wx", mode: 0o600 });
    const written = finished(out.pipe(sink));
    const tally = new Tally();
    const told = { rows: 0, events: 0, files: 0 };
    const write = async (it: Line) => {
      const text = printLine(it);
      if (it.kind !== "end") tally.add(text);
      if (!out.write(`${text}\n`)) await once(out, "drain");
    };
    try {
      const migrations = await migrationsOf(state.db);
      await write({
        kind: "backup",
        json: JSON.stringify({ format: backupFormat, version, at: Date.now(), migrations }),
      });
      for (const path of await ownFiles(dataDir)) {
        told.files++;
        for await (const base64 of partsOf(dataDir, path)) await write({ kind: "file", path, base64 });
      }
      await state.db
        .transaction()
        .setIsolationLevel("repeatable read")
        .execute(async (tx) => {
          for (const table of await tablesOf(tx))
            for await (const json of rowsOf(tx, table)) {
              told.rows++;
              await write({ kind: "row", table, json });
            }
        });
      for await (const json of eventsOf(engine)) {
        told.events++;
        options.progress?.(told);
        await write({ kind: "event", json });
      }
      await write({ kind: "end", ...tally.end() });
      out.end();
      await written;
      await rename(part, file);
      return told;
    } catch (error) {
      out.destroy();
      await written.catch(() => undefined);
      await rm(part, { force: true });
      throw error;
    }
  });
}

/**
 * Puts a backup back into a data folder that is empty, and into the engines that the environment names, which must be new. The backup is
 * read twice: nothing is written before its last line has vouched for all of it.
 *
 * @throws {ServerError} CONFLICT when the folder or an engine holds something; BAD_REQUEST when the file is no backup, is cut or changed,
 * or was made by a version with other tables.
 */
export async function restore(options: BackupOptions): Promise<Backup> {
  const { dataDir, file } = options;
  const told = await check(file);
  await makeDataFolder(dataDir);
  if ((await readdir(dataDir)).length > 0)
    throw new ServerError("CONFLICT", `${dataDir} is not empty: name a new folder with --data`);
  try {
    for await (const it of linesOf(file)) if (it.kind === "file") await addPart(dataDir, it.path, it.base64);
    await withStore(options, async (store) => {
      await checkFits(store, told);
      await putBack(store, file, options.progress);
      // Whoever starts on these engines next is this installation, by its own name.
      await handOver(store.engine, (await beginLog(store.state.db)).origin);
    });
  } catch (error) {
    // It was empty: half an installation is worse than none.
    for (const it of await readdir(dataDir)) await rm(join(dataDir, it), { recursive: true, force: true });
    throw error;
  }
  return told;
}

async function checkFits({ state, engine }: Store, { migrations, version }: Checked): Promise<void> {
  const own = await migrationsOf(state.db);
  if (own.join() !== migrations.join())
    throw new ServerError(
      "BAD_REQUEST",
      `the backup was made by version ${version}, whose tables are others: restore it with that version, then update`,
    );
  const answer = await engine.app.query({
    query: `select count() as events from ${tableIn(engine, "event")}`,
    format: "JSONEachRow",
  });
  const [{ events } = { events: "0" }] = await answer.json<{ events: string }>();
  const { entries } = await state.db
    .selectFrom("evidence")
    .select((eb) => eb.fn.countAll<number>().as("entries"))
    .executeTakeFirstOrThrow();
  if (Number(events) + entries > 0)
    throw new ServerError("CONFLICT", "the databases hold an installation already: name new ones");
}

async function putBack({ state, engine }: Store, file: string, progress: BackupOptions["progress"]): Promise<void> {
  const told = { rows: 0, events: 0, files: 0 };
  await state.db.transaction().execute(async (tx) => {
    const tables = await tablesOf(tx);
    await emptyTables(tx, tables);
    let table = "";
    const rows = new Batches((it) => putRows(tx, table, it));
    for await (const it of linesOf(file)) {
      if (it.kind === "event") break;
      if (it.kind !== "row") continue;
      // The database's own tables hold its users; those that are left out would sign somebody in.
      if (!tables.includes(it.table)) throw bad(`it holds a row of ${it.table}, which no backup does`);
      if (it.table !== table) await rows.flush();
      table = it.table;
      told.rows++;
      await rows.add(it.json);
    }
    await rows.flush();
    await goOnCounting(tx);
  });
  const events = new Batches((it) => putEvents(engine, it));
  for await (const it of linesOf(file)) {
    if (it.kind !== "event") continue;
    told.events++;
    progress?.(told);
    await events.add(it.json);
  }
  await events.flush();
}

interface Checked extends Backup {
  readonly migrations: readonly string[];
  readonly version: string;
}

/** Reads it through to its last line. */
async function check(file: string): Promise<Checked> {
  const told = { rows: 0, events: 0, files: 0 };
  const names = new Set<string>();
  let found: z.infer<typeof head> | undefined;
  let ended = false;
  for await (const it of linesOf(file)) {
    if (it.kind === "backup") found = readHead(it.json);
    if (it.kind === "row") told.rows++;
    if (it.kind === "event") told.events++;
    if (it.kind === "file" && !isOwnFile(it.path)) throw bad(`it holds the file ${it.path}, which no backup does`);
    if (it.kind === "file") names.add(it.path);
    if (it.kind === "end") ended = true;
  }
  if (!found || !ended) throw bad(`${file} is cut: it has no end`);
  return { ...told, files: names.size, migrations: found.migrations, version: found.version };
}

function readHead(json: string): z.infer<typeof head> {
  const { success, data } = head.safeParse(parseJson(json));
  if (!success) throw bad("its first line is not one of a backup");
  if (data.format !== backupFormat) throw bad(`its form is ${data.format}, this version reads ${backupFormat}`);
  return data;
}

/** A backup's lines; the last one is checked against all before it. @throws {ServerError} BAD_REQUEST */
async function* linesOf(file: string): AsyncGenerator<Line> {
  const tally = new Tally();
  const packed = createReadStream(file);
  const unpacked = createZstdDecompress();
  packed.once("error", (error) => unpacked.destroy(error));
  boundLines(unpacked);
  const lines = createInterface({ input: packed.pipe(unpacked), crlfDelay: Number.POSITIVE_INFINITY });
  let at = 0;
  let ended = false;
  try {
    for await (const text of lines) {
      at++;
      const it = text.length > maxLine ? undefined : readLine(text);
      if (!it || ended || (at === 1) !== (it.kind === "backup")) throw bad(`line ${at} is not one of a backup`);
      if (it.kind === "end") {
        ended = true;
        const own = tally.end();
        if (own.lines !== it.lines || own.sha256 !== it.sha256) throw bad("it was changed after it was made");
      } else tally.add(text);
      yield it;
    }
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw new ServerError("BAD_REQUEST", `${file} cannot be read as a backup: it is cut, or another file`, { cause });
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

/** Ends what has a line that is too long: a small file may unpack to an endless one, which would be held before it is looked at. */
function boundLines(unpacked: Readable): void {
  let bytes = 0;
  unpacked.on("data", (chunk: Buffer) => {
    const [first, last] = [chunk.indexOf(lf), chunk.lastIndexOf(lf)];
    if (bytes + (first < 0 ? chunk.length : first) > maxLineBytes) unpacked.destroy(bad("a line of it is too long"));
    bytes = first < 0 ? bytes + chunk.length : chunk.length - last - 1;
  });
}

function bad(why: string): ServerError {
  return new ServerError("BAD_REQUEST", `the backup cannot be used: ${why}`);
}

async function withStore<Answer>(
  { dataDir, env = process.env }: BackupOptions,
  work: (store: Store) => Promise<Answer>,
): Promise<Answer> {
  const claim = await claimData(dataDir);
  const log: Logger = pino({ level: "silent" });
  try {
    const store = await openStore({ folder: dataDir, env, log });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  } finally {
    await claim.release();
  }
}
