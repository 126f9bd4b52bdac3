// What the helper writes, read back. Names, paths and arguments in it are chosen by whoever starts programs: lengths, not marks, end them.
import { maxArguments, maxParents } from "@outweigh/schema";
import { AgentError } from "./error.ts";
import { maxFileBytes, maxFrameBytes } from "./limits.ts";
import type { SeenFile } from "./story.ts";

/** What the files of `/proc` say of a process, as whoever could read them read them. */
export interface RawProcess {
  readonly pid: number;
  /** With `pid`, names it for good: clock ticks since the host started. */
  readonly startTicks: number;
  readonly name: string;
  readonly uid?: number;
  /** Whom the login was; absent for what no login started. */
  readonly login?: number;
  readonly command: readonly string[];
  /** The text of its `cgroup`. */
  readonly cgroup: string;
  /** From its parent upwards. */
  readonly parents: readonly { readonly pid: number; readonly name: string; readonly exe?: string | undefined }[];
  readonly exe?: string;
}

export type Frame =
  | { readonly kind: "ready" }
  /** Something was missed: the kernel's queue was full, or a file system let the helper not look at a file. */
  | { readonly kind: "lost" }
  /** The host's table of mounts became another one. */
  | { readonly kind: "mounts" }
  | { readonly kind: "process"; readonly process: RawProcess }
  | {
      /** `written`: closed after writing. */
      readonly kind: "opened" | "closed" | "written";
      readonly pid: number;
      /** Undefined: the process had ended before anything of it could be read. */
      readonly startTicks: number | undefined;
      readonly file: SeenFile;
    };

const eventKinds: ReadonlyMap<string, "opened" | "closed" | "written"> = new Map([
  ["o", "opened"],
  ["c", "closed"],
  ["w", "written"],
]);

/** What stands for no user. */
const noUser = 0xffff_ffff;

/** Cuts what comes in pieces into frames. */
export class FrameReader {
  #rest = Buffer.alloc(0);

  /** @throws {AgentError} BAD_FRAME for bytes that no helper of ours writes. */
  read(piece: Buffer): Frame[] {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const found: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at);
      if (length === 0 || length > maxFrameBytes) throw bad(`a frame of ${length} bytes`);
      if (bytes.length - at - 4 < length) break;
      found.push(frameOf(bytes.subarray(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    // A copy: the rest must not keep the whole piece.
    this.#rest = Buffer.from(bytes.subarray(at));
    return found;
  }
}

function frameOf(bytes: Buffer): Frame {
  const from = new Fields(bytes);
  const kind = String.fromCharCode(from.byte());
  if (kind === "r") return { kind: "ready" };
  if (kind === "l") return { kind: "lost" };
  if (kind === "m") return { kind: "mounts" };
  if (kind === "p") return { kind: "process", process: processOf(from) };
  const what = eventKinds.get(kind);
  if (what === undefined) throw bad(`a frame of kind ${JSON.stringify(kind)}`);
  const [pid, startTicks, device, inode, size] = [
    from.uint32(),
    from.uint64(),
    from.uint64(),
    from.uint64(),
    from.uint64(),
  ];
  // A sparse file may claim eight exbibytes; it must hide nothing by it.
  const file = { inode: `${device}:${inode}`, path: from.rest(), bytes: Math.min(size, maxFileBytes) };
  return { kind: what, pid, startTicks: startTicks === 0 ? undefined : startTicks, file };
}

function processOf(from: Fields): RawProcess {
  const [pid, startTicks, name, words] = [from.uint32(), from.uint64(), from.text(), from.text()];
  const [uid, login, cgroup] = [from.uint32(), from.uint32(), from.text()];
  const parents = Array.from({ length: from.byte() }, () => ({ pid: from.uint32(), name: from.text() }));
  return {
    pid,
    startTicks,
    name,
    ...(uid !== noUser && { uid }),
    ...(login !== noUser && { login }),
    command: words.split("\0", maxArguments).filter((it) => it !== ""),
    cgroup,
    parents: parents.slice(0, maxParents),
  };
}

/** Reads one frame from its start on. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw bad(`a frame that ends within a field, at ${this.#bytes.length}`);
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  uint32(): number {
    return this.#take(4).readUInt32LE();
  }

  /** Rounded where it is beyond what a number holds, as Node rounds inodes. */
  uint64(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  text(): string {
    return this.#take(this.#take(2).readUInt16LE()).toString("utf8");
  }

  rest(): string {
    return this.#take(this.#bytes.length - this.#at).toString("utf8");
  }
}

function bad(what: string): AgentError {
  return new AgentError("BAD_FRAME", `the kernel's sensor wrote ${what}`);
}
