import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { outweigh } from "@outweigh/client";
import { maxReportBytes } from "@outweigh/schema";
import type { Running } from "@outweigh/server";
import type { Terminal } from "../terminal.ts";
import { visible } from "../text/visible.ts";

/** Longest line of the scan's progress that is shown, in UTF-16 units. */
const maxLineLength = 200;

interface ScanChildOptions {
  readonly roots: readonly string[];
  readonly config: string | undefined;
  readonly exclude: string;
  /** Whether the register has fingerprints to recognise changed copies by. */
  readonly match: boolean;
  readonly terminal: Terminal;
}

/**
 * Scans this machine in a process of its own, at low priority, and hands the report to the server's ingest, as an agent
 * on another host would. What goes wrong is said on the console's frame and here; it never ends the server.
 */
export function startScan(running: Running, options: ScanChildOptions): { stop(): void } {
  const { roots, config, exclude, match, terminal } = options;
  const program = join(import.meta.dirname, "..", "..", "bin", "outweigh.js");
  const args = [
    "scan",
    ...roots,
    "--json",
    "--exclude",
    exclude,
    ...(config === undefined ? [] : ["--config", config]),
    ...(match ? ["--match", ...running.watchedModels().flatMap((it) => ["--watched", it])] : []),
  ];
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, OUTWEIGH_LAUNCHED: undefined },
  });
  lowerPriority(child.pid);
  running.scanState("running");
  terminal.say(`scanning ${roots.map(visible).join(", ")}`);

  const pieces: Buffer[] = [];
  let bytes = 0;
  let last = "";
  let stopped = false;
  child.stdout.on("data", (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= maxReportBytes) pieces.push(piece);
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    last = line.slice(0, maxLineLength);
    running.scanState("running", last);
  });
  const fail = (why: string): void => {
    if (stopped) return;
    running.scanState("failed", why);
    terminal.say(`the scan failed: ${visible(why)}`);
  };
  child.once("error", (error) => fail(error.message));
  child.once("close", (code) => {
    if (stopped) return;
    if (code !== 0 && code !== 1) fail(last || `it ended with ${code}`);
    else if (bytes > maxReportBytes) fail(`its report has ${bytes} bytes, at most ${maxReportBytes} are taken`);
    else handOver(Buffer.concat(pieces), running, terminal).catch((error: unknown) => fail(String(error)));
  });
  return {
    stop: () => {
      stopped = true;
      child.kill();
    },
  };
}

async function handOver(report: Buffer, running: Running, terminal: Terminal): Promise<void> {
  // One line, one record, even for a server that takes records line by line.
  const body = JSON.stringify(JSON.parse(report.toString("utf8")));
  const api = outweigh({ url: running.url, token: running.token("scan") });
  await api.post("/api/ingest/{source}", { path: { source: "scan" }, body });
  running.scanState("done");
  terminal.say("the scan is done; its report is in the console");
}

/** A scan is never in a hurry. Where that is not allowed, it runs as it is. */
function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    return;
  }
}
