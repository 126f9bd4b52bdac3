// `npm run bench -- desk [--json] [events] [alerts]`: how long an analyst waits, with 10 million events and 100,000 alerts stored unless
// told otherwise. Each answer over HTTP, signed in, beside the same server's answer that reads nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alert, config, incident, opened, sessionHeader, type Alert, type Incident } from "@outweigh/schema";
import { start } from "@outweigh/server";
import { pino } from "pino";
import { linkAlerts, storeAlerts } from "../packages/server/src/store/alerts.ts";
import { tableIn } from "../packages/server/src/store/event-tables.ts";
import { storeIncidents } from "../packages/server/src/store/incidents.ts";
import { openStore, type Store } from "../packages/server/src/store/store.ts";

/** Alerts of one incident, and events that each cites. */
const perIncident = 20;
const cited = 25;
/** Incidents that are stored in one transaction. */
const incidentsAtOnce = 50;
/** Rows that the engine makes at once. */
const rowsAtOnce = 1_000_000;
const dayMs = 86_400_000;
/** How often each question is asked; the first time is told apart. */
const times = 7;

interface Asked {
  readonly what: string;
  readonly path: string;
  /** The bar, in ms. */
  readonly within?: number;
}

interface Measured extends Asked {
  readonly firstMs: number;
  readonly medianMs: number;
  readonly worstMs: number;
  /** Times the answer that reads nothing. */
  readonly ratio: number;
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const [events = 10_000_000, alerts = 100_000] = args.map(Number);
  const folder = mkdtempSync(join(tmpdir(), "outweigh-bench-desk-"));
  try {
    const now = Date.now();
    const say = (text: string) => process.stderr.write(`${text}\n`);
    say(`storing ${events} events and ${alerts} alerts`);
    const incidentId = await fill(folder, { events, alerts, now });
    say(`stored in ${((Date.now() - now) / 1000).toFixed(0)} s`);
    const server = await start({
      config: config.parse({}),
      dataDir: folder,
      port: 0,
      content: { rules: [], playbooks: [], policy: "[]" },
      version: "bench",
    });
    try {
      const headers = await signIn(server.openUrl);
      const ask = (path: string) => timed(`${server.url}${path}`, headers);
      const nothing = median(await repeat(() => ask("/api/session")));
      const rows: Measured[] = [];
      for (const it of questions(incidentId)) {
        const took = await repeat(() => ask(it.path));
        const medianMs = median(took.slice(1));
        rows.push({ ...it, firstMs: took[0] ?? 0, medianMs, worstMs: Math.max(...took), ratio: medianMs / nothing });
      }
      if (json) process.stdout.write(`${JSON.stringify({ events, alerts, nothingMs: nothing, rows })}\n`);
      else print(rows, { events, alerts, nothing });
    } finally {
      await server.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function questions(incidentId: string): Asked[] {
  const filtered = (filter: string) => encodeURIComponent(filter);
  return [
    { what: "queue: open incidents, 200 rows", path: "/api/incidents?limit=200&filter=status:open", within: 1000 },
    { what: "alerts, 200 rows", path: "/api/alerts?limit=200", within: 1000 },
    { what: `an incident with ${perIncident * cited} events`, path: `/api/incidents/${incidentId}` },
    {
      what: `its graph of ${perIncident * cited} events over 920 names`,
      path: `/api/incidents/${incidentId}/graph`,
      within: 1000,
    },
    { what: "hunt: newest of all events", path: "/api/events?limit=200", within: 2000 },
    {
      what: "hunt: one principal in a day",
      path: `/api/events?limit=200&filter=${filtered("principal:svc-7 time:>=24h")}`,
      within: 2000,
    },
    {
      what: "hunt: a rare address in all time",
      path: `/api/events?limit=200&filter=${filtered("address:10.9.9.9")}`,
      within: 2000,
    },
    {
      what: "hunt: a grade that no event has",
      path: `/api/events?limit=200&filter=${filtered("grade:signed")}`,
      within: 2000,
    },
    {
      what: "hunt: largest in a day",
      path: `/api/events?limit=200&sort=-bytes&filter=${filtered("time:>=24h")}`,
      within: 2000,
    },
    {
      what: "summary of a day by principal",
      path: `/api/events/summary?filter=${filtered("time:>=24h")}&by=principal`,
    },
    { what: "summary of all time by principal", path: "/api/events/summary?by=principal" },
    { what: "a principal's page", path: "/api/entity?kind=principal&name=svc-7" },
    { what: "the report of 30 days", path: "/api/report" },
  ];
}

/** Thirty days of events, made by the engine itself, and alerts that cite some of them. @returns An incident's id. */
async function fill(folder: string, size: { events: number; alerts: number; now: number }): Promise<string> {
  const store = await openStore({ folder, env: {}, log: pino({ level: "silent" }) });
  try {
    await fillEvents(store, size);
    return await fillAlerts(store, size);
  } finally {
    await store.close();
  }
}

const eventTime = (n: string, events: number, now: number) =>
  `${now - 30 * dayMs} + intDiv(${n} * ${30 * dayMs}, ${events})`;

async function fillEvents({ engine }: Store, { events, now }: { events: number; now: number }): Promise<void> {
  for (let from = 0; from < events; from += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, events - from);
    await engine.app.command({
      query: `insert into ${tableIn(engine, "event")}
        with number + ${from} as n, concat('e-', toString(n)) as eid, ${eventTime("n", events, now)} as t,
          concat('svc-', toString(n % 400)) as who, if(n % 100000 = 17, '10.9.9.9', concat('10.0.', toString(n % 4), '.', toString(n % 250))) as ip
        select eid as id, t as time, t as received, 'registry' as source, 6006 as class_uid, 2 as activity_id, 1 as status_id, who as principal,
          '' as credential, concat('model-', toString(n % 20)) as model, concat('hf:acme/model-', toString(n % 20)) as place,
          'model-1.safetensors' as part, concat('hf:acme/model-', toString(n % 20), '/model-1.safetensors') as artifact,
          'download' as operation, n % 8388608 as bytes, ip as address, 'huggingface_hub/0.30' as agent, 0 as external, 'authenticated' as grade,
          concat('{"id":"', eid, '","source":"registry","time":', toString(t), ',"class_uid":6006,"category_uid":6,"activity_id":2,',
            '"type_uid":600602,"severity_id":1,"status_id":1,"metadata":{"version":"1.8.0","product":{"name":"registry"}},"principal":"', who,
            '","model":"model-', toString(n % 20), '","operation":"download","bytes":', toString(n % 8388608),
            ',"src_endpoint":{"ip":"', ip, '"},"raw_data":"', hex(sipHash128(n)), hex(sipHash128(n + 1)), hex(sipHash128(n + 2)), '"}') as doc
        from numbers(${count})`,
    });
  }
}

async function fillAlerts(
  { state: { db } }: Store,
  { events, alerts, now }: { events: number; alerts: number; now: number },
) {
  const stories = Math.ceil(alerts / perIncident);
  for (let from = 0; from < stories; from += incidentsAtOnce) {
    const told = Array.from({ length: Math.min(incidentsAtOnce, stories - from) }, (_, i) =>
      storyOf(from + i, { events, alerts, now }),
    );
    await db.transaction().execute(async (tx) => {
      await storeAlerts(
        tx,
        told.flatMap((it) => it.made),
      );
      await storeIncidents(
        tx,
        told.map((it) => it.story),
        now,
      );
      for (const { story } of told) await linkAlerts(tx, story.id, story.alerts);
    });
  }
  return incidentOf(stories - 1);
}

const incidentOf = (n: number) => `incident-${n}`;

/** One incident. The last one's alerts cite one event after another, so that its graph has as many nodes as it can. */
function storyOf(n: number, { events, alerts, now }: { events: number; alerts: number; now: number }) {
  const isLast = (n + 1) * perIncident >= alerts;
  const step = isLast ? cited : Math.max(1, Math.floor(events / alerts));
  const start = isLast ? Math.max(0, events - perIncident * cited) : n * perIncident * step;
  const at = (it: number) => now - 30 * dayMs + Math.floor((it * 30 * dayMs) / events);
  const made: Alert[] = Array.from({ length: Math.min(perIncident, alerts - n * perIncident) }, (_, i) => {
    const first = start + i * step;
    const number = n * perIncident + i;
    return alert.parse({
      id: `a-${number}`,
      rule: `rule_${number % 60}`,
      title: "Weights read by somebody nobody declared",
      summary: `svc-${first % 400} read much of model-${first % 20}`,
      severity: (["low", "medium", "high"] as const)[number % 3],
      firstAt: at(first),
      lastAt: at(first + cited),
      principal: `svc-${first % 400}`,
      model: `model-${first % 20}`,
      act: "obtain",
      method: "credentials",
      events: Array.from({ length: cited }, (_event, k) => `e-${Math.min(events - 1, first + k)}`),
      count: cited,
      techniques: ["AML.T0025"],
      playbook: "weights-read",
    });
  });
  const story: Incident = incident.parse({
    id: incidentOf(n),
    title: "Weights read by somebody nobody declared",
    severity: "high",
    reason: `${made.length} alerts share a model within a minute`,
    act: "obtain",
    method: "credentials",
    principals: [...new Set(made.flatMap((it) => it.principal ?? []))],
    models: [...new Set(made.flatMap((it) => it.model ?? []))],
    alerts: made.map((it) => it.id),
    firstAt: Math.min(...made.map((it) => it.firstAt)),
    lastAt: Math.max(...made.map((it) => it.lastAt)),
  });
  return { made, story };
}

async function signIn(link: string): Promise<Record<string, string>> {
  // A server that has just started on a busy machine asks to come back later.
  let answer = await fetch(link, { headers: { accept: "application/json" } });
  while (answer.status === 503) {
    await sleep(200);
    answer = await fetch(link, { headers: { accept: "application/json" } });
  }
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { cookie, [sessionHeader]: opened.parse(await answer.json()).key };
}

/** Until the last byte of the answer, in ms. */
async function timed(url: string, headers: Record<string, string>): Promise<number> {
  const began = performance.now();
  const answer = await fetch(url, { headers });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  return performance.now() - began;
}

async function repeat(ask: () => Promise<number>): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) took.push(await ask());
  return took;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function print(
  rows: readonly Measured[],
  { events, alerts, nothing }: { events: number; alerts: number; nothing: number },
): void {
  console.log(`${events} events, ${alerts} alerts; an answer that reads nothing takes ${nothing.toFixed(1)} ms\n`);
  console.log("first ms  median ms  worst ms  × nothing  bar ms  ");
  for (const it of rows) {
    const cells = [it.firstMs, it.medianMs, it.worstMs].map((ms) => ms.toFixed(0).padStart(8));
    const bar =
      it.within === undefined ? "      " : `${String(it.within).padStart(6)}${it.worstMs <= it.within ? "" : "!"}`;
    console.log(`${cells.join("  ")}  ${it.ratio.toFixed(0).padStart(9)}  ${bar}  ${it.what}`);
  }
}
