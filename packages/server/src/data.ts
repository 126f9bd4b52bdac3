// The data folder belongs to one server at a time.
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ServerError } from "./error.ts";

const owner = z.object({
  pid: z.int().positive(),
  /** When the process began, as the kernel counts: process ids are used again. Empty where it cannot be told. */
  began: z.string(),
  url: z.string().optional(),
});
type Owner = z.infer<typeof owner>;

export interface Claim {
  /** Says where this server listens. */
  publish(url: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes the folder and what is missing above it, for us alone. Node's own `recursive` goes on for ever where the parent exists
 * but takes no folders, as in /proc. @throws {ServerError} DATA_NOT_OURS when it cannot be made.
 */
export async function makeDataFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { mode: 0o700 }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  if (made === undefined || made.code === "EEXIST") return;
  const parent = dirname(folder);
  const parentIsThere = await stat(parent).then(
    () => true,
    () => false,
  );
  if (made.code !== "ENOENT" || parentIsThere || parent === folder) {
    throw new ServerError("DATA_NOT_OURS", `cannot make ${folder} (${made.code}): name another with --data`, {
      cause: made,
    });
  }
  await makeDataFolder(parent);
  await makeDataFolder(folder);
}

/** Takes the folder. A claim of a process that is gone counts for nothing. @throws {ServerError} DATA_IN_USE, DATA_NOT_OURS */
export async function claimData(folder: string): Promise<Claim> {
  await checkOwner(folder);
  const file = join(folder, "server.json");
  const own: Owner = { pid: process.pid, began: await beganAt(process.pid) };
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(file, JSON.stringify(own), { flag: "wx", mode: 0o600 });
      break;
    } catch (cause) {
      const other = await readOwner(file);
      if (other && (await isAlive(other)) && other.pid !== process.pid) {
        const where = other.url === undefined ? "" : ` at ${other.url}`;
        throw new ServerError(
          "DATA_IN_USE",
          `process ${other.pid} works in ${folder} already${where}: stop it first, or take another folder`,
          { cause },
        );
      }
      if (attempt === 3) throw new ServerError("DATA_IN_USE", `cannot take ${folder}: ${String(cause)}`, { cause });
      await rm(file, { force: true });
    }
  }
  return {
    publish: (url) => writeFile(file, JSON.stringify({ ...own, url }), { mode: 0o600 }),
    release: () => rm(file, { force: true }),
  };
}

/** Who could write there before us may have put tokens and keys there that we would take for ours. */
async function checkOwner(folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  const refuse = (why: string) => new ServerError("DATA_NOT_OURS", `${folder} ${why}: name another with --data`);
  if (process.getuid !== undefined && uid !== process.getuid()) throw refuse(`belongs to another user (${uid})`);
  if (process.platform !== "win32" && (mode & 0o022) !== 0) throw refuse("can be written by others");
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return owner.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined; // Written half by a process that was killed: nobody's.
  }
}

async function isAlive({ pid, began }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return began === "" || began === (await beganAt(pid));
}

/** proc(5): the 22nd field of `stat`, counted after the name in parentheses. */
async function beganAt(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
