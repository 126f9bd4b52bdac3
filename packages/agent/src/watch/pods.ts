// Which pod of Kubernetes a process belongs to, and what that is called, as the host's own files say it.
import { readdirSync } from "node:fs";
import { maxPods } from "./limits.ts";

export interface Pod {
  readonly uid: string;
  /** Absent where the host does not show what it is called. */
  readonly namespace?: string;
  readonly name?: string;
}

/** How soon the folder is read again for a pod that it did not name, in ms: one that has just started. */
const againMs = 5000;

/** Groups that systemd gives to people: below them, anybody names groups after pods. */
const ofPeople = /^[^\n]*:\/user\.slice\/[^\n]*$/gm;

/** The UID of a pod, whose dashes systemd's slices write as underscores; of one that a file on the host defines, 32 digits. */
const inCgroup = /[/-]pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=[./]|$)/m;

/** A folder of logs: `NAMESPACE_NAME_UID`. Neither name may hold an underscore. */
const folderName =
  /^(?<namespace>[a-z0-9][a-z0-9.-]{0,252})_(?<name>[a-z0-9][a-z0-9.-]{0,252})_(?<uid>[0-9a-f-]{32,36})$/;

export class Pods {
  readonly #folder: string;
  readonly #uptimeMs: () => number;
  #known = new Map<string, Pod>();
  #readAt = -Infinity;

  /** @param folder Where kubelet keeps logs by pod: readable by everybody on most hosts. */
  constructor(folder = "/var/log/pods", uptimeMs: () => number = () => performance.now()) {
    this.#folder = folder;
    this.#uptimeMs = uptimeMs;
  }

  /**
   * The pod of a process, by the text of its `cgroup`; undefined for none. The outermost counts: below it, a container may name groups as it
   * likes. Blind spot: pods of a kubelet that a user runs without root, below their own group.
   */
  of(cgroup: string): Pod | undefined {
    const uid = inCgroup.exec(cgroup.replace(ofPeople, ""))?.[1]?.replaceAll("_", "-");
    if (uid === undefined) return undefined;
    if (!this.#known.has(uid) && this.#uptimeMs() - this.#readAt >= againMs) this.#read();
    return this.#known.get(uid) ?? { uid };
  }

  #read(): void {
    this.#readAt = this.#uptimeMs();
    try {
      const found = readdirSync(this.#folder)
        .slice(0, maxPods)
        .flatMap((it) => {
          const { namespace, name, uid } = folderName.exec(it)?.groups ?? {};
          return namespace === undefined || name === undefined || uid === undefined ? [] : { namespace, name, uid };
        });
      this.#known = new Map(found.map((it) => [it.uid, it]));
    } catch {
      // No kubelet, or not ours to read: then it stands by its UID alone.
    }
  }
}
