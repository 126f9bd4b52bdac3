// The gateway beside the server: a process of its own, started, watched, and stopped by `outweigh up`.
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Running } from "@outweigh/server";
import { openDesk } from "./gateway-desk.ts";
import type { Terminal } from "./terminal.ts";
import { visible } from "./text/visible.ts";

/** Waits before it is started again, in ms; the last one stays. One that ran for a minute begins at the first again. */
const againMs = [1000, 2000, 5000, 15_000, 30_000] as const;
const steadyMs = 60_000;
/** How long the first start may take before the server's greeting goes on without it, in ms. */
const readyMs = 20_000;
/** How long it may take to stop, in ms: running answers get 30 s. */
const stopMs = 35_000;
/** How often is looked whether one that was found running still runs, in ms. */
const lookMs = 1000;
/** Longest line of it that is shown, in UTF-16 units. */
const maxLineLength = 300;

interface GatewayChildOptions {
  /** The configuration that names it. */
  readonly config: string;
  /** Its data folder. */
  readonly dataDir: string;
  readonly terminal: Terminal;
}

interface GatewayChild {
  /** Where clients ask, once it serves; undefined if that takes too long: then it is tried again. */
  readonly url: Promise<string | undefined>;
  /** Ends it after running answers, and does not start it again. */
  stop(): Promise<void>;
}

const note = z.object({ pid: z.int().positive(), began: z.string().default(""), url: z.string() });

/**
 * Starts the gateway, and starts it again when it ends. It is in a process group of its own: what ends the server, a kill or a closed
 * terminal, does not end it; one that a server left behind is taken over as it runs.
 */
export function superviseGateway(running: Running, options: GatewayChildOptions): GatewayChild {
  const supervisor = new Supervisor(running, options);
  void supervisor.run();
  return supervisor;
}

class Supervisor implements GatewayChild {
  readonly url: Promise<string | undefined>;
  readonly #running: Running;
  readonly #options: GatewayChildOptions;
  #found: (url: string | undefined) => void = () => undefined;
  #stopping = false;
  #url: string | undefined;
  /** Whether the greeting went on: where it serves is said apart from then on. */
  #isLate = false;
  #pid: number | undefined;
  #ended: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(running: Running, options: GatewayChildOptions) {
    this.#running = running;
    this.#options = options;
    this.url = new Promise((found) => (this.#found = found));
    setTimeout(() => {
      this.#isLate = true;
      this.#found(undefined);
    }, readyMs).unref();
  }

  async run(): Promise<void> {
    for (let failures = 0; !this.#stopping; failures++) {
      const began = Date.now();
      this.#ended = this.#once();
      await this.#ended;
      if (this.#stopping) return;
      if (Date.now() - began >= steadyMs) failures = 0;
      const wait = againMs[Math.min(failures, againMs.length - 1)] ?? 30_000;
      this.#say(`the gateway ended; it is started again in ${wait / 1000} s`);
      await this.#pause(wait);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    const pid = this.#pid;
    if (pid === undefined) return;
    signal(pid, "SIGTERM");
    const late = setTimeout(() => signal(pid, "SIGKILL"), stopMs);
    await this.#ended;
    clearTimeout(late);
  }

  /** Resolves when the gateway has ended. */
  async #once(): Promise<void> {
    try {
      const token = await this.#running.gatewayToken();
      const found = await this.#takeOver(token);
      await (found === undefined ? this.#start(token) : this.#watch(found));
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    } finally {
      this.#pid = undefined;
    }
  }

  #start(token: string): Promise<void> {
    const { config } = this.#options;
    const program = join(import.meta.dirname, "..", "bin", "outweigh.js");
    const child = spawn(process.execPath, [program, "gateway", "--json", "--config", config], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        OUTWEIGH_LAUNCHED: undefined,
        OUTWEIGH_SERVER: this.#running.url,
        OUTWEIGH_GATEWAY_TOKEN: token,
      },
    });
    this.#pid = child.pid;
    this.#listen(child);
    return new Promise((done) => {
      child.once("error", (error) => {
        this.#say(error.message);
        done();
      });
      // Not its streams' end: processes of its own may hold those open for longer.
      child.once("exit", () => done());
    });
  }

  #listen(child: ChildProcess): void {
    let said = "";
    child.stdout?.on("data", (piece: Buffer) => {
      said = (said + piece.toString()).slice(0, 10_000);
      const url = /"url": "([^"]+)"/.exec(said)?.[1];
      if (url === undefined || this.#url === url) return;
      this.#url = url;
      this.#found(url);
      if (this.#isLate) this.#say(`it serves on ${url}`);
    });
    if (child.stderr)
      createInterface({ input: child.stderr }).on("line", (line) => this.#say(line.slice(0, maxLineLength)));
  }

  /** One that an earlier server started and left: it is told where we are, and runs on. @returns Its process, if there is one. */
  async #takeOver(token: string): Promise<number | undefined> {
    const { dataDir } = this.#options;
    const read = noteIn(dataDir);
    if (!read) return undefined;
    const moved = { url: this.#running.url, token };
    try {
      await openDesk(dataDir).call("POST", "/server", moved);
    } catch {
      // A note that a killed gateway left: whoever listens there now is not ours.
      return undefined;
    }
    this.#pid = read.pid;
    this.#say(`the gateway runs already: process ${read.pid}`);
    this.#found(read.url);
    return read.pid;
  }

  async #watch(pid: number): Promise<void> {
    while (isAlive(pid)) await new Promise((done) => setTimeout(done, lookMs).unref());
  }

  #pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  #say(line: string): void {
    this.#options.terminal.say(`gateway: ${visible(line)}`);
  }
}

function noteIn(dataDir: string): z.infer<typeof note> | undefined {
  try {
    const read = note.parse(JSON.parse(readFileSync(join(resolve(dataDir), "gateway.json"), "utf8")));
    return isAlive(read.pid) ? read : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    return;
  }
}
