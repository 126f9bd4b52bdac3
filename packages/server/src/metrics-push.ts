// Pushes our measurements by OTLP over HTTP: the very instruments that `/metrics` shows, in another form.
import type { OtlpPush } from "@outweigh/schema";
import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { FastifyBaseLogger } from "fastify";
import type { MetricObjectWithValues, MetricValue, Registry } from "prom-client";
import { secretFrom, type Env } from "./env.ts";
import type { Gauges } from "./gauges.ts";
import type { Metrics } from "./metrics.ts";
import { fieldIn } from "./values.ts";

/** How long the receiver may take, in ms. */
const answerMs = 10_000;
/** How often a receiver that fails is written about, in ms: its silence is for its own operators to see. */
const warnMs = 3_600_000;

// OpenTelemetry's own numbers, of enumerations that only its packages export as values.
const histogram = 0;
const gauge = 2;
const sum = 3;
const cumulative = 1;
const double = 1;

interface PushOptions {
  readonly metrics: Metrics;
  readonly gauges: Gauges;
  readonly version: string;
  readonly env: Env;
  readonly log: FastifyBaseLogger;
  now(): number;
}

/** Begins to push, where the configuration says to whom. */
export function pushMetrics(entry: OtlpPush | undefined, options: PushOptions): { stop(): Promise<void> } {
  if (!entry) return { stop: async () => undefined };
  const { now, log } = options;
  const startedAt = now();
  let pushing: Promise<void> = Promise.resolve();
  let warnedAt = -Infinity;
  const push = () => {
    pushing = pushing
      .then(() => pushOnce(entry, options, startedAt))
      .catch((error: unknown) => {
        if (now() - warnedAt < warnMs) return;
        warnedAt = now();
        log.warn({ err: error }, "measurements could not be pushed");
      });
  };
  const timer = setInterval(push, entry.everyMs);
  timer.unref();
  push();
  return {
    stop: async () => {
      clearInterval(timer);
      await pushing;
    },
  };
}

async function pushOnce({ url, token }: OtlpPush, options: PushOptions, startedAt: number): Promise<void> {
  const { metrics, gauges, version, env, now } = options;
  await gauges.refresh();
  const secret = token === undefined ? undefined : secretFrom(env, token, (why) => new Error(why));
  // Loaded when it is wanted: without a receiver, no server pays for it.
  const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-http");
  const exporter = new OTLPMetricExporter({
    url,
    timeoutMillis: answerMs,
    ...(secret !== undefined && { headers: { authorization: `Bearer ${secret}` } }),
  });
  try {
    const batch = await batchOf(metrics.registry, { version, startedAt, now: now() });
    await new Promise<void>((done, failed) =>
      exporter.export(batch, ({ code, error }) => (code === 0 ? done() : failed(error ?? new Error("not taken")))),
    );
  } finally {
    await exporter.shutdown();
  }
}

interface Taken {
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
}

/** All instruments of a registry as OpenTelemetry has them. Counts are since the server's start. */
export async function batchOf(registry: Registry, taken: Taken): Promise<ResourceMetrics> {
  const attributes = { "service.name": "outweigh", "service.version": taken.version };
  const resource: ResourceMetrics["resource"] = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  const all = await registry.getMetricsAsJSON();
  const metrics = all.map((it) => dataOf(it, taken));
  return { resource, scopeMetrics: [{ scope: { name: "outweigh", version: taken.version }, metrics }] };
}

type Instrument = MetricObjectWithValues<MetricValue<string>>;

function dataOf({ name, help, type, values }: Instrument, { startedAt, now }: Taken): MetricData {
  const times = { startTime: hrTime(startedAt), endTime: hrTime(now) } as const;
  const descriptor = { name, description: help, unit: unitOf(name), valueType: double };
  const base = { descriptor, aggregationTemporality: cumulative } as const;
  // Prom-client names its types by words at run time, whatever its declaration says.
  if (String(type) === "histogram")
    return { ...base, dataPointType: histogram, dataPoints: histogramsOf(values, times) };
  const dataPoints = values.map(({ labels, value }) => ({ ...times, attributes: plain(labels), value }));
  if (String(type) === "counter") return { ...base, dataPointType: sum, isMonotonic: true, dataPoints };
  return { ...base, dataPointType: gauge, dataPoints };
}

type Times = { readonly startTime: [number, number]; readonly endTime: [number, number] };
type HistogramPoint = Extract<MetricData, { dataPointType: typeof histogram }>["dataPoints"][number];

/** One point for each set of labels: prom-client counts up from bucket to bucket, OpenTelemetry each for itself. */
function histogramsOf(values: readonly MetricValue<string>[], times: Times): HistogramPoint[] {
  const series = new Map<
    string,
    { labels: Record<string, string>; bounds: number[]; upTo: number[]; sum: number; count: number }
  >();
  for (const one of values) {
    const { labels, value } = one;
    const metricName = String(fieldIn(one, "metricName") ?? "");
    const { le, ...rest } = labels;
    const own = plain(rest);
    const key = JSON.stringify(Object.entries(own).sort());
    const it = series.get(key) ?? { labels: own, bounds: [], upTo: [], sum: 0, count: 0 };
    series.set(key, it);
    if (metricName.endsWith("_sum")) it.sum = value;
    else if (metricName.endsWith("_count")) it.count = value;
    else if (le !== undefined && le !== "+Inf") {
      it.bounds.push(Number(le));
      it.upTo.push(value);
    }
  }
  return [...series.values()].map(({ labels, bounds, upTo, sum: total, count }) => ({
    ...times,
    attributes: labels,
    value: {
      buckets: { boundaries: bounds, counts: [...upTo, count].map((it, i) => it - (upTo[i - 1] ?? 0)) },
      sum: total,
      count,
    },
  }));
}

function plain(labels: object): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

/** In UCUM, by the end of the name, as Prometheus names them. */
function unitOf(name: string): string {
  return name.endsWith("_seconds") ? "s" : name.endsWith("_bytes") ? "By" : "1";
}

function hrTime(ms: number): [number, number] {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}
