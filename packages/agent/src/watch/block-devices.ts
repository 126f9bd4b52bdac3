// Whether a disk leaves its host, by what the kernel says of the hardware below it.
import { readFileSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Most devices below one that are looked at: disks in a pool, and layers of encryption and volumes. */
const maxBelow = 64;
/** Folders upwards from a device to its machine: real ones have about fifteen. */
const maxUpwards = 32;

/** Reads a tree like `/sys`. */
export class BlockDevices {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * `removable` when the device, or any that it rests on, is: by its medium, its USB bus, or a port that is said to be for plugs. Layers, as
   * encryption and volumes are, and partitions are followed down. What is unknown to the kernel's tree does not leave.
   *
   * @param device `8:17`
   * @param ofFile Answers for a disk that is a file itself, by its path.
   */
  leaves<Kind extends string>(
    device: string,
    ofFile: (path: string) => Kind | undefined,
  ): Kind | "removable" | undefined {
    if (!/^\d+:\d+$/.test(device)) return undefined;
    const open = [real(join(this.#root, "dev/block", device))];
    const seen = new Set<string>();
    for (let it = open.pop(); it !== undefined && seen.size < maxBelow; it = open.pop()) {
      if (seen.has(it) || relative(this.#home(), it).startsWith("..")) continue;
      seen.add(it);
      const disk = text(join(it, "partition")) === undefined ? it : dirname(it);
      if (this.#isPlugged(disk)) return "removable";
      const file = text(join(disk, "loop/backing_file"));
      const byFile = file === undefined ? undefined : ofFile(file);
      if (byFile !== undefined) return byFile;
      for (const name of list(join(it, "slaves"))) open.push(real(join(it, "slaves", name)));
    }
    return undefined;
  }

  #home(): string {
    return real(this.#root) ?? this.#root;
  }

  /** Source: Documentation/ABI in the kernel's tree: sysfs-block (`removable`), sysfs-devices-removable; an SD card says what it is by `type`. */
  #isPlugged(disk: string): boolean {
    if (/\/usb\d+\//.test(`${relative(this.#home(), disk)}/`) || /^SD$/.test(text(join(disk, "device/type")) ?? ""))
      return true;
    for (let [at, i] = [disk, 0]; i < maxUpwards && at !== this.#home(); [at, i] = [dirname(at), i + 1])
      if (/^(?:1|removable)$/.test(text(join(at, "removable")) ?? "")) return true;
    return false;
  }
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, maxBelow);
  } catch {
    return [];
  }
}
