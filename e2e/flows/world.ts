// The analyst's world: one platform, a registry that serves weights, two people who sign in by name, a browser. Raw logs go in.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { sessionHeader } from "@outweigh/schema";
import type { Browser, Page } from "playwright-core";
import { aPerson, type Person } from "../../packages/server/src/testing/an-account.ts";
import { signIn, type Visitor } from "../../packages/server/src/testing/a-server.ts";
import { openBrowser } from "../world/browser.ts";
import { outweighBin, run, storyFolder, up, type Platform } from "../world/platform.ts";
import { webRequest } from "../world/records.ts";
import { startRegistry, type Registry } from "../world/registry.ts";
import { safetensors } from "../world/weights.ts";

/** How long a page may take on a loaded machine, in ms: a deadline, no measure. */
export const late = { timeout: 90_000 };

export interface World {
  readonly root: string;
  readonly platform: Platform;
  readonly registry: Registry;
  readonly browser: Browser;
  /** Whoever started the platform, by its one-time link. */
  readonly operator: Visitor;
  /** An analyst and a lead, each with a page of their own. */
  readonly ana: Desk;
  readonly lee: Desk;
  /** What went wrong in the pages: errors, and what the policy of the pages refused. */
  readonly wrong: string[];
  /** Adds lines to a watched log. */
  log(name: LogName, ...lines: readonly string[]): void;
  /** The proxy `edge` stops writing its log, or goes on. */
  edge(isWriting: boolean): void;
  close(): Promise<void>;
}

export interface Desk extends Person {
  readonly page: Page;
}

/** Watched files, by the name of their source. `edge` promises to speak, `hub` never tells downloads. */
const logs = { front: "http-access", edge: "http-access", okta: "okta", audit: "auditd", hub: "huggingface" } as const;
type LogName = keyof typeof logs;

/** Silence of `edge` that is a gap, in ms: its clients ask for its health several times a second. */
const edgeSilenceMs = 8_000;

/** The models, by the seed of their weights. Each lies at the registry in two shards. */
export const models = ["acme-13b", "acme-9b", "acme-7b", "acme-3b", "acme-2b", "acme-1b"] as const;
export type ModelName = (typeof models)[number];

export const shardsOf = (model: ModelName): readonly (readonly [name: string, body: Buffer])[] => [
  ["model-00001-of-00002.safetensors", safetensors(model, [0, 1])],
  ["model-00002-of-00002.safetensors", safetensors(model, [2, 3])],
];

/** Lays the declared copies on the disk, and has a scan say their digests. */
function layCopies(root: string): ReadonlyMap<string, string> {
  for (const model of models) {
    const place = join(root, "srv", model);
    mkdirSync(place, { recursive: true });
    for (const [name, body] of shardsOf(model)) writeFileSync(join(place, name), body);
  }
  const { stdout, stderr } = run(["scan", join(root, "srv"), "--json"], root);
  assert.notEqual(stdout, "", stderr);
  const found: { digest: string; copies: { path: string }[] }[] = JSON.parse(stdout).models;
  return new Map(found.map(({ digest, copies: [copy] }) => [basename(dirname(copy?.path ?? "")), digest]));
}

function configuration(root: string): object {
  const digests = layCopies(root);
  return {
    networks: ["127.0.0.0/8", "10.0.0.0/8"],
    models: models.map((name) => ({
      name,
      class: "private",
      owner: "ml-platform",
      digest: digests.get(name),
      bytes: shardsOf(name).reduce((sum, [, body]) => sum + body.length, 0),
      places: [`hf:acme/${name}`, `file:${join(root, "srv", name)}`],
      readers: name === "acme-7b" ? ["svc-deploy", "kim@acme.example"] : ["svc-deploy"],
      files: shardsOf(name).map(([path, body]) => ({ path, bytes: body.length })),
    })),
    sources: Object.entries(logs).map(([name, kind]) => ({
      name,
      kind,
      paths: [join(root, "logs", `${name}.log`)],
      ...(name === "edge" && { silenceMs: edgeSilenceMs }),
    })),
  };
}

/** A proxy that is asked for its health all the time; in a thread of its own, so that nothing here holds it up. */
function startProxy(log: string): Worker {
  const line = webRequest({ at: 0, address: "10.0.0.9", uri: "/health", bytes: 2 });
  const code = `
    const { parentPort, workerData: { log, line } } = require("node:worker_threads");
    let isWriting = true;
    parentPort.on("message", (it) => (isWriting = it));
    setInterval(() => {
      const now = { ...JSON.parse(line), time: new Date().toISOString(), request_id: "health-" + Date.now() };
      if (isWriting) require("node:fs").appendFileSync(log, JSON.stringify(now) + String.fromCharCode(10));
    }, 500);`;
  return new Worker(code, { eval: true, workerData: { log, line } });
}

