// Holds a process, or ends it: the one that was meant, or none. Pids are used again.
import { readFileSync } from "node:fs";
import type { Order, StoppedProcess } from "@outweigh/schema";
import { errnoOf } from "../scan/open-file.ts";
import type { Proc } from "../watch/proc.ts";
import { Refused, type Change } from "./outcome.ts";
import { digestOf } from "./quarantine.ts";

type StopOrder = Extract<Order, { verb: "stop-process" }>;

/** How long a process may take to end when it is asked, and how often that is looked at, in ms. */
const endMs = 5000;
const lookMs = 100;
/** How long a process may take to stand still, and how often that is looked at, in ms: the kernel stops it when it next runs. */
const holdMs = 2000;
const holdLookMs = 5;

export function stopProcess(proc: Proc): Change<StopOrder, StoppedProcess> {
  return {
    async plan({ process: key, program, how }) {
      const pid = Number(key.split(":")[0]);
      if (pid === 1 || pid === process.pid || pid === process.ppid)
        throw new Refused(`process ${pid} is not stopped: it is the system's or ours`);
      await isMeant({ pid, key, program, how }, proc);
      return { pid, key, program, how };
    },

    async apply(it) {
      send(it.pid, "SIGSTOP");
      // Once it stands still, whoever it is stays it. If it is another one, it goes on as if nothing had been.
      try {
        await within(holdMs, holdLookMs, () => stateOf(it.pid) === "T" || !isThere(it, proc));
        await isMeant(it, proc);
      } catch (error) {
        send(it.pid, "SIGCONT");
        throw error;
      }
      if (it.how === "hold") return;
      send(it.pid, "SIGTERM");
      send(it.pid, "SIGCONT");
      await within(endMs, lookMs, () => !isThere(it, proc));
    },

    verify(it) {
      const { pid, how } = it;
      const there = isThere(it, proc);
      if (how === "end") return there ? `process ${pid} was asked to end ${endMs / 1000} s ago and runs on` : undefined;
      if (!there) return `process ${pid} has ended`;
      return stateOf(pid) === "T" ? undefined : `process ${pid} goes on`;
    },

    undo({ pid, key, how }) {
      if (how === "end") throw new Refused(`process ${pid} was ended: that cannot be undone`);
      if (proc.key(pid) !== key) throw new Refused(`process ${pid} has ended since`);
      send(pid, "SIGCONT");
    },
  };
}

/** @throws {Refused} unless the pid is the process that started then and runs this program. */
async function isMeant({ pid, key, program }: StoppedProcess, proc: Proc): Promise<void> {
  const now = proc.key(pid);
  if (now === undefined) throw new Refused(`process ${pid} has ended`);
  if (now !== key) throw new Refused(`process ${pid} is another one by now: it started at another time`);
  const digest = await digestOf(`/proc/${pid}/exe`).catch((cause: unknown) => {
    throw new Refused(`the program of process ${pid} cannot be read: ${errnoOf(cause) ?? "unknown"}`, { cause });
  });
  if (digest !== program) throw new Refused(`process ${pid} runs another program than the order says`);
  if (proc.key(pid) !== key) throw new Refused(`process ${pid} ended meanwhile`);
}

/** Whether that very process is there and has not ended. */
function isThere({ pid, key }: StoppedProcess, proc: Proc): boolean {
  return proc.key(pid) === key && stateOf(pid) !== "Z";
}

/** Waits until a claim holds, at most so long: who asked looks again. */
async function within(ms: number, every: number, claim: () => boolean): Promise<void> {
  for (let waited = 0; waited < ms && !claim(); waited += every) await new Promise((done) => setTimeout(done, every));
}

function send(pid: number, signal: "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    const why = errnoOf(cause) === "EPERM" ? "this agent may not: it is another user's" : "it has ended";
    throw new Refused(`process ${pid} cannot be signalled: ${why}`, { cause });
  }
}

/** `T` for one that is held, `Z` for one that has ended and is not buried yet. */
function stateOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2, text.lastIndexOf(")") + 3);
  } catch {
    return undefined;
  }
}
