// Load and what it cost: wrk's requests per second, and the processor time of the proxy's own threads.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Proxy } from "./proxies.ts";

/** One run of load on one target. */
export interface Loaded {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Of all threads of the proxy, per request, in µs. Undefined for the server itself. */
  readonly cpuUs: number | undefined;
  /** Of its main threads alone: what bounds one process. */
  readonly mainUs: number | undefined;
  readonly errors: number;
}

export const connections = 32;

/** wrk with 32 keep-alive connections for so many seconds, posting these bodies in turn. */
export async function load(
  folder: string,
  target: Proxy,
  path: string,
  bodies: readonly string[],
  seconds: number,
): Promise<Loaded> {
  const script = join(folder, "post.lua");
  const headers = [
    `wrk.headers["content-type"] = "application/json"`,
    ...Object.entries(target.headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`),
  ];
  const list = bodies.map((it) => `[==[${it}]==]`).join(",\n");
  // Requests are made before the clock runs: wrk shares the machine with what it measures.
  writeFileSync(
    script,
    `local bodies = {${list}}
local requests, at = {}, 0
wrk.method = "POST"
${headers.join("\n")}
function init(args)
  for i, body in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, body) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`,
  );
  const before = cpuNs(target.pids());
  const mainBefore = cpuNs(target.pids(), true);
  const said = await run("wrk", [
    "-t",
    "1",
    "-c",
    String(connections),
    "-d",
    `${seconds}s`,
    "-s",
    script,
    target.url + path,
  ]);
  const spent = cpuNs(target.pids()) - before;
  const main = cpuNs(target.pids(), true) - mainBefore;
  const requests = Number(/(\d+) requests in/.exec(said)?.[1] ?? 0);
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0);
  return {
    requests,
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)?.[1] ?? 0),
    cpuUs: target.pids().length === 0 || requests === 0 ? undefined : spent / 1000 / requests,
    mainUs: target.pids().length === 0 || requests === 0 ? undefined : main / 1000 / requests,
    errors: failed,
  };
}

/** Processor time of all threads of these processes, or of the main ones, in ns. */
function cpuNs(pids: readonly number[], mainOnly = false): number {
  let sum = 0;
  for (const pid of pids) {
    for (const task of mainOnly ? [String(pid)] : tasksOf(pid)) {
      try {
        sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
      } catch {
        // A thread that ended between two looks.
      }
    }
  }
  return sum;
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (it) => (said += String(it)));
    child.once("error", failed);
    child.once("exit", () => done(said));
  });
}
