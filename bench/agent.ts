// `npm run bench -- agent [--json] [seconds at rest] [opens a second] [T1]`: what an agent takes of a host at rest, and whether it keeps up
// when a watched file is opened thousands of times a second while other programs copy it, and how late each copy is told. With root and a
// C compiler: tier T2, unless T1 is asked for. CPU is processor time, which other load leaves alone; but the helper is also told of what
// others open meanwhile. For a host of its own, processes and all: `unshare -pf --mount-proc npm run bench -- agent`.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildHelper, helperFile } from "@outweigh/agent";
import { agentReport, type AgentReport } from "@outweigh/schema";
import { safetensors } from "../e2e/world/weights.ts";

const program = join(import.meta.dirname, "..", "packages", "cli", "bin", "outweigh.js");
/** Clock ticks of the kernel in a second, as programs see them. */
const ticks = 100;
/** Copies made while the file is opened again and again: each must be told. */
const copies = 20;
/** Seconds of the flood. */
const floodSeconds = 10;

interface Server {
  readonly url: string;
  readonly reports: AgentReport[];
  /** When the file made was last told of, in ms since 1970, by its path. */
  readonly writtenAt: ReadonlyMap<string, number>;
  close(): void;
}

/** A server that takes every report and orders nothing. */
async function aServer(): Promise<Server> {
  const reports: AgentReport[] = [];
  const writtenAt = new Map<string, number>();
  const { publicKey } = generateKeyPairSync("ed25519");
  const serverKey = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (it: Buffer) => pieces.push(it));
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      if (request.url === "/api/agents/enrol") return response.end(JSON.stringify({ agent: "bench", serverKey }));
      const report = agentReport.parse(JSON.parse(Buffer.concat(pieces).toString("utf8")));
      reports.push(report);
      for (const it of report.lines) if (it.what === "write") writtenAt.set(it.file.path, Date.now());
      response.end(JSON.stringify({ orders: [] }));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, reports, writtenAt, close: () => server.close() };
}

interface Usage {
  readonly cpuMs: number;
  /** Of it, the helper's: it grows with what the whole host opens. */
  readonly helperMs: number;
  readonly rssMb: number;
}

/** Of a process and its children: the helper is one. */
function usage(pid: number): Usage {
  const all = [pid, ...childrenOf(pid)];
  const none = { cpuMs: 0, helperMs: 0, rssMb: 0 };
  const each = all.map((it) => {
    const stat = readFileSync(`/proc/${it}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${it}/status`, "utf8"))?.[1] ?? 0);
    const cpuMs = ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks;
    return { cpuMs, helperMs: it === pid ? 0 : cpuMs, rssMb: rss / 1024 };
  });
  return each.reduce(
    (sum, it) => ({
      cpuMs: sum.cpuMs + it.cpuMs,
      helperMs: sum.helperMs + it.helperMs,
      rssMb: sum.rssMb + it.rssMb,
    }),
    none,
  );
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter((it) => it !== "")
    .map(Number);
}

