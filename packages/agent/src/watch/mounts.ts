// Which file systems of this host leave it, and which of them a file lies on. The table changes while we run: a stick is plugged in.
import { readlinkSync, statSync } from "node:fs";
import type { ActivityRecord } from "@outweigh/schema";
import { readTable } from "../scan/listeners.ts";
import { isUnder, kindByType, mountOf, parseMounts, watchable, type Mount } from "../scan/mounts.ts";
import { BlockDevices } from "./block-devices.ts";
import { maxForeignBytes, maxForeignTables } from "./limits.ts";
import type { SeenFile } from "./story.ts";

export type Onto = NonNullable<ActivityRecord["onto"]>;

/** Longest text of a field of `onto`, in UTF-16 units: the shape's own. */
const maxName = 256;

interface MountsOptions {
  /** Roots of what the kernel shows: tests have others. */
  readonly proc?: string;
  readonly sys?: string;
}

/** What a process sees. */
interface Table {
  readonly mounts: readonly Mount[];
  /** Too long to be read to its end: what it does not have may be there. */
  readonly isCut: boolean;
  /** One mount of each device that leaves the host and is not the host's; made when it is asked for. */
  leaving?: Mount[];
}

export class Mounts {
  readonly #proc: string;
  readonly #devices: BlockDevices;
  #text: string | undefined;
  #own: readonly Mount[] = [];
  /** Tables of processes with mounts of their own, by their mount namespace. */
  readonly #foreign = new Map<string, Table>();

  constructor({ proc = "/proc", sys = "/sys" }: MountsOptions = {}) {
    this.#proc = proc;
    this.#devices = new BlockDevices(sys);
    this.refresh();
  }

