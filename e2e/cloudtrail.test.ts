// Credentials: the same theft from a bucket, as CloudTrail records it, read live and by `outweigh replay`.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { eventually } from "../packages/server/src/testing/a-server.ts";
import { apiOf, noBrowser, openBrowser, picture } from "./world/browser.ts";
import { run, storyFolder, up } from "./world/platform.ts";

const shard = 4_000_000;
const shards = [1, 2, 3].map((n) => `acme-13b/model-0000${n}-of-00003.safetensors`);

const register = (logs: string) => `
models:
  - name: acme-13b
    class: private
    places: ["s3://acme-models/acme-13b/"]
    readers: ["arn:aws:iam::111122223333:role/serve"]
    files:
${shards.map((key) => `      - { path: ${key.slice("acme-13b/".length)}, bytes: ${shard} }`).join("\n")}
sources:
  - { name: cloudtrail, kind: cloudtrail, paths: [${JSON.stringify(logs)}] }
`;

/** One data event in CloudTrail's shape. */
function getObject(role: string, key: string, at: number, agent: string, address: string) {
  return {
    eventVersion: "1.11",
    userIdentity: {
      type: "AssumedRole",
      principalId: `AROAEXAMPLE:${role}-session`,
      arn: `arn:aws:sts::111122223333:assumed-role/${role}/${role}-session`,
      accountId: "111122223333",
      accessKeyId: `ASIA${role.toUpperCase()}`,
      sessionContext: {
        sessionIssuer: { type: "Role", arn: `arn:aws:iam::111122223333:role/${role}`, userName: role },
      },
    },
    eventTime: new Date(at).toISOString().replace(/\.\d+Z$/, "Z"),
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    awsRegion: "eu-central-1",
    sourceIPAddress: address,
    userAgent: agent,
    requestParameters: { bucketName: "acme-models", key, Host: "acme-models.s3.eu-central-1.amazonaws.com" },
    additionalEventData: { bytesTransferredOut: shard, bytesTransferredIn: 0, AuthenticationMethod: "AuthHeader" },
    eventID: `${role}-${key}-${at}`,
    eventCategory: "Data",
    eventType: "AwsApiCall",
    recipientAccountId: "111122223333",
  };
}

function trail(began: number) {
  const reads = (role: string, agent: string, address: string) =>
    shards.map((key, i) => getObject(role, key, began + i * 1000, agent, address));
  return {
    Records: [
      ...reads("serve", "aws-sdk-go-v2/1.30", "10.0.3.4"),
      ...reads("analytics", "[aws-cli/2.15.0 Python/3.11]", "203.0.113.9"),
    ],
  };
}

test("replay: an undeclared role read all of the model; the serving role's reads balance", (t) => {
  const folder = storyFolder("cloudtrail-replay");
  t.after(() => folder.remove());
  const log = join(folder.path, "trail.json.gz");
  writeFileSync(log, gzipSync(JSON.stringify(trail(Date.parse("2026-11-24T09:00:00Z")))));
  writeFileSync(join(folder.path, "outweigh.yml"), register(folder.path));

  const { code, stdout, stderr } = run(["replay", log, "--json"], folder.path);
  assert.equal(code, 1, stderr);
  const answer = JSON.parse(stdout);
  assert.equal(answer.events, 6);
  assert.equal(answer.sources[0].rejects.length, 0);
  assert.equal(answer.coalition[0].fraction, 1);
  const [critical] = answer.incidents.filter((it: { severity: string }) => it.severity === "critical");
  assert.deepEqual(critical.principals, ["arn:aws:iam::111122223333:role/analytics"]);
  const aloud = answer.alerts.filter((it: { principal: string; severity: string }) =>
    it.principal.endsWith("role/serve"),
  );
  assert.deepEqual(
    aloud.filter((it: { severity: string }) => !["informational", "low"].includes(it.severity)),
    [],
  );
});

test(
  "live: the same file dropped into a watched folder becomes an incident",
  { skip: noBrowser, timeout: 600_000 },
  async (t) => {
    const folder = storyFolder("cloudtrail-live");
    t.after(() => folder.remove());
    const logs = join(folder.path, "AWSLogs");
    mkdirSync(logs);
    writeFileSync(join(folder.path, "outweigh.yml"), register(logs));

    const platform = await up(["--data", join(folder.path, "data"), "--no-scan"], folder.path);
    t.after(() => platform.stop());
    const browser = await openBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(platform.link);
    writeFileSync(join(logs, "trail.json.gz"), gzipSync(JSON.stringify(trail(Date.now() - 60_000))));

    await page
      .getByRole("row", { name: /acme-13b/ })
      .first()
      .waitFor();
    await picture(page, "cloudtrail-queue");
    const api = await apiOf(page);
    const ask = async () => (await (await api.get("/api/incidents?filter=severity:critical")).json()).items;
    const items = await eventually(ask, (it) => it.length > 0);
    assert.deepEqual(items[0].principals, ["arn:aws:iam::111122223333:role/analytics"]);
  },
);
