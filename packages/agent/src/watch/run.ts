// The agent as it runs on a host: watches, keeps what it saw until the server has it, and does what the server signed.
import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { constants, hostname, setPriority } from "node:os";
import { join } from "node:path";
import { signedScanLine, type SignedScan } from "@outweigh/evidence";
import {
  maxReportLines,
  type AgentHealth,
  type ChangingVerb,
  type OrderResult,
  type ScanReport,
  type SignedOrder,
} from "@outweigh/schema";
import { Orders } from "../orders/orders.ts";
import { scanInChild } from "../scan/in-child.ts";
import { signScan } from "../scan/signed-scan.ts";
import { collectFacts } from "./context.ts";
import { AgentError } from "./error.ts";
import { isRunnable } from "./fanotify.ts";
import { loadIdentity, readOrder, type Identity } from "./identity.ts";
import { sendReport } from "./link.ts";
import { Proc } from "./proc.ts";
import { Spool } from "./spool.ts";
import { Watch } from "./watch.ts";

/** How often the agent reports when nothing happens, in ms: three missed ones are a silence of less than a minute. */
const reportMs = 15_000;
/** How soon a line is sent, in ms: what happens together goes together. */
const soonMs = 500;
/** Longest wait between tries while the server is away, in ms. */
const maxRetryMs = 60_000;
/** How long a problem is told again and again, in ms. */
const problemMs = 10 * 60_000;
/** Longest report of a scan that is sent, and longest result of an order, in bytes: both and all lines fit what a server reads. */
const maxScanBytes = 32 * 1024 * 1024;
const maxResultBytes = 16 * 1024 * 1024;
/** The smallest file of weights that is watched, in bytes: below are examples and tests. */
const minWatchedBytes = 64 * 1024;

export interface RunOptions {
  /** Where the identity and the spool stand. */
  readonly dataDir: string;
  /** What is scanned for weights at the start. */
  readonly roots: readonly string[];
  readonly signal: AbortSignal;
  /** Changes of the host that it does when its server asks. Default: none. */
  readonly may?: ReadonlySet<ChangingVerb>;
  /** How often it scans by itself, in ms. Default: once, at the start. */
  readonly everyMs?: number;
  /** Called with what a person at the terminal should know. */
  say(text: string): void;
}

export const identityFile = (dataDir: string) => join(dataDir, "agent.json");
/** The newest result of a scan, signed: `outweigh verify` accepts it. */
const signedScanFile = (dataDir: string) => join(dataDir, "scan.signed.json");
export const helperFile = (dataDir: string) => join(dataDir, "outweigh-watch");

/** Runs until aborted. @throws {AgentError} NOT_ENROLLED; REFUSED when the server does not know this agent any more. */
export async function runAgent(options: RunOptions): Promise<void> {
  const identity = await loadIdentity(identityFile(options.dataDir));
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const helper = helperFile(options.dataDir);
  const agent = new Agent(identity, options, (await isRunnable(helper)) ? helper : undefined);
  await agent.run();
}

/**
 * Asks to be run before others: it needs little, but at once, or the process it is told of is gone. Of this thread alone; the threads
 * that scan have no hurry. Only root may.
 */
function hurry(): void {
  try {
    setPriority(0, constants.priority.PRIORITY_HIGH);
  } catch {
    // Then it is told of some processes too late, as on a busy host.
  }
}

/** The scan that runs. */
interface Scanning {
  readonly stop: AbortController;
  progress: NonNullable<AgentHealth["scan"]>;
}

class Agent {
  readonly #identity: Identity;
  readonly #options: RunOptions;
  readonly #spool: Spool;
  readonly #watch: Watch;
  readonly #proc = new Proc();
  /** What fails, and since when: in ms since the agent started, whatever the host's clock is set to. */
  readonly #problems = new Map<string, number>();
  readonly #watched = new Set<string>();
  readonly #helper: string | undefined;
  readonly #orders: Orders;
  #scanning: Scanning | undefined;
  /** The newest result, until the server has it. */
  #signed: SignedScan | undefined;
  #wake: () => void = () => {};
  #busy: Promise<void> = Promise.resolve();

