// The note that a running gateway leaves in its data folder: where it is reached, and since when it was last alive.
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GatewayError } from "../error.ts";
import { parsed } from "../json/parsed.ts";

const note = z.object({ pid: z.int().positive(), began: z.string().default("") });

/** What is found of an earlier run at a start. */
interface Earlier {
  /** When it was last alive, in ms since 1970: it ended without a word soon after. */
  readonly aliveAt: number;
}

function pathOf(dataDir: string): string {
  return join(dataDir, "gateway.json");
}

/**
 * An earlier run that ended without a word; undefined after one that stopped as it should, and at the first start.
 *
 * @throws {GatewayError} BAD_STATE when it still runs: two must not write one evidence.
 */
export function findEarlier(dataDir: string): Earlier | undefined {
  let text: string;
  let aliveAt: number;
  try {
    text = readFileSync(pathOf(dataDir), "utf8");
    aliveAt = Math.floor(statSync(pathOf(dataDir)).mtimeMs);
  } catch {
    return undefined;
  }
  const read = note.safeParse(parsed(text));
  if (read.success && read.data.pid !== process.pid && isAlive(read.data))
    throw new GatewayError("BAD_STATE", `a gateway works in ${dataDir} already: process ${read.data.pid}`);
  return { aliveAt };
}

export function writeNote(dataDir: string, at: { readonly url: string; readonly adminUrl: string }): void {
  const { pid } = process;
  writeFileSync(pathOf(dataDir), JSON.stringify({ pid, began: beganAt(pid), ...at }), { mode: 0o600 });
}

/** Called every second: how exactly it is known until when it lived. */
export function touchNote(dataDir: string, now: number): void {
  try {
    utimesSync(pathOf(dataDir), now / 1000, now / 1000);
  } catch {
    return;
  }
}

export function removeNote(dataDir: string): void {
  rmSync(pathOf(dataDir), { force: true });
}

/** A number of a process is given again; when a process began tells two apart, where the kernel says it. */
function isAlive({ pid, began }: z.infer<typeof note>): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return began === beganAt(pid);
}

/** proc_pid_stat(5): the 22nd field, counted after the name in parentheses. Empty where there is no such file. */
function beganAt(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
