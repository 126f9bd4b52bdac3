// What tests need of a running server: in this process or in one of its own, in a folder that goes away.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { config, opened, sessionHeader, type ConfigInput } from "@outweigh/schema";
import { z } from "zod";
import { start, type Running, type StartOptions } from "../start.ts";
import { enginesOf } from "./engines.ts";

export function aFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `outweigh-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Starts a server in this process, on the engines that this run is on: see engines.ts. */
export async function aServer(
  dataDir: string,
  configuration: ConfigInput = {},
  over: Partial<StartOptions> = {},
): Promise<Running> {
  const content = { rules: [], playbooks: [], policy: "[]" };
  const env = { ...(await enginesOf(dataDir)), ...over.env };
  // A test shares its event loop with the server, and the machine with other tests: how long it lags says nothing of either.
  const usual = { dataDir, port: 0, content, version: "test", maxLagMs: 0 };
  return start({ config: config.parse(configuration), ...usual, ...over, env });
}

export interface ServerProcess {
  readonly url: string;
  readonly open: string;
  readonly token: string;
  readonly child: ChildProcess;
}

/** Starts a server in a process of its own. `ready` rejects if it ends before it listens. */
export async function spawnServer(
  dataDir: string,
  configuration: ConfigInput,
): Promise<{ child: ChildProcess; ready: Promise<ServerProcess> }> {
  const script = fileURLToPath(new URL("server-process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--no-deprecation", script, JSON.stringify({ dataDir, configuration })], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      DATABASE_URL: "",
      CLICKHOUSE_URL: "",
      CLICKHOUSE_HUNTER_URL: "",
      CLICKHOUSE_CLUSTER: "",
      ...(await enginesOf(dataDir)),
    },
  });
  const ready = new Promise<ServerProcess>((found, failed) => {
    createInterface({ input: child.stdout }).once("line", (line) => found({ ...JSON.parse(line), child }));
    child.once("exit", (code, signal) => failed(new Error(`the server ended with ${signal ?? code}`)));
  });
  ready.catch(() => undefined);
  return { child, ready };
}

/** A browser that has opened the one-time link: asks and answers with JSON. */
export interface Visitor {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of all shapes
  readonly body: any;
}

const busy = z.object({ error: z.literal("BUSY") });

/** Asks again while a server says that it is busy, as it asks for: then it did nothing. For two minutes. */
export async function patiently(url: string, init?: RequestInit): Promise<Response> {
  for (const began = Date.now(); ; await new Promise((done) => setTimeout(done, 200))) {
    const answer = await fetch(url, init);
    if (answer.status !== 503 || Date.now() - began > 120_000) return answer;
    const said = await answer
      .clone()
      .json()
      .catch(() => undefined);
    if (!busy.safeParse(said).success) return answer;
  }
}

/** Both secrets of a new session, as headers. */
export async function signedIn(link: string): Promise<Record<string, string>> {
  const answer = await patiently(link, { headers: { accept: "application/json" } });
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { cookie, [sessionHeader]: opened.parse(await answer.json()).key };
}

export async function signIn(link: string): Promise<Visitor> {
  return visitorWith(new URL(link).origin, await signedIn(link));
}

/** Somebody who asks with these headers: a session's, or a token's. */
export function visitorWith(url: string, headers: Readonly<Record<string, string>>): Visitor {
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await patiently(url + path, {
      ...init,
      headers: { ...headers, origin: url, "content-type": "application/json" },
    });
    const text = await answer.text();
    return { status: answer.status, body: answer.headers.get("content-type")?.includes("json") ? parse(text) : text };
  };
  return {
    get: (path) => ask(path),
    post: (path, body) => ask(path, { method: "POST", body: JSON.stringify(body) }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Asks until the answer satisfies, at most so long, in ms; then answers with the last one. */
export async function eventually<T>(
  ask: () => Promise<T>,
  satisfies: (it: T) => boolean,
  withinMs = 90_000,
): Promise<T> {
  for (const began = Date.now(); ;) {
    const it = await ask();
    if (satisfies(it) || Date.now() - began > withinMs) return it;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** One line of a combined access log: a download from a Hugging Face style registry. No id of its own: its place makes it one. */
export function accessLine(
  file: string,
  over: { user?: string; bytes?: number; at?: number; address?: string } = {},
): string {
  const { user = "old-ci", bytes = 100, at = Date.now(), address = "203.0.113.7" } = over;
  const [, month = "", day = "", year = "", clock = ""] =
    /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(at).toUTCString())?.map((it) => it) ?? [];
  return `${address} - ${user} [${month}/${day}/${year}:${clock} +0000] "GET /acme/acme-13b/resolve/main/${file} HTTP/1.1" 200 ${bytes} "-" "curl/8.5.0"`;
}
