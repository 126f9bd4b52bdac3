// Where processes run: a scheduler that moves one delays it.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Proxy } from "./proxies.ts";

const cores = availableParallelism();
/** Whether processes can be held to cores here. */
export const canHold = cores > 1 && spawnSync("taskset", ["-V"]).error === undefined;

/**
 * Holds a proxy of one process to one core while something is measured, and who asks and answers to another; one of several processes
 * has all cores, as it would.
 */
export async function apart<T>(target: Proxy, server: number | undefined, work: () => Promise<T>): Promise<T> {
  if (!canHold || target.processes > 1) return work();
  const others = [process.pid, ...(server === undefined ? [] : [server])];
  for (const it of others) hold(it, "0");
  for (const it of target.pids()) hold(it, "1");
  try {
    return await work();
  } finally {
    for (const it of [...others, ...target.pids()]) hold(it, `0-${cores - 1}`);
  }
}

/** All threads of a process. @param to Cores, as taskset writes them. */
function hold(pid: number, to: string): void {
  spawnSync("taskset", ["-acp", to, String(pid)]);
}
