// The sensor of tier T2: the kernel says who opened and closed what, through a helper without any rights of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { access, chmod, constants, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { maxFileBytes, maxLineBytes } from "./limits.ts";
import type { SeenFile } from "./story.ts";

/** One line of the helper. */
export interface Kernel {
  /** `opened`, `closed` and `written` (closed after writing) of a file; `lost`: the kernel's queue was full, so something was missed. */
  readonly kind: "opened" | "closed" | "written" | "lost";
  readonly pid: number;
  readonly file: SeenFile;
}

const kinds = { o: "opened", c: "closed", w: "written", l: "lost" } as const;

/** The user `nobody` of every Linux: owns nothing. */
const nobody = "65534";
/** The kernel's own encoding of device numbers fits 32 bits; inodes may take 64, which Node's numbers do not hold. Any size is read: a sparse file may claim the largest. */
const line = /^([ocwl]) (\d{1,10}) (\d{1,15}) (\d{1,15}) (\d{1,20}) (.*)$/s;

/** Reads a line; undefined for one that is not the helper's. */
export function kernelLine(text: string): Kernel | undefined {
  const [, kind = "", pid = "", device = "", inode = "", bytes = "", path = ""] = line.exec(text) ?? [];
  if (kind !== "o" && kind !== "c" && kind !== "w" && kind !== "l") return undefined;
  const file = { inode: `${device}:${inode}`, path: unescaped(path), bytes: Math.min(Number(bytes), maxFileBytes) };
  return { kind: kinds[kind], pid: Number(pid), file };
}

function unescaped(path: string): string {
  return path.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

export interface HelperOptions {
  /** The compiled helper. It must be started with CAP_SYS_ADMIN: by root, or with that file capability. */
  readonly path: string;
  readonly mounts: readonly string[];
  see(it: Kernel): void;
  /** Called once when it ends, with what it said on standard error. */
  ended(why: string): void;
}

export class Helper {
  readonly #child: ChildProcess;
  readonly ready: Promise<boolean>;
  #rest = "";
  #said = "";

  constructor({ path, mounts, see, ended }: HelperOptions) {
    // In a group of its own: Ctrl-C in a terminal is for the agent, which ends it. It also ends when its input does.
    const child = spawn(path, [nobody, nobody, ...mounts], {
      stdio: ["pipe", "pipe", "pipe"],
      env: {},
      detached: true,
    });
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ready = promise;
    child.stdin.on("error", () => {}); // it ended: said below
    child.stderr.setEncoding("utf8").on("data", (it: string) => (this.#said = (this.#said + it).slice(-2000)));
    child.stdout.setEncoding("utf8").on("data", (it: string) => {
      const lines = (this.#rest + it).split("\n");
      this.#rest = (lines.pop() ?? "").slice(0, maxLineBytes);
      for (const text of lines) {
        if (text.startsWith("r ")) resolve(true);
        const told = kernelLine(text);
        if (told) see(told);
      }
    });
    const over = (why: string) => {
      resolve(false);
      ended(why);
    };
    child.once("error", (error) => over(error.message));
    child.once("exit", () => over(this.#said.trim() || "it ended"));
  }

  /** Asks for the opens of a file; closes after writing are told of every large one. */
  watch(inode: string): void {
    const [device = "0", number = "0"] = inode.split(":");
    const entry = Buffer.alloc(16);
    entry.writeBigUInt64LE(BigInt(device), 0);
    entry.writeBigUInt64LE(BigInt(number), 8);
    this.#child.stdin?.write(entry);
  }

  /** The helper's own process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  stop(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }
}

const source = new URL("../../helper/watch.c", import.meta.url).pathname;

/**
 * Compiles the helper with the host's C compiler. Returns why not, or undefined when it stands at `path`.
 * Nothing of it comes from input: its source is ours, its arguments are fixed.
 */
export async function buildHelper(path: string): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const child = spawn("cc", ["-O2", "-Wall", "-o", path, source], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (it: string) => (said = (said + it).slice(0, 2000)));
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once("error", () => resolve("no C compiler (cc) was found"));
  child.once("close", (code) => resolve(code === 0 ? undefined : said.trim() || `cc ended with ${code}`));
  const problem = await promise;
  // Once it has the right, whoever may run it sees which files all others open.
  if (problem === undefined) await chmod(path, 0o700);
  return problem;
}

/** Whether the helper is there, and nobody but us and root can have written it: it is started with our rights. */
export async function isRunnable(path: string): Promise<boolean> {
  const own = process.geteuid?.();
  try {
    await access(path, constants.X_OK);
    for (const it of [await stat(path), await stat(dirname(path))])
      if ((it.uid !== own && it.uid !== 0) || (it.mode & 0o022) !== 0) return false;
    return true;
  } catch {
    return false;
  }
}
