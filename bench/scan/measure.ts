import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const program = join(import.meta.dirname, "..", "..", "packages", "cli", "bin", "outweigh.js");

/** How often the resident size is looked at, in ms. */
const lookMs = 20;

/** Clock ticks of a second in `/proc/PID/stat`, as Linux has it everywhere. */
const ticksPerSecond = 100;

export interface Ran {
  readonly seconds: number;
  /** The largest resident size of the process with all its threads, in MB; 0 where the system does not tell. */
  readonly peakMb: number;
  /** Processor time of all its threads, as last seen; 0 where the system does not tell. */
  readonly cpuSeconds: number;
  /** When the first line came, in seconds. */
  readonly firstLineSeconds: number;
  readonly stdout: string;
}

/** Runs a program to its end. `input` goes to its standard input. */
export function measure(command: string, args: readonly string[], input = ""): Promise<Ran> {
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let firstLine = 0;
  let peakKb = 0;
  let cpuSeconds = 0;
  const look = setInterval(() => {
    peakKb = Math.max(peakKb, peakOf(child.pid));
    cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid));
  }, lookMs);
  child.stdin.on("error", () => undefined); // a program that ends early reads no more
  child.stdin.end(input);
  child.stdout.on("data", (it: Buffer) => (stdout += it.toString("latin1")));
  child.stderr.on("data", () => (firstLine ||= performance.now()));
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", () => {
      clearInterval(look);
      done({
        seconds: (performance.now() - began) / 1000,
        peakMb: Math.round(peakKb / 1000),
        cpuSeconds,
        firstLineSeconds: firstLine === 0 ? 0 : (firstLine - began) / 1000,
        stdout,
      });
    });
  });
}

/** proc_pid_status(5), in kB. */
function peakOf(pid: number | undefined): number {
  return Number(/VmHWM:\s+(\d+)/.exec(procFile(pid, "status"))?.[1] ?? 0);
}

/** proc_pid_stat(5): utime and stime are the 12th and 13th field behind the name. */
function cpuOf(pid: number | undefined): number {
  const fields = procFile(pid, "stat").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

function procFile(pid: number | undefined, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
