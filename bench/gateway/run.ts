// `npm run bench -- gateway [--rounds N] [--seconds N] [--portkey URL] [--json]`: the gateway beside nginx and HAProxy, interleaved in one run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { micro } from "./edits.ts";
import { connections, load, type Loaded } from "./load.ts";
import { haproxy, nginx, outweigh, startUpstream, type Proxy } from "./proxies.ts";
import { startStreams, stream, type Streamed } from "./streams.ts";

const path = "/v1/chat/completions";
const sizes = { "1 kB": 1024, "8 kB": 8192 } as const;
const streams = 50;

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const option = (name: string, otherwise: number) =>
    args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise;
  const missing = ["nginx", "wrk"].filter((it) => spawnSync(it, ["-v"]).error !== undefined);
  if (missing.length > 0) {
    process.stderr.write(`${missing.join(" and ")} not found: only what needs neither is measured\n`);
    print({ micro: micro() }, json);
    return;
  }
  const portkey = args.includes("--portkey") ? args[args.indexOf("--portkey") + 1] : undefined;
  const folder = mkdtempSync(join(tmpdir(), "outweigh-bench-gateway-"));
  const stops: (() => void)[] = [];
  try {
    print(
      await measure({ folder, stops, rounds: option("--rounds", 3), seconds: option("--seconds", 3), portkey }),
      json,
    );
  } finally {
    for (const stop of stops) stop();
    await new Promise((done) => setTimeout(done, 500));
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Options {
  readonly folder: string;
  readonly stops: (() => void)[];
  readonly rounds: number;
  readonly seconds: number;
  readonly portkey: string | undefined;
}

async function measure({ folder, stops, rounds, seconds, portkey }: Options) {
  const requests: Record<string, { target: string; round: number; size: string; load: number; measured: Loaded }[]> = {
    all: [],
  };
  for (const [size, bytes] of Object.entries(sizes)) {
    const upstream = await startUpstream(folder, { [path]: answerOf(bytes) });
    stops.push(() => upstream.stop());
    const targets = await proxies(folder, upstream.url, portkey);
    for (const it of targets) stops.push(() => it.stop());
    for (const it of targets) await load(folder, it, path, bodyOf(bytes), it.name === "outweigh" ? 8 : 1);
    for (let round = 0; round < rounds; round++) {
      for (const target of rotated(targets, round)) {
        const measured = await load(folder, target, path, bodyOf(bytes), seconds);
        requests["all"]?.push({ target: target.name, round, size, load: loadavg()[0] ?? 0, measured });
        process.stderr.write(
          `${size} round ${round + 1}: ${target.name} ${Math.round(measured.requestsPerSecond)}/s\n`,
        );
      }
    }
    for (const it of targets) it.stop();
    upstream.stop();
    await new Promise((done) => setTimeout(done, 500));
  }
  return { connections, rounds: requests["all"] ?? [], streams: await measureStreams(folder, stops), micro: micro() };
}

async function proxies(folder: string, upstream: string, portkey: string | undefined): Promise<Proxy[]> {
  const direct: Proxy = { name: "direct", url: upstream, key: undefined, pids: () => [], stop: () => undefined };
  const others = [nginx, outweigh, ...(spawnSync("haproxy", ["-v"]).error === undefined ? [haproxy] : [])];
  const out = [direct];
  for (const start of others) out.push(await start({ folder, upstream }));
  if (portkey !== undefined) out.push({ ...direct, name: "Portkey", url: portkey });
  return out;
}

async function measureStreams(folder: string, stops: (() => void)[]): Promise<Record<string, Streamed>> {
  const upstream = await startStreams();
  stops.push(() => upstream.stop());
  const targets = await proxies(folder, upstream.url, undefined);
  for (const it of targets) stops.push(() => it.stop());
  const out: Record<string, Streamed> = {};
  for (const it of targets) {
    await stream(it, path, 3);
    out[it.name] = await stream(it, path, streams);
  }
  return out;
}

/** Beside nginx: by the main thread, which bounds one process, and with the detectors' thread. */
function ratio(cpuUs: number, mainUs: number | undefined, nginxUs: number | undefined): string {
  if (mainUs === undefined || nginxUs === undefined) return "";
  return `, of them ${mainUs.toFixed(0)} on the main thread: ${(nginxUs / mainUs).toFixed(2)} of nginx, ${(nginxUs / cpuUs).toFixed(2)} with detectors`;
}

function rotated<T>(list: readonly T[], by: number): T[] {
  return list.map((_, i) => list[(i + by) % list.length]).filter((it) => it !== undefined);
}

/** An answer of about so many bytes, with its usage at the end. */
function answerOf(bytes: number): string {
  return JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    model: "m",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "a".repeat(Math.max(1, bytes - 240)) },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: { prompt_tokens: 20, completion_tokens: 200, total_tokens: 220 },
  });
}

function bodyOf(bytes: number): string {
  return JSON.stringify({
    model: "m",
    max_tokens: 256,
    messages: [{ role: "user", content: "b".repeat(Math.max(1, bytes - 90)) }],
  });
}

type Result = Partial<Awaited<ReturnType<typeof measure>>>;

function print(it: Result, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(it)}\n`);
    return;
  }
  const say = (line = "") => process.stdout.write(`${line}\n`);
  for (const size of Object.keys(sizes)) {
    const rounds = (it.rounds ?? []).filter((one) => one.size === size);
    if (rounds.length === 0) continue;
    say(
      `${size}, ${it.connections} connections, requests/s (µs of processor time for each); share of nginx by processor time`,
    );
    for (const n of new Set(rounds.map((one) => one.round))) {
      const own = rounds.filter((one) => one.round === n);
      const nginxUs = own.find((one) => one.target === "nginx")?.measured.cpuUs;
      const cells = own.map(({ target, measured }) => {
        const { cpuUs, mainUs, errors } = measured;
        const cost =
          cpuUs === undefined
            ? ""
            : ` (${cpuUs.toFixed(0)} µs${target === "outweigh" ? ratio(cpuUs, mainUs, nginxUs) : ""})`;
        return `${target} ${Math.round(measured.requestsPerSecond)}${cost}${errors > 0 ? `, ${errors} FAILED` : ""}`;
      });
      say(`  round ${n + 1}, load ${own[0]?.load.toFixed(1)}: ${cells.sort().join(" · ")}`);
    }
  }
  for (const [name, { firstUs, eventUs, lost, merged }] of Object.entries(it.streams ?? {})) {
    say(
      `streams through ${name}: first event ${firstUs.join("/")} µs, event ${eventUs.join("/")} µs (p50/p99); ${lost} lost, ${merged} merged`,
    );
  }
  for (const [name, us] of Object.entries(it.micro ?? {})) say(`${us.toFixed(2).padStart(8)} µs  ${name}`);
}
