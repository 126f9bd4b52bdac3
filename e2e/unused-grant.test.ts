// Weak access control: a role may read the models and has not for ninety days; then it does. And a stranger's pod mounts the weights.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ScanReport } from "@outweigh/schema";
import { sitDown } from "./world/desk.ts";
import { run, storyFolder, up } from "./world/platform.ts";
import { podMounts, roleArn, s3Get, type AwsCaller } from "./world/records.ts";
import { replayed, rulesOf, tell, took } from "./world/story.ts";

const dayMs = 86_400_000;
const shard = 4_000_000_000;
const register = `
models:
  - name: acme-13b
    class: private
    places: ["s3://acme-models/acme-13b/", "k8s:serving/acme-13b"]
    readers: ["${roleArn("serve")}", "${roleArn("evaluate")}", "system:serviceaccount:serving:serve"]
    files: [{ path: model.safetensors, bytes: ${shard} }]
networks: [10.0.0.0/8]
`;

const statement = (Sid: string, Action: string, Resource: string) => ({ Sid, Effect: "Allow", Action, Resource });
const role = (RoleName: string, ...Statement: readonly object[]) => ({
  RoleName,
  Arn: roleArn(RoleName),
  RolePolicyList: [{ PolicyName: "own", PolicyDocument: { Version: "2012-10-17", Statement } }],
  AttachedManagedPolicies: [],
});
/** As `aws iam get-account-authorization-details` prints it. */
const account = {
  UserDetailList: [],
  GroupDetailList: [],
  RoleDetailList: [
    role("serve", statement("Serve", "s3:GetObject", "arn:aws:s3:::acme-models/*")),
    role("analytics", statement("Logs", "logs:*", "*"), statement("Everything", "s3:*", "arn:aws:s3:::acme-models/*")),
  ],
  Policies: [],
};

test("S12: the line that lets it is named before; the first use is told", { timeout: 600_000 }, async (t) => {
  const folder = storyFolder("unused-grant");
  t.after(() => folder.remove());
  const exported = join(folder.path, "exported");
  mkdirSync(join(exported, "last-accessed"), { recursive: true });
  const text = JSON.stringify(account, null, 2);
  writeFileSync(join(exported, "account.json"), text);
  const lastUsed = new Date(Date.now() - 97 * dayMs).toISOString();
  writeFileSync(
    join(exported, "last-accessed", "analytics.json"),
    JSON.stringify({
      ServicesLastAccessed: [{ ServiceName: "Amazon S3", ServiceNamespace: "s3", LastAuthenticated: lastUsed }],
    }),
  );
  writeFileSync(join(folder.path, "outweigh.yml"), register);
  const nothing = join(folder.path, "nothing");
  mkdirSync(nothing);
  const { stdout, stderr } = run(["scan", nothing, "--posture", exported, "--json"], folder.path);
  const { paths } = JSON.parse(stdout) as ScanReport;
  const unused = paths.find((it) => it.kind === "iam-unused");
  const proof = unused?.steps[0]?.proof ?? "";
  const [, file = "", line = "0"] = /remove (\S+?):(\d+)#/.exec(proof) ?? [];
  const named =
    file === ""
      ? ""
      : text
          .split("\n")
          .slice(Number(line) - 1, Number(line) + 5)
          .join(" ");

  const data = join(folder.path, "data");
  const platform = await up(["--data", data, "--no-scan"], folder.path);
  t.after(() => platform.stop());
  const desk = await sitDown(platform, data, folder.path);
  const analytics: AwsCaller = { role: "analytics", session: "nightly", key: "ASIAANALYTICS", address: "10.0.4.4" };
  const read = (caller: AwsCaller, at: number) =>
    s3Get({ caller, key: "acme-13b/model.safetensors", bytes: shard, at });
  const used = await desk.send("cloudtrail", [read(analytics, Date.now())]);
  const first = await desk.waitFor((it) => it.principals.includes(roleArn("analytics")), used);
  const mount = (who: string, pod: string, at: number) =>
    podMounts({ at, who, namespace: "serving", claim: "acme-13b", pod });
  const sent = await desk.send("kubernetes-audit", [mount("eve@acme.example", "debug", Date.now())]);
  const mounted = await desk.waitFor((it) => it.principals.includes("eve@acme.example"), sent);

  const told = async (who: string) => rulesOf((await desk.alerts()).filter((it) => it.principal === who));

  const start = Date.UTC(2026, 5, 1);
  const evaluate: AwsCaller = { ...analytics, role: "evaluate", key: "ASIAEVALUATE" };
  const trail = (...days: readonly number[]) =>
    replayed({ register, files: { "trail.json": days.map((n) => read(evaluate, start + n * dayMs)) } });
  const dormant = trail(0, 120);
  const awake = trail(0, 40, 80, 120);
  const serving = Array.from({ length: 10 }, (_, day) =>
    mount("system:serviceaccount:serving:serve", `serve-${day}`, start + day * dayMs),
  );
  const job = (who: string) =>
    replayed({ register, files: { "audit.json": [...serving, mount(who, "job", start + 10 * dayMs)] } });
  const byMachine = job("system:serviceaccount:build:runner");
  const byUsual = job("system:serviceaccount:serving:serve");

  tell(t, "S12 a right that nobody used", [
    {
      what: "the policy's line, before",
      expected: "file and line",
      found: proof.slice(0, 150) || stderr.slice(0, 80),
      after: "before any use",
    },
    { what: "its fix", expected: "one command", found: (unused?.fix ?? "none").slice(0, 100) },
    {
      what: "first use",
      expected: "<= 10 s",
      found: await told(roleArn("analytics")),
      after: took(first?.tookMs),
    },
    {
      what: "a person's pod mounts the weights",
      expected: "<= 10 s",
      found: await told("eve@acme.example"),
      after: took(mounted?.tookMs),
    },
    { what: "twin: a declared reader, silent for 120 days", expected: "(published)", found: rulesOf(dormant.alerts) },
    {
      what: "twin: kept awake by a read every 40 days",
      expected: "(published)",
      found: rulesOf(awake.alerts),
      after: awake.incidents.length === 0 ? "the thief wins" : "",
    },
    {
      what: "a pod of an unrelated build job mounts them",
      expected: "told",
      found: rulesOf(byMachine.alerts),
    },
    {
      what: "twin: the serving account is told to start one more",
      expected: "(published)",
      found: rulesOf(byUsual.alerts),
      after: byUsual.incidents.length === 0 ? "the thief wins" : "",
    },
  ]);
  assert.equal(file, "account.json");
  assert.match(named, /Everything/);
  assert.match(proof, /Allow s3:\* in own/);
  assert.ok(first && mounted);
  assert.match(rulesOf(dormant.alerts), /dormant-reader/);
  assert.match(rulesOf(byMachine.alerts), /first-mount/);
});