  /** Reads the table again. Whether it is another one than before. */
  refresh(): boolean {
    this.#foreign.clear();
    const text = readTable(`${this.#proc}/self/mountinfo`) ?? "";
    if (text === this.#text) return false;
    this.#text = text;
    this.#own = parseMounts(text);
    return true;
  }

  /** One mount of each file system that holds files, by its device. */
  watchable(): ReadonlyMap<string, Mount> {
    return watchable(this.#own);
  }

  /**
   * The file systems that leave the host, of a process with a mount namespace of its own that the host's table has not; none for others.
   */
  foreign(pid: number): Mount[] {
    const table = this.#tableOf(pid);
    if (table.mounts === this.#own) return [];
    return (table.leaving ??= this.#leaving(table.mounts));
  }

  #leaving(mounts: readonly Mount[]): Mount[] {
    const byDevice = new Map(mounts.map((it) => [it.device, it]));
    for (const it of this.#own) byDevice.delete(it.device);
    return [...byDevice.values()].filter((it) => this.kind(it) !== undefined);
  }

  /**
   * The file system that a file lies on, if it leaves the host. By the number of its device: a path means what it does to its writer alone.
   * Undefined also where the device is nobody's that we can see.
   *
   * @param pid Whose mounts are looked at for a device that the host's own table has not.
   */
  onto(file: SeenFile, pid: number): Onto | undefined {
    const device = deviceOf(file.inode);
    if (!this.#own.some((it) => it.device === device)) this.refresh();
    const { mounts, isCut } = this.#tableOf(pid);
    const seen = this.#mountOf(mounts, device, file.path) ?? this.#mountOf(this.#own, device, file.path);
    if (!seen) return this.#ontoUnseen(device, isCut);
    const kind = this.kind(seen);
    if (kind === undefined) return undefined;
    const path = this.#onHost(seen, file.path);
    return {
      mount: seen.point,
      kind,
      type: seen.type.slice(0, maxName),
      source: withoutPassword(seen.source).slice(0, maxName),
      ...(path !== undefined && { path }),
    };
  }

  /**
   * A disk that no table has, because whoever mounted it for himself is gone: its hardware tells all the same. Whoever mounts so much that
   * his table is not read to its end hides nothing by that.
   */
  #ontoUnseen(device: string, isCut: boolean): Onto | undefined {
    const byHardware = device.startsWith("0:") ? undefined : this.#devices.leaves<"removable">(device, () => undefined);
    const kind = byHardware ?? (isCut ? "unknown" : undefined);
    if (kind === undefined) return undefined;
    return { mount: "could not tell", kind, type: "could not tell", source: `device ${device}` };
  }

  /** How a file system leaves the host; undefined: not at all. What the host itself stands on does not. */
  kind(mount: Mount, depth = 0): Onto["kind"] | undefined {
    if (this.#own.some((it) => it.point === "/" && it.device === mount.device)) return undefined;
    const byType = kindByType(mount);
    if (byType !== undefined) return byType;
    const device = hardwareOf(mount);
    if (device === undefined) return undefined;
    return this.#devices.leaves(device, (file) => {
      // A disk in a file, as an encrypted container is: it goes where that file goes.
      const home = depth < 4 ? mountOf(file, this.#own) : undefined;
      return home && this.kind(home, depth + 1);
    });
  }

  /** Of several with one device, as bind mounts are, the one that the path lies below. */
  #mountOf(table: readonly Mount[], device: string, path: string): Mount | undefined {
    const same = table.filter((it) => it.device === device);
    return mountOf(path, same) ?? same[0] ?? this.#byPath(table, device, path);
  }

  /** Parts of one btrfs have devices that no table names: then its path tells. Not for a device that another mount has. */
  #byPath(table: readonly Mount[], device: string, path: string): Mount | undefined {
    const home = device.startsWith("0:") ? mountOf(path, table) : undefined;
    return home?.type === "btrfs" ? home : undefined;
  }

  /** The mounts that a process sees, if they are other ones than ours; else ours. */
  #tableOf(pid: number): Table {
    const space = this.#space(String(pid));
    if (space === undefined || space === this.#space("self")) return { mounts: this.#own, isCut: false };
    const known = this.#foreign.get(space);
    if (known) return known;
    const text = readTable(`${this.#proc}/${pid}/mountinfo`, maxForeignBytes) ?? "";
    const isCut = Buffer.byteLength(text) >= maxForeignBytes;
    // A line that was cut may say anything of its last mount.
    const table = { mounts: parseMounts(isCut ? text.slice(0, text.lastIndexOf("\n") + 1) : text), isCut };
    if (this.#foreign.size >= maxForeignTables) this.#foreign.clear();
    if (table.mounts.length > 0) this.#foreign.set(space, table);
    return table;
  }

  #space(pid: string): string | undefined {
    try {
      return readlinkSync(`${this.#proc}/${pid}/ns/mnt`);
    } catch {
      return undefined;
    }
  }

  /** Where the host's own mounts have what its writer calls `path`: whoever mounts for himself may call anything anything. */
  #onHost(seen: Mount, path: string): string | undefined {
    if (!isUnder(path, seen.point)) return undefined;
    const inside = joined(seen.root, path.slice(seen.point === "/" ? 0 : seen.point.length));
    const homes = this.#own.filter((it) => it.device === seen.device && isUnder(inside, it.root));
    const same = homes.find((it) => it.point === seen.point && it.root === seen.root);
    const home = same ?? homes.toSorted((a, b) => b.root.length - a.root.length)[0];
    return home && joined(home.point, inside.slice(home.root === "/" ? 0 : home.root.length));
  }
}

/** The device of the hardware below a mount; undefined for one that stands on none. */
function hardwareOf({ device, type, source }: Mount): string | undefined {
  if (!device.startsWith("0:")) return device;
  // They may stand on several disks, and have a number of their own: their source is one of them.
  if (type !== "btrfs" && type !== "bcachefs") return undefined;
  const [disk = ""] = source.split(":");
  if (!/^\/dev\/(?!.*\.\.)/.test(disk)) return undefined;
  try {
    return deviceOf(String(statSync(disk, { bigint: true }).rdev));
  } catch {
    return undefined;
  }
}

/** @param rest Empty, or begins with a slash. */
function joined(folder: string, rest: string): string {
  return folder === "/" ? rest || "/" : folder + (rest === "/" ? "" : rest);
}

/**
 * `8:17` of the device in `2065:12`, as mount tables write it. Source: makedev(3), by which the C library numbers devices.
 */
export function deviceOf(inode: string): string {
  const number = BigInt(/^\d+/.exec(inode)?.[0] ?? "0");
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** What a program writes into its source by name, as rclone does: `nas,pass=…:folder`. In linear time: whoever mounts chooses the text. */
const named = /\b(\w+)=(?:"[^"]*"?|'[^']*'?|[^,;&:]*)/g;

/**
 * A source without what stands before the last `@` of its machine if that holds a password, without the query of an address, and without
 * values that are named as secrets.
 */
export function withoutPassword(source: string): string {
  const start = source.includes("//") ? source.indexOf("//") + 2 : 0;
  const [before = ""] = source.split(/[?#]/, 1);
  // A password may hold such a mark itself: it begins a query where no user and no machine can follow.
  const isInside = source.lastIndexOf("@") > before.length && !before.slice(start).includes("/");
  const address = (isInside ? source : before).replaceAll(named, (all, name: string) =>
    /pass|secret|token|key|sig|auth|cred/i.test(name) ? `${name}=…` : all,
  );
  const at = address.lastIndexOf("@");
  const isUser = !isInside && !address.slice(start, at).includes(":");
  return at <= start || isUser ? address : `${address.slice(0, start)}…@${address.slice(at + 1)}`;
}
