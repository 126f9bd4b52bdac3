// Outweigh itself, as a user starts it: real processes in a folder of their own.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The command line, as `npx outweigh` runs it. */
export const outweighBin = join(import.meta.dirname, "..", "..", "packages", "cli", "bin", "outweigh.js");

/** A folder for one story, removed at its end. */
export function storyFolder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `outweigh-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end. */
export function run(args: readonly string[], cwd: string): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [outweighBin, ...args], {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { code: status ?? -1, stdout, stderr };
}

export interface Platform {
  readonly url: string;
  /** The one-time link that signs a browser in. */
  readonly link: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts `outweigh up` and waits for its link. */
export async function up(args: readonly string[], cwd: string): Promise<Platform> {
  const child = spawn(process.execPath, [outweighBin, "up", "--port", "0", ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let said = "";
  const link = await new Promise<string>((found, failed) => {
    const late = setTimeout(() => failed(new Error(`no link after three minutes; it said:\n${said}`)), 180_000);
    const listen = (bytes: Buffer) => {
      said += bytes.toString();
      const match = /https?:\/\/127\.0\.0\.1:\d+\/open\S+/.exec(said);
      if (!match) return;
      clearTimeout(late);
      found(match[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("exit", (code) => failed(new Error(`outweigh up ended with ${code}; it said:\n${said}`)));
  });
  return {
    url: new URL(link).origin,
    link,
    process: child,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await ended;
}
