#!/usr/bin/env node
// Starts the command line under Node 24, whatever Node runs this: plain JavaScript, for versions that strip no types.
import { spawn } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import module, { createRequire } from "node:module";
import { constants, homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const oldest = 24;

/**
 * For a scan, whose threads allocate and let go all the time: glibc keeps what is let go for the thread that had it, unless it is told
 * otherwise before the process starts, and V8 lets short-lived things pile up. Measured in bench/scan as the peak.
 */
const isAgent = process.argv[2] === "agent" && process.argv[3] === "run";
const frugal =
  process.platform === "linux" &&
  (process.argv[2] === "scan" || isAgent) &&
  process.env.MALLOC_TRIM_THRESHOLD_ === undefined;
const frugalEnv = frugal
  ? { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" }
  : {};
const frugalFlags = frugal ? ["--max-semi-space-size=1"] : [];

const major = Number(process.versions.node.split(".")[0]);

if (major >= oldest) {
  // In place of this process, so that nobody has to pass signals on. A channel to a parent would not survive that.
  if (frugal && process.execve && !process.connected) {
    const args = [process.execPath, ...process.execArgv, ...frugalFlags, fileURLToPath(import.meta.url)];
    process.execve(process.execPath, [...args, ...process.argv.slice(2)], { ...process.env, ...frugalEnv });
  }
  const { main } = isAgent ? await compiled() : await import("../src/main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = findNode();
  if (node) again(node);
  else {
    process.stderr.write(
      `outweigh needs Node ${oldest} or newer; this is ${process.versions.node}, and the "node" package that brings one is not installed.\n` +
        `Run "npm ci" in the repository, with install scripts allowed for "node", or use a newer Node.\n`,
    );
    process.exitCode = 3;
  }
}

/**
 * An agent runs for months, and shall hold no compiler: when its first start had to compile, it is started again in its own place, from what that
 * left. Measured in bench/agent.
 */
async function compiled() {
  const [folder, startedAt] = [keepCompiled(), Date.now()];
  const loaded = await import("../src/main.ts");
  if (folder === undefined || !process.execve || process.connected || process.env.OUTWEIGH_COMPILED) return loaded;
  try {
    await Promise.all([import("../src/commands/agent-run.ts"), import("@outweigh/agent")]);
    module.flushCompileCache();
    const isNew = readdirSync(folder).some((it) => lstatSync(join(folder, it)).mtimeMs >= startedAt);
    if (!isNew) return loaded;
  } catch {
    return loaded; // what is wrong, the command itself says
  }
  const args = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  process.execve(process.execPath, args, { ...process.env, OUTWEIGH_COMPILED: "1" });
}

/** Where compiled code is kept: a folder of its user alone, since what lies there is run. A scan writes nothing, and so has none. */
function keepCompiled() {
  try {
    const folder = join(homedir(), ".cache", "outweigh");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    if (uid !== process.geteuid?.() || (mode & 0o077) !== 0) return undefined;
    // Not by name: older Nodes, which only start a newer one here, do not have them.
    module.enableCompileCache(folder);
    setTimeout(module.flushCompileCache, 60_000).unref();
    return module.getCompileCacheDir();
  } catch {
    return undefined; // then it runs as it is
  }
}

/** The Node that the package "node" brings. */
function findNode() {
  try {
    const home = dirname(createRequire(import.meta.url).resolve("node/package.json"));
    return join(home, "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    return undefined;
  }
}

/** Signals reach the child, its end is ours. The channel tells the child when this process is gone, even if it was killed. */
function again(/** @type {string} */ node) {
  const child = spawn(node, [...frugalFlags, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, ...frugalEnv, OUTWEIGH_LAUNCHED: "1" },
  });
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]);
  for (const it of signals) process.on(it, () => child.kill(it));
  child.on("error", (error) => {
    process.stderr.write(`outweigh cannot start Node ${oldest} (${node}): ${error.message}\n`);
    process.exitCode = 3;
  });
  child.on("exit", (code, signal) => {
    if (signal) process.exitCode = 128 + (constants.signals[signal] ?? 0);
    else process.exitCode = code ?? 3;
    if (process.connected) process.disconnect();
  });
}
