// `npm run bench -- gateway [--rounds N] [--seconds N] [--write] [--json]`: the gateway beside nginx, HAProxy and Portkey, interleaved in one run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { apart } from "./cores.ts";
import { micro } from "./edits.ts";
import { latency } from "./latency.ts";
import { connections, load, type Loaded } from "./load.ts";
import { pageOf, writePage } from "./page.ts";
import {
  haproxy,
  nginx,
  outweigh,
  outweighTwo,
  portkey,
  portkeyNewest,
  startUpstream,
  type Proxy,
  type Setting,
} from "./proxies.ts";
import { startStreams, stream, type Streamed } from "./streams.ts";
import { promptOf, prompts } from "./words.ts";

const path = "/v1/chat/completions";
const sizes = { "1 kB": 1024, "8 kB": 8192 } as const;
/** Streams of one round, some twenty at once; of the rounds before, as wrk's load is before the others; and how many rounds. */
const [streams, warmingStreams, streamRounds] = [150, 1000, 7];

/** One round of load on one target. `load` is the machine's, before it. */
export interface Round {
  readonly target: string;
  readonly round: number;
  readonly size: string;
  readonly load: number;
  readonly measured: Loaded;
}

export interface Result {
  readonly connections: number;
  readonly rounds: readonly Round[];
  /** Records that our detectors had no time for, and how many requests wrk sent. */
  readonly unseen: readonly {
    readonly target: string;
    readonly size: string;
    readonly records: number;
    readonly requests: number;
  }[];
  /** Median and 99th percentile at 1,000 requests a second, by target, a pair for each round. */
  readonly latency: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly streams: Readonly<Record<string, readonly Streamed[]>>;
  readonly micro: Readonly<Record<string, number>>;
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const option = (name: string, otherwise: number) =>
    args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise;
  const missing = ["nginx", "wrk"].filter((it) => spawnSync(it, ["-v"]).error !== undefined);
  if (missing.length > 0) {
    process.stderr.write(`${missing.join(" and ")} not found: only what needs neither is measured\n`);
    process.stdout.write(`${JSON.stringify({ micro: micro() })}\n`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "outweigh-bench-gateway-"));
  const stops: (() => void)[] = [];
  try {
    const result = await measure({ folder, stops, rounds: option("--rounds", 3), seconds: option("--seconds", 3) });
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : pageOf(result));
    if (args.includes("--write")) writePage(pageOf(result));
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
}

async function measure(options: Options): Promise<Result> {
  const rounds: Round[] = [];
  const late: Record<string, (readonly [number, number])[]> = {};
  const unseen: Result["unseen"][number][] = [];
  for (const [size, bytes] of Object.entries(sizes)) {
    const upstream = await startUpstream(options.folder, { [path]: answerOf(bytes) });
    options.stops.push(() => upstream.stop());
    const targets = await proxies({ folder: options.folder, upstream: upstream.url }, options.stops);
    const sent = new Map<Proxy, number>();
    const loaded = async (target: Proxy, seconds: number) => {
      const it = await load(options.folder, target, path, bodiesOf(bytes), seconds);
      sent.set(target, (sent.get(target) ?? 0) + it.requests);
      return it;
    };
    for (const it of targets) await loaded(it, it.pids().length > 0 ? 5 : 1);
    for (let round = 0; round < options.rounds; round++) {
      for (const target of rotated(targets, round)) {
        const before = loadavg()[0] ?? 0;
        const measured = await loaded(target, options.seconds);
        rounds.push({ target: target.name, round, size, load: before, measured });
        const { requestsPerSecond, errors } = measured;
        process.stderr.write(
          `${size}, round ${round + 1}: ${target.name} ${Math.round(requestsPerSecond)}/s, ${errors} failed\n`,
        );
        if (bytes === sizes["1 kB"] && !target.name.startsWith("Portkey"))
          (late[target.name] ??= []).push(
            await apart(target, upstream.pid, () => latency(target, path, bodiesOf(bytes), options.seconds)),
          );
      }
    }
    for (const it of targets) it.stop();
    upstream.stop();
    await new Promise((done) => setTimeout(done, 500));
    for (const [it, requests] of sent) {
      if (it.unseen) unseen.push({ target: it.name, size, records: await it.unseen(), requests });
    }
  }
  return { connections, rounds, unseen, latency: late, streams: await measureStreams(options), micro: micro() };
}

async function proxies(setting: Setting, stops: (() => void)[]): Promise<Proxy[]> {
  const out: Proxy[] = [
    { name: "direct", url: setting.upstream, headers: {}, pids: () => [], processes: 0, stop: () => undefined },
  ];
  const others = [
    nginx,
    outweigh,
    outweighTwo,
    ...(spawnSync("haproxy", ["-v"]).error === undefined ? [haproxy] : []),
    portkey,
    portkeyNewest,
  ];
  for (const start of others) {
    const it = await start(setting);
    if (it) {
      out.push(it);
      stops.push(() => it.stop());
    } else process.stderr.write(`${start.name} cannot be installed here: it is left out\n`);
  }
  return out;
}

async function measureStreams({ folder, stops }: Options): Promise<Record<string, Streamed[]>> {
  const upstream = await startStreams();
  stops.push(() => upstream.stop());
  const targets = (await proxies({ folder, upstream: upstream.url }, stops)).filter(
    (it) => !it.name.startsWith("Portkey"),
  );
  const out: Record<string, Streamed[]> = {};
  for (const it of targets) await stream(it, path, warmingStreams, 0);
  for (let round = 0; round < streamRounds; round++) {
    for (const it of rotated(targets, round))
      (out[it.name] ??= []).push(await apart(it, undefined, () => stream(it, path, streams, round + 1)));
  }
  return out;
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

/** Requests of so many bytes, each with another prompt. */
function bodiesOf(bytes: number): string[] {
  return Array.from({ length: prompts }, (_, i) =>
    JSON.stringify({
      model: "m",
      max_tokens: 256,
      messages: [{ role: "user", content: promptOf(Math.max(1, bytes - 90), i) }],
    }),
  );
}
