// Helpers for file systems that are mounted while the agent runs: the first one has given up the right to ask for more.
import { existsSync } from "node:fs";
import type { Mount } from "../scan/mounts.ts";
import { fittingPoints, Helper, type Kernel } from "./fanotify.ts";
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

export const tooManyMounts =
  "more file systems were mounted than the kernel is asked about: the newest are only looked at";

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
  /** Devices that were asked about, each with the process that alone has mounted it: when that is gone, another may get its number. */
  readonly #known: Map<string, number | undefined>;
  readonly #helpers = new Map<Helper, Asked>();
  #isOver = false;
  #hasSaid = false;
  #hasSaidOwn = false;

  constructor(options: MoreHelpersOptions) {
    this.#options = options;
    this.#known = new Map(options.known.map((it) => [it, undefined]));
  }

  /** Asks the kernel about file systems that it was not asked about, and lets helpers go whose file systems are gone. */
  follow(mounts: ReadonlyMap<string, Mount>): void {
    for (const [helper, asked] of this.#helpers) {
      const seen = asked.devices.filter((it) => mounts.has(it)).length;
      // What one process had mounted for itself, the host has now: one helper tells of it.
      if (asked.of === undefined ? seen === 0 : seen === asked.devices.length) letGo(helper, asked);
    }
    this.#forgetEnded();
    // What is gone is another one when it comes back, and what one process had alone the host's own helper tells of from now on.
    for (const [it, of] of this.#known) if (mounts.has(it) !== (of === undefined)) this.#known.delete(it);
    // Whoever may start a program that serves files can have it never answer, which keeps its helper waiting: it keeps no other waiting.
    const isProgram = (it: Mount) => it.type.startsWith("fuse");
    this.#start([...mounts.values()].filter((it) => !isProgram(it)));
    this.#start([...mounts.values()].filter(isProgram));
  }

  /** The same for those that one process alone has mounted, as long as it runs. */
  followOwn(pid: number, mounts: readonly Mount[]): void {
    this.#forgetEnded();
    this.#start(mounts, pid);
  }

  /** Processes that had mounted for themselves and are gone, with their helpers. */
  #forgetEnded(): void {
    const gone = new Set([...this.#known.values()].filter((of) => of !== undefined && !existsSync(`/proc/${of}`)));
    if (gone.size === 0) return;
    for (const [it, of] of this.#known) if (gone.has(of)) this.#known.delete(it);
    for (const [helper, asked] of this.#helpers) if (gone.has(asked.of)) letGo(helper, asked);
  }

  #start(mounts: readonly Mount[], of?: number): void {
    const isFresh = (it: Mount) => !this.#known.has(it.device) && !passing.test(it.type);
    // One of each device: whoever mounts for himself can have one in thousands of places.
    const fresh = new Map(mounts.filter(isFresh).map((it) => [it.device, it]));
    if (fresh.size === 0 || this.#isOver) return;
    const same = [...this.#helpers.values()].filter((it) => !it.isOver && (it.of === undefined) === (of === undefined));
    const fitting = fittingPoints(
      [...fresh].map(([device, { point }]) => [device, of === undefined ? point : `/proc/${of}/root${point}`]),
    );
    if (same.length >= maxMoreHelpers || fitting.size < fresh.size) {
      if (!this.#hasSaid) this.#options.problem(tooManyMounts);
      this.#hasSaid = true;
    }
    if (same.length >= maxMoreHelpers || fitting.size === 0) return;
    const { path, see, lost, asked } = this.#options;
    const [devices, points] = [[...fitting.keys()], [...fitting.values()]];
    for (const it of devices) this.#known.set(it, of);
    const helper: Helper = new Helper({
      path,
      mounts: points,
      see,
      lost,
      ended: () => {
        this.#helpers.delete(helper);
        if (own.isOver || this.#isOver) return;
        // Anybody may mount for himself, as often as he likes.
        if (of !== undefined && this.#hasSaidOwn) return;
        this.#hasSaidOwn ||= of !== undefined;
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

function letGo(helper: Helper, asked: Asked): void {
  asked.isOver = true;
  helper.stop();
}