  constructor(identity: Identity, options: RunOptions, helper: string | undefined) {
    this.#identity = identity;
    this.#options = options;
    this.#helper = helper;
    this.#spool = new Spool(join(options.dataDir, "spool.db"));
    this.#orders = new Orders({
      book: this.#spool.orders,
      proc: this.#proc,
      dataDir: options.dataDir,
      server: identity.server,
      may: options.may ?? new Set(),
      scan: (roots) => this.#scan(roots.length > 0 ? roots : options.roots),
      stopScan: () => this.#stopScan(),
      collect: ({ lists }, id) => {
        const isWatched = (inode: string) => this.#watched.has(inode);
        return sendable({ id, state: "done", facts: collectFacts(lists, { proc: this.#proc, isWatched }, Date.now()) });
      },
    });
    this.#watch = new Watch({
      host: hostname(),
      helper,
      proc: this.#proc,
      tell: (it) => {
        this.#spool.add(it);
        if (this.#spool.problem !== undefined && !this.#problems.has(this.#spool.problem))
          this.#problem(this.#spool.problem);
        this.#wake();
      },
      problem: (text) => {
        this.#problems.set(text, performance.now());
        options.say(text);
      },
    });
  }

  async run(): Promise<void> {
    const { signal, say, roots } = this.#options;
    hurry();
    await this.#watch.start();
    say(`watching as ${this.#watch.tier}, reporting to ${new URL(this.#identity.server).origin}`);
    await this.#orders.recover();
    this.#do("scan at the start", () => this.#scan(roots));
    const { everyMs } = this.#options;
    const again = everyMs === undefined ? undefined : setInterval(() => this.#scanAgain(roots), everyMs);
    try {
      for (let failures = 0; !signal.aborted;) {
        failures = (await this.#send()) ? 0 : failures + 1;
        const wait = failures > 0 ? Math.min(maxRetryMs, 1000 * 2 ** failures) : reportMs;
        const isDone = this.#spool.waiting() === 0 && this.#spool.orders.next() === undefined;
        if (failures > 0 || isDone) await this.#rest(wait, failures === 0);
      }
      await this.#send();
    } finally {
      clearInterval(again);
      this.#watch.stop();
      await this.#busy;
      this.#spool.close();
    }
  }

  /** Waits, or less when something happens and the server is there. */
  async #rest(ms: number, wakes: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#options;
    let timer = setTimeout(resolve, ms);
    this.#wake = () => {
      if (!wakes) return;
      clearTimeout(timer);
      timer = setTimeout(resolve, soonMs);
      this.#wake = () => {};
    };
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#wake = () => {};
  }

  /** Sends what waits. False when the server could not be reached: then it waits on. @throws {AgentError} REFUSED */
  async #send(): Promise<boolean> {
    for (const [text, at] of this.#problems) if (at < performance.now() - problemMs) this.#problems.delete(text);
    const { lines, last } = this.#spool.next(maxReportLines);
    const [result, signed] = [this.#spool.orders.next(), this.#signed];
    const health = {
      tier: this.#watch.tier,
      watchedFiles: this.#watch.watchedFiles(),
      dropped: this.#spool.dropped,
      waiting: this.#spool.waiting(),
      rssBytes: process.memoryUsage.rss(),
      problems: [...this.#problems.keys()].slice(0, 50).map((it) => it.slice(0, 500)),
      may: [...(this.#options.may ?? [])],
      ...(this.#scanning && { scan: { ...this.#scanning.progress } }),
    };
    try {
      const counter = this.#spool.nextCounter();
      const body = {
        sentAt: Date.now(),
        health,
        lines: [...lines],
        results: result ? [result] : [],
        ...(signed && { signedScan: signed }),
      };
      const { orders } = await sendReport(this.#identity, counter, body);
      this.#spool.acknowledge(last);
      if (result) this.#spool.orders.sent(result.id);
      if (this.#signed === signed) this.#signed = undefined;
      for (const it of orders) this.#obey(it);
      return true;
    } catch (error) {
      if (error instanceof AgentError && error.code === "REFUSED") throw error;
      this.#options.say(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #obey(signed: SignedOrder): void {
    const read = readOrder(signed, this.#identity, Date.now());
    if ("refused" in read) {
      // Whoever gave it is told; of one that was not given by our server, that somebody tried.
      if (read.id === undefined) this.#problem(`an order was refused: ${read.refused}`);
      else if (this.#spool.orders.refuse(read.id, read.refused)) {
        this.#options.say(`order ${read.id} was refused: ${read.refused}`);
        this.#wake();
      }
      return;
    }
    const { id, order } = read;
    if (!this.#spool.orders.begin(id, order)) {
      // Its result was not acknowledged yet, so it is told once more; one that was is a repeated order.
      const known = this.#spool.orders.find(id);
      if (known && known.state !== "begun" && this.#spool.orders.next() === undefined)
        this.#problem(`order ${id} was given a second time and refused`);
      return;
    }
    this.#options.say(`order ${id}: ${order.verb}`);
    const work = async (): Promise<void> => {
      await this.#orders.carryOut(id, order);
      this.#wake();
    };
    // What stops a scan must not wait for it.
    if (order.verb === "stop-scan") void work();
    else this.#do(`order ${id}`, work);
  }

  #problem(text: string): void {
    this.#problems.set(text, performance.now());
    this.#options.say(text);
  }

  /** A scan that takes longer than the time between two is not begun twice. */
  #scanAgain(roots: readonly string[]): void {
    if (!this.#scanning) this.#do("scan by schedule", () => this.#scan(roots));
  }

  #stopScan(): boolean {
    this.#scanning?.stop.abort();
    return this.#scanning !== undefined;
  }

  /** One thing at a time: a scan uses all cores. */
  #do(what: string, work: () => Promise<void>): void {
    this.#busy = this.#busy.then(work).catch((error: unknown) => {
      const text = `${what} failed: ${error instanceof Error ? error.message : String(error)}`;
      this.#problems.set(text, performance.now());
      this.#options.say(text);
    });
  }

  async #scan(roots: readonly string[]): Promise<void> {
    const { signal, dataDir } = this.#options;
    const stop = new AbortController();
    const progress = { phase: "walking" as const, files: 0, candidates: 0, done: 0, startedAt: Date.now() };
    const scanning: Scanning = { stop, progress };
    this.#scanning = scanning;
    let report: ScanReport;
    try {
      report = await scanInChild({
        roots,
        exclude: [dataDir],
        helper: this.#helper,
        signal: AbortSignal.any([signal, stop.signal]),
        onProcess: (pid, runs) => this.#watch.setOurs(pid, runs),
        onProgress: ({ phase, files, candidates, done }) => {
          scanning.progress = { phase, files, candidates, done, startedAt: progress.startedAt };
        },
      });
    } finally {
      this.#scanning = undefined;
    }
    for (const { copies } of report.models) {
      for (const copy of copies) {
        for (const it of copy.files ?? [{ path: copy.container ?? copy.path, bytes: copy.bytes }])
          this.#watchFile(it.path);
      }
    }
    this.#options.say(`${this.#watched.size} files of weights are watched`);
    const signed = signScan(report, this.#identity.key);
    if (bytesOf(signed) > maxScanBytes)
      throw new AgentError(
        "TOO_LARGE",
        `the report is longer than ${maxScanBytes} bytes: scan fewer folders at a time`,
      );
    this.#keepSigned(signed);
    this.#signed = signed;
    this.#wake();
  }

  /** For whoever wants to check what we said without the server. The server is sent it too. */
  #keepSigned(signed: SignedScan): void {
    const path = signedScanFile(this.#options.dataDir);
    try {
      writeFileSync(`${path}.new`, signedScanLine(signed), { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    } catch (error) {
      this.#problem(`the signed scan was not kept: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #watchFile(path: string): void {
    const it = statSync(path, { throwIfNoEntry: false });
    if (!it?.isFile() || it.size < minWatchedBytes) return;
    const inode = `${it.dev}:${it.ino}`;
    this.#watched.add(inode);
    this.#watch.watch({ inode, path, bytes: it.size });
  }
}

/** A result that the server will read, or that it is too long: whoever fills a list of facts must not end the agent with it. */
export function sendable(result: OrderResult): OrderResult {
  if (bytesOf(result) <= maxResultBytes) return result;
  const message = `the facts are longer than ${maxResultBytes} bytes: ask for fewer lists`;
  return { id: result.id, state: "failed", message };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
