// The sensor of tier T2: the kernel says who opened and closed what, through a helper without any rights of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { access, chmod, constants, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { AgentError } from "./error.ts";
import { FrameReader, type Frame, type RawProcess } from "./frames.ts";
import { maxPointBytes, maxProcesses } from "./limits.ts";
import type { SeenFile } from "./story.ts";

/** What the kernel told of one file. */
export interface Kernel {
  readonly kind: "opened" | "closed" | "written";
  readonly pid: number;
  /** Who it was at that moment; undefined when it had ended before even the helper could look. */
  readonly who: RawProcess | undefined;
  readonly file: SeenFile;
}

/** The user `nobody` of every Linux: owns nothing. */
const nobody = "65534";

interface HelperOptions {
  /** The compiled helper. It must be started with CAP_SYS_ADMIN: by root, or with that file capability. */
  readonly path: string;
  readonly mounts: readonly string[];
  see(it: Kernel): void;
  /** The kernel had more to tell than it keeps: something was missed. */
  lost(): void;
  /** The host's table of mounts became another one. */
  mounted?(): void;
  /** Called once when it ends, with what it said on standard error. */
  ended(why: string): void;
}

/**
 * What of these mount points one helper can be given, the shortest first: the kernel starts no program with more arguments than that, and
 * whoever may mount chooses the names.
 */
export function fittingPoints<Key>(points: Iterable<readonly [Key, string]>): Map<Key, string> {
  const fitting = new Map<Key, string>();
  let bytes = 0;
  for (const [key, point] of [...points].sort(([, a], [, b]) => a.length - b.length)) {
    bytes += Buffer.byteLength(point) + 16; // its end, and the pointer to it
    if (bytes > maxPointBytes) break;
    fitting.set(key, point);
  }
  return fitting;
}

export class Helper {
  readonly #child: ChildProcess;
  readonly ready: Promise<boolean>;
  readonly #processes = new Map<number, RawProcess>();
  #said = "";

  constructor({ path, mounts, see, lost, mounted, ended }: HelperOptions) {
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
    const frames = new FrameReader();
    const take = (it: Frame): void => {
      if (it.kind === "ready") resolve(true);
      else if (it.kind === "lost") lost();
      else if (it.kind === "mounts") mounted?.();
      else if (it.kind === "process") this.#remember(it.process);
      else see({ kind: it.kind, pid: it.pid, who: this.#who(it.pid, it.startTicks), file: it.file });
    };
    child.stdout.on("data", (it: Buffer) => {
      try {
        for (const frame of frames.read(it)) take(frame);
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        this.#said = error.message;
        child.kill();
      }
    });
    const over = (why: string) => {
      resolve(false);
      ended(why);
    };
    child.once("error", (error) => over(error.message));
    child.once("exit", () => over(this.#said.trim() || "it ended"));
  }

  /** The helper says once what a process is, and then only which. */
  #remember(it: RawProcess): void {
    this.#processes.delete(it.pid);
    this.#processes.set(it.pid, it);
    if (this.#processes.size <= maxProcesses) return;
    const [oldest] = this.#processes.keys();
    if (oldest !== undefined) this.#processes.delete(oldest);
  }

  #who(pid: number, startTicks: number | undefined): RawProcess | undefined {
    const it = this.#processes.get(pid);
    return it?.startTicks === startTicks ? it : undefined;
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

const hardened = ["-O2", "-Wall", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong"];
const sources = ["main.c", "watch.c", "attributes.c", "sockets.c"].map((it) =>
  fileURLToPath(new URL(`../../helper/${it}`, import.meta.url)),
);

/**
 * Compiles the helper with the host's C compiler. Returns why not, or undefined when it stands at `path`.
 * Nothing of it comes from input: its source is ours, its arguments are fixed.
 */
export async function buildHelper(path: string): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const child = spawn("cc", [...hardened, "-o", path, ...sources], { stdio: ["ignore", "ignore", "pipe"] });
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
