import { fork } from "node:child_process";
import { scanReport, type ScanReport } from "@outweigh/schema";
import type { ScanProgress } from "./collect.ts";
import { ScanError } from "./error.ts";

/** What the process that scans says. */
export type Told = { readonly progress: ScanProgress } | { readonly report: ScanReport } | { readonly failed: string };

interface ChildScanOptions {
  readonly roots: readonly string[];
  readonly exclude: readonly string[];
  readonly helper?: string | undefined;
  readonly signal: AbortSignal;
  onProgress(progress: ScanProgress): void;
  /** Told the id of the process that scans, when it begins and when it has ended. */
  onProcess(pid: number, runs: boolean): void;
}

/** Memory that is let go goes back to the system, as in bin/outweigh.js. */
const frugal = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };

/**
 * Scans in a process of its own, so that an agent at rest holds none of the memory that a scan takes.
 * @throws {ScanError} ABORTED; Error with what the scan said, or that its process ended.
 */
export function scanInChild({
  roots,
  exclude,
  helper,
  signal,
  onProgress,
  onProcess,
}: ChildScanOptions): Promise<ScanReport> {
  return new Promise((done, failed) => {
    const child = fork(new URL("./scan-child.ts", import.meta.url), {
      serialization: "advanced",
      execArgv: ["--no-warnings", "--max-semi-space-size=1"],
      env: { ...process.env, ...frugal },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const { pid } = child;
    if (pid !== undefined) {
      onProcess(pid, true);
      child.once("exit", () => onProcess(pid, false));
    }
    const stop = (): void => void child.kill("SIGKILL");
    const end = (then: () => void): void => {
      signal.removeEventListener("abort", stop);
      then();
    };
    child.on("message", (told: Told) => {
      if ("progress" in told) return onProgress(told.progress);
      if ("failed" in told) return end(() => failed(new Error(told.failed)));
      const read = scanReport.safeParse(told.report);
      end(() => (read.success ? done(read.data) : failed(new Error("the scan gave no report"))));
    });
    child.once("error", (error) => end(() => failed(error)));
    child.once("exit", (code, killedBy) =>
      end(() => {
        if (signal.aborted) return failed(new ScanError("ABORTED", "the scan was stopped"));
        failed(new Error(`the scan's process ended with ${killedBy ?? code}`));
      }),
    );
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    child.send({ roots, exclude, helper });
  });
}
