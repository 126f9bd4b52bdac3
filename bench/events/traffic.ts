// `npm run bench -- replay [--json] [events] [seed]`: records through the whole line, beside JSON.parse of the same records in the same run.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Line, makeRegister, RecordSplitter, type From, type SourceKind } from "@outweigh/pipeline";
import type { ModelEntry } from "@outweigh/schema";

const shards = 12;
const shardBytes = 4_000_000_000;
const readers = 40;

const models: readonly ModelEntry[] = Array.from({ length: 20 }, (_, n) => ({
  name: `model-${n}`,
  class: "private",
  places: [`s3://acme-models/model-${n}/`, `hf:acme/model-${n}`],
  readers: ["arn:aws:iam::111122223333:role/serve-*", "svc-*"],
  files: Array.from({ length: shards }, (_, k) => ({ path: `model-${k}.safetensors`, bytes: shardBytes })),
}));

/** mulberry32: small, seeded, good enough to mix traffic. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let it = Math.imul(state ^ (state >>> 15), 1 | state);
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it;
    return ((it ^ (it >>> 14)) >>> 0) % below;
  };
}

const start = Date.UTC(2026, 10, 24);

/** Mostly management calls, some reads of shards by declared roles, now and then one by somebody else. */
function trail(n: number, pick: (below: number) => number): string {
  const reads = pick(10) < 4;
  const role = pick(1000) === 0 ? "analytics" : `serve-${pick(readers)}`;
  return JSON.stringify({
    eventVersion: "1.11",
    userIdentity: {
      type: "AssumedRole",
      principalId: `AROAEXAMPLE:${role}`,
      arn: `arn:aws:sts::111122223333:assumed-role/${role}/session`,
      accountId: "111122223333",
      accessKeyId: `ASIA${role}`,
      sessionContext: { sessionIssuer: { type: "Role", arn: `arn:aws:iam::111122223333:role/${role}` } },
    },
    eventTime: new Date(start + n * 50).toISOString(),
    eventSource: reads ? "s3.amazonaws.com" : "ec2.amazonaws.com",
    eventName: reads ? "GetObject" : "DescribeInstances",
    awsRegion: "eu-central-1",
    sourceIPAddress: `10.0.${pick(4)}.${pick(250)}`,
    userAgent: "aws-sdk-go-v2/1.30",
    requestParameters: reads
      ? { bucketName: "acme-models", key: `model-${pick(20)}/model-${pick(shards)}.safetensors` }
      : { instancesSet: { items: [{ instanceId: "i-0abc" }] } },
    additionalEventData: reads ? { bytesTransferredOut: shardBytes, AuthenticationMethod: "AuthHeader" } : undefined,
    eventID: `e-${n}`,
    recipientAccountId: "111122223333",
  });
}

function access(n: number, pick: (below: number) => number): string {
  const weights = pick(10) < 4;
  const user = pick(1000) === 0 ? "old-ci" : `svc-${pick(readers)}`;
  return JSON.stringify({
    time: new Date(start + n * 50).toISOString(),
    remote_addr: `10.0.${pick(4)}.${pick(250)}`,
    remote_user: user,
    request_method: "GET",
    request_uri: weights
      ? `/acme/model-${pick(20)}/resolve/main/model-${pick(shards)}.safetensors`
      : `/api/2.0/mlflow/runs/get?run_id=${pick(1e6)}`,
    status: weights ? 206 : 200,
    body_bytes_sent: weights ? 8_388_608 : 900,
    http_range: weights ? `bytes=${pick(400) * 8_388_608}-${0}`.replace(/-0$/, "-") : "",
    http_user_agent: "huggingface_hub/0.30",
    request_id: `r-${n}`,
  });
}

interface Measured {
  readonly kind: SourceKind;
  readonly records: number;
  readonly megabytes: number;
  readonly eventsPerSecond: number;
  readonly parsesPerSecond: number;
  readonly ratio: number;
  readonly alerts: number;
  readonly snapshotBytes: number;
}

/** Measures both sources. `events` is 100,000 each unless given. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const [count = 100_000, seed = 1] = args.map(Number);
  const rules = readRules();
  const measured = (["cloudtrail", "http-access"] as const).map((kind) => measure(kind, count, seed, rules));
  const result = { rules: rules.length, seed, measured };
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else print(rules.length, measured);
}

function measure(kind: SourceKind, count: number, seed: number, rules: readonly string[]): Measured {
  const pick = dice(seed);
  const records = Array.from({ length: count }, (_, n) => (kind === "cloudtrail" ? trail(n, pick) : access(n, pick)));
  const bytes = Buffer.from(records.join("\n"));
  const line = new Line({ register: makeRegister(models), rules });
  let alerts = 0;
  const parsesPerSecond = perSecond(count, () => {
    for (const it of records) JSON.parse(it);
  });
  const eventsPerSecond = perSecond(count, () => {
    const splitter = new RecordSplitter();
    for (let at = 0; at < bytes.length; at += 65_536) {
      for (const cut of splitter.push(bytes.subarray(at, at + 65_536))) {
        if (!("record" in cut)) continue;
        const from: From = { source: kind, kind, file: "bench", offset: cut.offset };
        const outcome = line.run(cut.record, from);
        if (!("rejected" in outcome)) alerts += outcome.alerts.length;
      }
    }
  });
  return {
    kind,
    records: count,
    megabytes: Math.round(bytes.length / 1e6),
    eventsPerSecond: Math.round(eventsPerSecond),
    parsesPerSecond: Math.round(parsesPerSecond),
    ratio: eventsPerSecond / parsesPerSecond,
    alerts,
    snapshotBytes: JSON.stringify(line.snapshot()).length,
  };
}

function perSecond(count: number, work: () => void): number {
  const began = process.hrtime.bigint();
  work();
  return count / (Number(process.hrtime.bigint() - began) / 1e9);
}

function readRules(): string[] {
  const folder = join(import.meta.dirname, "..", "content", "rules");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((it) => it.endsWith(".yml") && !it.endsWith(".test.yml"))
    .map((it) => readFileSync(join(folder, it), "utf8"));
}

function print(rules: number, measured: readonly Measured[]): void {
  const out = measured.map(
    (it) =>
      `${it.kind.padEnd(12)} ${it.records} records, ${it.megabytes} MB, ${rules} rules: ${it.eventsPerSecond} events/s, ` +
      `${(it.ratio * 100).toFixed(0)} % of JSON.parse alone (${it.parsesPerSecond}/s); ${it.alerts} alerts, snapshot ${it.snapshotBytes} bytes`,
  );
  process.stdout.write(`${out.join("\n")}\n`);
}
