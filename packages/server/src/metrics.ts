// Our own measurements: one set of instruments, for whoever scrapes `/metrics` and for who is pushed to by OTLP.
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  readonly registry: Registry;
  readonly records: Counter;
  readonly rejects: Counter;
  readonly events: Counter;
  readonly alerts: Counter;
  readonly batchSeconds: Histogram;
  readonly spoolBytes: Gauge;
  readonly failures: Counter;
  /** By method and class of status: how long an answer took. */
  readonly requestSeconds: Histogram<"method" | "status">;
  readonly alertsLastHour: Gauge;
  /** By state: those that failed want somebody to look. */
  readonly actions: Gauge<"state">;
  /** By state: one that is silent tells nothing of its host. */
  readonly agents: Gauge<"state">;
  readonly silentSources: Gauge;
  /** By kind of source, of the one that lags most. */
  readonly lagSeconds: Gauge<"kind">;
  /** Objects of buckets that are tried again. */
  readonly collectWaiting: Gauge;
  /** On disk, by store. */
  readonly storeBytes: Gauge<"store">;
}

/** A registry of its own: several servers in one process (tests) must not share counts. No source names as labels: they come from outside. */
export function makeMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    records: new Counter({ name: "outweigh_records_total", help: "Records read", registers }),
    rejects: new Counter({ name: "outweigh_rejects_total", help: "Records that could not be used", registers }),
    events: new Counter({ name: "outweigh_events_total", help: "Events stored", registers }),
    alerts: new Counter({ name: "outweigh_alerts_total", help: "Alerts raised or updated", registers }),
    batchSeconds: new Histogram({
      name: "outweigh_batch_seconds",
      help: "From reading a batch to its being stored",
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
      registers,
    }),
    spoolBytes: new Gauge({ name: "outweigh_spool_bytes", help: "Bytes received and not yet worked off", registers }),
    failures: new Counter({
      name: "outweigh_batch_failures_total",
      help: "Batches that had to be tried again",
      registers,
    }),
    requestSeconds: new Histogram({
      name: "outweigh_request_seconds",
      help: "From a request's arrival to its answer",
      labelNames: ["method", "status"],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    alertsLastHour: gauge("outweigh_alerts_last_hour", "Alerts raised or updated in the last hour", registers),
    actions: gauge("outweigh_actions", "Actions of the last 90 days by state", registers, ["state"]),
    agents: gauge("outweigh_agents", "Agents by state", registers, ["state"]),
    silentSources: gauge("outweigh_sources_silent", "Sources that are silent for longer than they said", registers),
    lagSeconds: gauge(
      "outweigh_event_lag_seconds",
      "Time since the newest event, of the source of a kind that lags most",
      registers,
      ["kind"],
    ),
    collectWaiting: gauge("outweigh_collect_waiting", "Objects of buckets that wait to be tried again", registers),
    storeBytes: gauge("outweigh_store_bytes", "Bytes that each store has on disk", registers, ["store"]),
  };
}

function gauge<Label extends string = never>(
  name: string,
  help: string,
  registers: Registry[],
  labelNames: Label[] = [],
): Gauge<Label> {
  return new Gauge({ name, help, labelNames, registers });
}
