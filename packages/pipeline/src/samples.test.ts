// Third-party logs, which are no part of the repository: nothing crashes, nothing is rejected without a reason, the benign stay quiet.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { severityId } from "@outweigh/schema";
import { sourceOf } from "./ingest/sources.ts";
import { Line } from "./line.ts";
import { makeRegister } from "./register.ts";
import { noSamples, replay, rules, samples } from "./testing/recordings.ts";

const loud = (run: ReturnType<typeof replay>) => run.alerts.filter((it) => severityId(it.severity) > severityId("low"));
const read = (...names: string[]) => names.map((name) => ({ name, bytes: readFileSync(join(samples, name)) }));
const folder = (name: string) => read(...readdirSync(join(samples, name)).map((it) => join(name, it)));

test("a benign inventory of an account: all read, at most five alerts above low", { skip: noSamples }, () => {
  const run = replay(read("aws-cloudtrail/opensearch_account_347283850106.ndjson"));
  assert.deepEqual([run.rejects, run.events.length], [[], 793]);
  assert.ok(loud(run).length <= 5);
});

test("a website's background: all read, at most five alerts above low", { skip: noSamples }, () => {
  const run = replay(read("web/opensearch_apache_combined.log"));
  assert.deepEqual([run.rejects, run.events.length], [[], 5000]);
  assert.ok(loud(run).length <= 5);
});

test("attacks without any read of a model: all read, and what concerns us is seen", { skip: noSamples }, () => {
  const invictus = replay(folder("aws-cloudtrail/invictus"));
  assert.deepEqual([invictus.rejects, invictus.events.length], [[], 1448]);
  assert.deepEqual([...new Set(loud(invictus).map((it) => it.rule))].sort(), [
    "audit_logging_stopped",
    "audit_selectors_changed",
  ]);
  const stratus = replay(folder("aws-cloudtrail/stratus"));
  assert.deepEqual([stratus.rejects, stratus.events.length], [[], 198]);
  assert.deepEqual([...new Set(loud(stratus).map((it) => it.rule))].sort(), [
    "audit_selectors_changed",
    "image_or_snapshot_shared",
  ]);
});

test("hand-shaped records: each is an event or a reject that names a field", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/AWS.CloudTrail.ndjson"), "utf8").trim().split("\n");
  const records = rows.map((it) => JSON.stringify(JSON.parse(it).log));
  const run = replay([{ name: "panther", bytes: new TextEncoder().encode(records.join("\n")) }]);
  const [account] = run.line.sources();
  assert.equal((account?.events ?? 0) + (account?.rejects ?? 0), records.length);
  const explained = /^(eventTime|eventName|eventSource|userIdentity|requestParameters|sourceIPAddress)\b.*: /;
  assert.deepEqual(
    run.rejects.filter((it) => !explained.test(it.reason)),
    [],
  );
});

test("an access log of S3: all read, and nothing above low, since it holds no weights", { skip: noSamples }, () => {
  const run = replay(read("s3-access/opensearch_s3_access.log"));
  assert.deepEqual([run.rejects, run.events.length, loud(run)], [[], 18, []]);
});

test("audit logs of other systems: torn, shuffled and without titles, all read", { skip: noSamples }, () => {
  const logs = ["otrf_sh_arp_cache.log", "otrf_sh_binary_padding_dd.log"].map((it) => `linux-auditd/${it}`);
  const others = readdirSync(join(samples, "linux-auditd/go-libaudit")).filter((it) => it.endsWith(".log"));
  const run = replay(read(...logs, ...others.map((it) => `linux-auditd/go-libaudit/${it}`)));
  // One line has lost its time and serial: `type=UNKNOWN[1329] msg=?`.
  assert.deepEqual([run.rejects.length, loud(run)], [1, []]);
  assert.match(run.rejects[0]?.reason ?? "", /^not a record of the audit log: "type=UNKNOWN\[1329\] msg=\?"/);
  assert.ok(run.events.some((it) => it.principal === "uid:1000" && it.operation === "launch"));
  assert.ok(run.events.some((it) => it.operation === "connect"));
});

test(
  "hand-shaped audit events of clusters: each is an event or a reject that names a field",
  { skip: noSamples },
  () => {
    const rows = readFileSync(join(samples, "panther/Amazon.EKS.Audit.ndjson"), "utf8").trim().split("\n");
    const received = { receivedAt: 1_795_000_000_000, source: "k8s", offset: 0 };
    const answers = rows.map((it) =>
      sourceOf("kubernetes-audit").read(JSON.stringify(JSON.parse(it).log), received, { trusts: () => false }),
    );
    const reasons = answers.flatMap((it) => (it.ok ? [] : [it.reason]));
    assert.ok(answers.filter((it) => it.ok && it.events.length > 0).length > rows.length / 2);
    assert.deepEqual(
      reasons.filter(
        (it) => !/^(verb|requestReceivedTimestamp|user|objectRef|sourceIPs|responseStatus)\b.*: /.test(it),
      ),
      [],
    );
  },
);

test("networks and a workstation that hold no model: all read, nothing above low", { skip: noSamples }, () => {
  const zeek = readdirSync(join(samples, "zeek")).filter((it) => /_(conn|http|ssl|smb_files)\./.test(it));
  const run = replay(read(...zeek.map((it) => `zeek/${it}`)));
  assert.deepEqual([run.rejects, loud(run)], [[], []]);
  assert.ok(run.events.length > 3000);
  const workstation = replay(read("windows-sysmon/otrf_sysmon_log4shell_java_serialized.ndjson"));
  assert.deepEqual([workstation.rejects, loud(workstation), workstation.events.length], [[], [], 14]);
});

test(
  "hand-shaped records of clouds and providers: what is read is of its kind, and no detection fails on it",
  { skip: noSamples },
  () => {
    const kinds = {
      "Okta.SystemLog": "okta",
      "GitHub.Audit": "github-audit",
      "GCP.AuditLog": "gcp-audit",
      "Azure.MonitorActivity": "azure",
      "Azure.Audit": "entra",
      "Databricks.Audit": "databricks",
      "AWS.BedrockModelInvocation": "bedrock",
      "Osquery.Differential": "osquery",
    } as const;
    for (const [name, kind] of Object.entries(kinds)) {
      const rows = readFileSync(join(samples, `panther/${name}.ndjson`), "utf8")
        .trim()
        .split("\n");
      const line = new Line({ register: makeRegister([]), rules });
      const outcomes = rows.map((it, offset) =>
        line.run(JSON.stringify(JSON.parse(it).log), { source: kind, kind, offset }),
      );
      const alerts = outcomes.flatMap((it) => ("alerts" in it ? it.alerts : []));
      assert.deepEqual(
        alerts.filter((it) => it.rule === "detector-failed"),
        [],
        name,
      );
      const [account] = line.sources();
      assert.equal(account?.records, rows.length, name);
      assert.ok(
        (account?.samples ?? []).every((it) => it.reason.length > 0),
        name,
      );
    }
  },
);