/** Starts everything; several flows share it. */
export async function startWorld(): Promise<World> {
  const folder = storyFolder("flows");
  const root = folder.path;
  mkdirSync(join(root, "logs"));
  writeFileSync(join(root, "outweigh.yml"), JSON.stringify(configuration(root)));
  const ends: (() => unknown)[] = [() => folder.remove()];
  try {
    const platform = await up(["--data", join(root, "data"), "--no-scan"], root);
    ends.push(() => platform.stop());
    const registry = await startRegistry({
      files: new Map(
        models.flatMap((model) =>
          shardsOf(model).map(([name, body]) => [`/acme/${model}/resolve/main/${name}`, body] as const),
        ),
      ),
      tokens: new Map(["svc-deploy", "shadow"].map((it) => [`token of ${it}`, it])),
      // What the registry itself logs, nobody reads: until somebody sends it.
      log: join(root, "registry.log"),
      addressOf: (user) => (user === "svc-deploy" ? "10.0.3.4" : "198.51.100.7"),
    });
    ends.push(() => registry.close());
    const browser = await openBrowser();
    ends.push(() => browser.close());
    const operator = await signIn(platform.link);
    const wrong: string[] = [];
    const sitDown = async (name: string, role: "analyst" | "lead" | "admin"): Promise<Desk> => {
      const person = await aPerson(platform.url, operator, name, [{ role }]);
      return { ...person, page: await pageOf(browser, platform.url, person, wrong) };
    };
    const proxy = startProxy(join(root, "logs", "edge.log"));
    ends.push(() => proxy.terminate());
    const log = (name: LogName, ...lines: readonly string[]) =>
      appendFileSync(join(root, "logs", `${name}.log`), lines.map((it) => `${it}\n`).join(""));
    return {
      root,
      platform,
      registry,
      browser,
      operator,
      ana: await sitDown("ana", "analyst"),
      lee: await sitDown("lee", "admin"),
      wrong,
      log,
      edge: (it) => proxy.postMessage(it),
      close: () => endAll(ends),
    };
  } catch (error) {
    await endAll(ends);
    throw error;
  }
}

async function endAll(ends: readonly (() => unknown)[]): Promise<void> {
  for (const it of ends.toReversed()) await it();
}

/** A browser of somebody's own, signed in with the session that they have. */
export async function pageOf(browser: Browser, url: string, { headers }: Person, wrong: string[]): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "dark" });
  const cookies = (headers["cookie"] ?? "").split("; ").map((it) => {
    const [name = "", ...value] = it.split("=");
    return { name, value: value.join("="), url };
  });
  await context.addCookies(cookies);
  const [name, key] = [sessionHeader, headers[sessionHeader] ?? ""];
  await context.addInitScript(([at, it]) => sessionStorage.setItem(at ?? "", it ?? ""), [name, key]);
  const page = await context.newPage();
  page.setDefaultTimeout(late.timeout);
  page.on("pageerror", (it) => wrong.push(String(it)));
  page.on("console", (it) => {
    // A server on a loaded machine may say that it is busy: the page asks once more.
    if (it.type() === "error" && !/status of 503/.test(it.text())) wrong.push(it.text());
  });
  page.on("dialog", (it) => {
    wrong.push(`a dialog: ${it.message()}`);
    void it.dismiss();
  });
  return page;
}

/** Downloads a model's shards from the registry, as a client of its would. */
export async function download(world: World, user: string, model: ModelName, shards = shardsOf(model)): Promise<void> {
  for (const [name, body] of shards) {
    const answer = await fetch(`${world.registry.url}/acme/${model}/resolve/main/${name}`, {
      headers: { authorization: `Bearer token of ${user}`, "user-agent": "huggingface_hub/0.30; python/3.11" },
    });
    assert.equal((await answer.arrayBuffer()).byteLength, body.length);
  }
}

/** What the API lists, as one of its people asks. */
export async function list<T>(by: Visitor, path: string): Promise<T[]> {
  const { status, body } = await by.get(path);
  assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
  return body.items;
}

/** Runs one command to its end, and lets the browser and the server's connections live meanwhile. */
export async function command(
  world: World,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [outweighBin, ...args], {
    cwd: world.root,
    env: { ...process.env, NO_COLOR: "1" },
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (bytes: Buffer) => (said.stdout += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said.stderr += bytes.toString()));
  const [code] = await once(child, "close");
  return { code, ...said };
}

/** Asks until it holds. @throws naming what did not come. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  let problem: unknown;
  for (const began = Date.now(); Date.now() - began < late.timeout;) {
    // A loaded server may say that it is busy.
    const it = await ask().catch((error: unknown) => void (problem = error));
    if (it !== undefined && it !== false) return it;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`not within ${late.timeout / 1000} s: ${what}`, { cause: problem });
}

export interface IncidentRow {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly severity: string;
  readonly status: string;
  readonly principals: readonly string[];
  readonly models: readonly string[];
}

/** The incident that names this model, and this principal where one is given. */
export function incidentOf(world: World, model: string, principal?: string): Promise<IncidentRow> {
  return until(`an incident about ${model}`, async () =>
    (await list<IncidentRow>(world.ana, "/api/incidents?filter=status:open&limit=200")).find(
      (it) => it.models.includes(model) && (principal === undefined || it.principals.includes(principal)),
    ),
  );
}
