// `npm run bench -- ingest [--json] [events]`: records over HTTP, through rules, detectors and both stores, until a query
// counts them; beside the same events, ready made, inserted into a bare event engine with the same syncs in the same run.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Line, makeRegister } from "@outweigh/pipeline";
import { config, opened, sessionHeader, type ModelEntry, type OcsfEvent } from "@outweigh/schema";
import { start } from "@outweigh/server";
import { startEngine } from "../packages/server/src/store/engine/engine.ts";
import { prepareEvents } from "../packages/server/src/store/event-tables.ts";
import { findEvents, insertEvents } from "../packages/server/src/store/events.ts";

/** Records of one request, and rows of one bare insert: what a shipper batches. */
const batch = 2000;
/** Requests that are under way at once, as from a few shippers. */
const senders = 4;

const shards = 12;
const shardBytes = 4_000_000_000;
const models: readonly ModelEntry[] = Array.from({ length: 20 }, (_, n) => ({
  name: `model-${n}`,
  class: "private",
  places: [`hf:acme/model-${n}`],
  readers: ["svc-*"],
  files: Array.from({ length: shards }, (_, k) => ({ path: `model-${k}.safetensors`, bytes: shardBytes })),
}));

interface Measured {
  readonly events: number;
  readonly bytesPerRecord: number;
  /** Acknowledged: on disk in the spool. */
  readonly acceptedPerSecond: number;
  /** Through the line and in both stores, as a query counts them. */
  readonly ingestPerSecond: number;
  /** From the first request until the first event is found. */
  readonly firstVisibleMs: number;
  readonly barePerSecond: number;
  readonly ratio: number;
  readonly startMs: number;
  readonly residentMegabytes: number;
}

/** Measures with 50,000 events unless told otherwise. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-bench-ingest-"));
  try {
    const records = Array.from({ length: Number(args[0] ?? 50_000) }, (_, n) => access(n));
    const ingest = await measureIngest(join(folder, "data"), records);
    const barePerSecond = await measureBare(join(folder, "bare"), records);
    const bytesPerRecord = Math.round(records.join("\n").length / records.length);
    const measured = {
      events: records.length,
      bytesPerRecord,
      ...ingest,
      barePerSecond,
      ratio: ingest.ingestPerSecond / barePerSecond,
    };
    if (json) process.stdout.write(`${JSON.stringify(measured)}\n`);
    else print(measured);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A download, mostly by those who may; the times are today's, one every 5 ms. */
function access(n: number): string {
  const user = n % 1000 === 7 ? "old-ci" : `svc-${n % 40}`;
  return JSON.stringify({
    time: new Date(Date.now() - 3_600_000 + n * 5).toISOString(),
    remote_addr: `10.0.${n % 4}.${n % 250}`,
    remote_user: user,
    request_method: "GET",
    request_uri: `/acme/model-${n % 20}/resolve/main/model-${n % shards}.safetensors`,
    status: 206,
    body_bytes_sent: 8_388_608,
    http_range: `bytes=${(n % 400) * 8_388_608}-${(n % 400) * 8_388_608 + 8_388_607}`,
    http_user_agent: "huggingface_hub/0.30",
    request_id: `r-${n}`,
  });
}

async function measureIngest(dataDir: string, records: readonly string[]) {
  const began = performance.now();
  const content = { rules: readRules().map((text, i) => ({ path: `${i}.yml`, text })), playbooks: [], policy: "[]" };
  const configuration = config.parse({ models, sources: [{ name: "registry", kind: "http-access" }] });
  const server = await start({ config: configuration, dataDir, port: 0, content, version: "bench" });
  try {
    const startMs = Math.round(performance.now() - began);
    const count = await counter(server.url, server.openUrl);
    const sentAt = performance.now();
    const visible = firstSeen(count, sentAt);
    await send(server.url, server.token("registry"), records);
    const acceptedPerSecond = perSecond(records.length, sentAt);
    while ((await count()) < records.length) await sleep(20);
    const ingestPerSecond = perSecond(records.length, sentAt);
    const residentMegabytes = Math.round(process.memoryUsage().rss / 1e6);
    return { startMs, acceptedPerSecond, ingestPerSecond, firstVisibleMs: await visible, residentMegabytes };
  } finally {
    await server.close();
  }
}

async function send(url: string, token: string, records: readonly string[]): Promise<void> {
  const batches: string[] = [];
  for (let at = 0; at < records.length; at += batch) batches.push(records.slice(at, at + batch).join("\n"));
  const one = async () => {
    for (let body = batches.shift(); body !== undefined; body = batches.shift()) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${url}/api/ingest/registry`, { method: "POST", body, headers });
      if (answer.status === 503) {
        batches.unshift(body);
        await sleep(100);
      } else if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    }
  };
  await Promise.all(Array.from({ length: senders }, one));
}

/** Asks the API as a browser would. */
async function counter(url: string, link: string): Promise<() => Promise<number>> {
  const answer = await fetch(link, { headers: { accept: "application/json" } });
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const headers = { cookie, [sessionHeader]: opened.parse(await answer.json()).key };
  return async () => {
    const answer = await fetch(`${url}/api/events?limit=1`, { headers });
    const body: unknown = await answer.json();
    return typeof body === "object" && body !== null && "total" in body ? Number(body.total) : 0;
  };
}

async function firstSeen(count: () => Promise<number>, since: number): Promise<number> {
  while ((await count()) === 0) await sleep(5);
  return Math.round(performance.now() - since);
}

async function measureBare(folder: string, records: readonly string[]): Promise<number> {
  const events = eventsOf(records);
  const engine = await startEngine(folder, () => undefined);
  try {
    await prepareEvents(engine);
    const began = performance.now();
    for (let at = 0; at < events.length; at += batch) await insertEvents(engine, events.slice(at, at + batch), at);
    const { total } = await findEvents(engine, { filter: "", limit: 1, now: 0 });
    if (total !== records.length) throw new Error(`${total} of ${records.length} rows`);
    return perSecond(records.length, began);
  } finally {
    await engine.close();
  }
}

function eventsOf(records: readonly string[]): OcsfEvent[] {
  const line = new Line({ register: makeRegister(models), rules: [] });
  return records.flatMap((record, offset) => {
    const outcome = line.run(record, { source: "registry", kind: "http-access", file: "bench", offset });
    return "rejected" in outcome ? [] : [...outcome.events];
  });
}

function readRules(): string[] {
  const folder = join(import.meta.dirname, "..", "content", "rules");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((it) => it.endsWith(".yml") && !it.endsWith(".test.yml"))
    .map((it) => readFileSync(join(folder, it), "utf8"));
}

function perSecond(count: number, since: number): number {
  return Math.round((count / (performance.now() - since)) * 1000);
}

function print(it: Measured): void {
  const rows: [string, string][] = [
    ["events", `${it.events} of ${it.bytesPerRecord} bytes`],
    ["start", `${it.startMs} ms, both engines, first time`],
    ["acknowledged", `${it.acceptedPerSecond} a second, synced to the spool`],
    ["queryable", `${it.ingestPerSecond} a second, end to end`],
    ["first seen", `${it.firstVisibleMs} ms after the first request`],
    ["bare inserts", `${it.barePerSecond} a second, same events, same syncs`],
    ["ratio", it.ratio.toFixed(2)],
    ["memory", `${it.residentMegabytes} MB, server without engines`],
  ];
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(14)}${value}\n`);
}
