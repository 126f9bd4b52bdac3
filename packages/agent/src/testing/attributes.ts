// What tests of access lists and capabilities need: the helper, and a program that sets what Node cannot.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { buildHelper } from "../watch/fanotify.ts";
import { aFolder } from "./a-disk.ts";

export interface Planter {
  readonly helper: string;
  /** Sets an attribute of a file that is there. */
  set(path: string, name: string, value: Buffer): void;
}

/** Skips the test and answers undefined where there is no compiler, or the file system or our rights do not let it. */
export async function aPlanter(t: TestContext): Promise<Planter | undefined> {
  const it = await planterOrWhy(t);
  if (typeof it !== "string") return it;
  t.skip(it);
  return undefined;
}

/** The same, or why there is none. */
export async function planterOrWhy(t: TestContext): Promise<Planter | string> {
  if (process.platform !== "linux" || process.geteuid?.() !== 0 || !existsSync("/usr/bin/cc"))
    return "needs root and a C compiler on Linux";
  const folder = aFolder(t);
  const [helper, setter, trial] = [join(folder, "helper"), join(folder, "set"), join(folder, "trial")];
  const problem = await buildHelper(helper);
  if (problem !== undefined) throw new Error(problem);
  execFileSync("cc", ["-o", setter, fileURLToPath(new URL("set-attribute.c", import.meta.url))]);
  writeFileSync(trial, "");
  const args = (path: string, name: string, value: Buffer) => [path, name, value.toString("hex")];
  const tried = [
    args(trial, listName, anAccessList([[user, 4, 5001]])),
    args(trial, capabilityName, aCapability(2n)),
  ].map((it) => spawnSync(setter, it).status);
  if (tried.some((it) => it !== 0))
    return "the file system of the temporary folder keeps no access lists or capabilities";
  return { helper, set: (path, name, value) => void execFileSync(setter, args(path, name, value)) };
}

export const listName = "system.posix_acl_access";
export const capabilityName = "security.capability";

/** Tags of named entries. */
export const [user, group] = [0x02, 0x08];

/** An access list: named entries as [tag, rights, id], beside `rw-` for the owner and what `own` and `mask` say. */
export function anAccessList(
  named: readonly (readonly [number, number, number])[],
  { own = 0, mask = 7, other = 0 }: { own?: number; mask?: number; other?: number } = {},
): Buffer {
  const none = 0xffff_ffff;
  const ofTag = (tag: number) => named.filter((it) => it[0] === tag).toSorted((a, b) => a[2] - b[2]);
  const all = [
    [0x01, 6, none],
    ...ofTag(user),
    [0x04, own, none],
    ...ofTag(group),
    [0x10, mask, none],
    [0x20, other, none],
  ];
  const bytes = Buffer.alloc(4 + all.length * 8);
  bytes.writeUInt32LE(2, 0);
  for (const [i, [tag = 0, may = 0, id = 0]] of all.entries()) {
    bytes.writeUInt16LE(tag, 4 + i * 8);
    bytes.writeUInt16LE(may, 6 + i * 8);
    bytes.writeUInt32LE(id, 8 + i * 8);
  }
  return bytes;
}

/** A capability of revision 2 with these bits. */
export function aCapability(permitted: bigint, effective = true): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(0x0200_0000 + (effective ? 1 : 0), 0);
  bytes.writeUInt32LE(Number(permitted & 0xffff_ffffn), 4);
  bytes.writeUInt32LE(Number(permitted >> 32n), 12);
  return bytes;
}
