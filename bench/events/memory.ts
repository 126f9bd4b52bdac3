// What one more principal costs in memory, everything that remembers it together: books, rules, detectors, alerts, incidents.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Line, makeRegister } from "@outweigh/pipeline";
import { models } from "./traffic.ts";

const principals = 100_000;

export interface Memory {
  readonly what: string;
  readonly principals: number;
  readonly heapBytesPerPrincipal: number;
  readonly snapshotBytesPerPrincipal: number;
}

/** Two crowds: strangers who each ask for something that is no model's, and strangers who each read one part of a model. */
export function measureMemory(rules: readonly string[]): Memory[] {
  return [
    measure("asked for other things", rules, (n) => `/api/2.0/mlflow/runs/get?run_id=${n}`),
    measure("read one file of a model", rules, (n) => `/acme/model-${n % 20}/resolve/main/model-${n % 12}.safetensors`),
  ];
}

function measure(what: string, rules: readonly string[], uri: (n: number) => string): Memory {
  const line = new Line({ register: makeRegister(models), rules });
  const play = (from: number, to: number): void => {
    for (let n = from; n < to; n++) line.run(recordOf(n, uri(n)), { source: "proxy", kind: "http-access", offset: n });
  };
  // Fixed buffers, such as the ids that are remembered, fill first.
  play(0, 25_000);
  const [heap, stored] = [heapUsed(), sizeOf(line)];
  play(25_000, 25_000 + principals);
  return {
    what,
    principals,
    heapBytesPerPrincipal: Math.max(0, Math.round((heapUsed() - heap) / principals)),
    snapshotBytesPerPrincipal: Math.round((sizeOf(line) - stored) / principals),
  };
}

function recordOf(n: number, uri: string): string {
  return JSON.stringify({
    time: new Date(Date.UTC(2026, 10, 24) + n * 50).toISOString(),
    remote_addr: `203.0.${(n >> 8) & 255}.${n & 255}`,
    remote_user: `user-${n}`,
    request_method: "GET",
    request_uri: uri,
    status: 200,
    body_bytes_sent: 900,
    http_user_agent: "python-requests/2.32",
    request_id: `r-${n}`,
  });
}

function sizeOf(line: Line): number {
  return JSON.stringify(line.snapshot()).length;
}

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
}
