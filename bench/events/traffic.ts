// Made traffic of two sources, from a seed: mostly calls that mean nothing, some reads of weights by declared readers, now and then one by somebody else.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { detectKind, type SourceKind } from "@outweigh/pipeline";
import type { ModelEntry } from "@outweigh/schema";
import { parse } from "yaml";

const shards = 12;
const shardBytes = 4_000_000_000;
const readers = 40;

export const models: readonly ModelEntry[] = Array.from({ length: 20 }, (_, n) => ({
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

/** So many records of one source. */
export function makeRecords(kind: "cloudtrail" | "http-access", count: number, seed: number): string[] {
  const pick = dice(seed);
  return Array.from({ length: count }, (_, n) => (kind === "cloudtrail" ? trail(n, pick) : access(n, pick)));
}

const content = join(import.meta.dirname, "..", "..", "content", "rules");

/** The rules that come with Outweigh, one text a file. */
export function ownRules(): string[] {
  return ymlBelow(content)
    .filter((it) => !it.endsWith(".test.yml"))
    .map((it) => readFileSync(it, "utf8"));
}

/** The files of Sigma below a folder. */
export function ymlBelow(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith(".yml"));
  return names.sort().map((it) => join(folder, it));
}

/** The records in the proofs of our rules by their kind: the shapes of every source that a rule of ours reads. */
export function provenRecords(): Map<SourceKind, string[]> {
  const byKind = new Map<SourceKind, string[]>();
  for (const file of ymlBelow(content).filter((it) => it.endsWith(".test.yml"))) {
    const cases: unknown = parse(readFileSync(file, "utf8"), { maxAliasCount: 1000 });
    for (const it of Array.isArray(cases) ? cases : []) {
      for (const record of Array.isArray(it.records) ? it.records : []) {
        const text: string = (typeof record === "string" ? record : JSON.stringify(record)).replaceAll("{n}", "0");
        const kind: SourceKind | undefined = it.source ?? detectKind(text);
        if (kind !== undefined) byKind.set(kind, [...(byKind.get(kind) ?? []), text]);
      }
    }
  }
  return byKind;
}
