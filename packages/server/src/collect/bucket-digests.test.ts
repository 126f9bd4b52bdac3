// CloudTrail's digest files in a bucket, over the real client of S3 and the whole server.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { aDigestChain, aDigestKey, bucket, logName } from "../../../pipeline/src/testing/a-digest-chain.ts";
import { aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { aStore } from "../testing/a-store.ts";

const env = { LOGS_KEY: "AKIDEXAMPLE", LOGS_SECRET: "example" };
const key = aDigestKey();
const other = aDigestKey();

function aLog(hour: number, user = "ana"): Buffer {
  const record = {
    eventVersion: "1.11",
    eventTime: `2026-11-24T0${hour}:01:00Z`,
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    sourceIPAddress: "203.0.113.7",
    userIdentity: { type: "IAMUser", arn: `arn:aws:iam::111122223333:user/${user}` },
    requestParameters: { bucketName: "acme-data", key: "a.csv" },
    eventID: `e-${hour}-${user}`,
    eventType: "AwsApiCall",
  };
  return Buffer.from(JSON.stringify({ Records: [record] }));
}

const hours = [0, 1, 2, 3].map((hour) => [{ name: logName(hour), bytes: aLog(hour) }]);
const chain = aDigestChain(hours, key);

/** A server that reads a bucket; `digests` are given in their order, each when the one before was looked at. */
async function aWorld(t: TestContext) {
  const folder = aFolder("digests");
  const keys = join(folder.path, "keys.json");
  writeFileSync(keys, key.listed);
  const store = await aStore();
  const secrets = { accessKeyId: "${LOGS_KEY}", secretAccessKey: "${LOGS_SECRET}" };
  const place = { bucket, prefix: "AWSLogs/111122223333/CloudTrail/", endpoint: store.url, forcePathStyle: true };
  const digests = { prefix: "AWSLogs/111122223333/CloudTrail-Digest/", keys };
  const s3 = { ...place, ...secrets, everyMs: 1000, digests };
  const server = await aServer(
    join(folder.path, "data"),
    { sources: [{ name: "trail", kind: "cloudtrail", s3 }] },
    { env },
  );
  t.after(async () => {
    await server.close();
    await store.close();
    folder.remove();
  });
  const visitor = await signIn(server.link());
  const ask = async () => (await visitor.get("/api/sources?filter=name:trail")).body.items[0];
  return {
    put: (from: number, to: number) => {
      for (const it of hours.flat().slice(from, to)) store.put(it.name, gzipSync(it.bytes));
      for (const it of chain.slice(from, to)) store.put(it.object, gzipSync(it.bytes), undefined, it.signature);
    },
    store,
    // oxlint-disable-next-line typescript/no-explicit-any -- answers of the API
    source: (isWanted: (it: any) => boolean): Promise<any> => eventually(ask, (it) => it && isWanted(it), 120_000),
    told: async (kind: string) =>
      (await visitor.get(`/api/evidence?filter=kind:${kind}`)).body.items.map((it: { text: string }) => it.text),
  };
}

test("digests hold in their order, are no records, and what they vouched for is on record", async (t) => {
  const it = await aWorld(t);
  it.put(0, 4);
  const source = await it.source((now) => now.collector.digests.held === 4 && now.events === 4);
  assert.deepEqual(
    [source.state, source.rejects, source.collector.digests.upTo],
    ["sending", 0, "2026-11-24T04:00:00Z"],
  );
  assert.equal((await it.told("digest-held")).length, 4);
  // Its digest is not looked at again.
  it.store.put(logName(1), gzipSync(aLog(1, "eve")));
  await it.source((now) => now.rejects === 1);
  const [told, ...more] = await it.told("log-rewritten");
  assert.match(told, /_20261124T0105Z_x1\.json\.gz is not what it was: it was written anew/);
  assert.deepEqual(more, []);
});

test("a log file that was forged is named as the source's problem and on record; the chain goes on behind it", async (t) => {
  const it = await aWorld(t);
  it.store.put(logName(1), gzipSync(aLog(1, "eve")));
  for (const hour of [0, 2, 3]) it.store.put(logName(hour), gzipSync(aLog(hour)));
  for (const one of chain) it.store.put(one.object, gzipSync(one.bytes), undefined, one.signature);
  const source = await it.source((now) => now.collector.digests.held === 3 && now.problem !== undefined);
  assert.equal(source.state, "failing");
  assert.ok(source.problem.includes(`${logName(1)}: not as AWS delivered it`), source.problem);
  const [failed, ...more] = await it.told("digest-failed");
  assert.match(failed, /does not hold: .*_20261124T0105Z_x1\.json\.gz: not as AWS delivered it/);
  assert.deepEqual(more, []);
});

test("a log file that is gone and a digest that is lost are waited for by name; one that AWS did not sign is given up", async (t) => {
  const it = await aWorld(t);
  it.put(0, 1);
  await it.source((now) => now.collector.digests.held === 1);
  // The digest of hour 1 is lost, and the log file of hour 2.
  it.store.put(logName(1), gzipSync(aLog(1)));
  const [, , third, fourth] = chain;
  it.store.put(third?.object ?? "", gzipSync(third?.bytes ?? ""), undefined, third?.signature);
  const waiting = await it.source((now) => now.collector.failing.length === 1);
  const { reason } = waiting.collector.failing[0];
  assert.match(reason, /_20261124T0205Z_x2\.json\.gz: delivered, and not here/);
  assert.match(reason, /20261124T020000Z\.json\.gz: a digest that the next one names, and that is not here/);
  // Sealed by somebody who is not AWS.
  const [forged] = aDigestChain([[]], other, 3);
  assert.equal(forged?.object, fourth?.object);
  it.store.put(forged?.object ?? "", gzipSync(forged?.bytes ?? ""), undefined, forged?.signature);
  const source = await it.source((now) => now.problem !== undefined);
  assert.match(source.problem, /20261124T040000Z\.json\.gz: a digest that is not as AWS signed it/);
});
