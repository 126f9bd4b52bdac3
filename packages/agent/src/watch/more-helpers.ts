// Helpers for file systems that are mounted while the agent runs: the first one has given up the right to ask for more.
import { existsSync } from "node:fs";
import type { Mount } from "../scan/mounts.ts";
import { Helper, type Kernel } from "./fanotify.ts";
import { maxMoreHelpers } from "./limits.ts";

interface MoreHelpersOptions {
  readonly path: string;
  see(it: Kernel): void;
  lost(): void;
  problem(text: string): void;
  /** The files that are watched by now. */
  readonly asked: ReadonlySet<string>;
  /** Devices that the first helper was asked about. */
  readonly known: readonly string[];
}

const tooMany = "more file systems were mounted than the kernel is asked about: the newest are only looked at";

/** Layers of containers and memory come and go by the hundred: there looks tell, as on other file systems beyond the limit. */
const passing = /^(?:overlay|fuse\.fuse-overlayfs|tmpfs|ramfs|squashfs)$/;

/** What one helper was asked about; `of`: the process that alone has mounted it. */
interface Asked {
  readonly devices: readonly string[];
  readonly of?: number;
  /** Whether we let it go. */
  isOver: boolean;
}

export class MoreHelpers {
  readonly #options: MoreHelpersOptions;
  readonly #known: Set<string>;
  readonly #helpers = new Map<Helper, Asked>();
  #isOver = false;
  #hasSaid = false;

  constructor(options: MoreHelpersOptions) {
    this.#options = options;
    this.#known = new Set(options.known);
  }

  /** Asks the kernel about file systems that it was not asked about, and lets helpers go whose file systems are gone. */
  follow(mounts: ReadonlyMap<string, Mount>): void {
    for (const [helper, asked] of this.#helpers) {
      const { devices, of } = asked;
      const isThere = of === undefined ? devices.some((it) => mounts.has(it)) : existsSync(`/proc/${of}`);
      if (isThere) continue;
      asked.isOver = true;
      helper.stop();
    }
    const own = new Set([...this.#helpers.values()].flatMap((it) => (it.of === undefined ? [] : it.devices)));
    for (const it of this.#known) if (!mounts.has(it) && !own.has(it)) this.#known.delete(it);
    this.#start([...mounts.values()]);
  }

  /** The same for those that one process alone has mounted, as long as it runs. */
  followOwn(pid: number, mounts: readonly Mount[]): void {
    this.#start(mounts, pid);
  }

  #start(mounts: readonly Mount[], of?: number): void {
    const fresh = mounts.filter((it) => !this.#known.has(it.device) && !passing.test(it.type));
    if (fresh.length === 0 || this.#isOver) return;
    const same = [...this.#helpers.values()].filter((it) => (it.of === undefined) === (of === undefined));
    if (same.length >= maxMoreHelpers) {
      if (!this.#hasSaid) this.#options.problem(tooMany);
      this.#hasSaid = true;
      return;
    }
    const { path, see, lost, asked } = this.#options;
    const devices = [...new Set(fresh.map((it) => it.device))];
    const points = fresh.map((it) => (of === undefined ? it.point : `/proc/${of}/root${it.point}`));
    for (const it of devices) this.#known.add(it);
    const helper: Helper = new Helper({
      path,
      mounts: points,
      see,
      lost,
      ended: () => {
        this.#helpers.delete(helper);
        if (own.isOver || this.#isOver) return;
        this.#options.problem(`the kernel does not tell of ${points.join(", ")}: there the watch looks`.slice(0, 500));
      },
    });
    const own: Asked = { devices, ...(of !== undefined && { of }), isOver: false };
    this.#helpers.set(helper, own);
    for (const it of asked) helper.watch(it);
  }

  watch(inode: string): void {
    for (const it of this.#helpers.keys()) it.watch(inode);
  }

  has(pid: number): boolean {
    return [...this.#helpers.keys()].some((it) => it.pid === pid);
  }

  stop(): void {
    this.#isOver = true;
    for (const it of this.#helpers.keys()) it.stop();
  }
}
