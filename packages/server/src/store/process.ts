// Child processes that must never outlive us: engines hold locks and data files.
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { createServer } from "node:net";

/**
 * Runs a command until our end of its standard input closes, which the kernel does for us when we are killed. Then the
 * command gets the signal. POSIX sh alone: no native module, and the same on Linux and macOS.
 */
const guard = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & child=$!
{ while read -r _; do :; done <&3; kill -s "$signal" $child; } >/dev/null 2>&1 & watch=$!
exec 3<&-
wait $child; code=$?
kill $watch 2>/dev/null
exit $code`;

interface GuardedOptions {
  readonly command: readonly string[];
  /** What the command gets when we end: `INT` is PostgreSQL's fast shutdown. */
  readonly signal: "INT" | "KILL";
  readonly env?: Readonly<Record<string, string>>;
  readonly output: number | "ignore";
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts a command that ends when we end. Close its `stdin` to end it. In a session of its own, so that Ctrl-C reaches only us. */
export function spawnGuarded({ command, signal, env, output, uid, gid }: GuardedOptions): ChildProcess {
  const stdio: StdioOptions = ["pipe", output, output];
  return spawn("/bin/sh", ["-c", guard, "outweigh-guard", signal, ...command], {
    stdio,
    detached: true,
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
}

/** A port on loopback that was free a moment ago. Somebody else may take it first: whoever starts there must be ready to try again. */
export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") return found(address.port);
        failed(new Error("the system gave no port"));
      });
    });
  });
}

/** Resolves when the process has ended, or at once if it has. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => child.once("exit", () => done()));
}

export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
