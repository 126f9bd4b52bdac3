// A model leaves over months, a little every day, through three stolen keys, among declared readers that take all of it daily.
import assert from "node:assert/strict";
import { test } from "node:test";
import { severityId, type Alert, type ModelEntry } from "@outweigh/schema";
import { Line } from "./line.ts";
import { makeRegister } from "./register.ts";
import { rules } from "./testing/recordings.ts";

const chunk = 8 * 1024 * 1024;
const shards = 6;
const chunks = 278;
const dayMs = 86_400_000;
const start = Date.UTC(2026, 0, 1);
/** 21 pieces of 8 MiB a day are 176 MB, 1.2 % of the model. */
const piecesADay = 21;

const model: ModelEntry = {
  name: "acme-13b",
  class: "private",
  places: ["hf:acme/acme-13b"],
  readers: ["pod-*"],
  files: Array.from({ length: shards }, (_, i) => ({ path: `model-${i}.safetensors`, bytes: chunks * chunk })),
};

interface Read {
  readonly user: string;
  readonly address: string;
  readonly shard: number;
  readonly range?: readonly [number, number];
  readonly time: number;
}

function recordOf({ user, address, shard, range, time }: Read): string {
  return JSON.stringify({
    time: new Date(time).toISOString(),
    remote_addr: address,
    remote_user: user,
    request_method: "GET",
    request_uri: `/acme/acme-13b/resolve/main/model-${shard}.safetensors`,
    status: range ? 206 : 200,
    body_bytes_sent: range ? range[1] - range[0] : chunks * chunk,
    http_range: range ? `bytes=${range[0]}-${range[1] - 1}` : "",
    http_user_agent: "huggingface_hub/0.30",
  });
}

function day(n: number): Read[] {
  const deploys = [1, 2, 3].flatMap((pod) =>
    Array.from({ length: shards }, (_, shard) => ({
      user: `pod-${pod}`,
      address: "10.0.3.4",
      shard,
      time: start + n * dayMs + pod * 1000 + shard,
    })),
  );
  const thefts = Array.from({ length: piecesADay }, (_, i) => {
    const at = (n * piecesADay + i) % (shards * chunks);
    const from = (at % chunks) * chunk;
    return {
      user: `key-${i % 3}`,
      address: `10.0.9.${i % 3}`,
      shard: Math.floor(at / chunks),
      range: [from, from + chunk] as const,
      time: start + n * dayMs + (i + 1) * 3_600_000,
    };
  });
  return [...deploys, ...thefts];
}

test("seen on the first day, told at each share, certain at the end, silent on the declared", () => {
  const line = new Line({ register: makeRegister([model]), rules });
  const firstDay = new Map<string, number>();
  const loud = new Map<string, Alert>();
  let offset = 0;
  for (let n = 0; n < 80; n++) {
    for (const it of day(n)) {
      const outcome = line.run(recordOf(it), { source: "hub", kind: "http-access", file: "log", offset: offset++ });
      assert.ok(!("rejected" in outcome));
      for (const alert of outcome.alerts.filter((one) => severityId(one.severity) > severityId("low"))) {
        loud.set(alert.id, alert);
        const key = `${alert.rule} ${alert.severity}`;
        if (!firstDay.has(key)) firstDay.set(key, n);
      }
    }
  }
  assert.equal(firstDay.get("unaccounted-read medium"), 0);
  assert.equal(firstDay.get("coalition-coverage medium"), 7);
  assert.equal(firstDay.get("coalition-coverage high"), 39);
  assert.equal(firstDay.get("coalition-coverage critical"), 79);
  assert.ok([...loud.values()].every((it) => !it.principal?.startsWith("pod-")));
  // The evasion twin: no single key ever comes near a complete copy, so a detection of complete copies alone would have missed it.
  assert.ok(![...loud.values()].some((it) => it.rule === "complete-copy"));
  assert.deepEqual(line.coalition(), [
    { model: "acme-13b", bytes: shards * chunks * chunk, fraction: 1, bound: "exact", readers: 3 },
  ]);
});
