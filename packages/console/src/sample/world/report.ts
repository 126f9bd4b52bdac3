import type { Report } from "@outweigh/schema";
import { day, hour, min, now } from "./time.ts";

export const report: Report = {
  from: now - 30 * day,
  to: now,
  incidents: {
    opened: 21,
    closed: 12,
    open: [
      { severity: "critical", count: 2 },
      { severity: "high", count: 3 },
      { severity: "medium", count: 4 },
    ],
    byMethod: [
      { name: "credentials", count: 9 },
      { name: "exposed-storage", count: 5 },
      { name: "queries", count: 4 },
      { name: "not known", count: 3 },
    ],
    byVerdict: [
      { name: "true-positive", count: 5 },
      { name: "benign", count: 4 },
      { name: "false-positive", count: 3 },
    ],
    precision: 5 / 12,
    toFirstDecisionMs: 11 * min,
    toCloseMs: 5 * hour,
  },
  actions: [
    { verb: "quarantine-file", state: "verified", count: 3 },
    { verb: "notify", state: "verified", count: 9 },
  ],
  watched: [
    { name: "model", count: 1 },
    { name: "principal", count: 2 },
    { name: "host", count: 1 },
    { name: "place", count: 1 },
    { name: "address", count: 1 },
  ],
  permits: { given: 1, holding: 0 },
  models: {
    registered: 5,
    balanced: 3,
    booked: 5,
    unaccounted: [
      { model: "acme-13b", bytes: 26_100_000_000, fraction: 1, bound: "exact", readers: 1 },
      { model: "acme-rank-2", bytes: 210_000_000, fraction: 0.31, bound: "<=", readers: 4 },
    ],
  },
  sight: {
    sources: 6,
    sending: 4,
    grades: { signed: 1, authenticated: 2, plain: 3, ungraded: 0 },
    unseen: [{ source: "hf-audit", ms: 3 * hour }],
  },
  rules: [
    { rule: "weights_read_with_download_tool", alerts: 14, noTheft: 11 },
    { rule: "complete-copy", alerts: 5, noTheft: 0 },
  ],
};

export const emptyReport: Report = {
  from: now - 30 * day,
  to: now,
  incidents: { opened: 0, closed: 0, open: [], byMethod: [], byVerdict: [] },
  actions: [],
  watched: [],
  permits: { given: 0, holding: 0 },
  models: { registered: 0, balanced: 0, booked: 0, unaccounted: [] },
  sight: { sources: 0, sending: 0, unseen: [] },
  rules: [],
};
