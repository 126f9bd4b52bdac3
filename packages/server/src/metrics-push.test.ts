// One set of instruments: what is scraped and what is pushed say the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { z } from "zod";
import type { Gauges } from "./gauges.ts";
import { pushMetrics } from "./metrics-push.ts";
import { makeMetrics } from "./metrics.ts";
import { json, outside, outsideSecret, type Reply } from "./testing/outside.ts";

const value = z.object({ stringValue: z.string() });
const point = z.object({
  attributes: z.array(z.object({ key: z.string(), value })),
  asDouble: z.number().optional(),
  bucketCounts: z.array(z.coerce.number()).optional(),
  explicitBounds: z.array(z.number()).optional(),
  count: z.coerce.number().optional(),
  sum: z.number().optional(),
});
const points = z.object({ dataPoints: z.array(point), isMonotonic: z.boolean().optional() });
const metric = z.object({
  name: z.string(),
  unit: z.string(),
  sum: points.optional(),
  gauge: points.optional(),
  histogram: points.optional(),
});
const pushed = z.object({
  resourceMetrics: z.array(
    z.object({
      resource: z.object({ attributes: z.array(z.object({ key: z.string(), value })) }),
      scopeMetrics: z.array(z.object({ metrics: z.array(metric) })),
    }),
  ),
});

/** A receiver that takes one push, and what came. */
async function receive(reply: Reply = json(200, {}), env = { SECRET: outsideSecret } as Record<string, string>) {
  const metrics = makeMetrics();
  metrics.alerts.inc(3);
  metrics.actions.set({ state: "failed" }, 2);
  for (const it of [0.001, 0.05, 3, 60]) metrics.requestSeconds.observe({ method: "GET", status: "2xx" }, it);
  metrics.requestSeconds.observe({ method: "POST", status: "4xx" }, 0.3);
  const receiver = await outside({ answer: () => reply, forbidden: json(403, {}) });
  let refreshed = 0;
  const gauges = { refresh: async () => void refreshed++ } as unknown as Gauges;
  const options = {
    metrics,
    gauges,
    version: "9.9",
    env,
    log: pino({ level: "silent" }),
    now: () => 1_700_000_000_500,
  };
  const push = pushMetrics({ url: `${receiver.url}/v1/metrics`, token: "${SECRET}", everyMs: 3_600_000 }, options);
  await push.stop();
  await receiver.close();
  return { asked: receiver.asked, refreshed, scraped: await metrics.registry.metrics() };
}

test("what is pushed is what is scraped: names, labels, counts and buckets", async () => {
  const { asked, refreshed, scraped } = await receive();
  assert.deepEqual([asked.length, refreshed, asked[0]?.method, asked[0]?.path], [1, 1, "POST", "/v1/metrics"]);
  assert.equal(asked[0]?.headers.authorization, `Bearer ${outsideSecret}`);
  const [resource] = pushed.parse(JSON.parse(asked[0]?.body ?? "")).resourceMetrics;
  assert.deepEqual(
    resource?.resource.attributes.map((it) => [it.key, it.value.stringValue]),
    [
      ["service.name", "outweigh"],
      ["service.version", "9.9"],
    ],
  );
  const all = resource?.scopeMetrics[0]?.metrics ?? [];
  const of = (name: string) => all.find((it) => it.name === name);
  assert.deepEqual(
    all.map((it) => it.name).sort(),
    [...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name).sort(),
  );
  assert.equal(of("outweigh_alerts_total")?.sum?.dataPoints[0]?.asDouble, 3);
  assert.equal(of("outweigh_alerts_total")?.sum?.isMonotonic, true);
  const [failed] = of("outweigh_actions")?.gauge?.dataPoints ?? [];
  assert.deepEqual([failed?.asDouble, failed?.attributes[0]?.value.stringValue], [2, "failed"]);
  const requests = of("outweigh_request_seconds");
  assert.equal(requests?.unit, "s");
  const [reads, writes] = requests?.histogram?.dataPoints ?? [];
  assert.deepEqual(reads?.explicitBounds, [0.005, 0.02, 0.1, 0.5, 2, 10]);
  assert.deepEqual(reads?.bucketCounts, [1, 0, 1, 0, 0, 1, 1]);
  assert.deepEqual([reads?.count, writes?.count, writes?.bucketCounts], [4, 1, [0, 0, 0, 1, 0, 0, 0]]);
});

test("a receiver that redirects, refuses or is not to be spoken to is left alone, and hears no secret elsewhere", async () => {
  const elsewhere = await outside({ answer: () => json(200, {}), forbidden: json(403, {}) });
  const redirected = await receive({ status: 307, headers: { location: elsewhere.url } });
  assert.equal(redirected.asked.length, 1);
  assert.equal(elsewhere.asked.length, 0);
  await elsewhere.close();
  assert.equal((await receive(json(400, {}))).asked.length, 1);
  assert.equal((await receive(json(200, {}), {})).asked.length, 0, "without its secret, nothing is sent");
});

test("names that scrapers know stay as they are", async () => {
  const { scraped } = await receive();
  for (const name of ["records_total", "rejects_total", "events_total", "alerts_total", "batch_seconds", "spool_bytes"])
    assert.match(scraped, new RegExp(`^# TYPE outweigh_${name} `, "m"));
  assert.match(scraped, /^# TYPE outweigh_batch_failures_total counter$/m);
});