/** Opens, reads and closes a file so many times a second. Says at its end how often it did. */
const opener = `
const fs = require("node:fs");
const [path, perSecond, seconds] = [process.argv[1], Number(process.argv[2]), Number(process.argv[3])];
const began = performance.now();
const byte = Buffer.alloc(1);
let done = 0;
const step = () => {
  const now = performance.now() - began;
  if (now > seconds * 1000) return console.log(done);
  for (const due = (now / 1000) * perSecond; done < due; done++) {
    const fd = fs.openSync(path, "r");
    fs.readSync(fd, byte, 0, 1, 0);
    fs.closeSync(fd);
  }
  setTimeout(step, 2);
};
step();`;

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const [rest = 60, opens = 10_000] = args.map(Number);
  const tier = args[2] === "T1" ? "T1" : "T2";
  const folder = mkdtempSync(join(tmpdir(), "outweigh-bench-"));
  const server = await aServer();
  let agent: ChildProcess | undefined;
  try {
    const measured = await measure({ folder, server, rest, opens, tier, started: (it) => (agent = it) });
    if (json) process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
    else print(measured);
  } finally {
    agent?.kill("SIGTERM");
    await sleep(500);
    agent?.kill("SIGKILL");
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Task {
  readonly folder: string;
  readonly server: Server;
  readonly rest: number;
  readonly opens: number;
  readonly tier: "T1" | "T2";
  started(agent: ChildProcess): void;
}

interface Measured {
  readonly tier: string;
  readonly cores: number;
  readonly loadBefore: number;
  readonly restSeconds: number;
  readonly restCorePercent: number;
  /** Of it, the helper's. */
  readonly restHelperPercent: number;
  readonly restRssMb: number;
  readonly opensDone: number;
  readonly opensPerSecond: number;
  readonly floodCorePercent: number;
  readonly floodRssMb: number;
  readonly copiesMade: number;
  readonly copiesTold: number;
  /** From the end of the copying program to the report at the server, in ms. */
  readonly delayMs: { readonly median: number; readonly most: number } | undefined;
  /** What the agent itself said it missed. */
  readonly problems: readonly string[];
}

async function measure({ folder, server, rest, opens, tier, started }: Task): Promise<Measured> {
  const [loadBefore = 0] = loadavg();
  const data = join(folder, "data");
  const weights = join(folder, "models", "w.safetensors");
  mkdirSync(join(folder, "models"));
  // Large enough that a copy of it is more than a part.
  writeFileSync(
    weights,
    safetensors(
      "bench",
      Array.from({ length: 64 }, (_, n) => n),
    ),
  );
  const env = { ...process.env, NODE_NO_WARNINGS: "1" };
  const run = (...args: string[]) =>
    spawn(process.execPath, [program, ...args, "--data", data], { env, stdio: ["ignore", "ignore", "ignore"] });
  await ended(run("agent", "enrol", server.url, "--token", "x".repeat(32)));
  if (tier === "T2" && process.geteuid?.() === 0) await buildHelper(helperFile(data));
  const agent = run("agent", "run", join(folder, "models"));
  started(agent);
  // The command starts a Node of its own: that one is the agent.
  await until(() => server.reports.some((it) => it.health.watchedFiles > 0), 60_000);
  const pid = deepest(agent.pid ?? 0);
  await sleep(5000);

  const before = usage(pid);
  await sleep(rest * 1000);
  const after = usage(pid);

  const flood = spawn(process.execPath, ["-e", opener, weights, String(opens), String(floodSeconds)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const flooded = ended(flood);
  let said = "";
  flood.stdout.on("data", (it: Buffer) => (said += it.toString("utf8")));
  const copiedAt = new Map<string, number>();
  for (let i = 0; i < copies; i++) {
    await sleep((floodSeconds * 1000) / (copies + 2));
    const copy = join(folder, "models", `copy-${i}`);
    execFileSync("cp", [weights, copy]);
    copiedAt.set(copy, Date.now());
  }
  await flooded;
  const loaded = usage(pid);
  await sleep(3000);
  const delays = [...copiedAt]
    .flatMap(([path, at]) => (server.writtenAt.has(path) ? Math.max(0, (server.writtenAt.get(path) ?? 0) - at) : []))
    .toSorted((one, other) => one - other);
  const last = server.reports.at(-1);
  return {
    tier: last?.health.tier ?? "?",
    cores: cpus().length,
    loadBefore,
    restSeconds: rest,
    restCorePercent: ((after.cpuMs - before.cpuMs) / (rest * 1000)) * 100,
    restHelperPercent: ((after.helperMs - before.helperMs) / (rest * 1000)) * 100,
    restRssMb: after.rssMb,
    opensDone: Number(said.trim()),
    opensPerSecond: Number(said.trim()) / floodSeconds,
    floodCorePercent: ((loaded.cpuMs - after.cpuMs) / (floodSeconds * 1000)) * 100,
    floodRssMb: loaded.rssMb,
    copiesMade: copies,
    copiesTold: delays.length,
    delayMs: delays.length > 0 ? { median: delays[delays.length >> 1] ?? 0, most: delays.at(-1) ?? 0 } : undefined,
    problems: last?.health.problems ?? [],
  };
}

/** A launcher has one child, which is what it launched. */
function deepest(pid: number): number {
  const [child] = childrenOf(pid).filter(
    (it) => readFileSync(`/proc/${it}/comm`, "utf8").trim().startsWith("node") || existsSync(`/proc/${it}/task`),
  );
  const isNode = child !== undefined && readFileSync(`/proc/${child}/cmdline`, "utf8").includes("outweigh.js");
  return child !== undefined && isNode ? deepest(child) : pid;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => void child.once("exit", () => done()));
}

async function until(holds: () => boolean, ms: number): Promise<void> {
  for (let waited = 0; !holds(); waited += 200) {
    if (waited > ms) throw new Error("the agent did not report watched weights");
    await sleep(200);
  }
}

function print(it: Measured): void {
  const lines = [
    `tier ${it.tier}, ${it.cores} cores, load ${it.loadBefore.toFixed(1)} before`,
    `at rest, ${it.restSeconds} s:  ${it.restCorePercent.toFixed(2)} % of a core, of which the helper ${it.restHelperPercent.toFixed(2)}; ${it.restRssMb.toFixed(0)} MB resident, helper included`,
    `flood: ${it.opensPerSecond.toFixed(0)} opens a second of a watched file for ${floodSeconds} s: ${it.floodCorePercent.toFixed(0)} % of a core, ${it.floodRssMb.toFixed(0)} MB`,
    `copies made meanwhile: ${it.copiesMade}, told: ${it.copiesTold}${it.delayMs ? `, ${it.delayMs.median} ms after the copy in the middle, ${it.delayMs.most} ms at most` : ""}`,
    ...it.problems.map((text) => `said: ${text}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
