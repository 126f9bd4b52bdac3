// Our own measurements, for whoever scrapes `/metrics`.
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
  };
}
