// The bar for the project's own recordings: every attack row alerts, no benign row alerts above low, nothing is rejected.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { severityId, type Alert, type ModelEntry, type OcsfEvent } from "@outweigh/schema";
import { recording, replay, type Replayed } from "./testing/recordings.ts";

const labels = (name: string) =>
  readFileSync(join(import.meta.dirname, "..", "fixtures", name, "labels.tsv"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((it) => it.split("\t"));

const files = (...names: string[]) => names.map((name) => ({ name, bytes: recording(name) }));
const isLoud = (it: Alert) => severityId(it.severity) > severityId("low");
const addressOf = (it: OcsfEvent) => (it.src_endpoint as { ip?: string }).ip;
const isCompletion = (it: OcsfEvent) => it.operation === "complete";
const isTraversal = (it: OcsfEvent) => it.raw_data?.includes("..%2F") === true || it.raw_data?.includes("../") === true;

/** The attack rows of the model server's recording, by what their requests have in common. */
const attacks: readonly (readonly [row: string, (it: OcsfEvent) => boolean])[] = [
  [
    "downloads every version",
    (it) => addressOf(it) === "203.0.113.77" && it.operation === "download" && !isTraversal(it),
  ],
  ["segmented download", (it) => addressOf(it) === "198.51.100.9"],
  ["path traversal", (it) => addressOf(it) === "203.0.113.77" && isTraversal(it)],
  ["rapid completions", (it) => addressOf(it) === "203.0.113.80" && isCompletion(it)],
];
const attackers = labels("lab-mlflow-http").flatMap(([, , address, label]) => (label === "attack" ? [address] : []));

const registered: readonly ModelEntry[] = [
  {
    name: "fraud",
    class: "private",
    places: ["mlflow:7/9c2e/artifacts/model"],
    readers: ["ci-bot", "svc-train"],
    bytes: 3_900_000,
  },
  {
    name: "plain",
    class: "private",
    places: ["http:/files"],
    readers: [],
    files: [{ path: "model.safetensors", bytes: 3_000_000 }],
  },
];

function check(run: Replayed, rows: readonly string[], isAttacker: (it: OcsfEvent) => boolean): void {
  assert.deepEqual(run.rejects, []);
  const byId = new Map(run.events.map((it) => [it.id, it]));
  const loud = run.alerts.filter(isLoud);
  for (const [row, belongs] of attacks.filter(([it]) => rows.includes(it))) {
    assert.ok(
      loud.some((alert) => alert.events.some((id) => belongs(byId.get(id)!))),
      `"${row}" raised nothing`,
    );
  }
  const wrong = loud.filter((alert) => alert.events.some((id) => !isAttacker(byId.get(id)!)));
  assert.deepEqual(
    wrong.map((it) => `${it.rule} ${it.principal}`),
    [],
  );
}

const all = attacks.map(([row]) => row);
const fromAttackers = (it: OcsfEvent) => attackers.includes(addressOf(it) ?? "");

for (const [title, models] of [
  ["without a register", []],
  ["with a register", registered],
] as const) {
  test(`nginx JSON and combined: every attack row alerts and no benign row does, ${title}`, () => {
    check(replay(files("lab-mlflow-http/nginx_access_json.log"), models), all, fromAttackers);
    check(replay(files("lab-mlflow-http/nginx_access_combined.log"), models), all, fromAttackers);
  });

  test(`uvicorn: what its log can show alerts, ${title}; the file server's downloads never reach it`, () => {
    const run = replay(files("lab-mlflow-http/mlflow_uvicorn_access.log"), models);
    check(
      run,
      all.filter((it) => it !== "segmented download"),
      fromAttackers,
    );
    assert.equal(run.skipped.length, 8);
  });
}

test("the four forms agree on which artifacts were downloaded by whom", () => {
  const downloads = (name: string) =>
    replay(files(`lab-mlflow-http/${name}`))
      .events.filter((it) => it.operation === "download" && it.status_id === 1)
      .map((it) => `${addressOf(it)} ${it.artifact}`);
  assert.deepEqual(downloads("nginx_access_json.log"), downloads("nginx_access_combined.log"));
  const behindProxy = downloads("nginx_access_json.log").filter((it) => !it.includes("http:/"));
  const uvicorn = downloads("mlflow_uvicorn_access.log").filter((it) => !it.startsWith("127.0.0.1"));
  assert.deepEqual(
    uvicorn.filter((it) => !it.includes("http:/")),
    behindProxy,
  );
});

test("the books: the thief holds all of it exactly, the deployer's reads are declared", () => {
  const { line } = replay(files("lab-mlflow-http/nginx_access_json.log"), registered);
  const of = (principal: string, model: string) =>
    line.holdings().find((it) => it.principal === principal && it.model === model);
  assert.deepEqual(
    [of("mallory", "fraud")?.fraction, of("mallory", "fraud")?.bound, of("mallory", "fraud")?.declared],
    [1, "exact", false],
  );
  assert.equal(of("ci-bot", "fraud")?.declared, true);
  assert.deepEqual([of("bob", "plain")?.bytes, of("bob", "plain")?.bound], [3_000_000, "exact"]);
});

const repositories: readonly ModelEntry[] = ["fraud-llm", "ocr", "ranker"].map((name) => ({
  name,
  class: "private",
  places: [`oci:models/${name}`],
  readers: ["serving", "ci"],
  bytes: 2_500_000,
}));
const thieves = labels("lab-oci-registry").flatMap(([, user, label]) => (label === "attack" ? [user] : []));
// The access line names no user: the thief's requests are told by the one agent that only the thief used.
const byAgent = (it: OcsfEvent) =>
  (it.http_request as { user_agent?: string }).user_agent?.startsWith("curl/") === true;

for (const [title, models] of [
  ["without a register", []],
  ["with a register", repositories],
] as const) {
  test(`registry notifications: the thief's pulls alert and nobody else's, ${title}`, () => {
    const run = replay(files("lab-oci-registry/notifications.ndjson"), models);
    assert.deepEqual(run.rejects, []);
    const loud = run.alerts.filter(isLoud);
    assert.ok(loud.length > 0 && loud.every((it) => thieves.includes(it.principal)));
  });

  test(`registry access log: enumeration and pulls alert, pushes and the cluster's pulls do not, ${title}`, () => {
    const run = replay(files("lab-oci-registry/registry_app_and_access.log"), models);
    assert.deepEqual(run.rejects, []);
    const byId = new Map(run.events.map((it) => [it.id, it]));
    const loud = run.alerts.filter(isLoud);
    assert.ok(loud.some((it) => it.rule === "enumerate-then-pull"));
    assert.ok(loud.every((it) => it.events.every((id) => byAgent(byId.get(id)!))));
  });
}

test("with both of the registry's logs, listing and pulls become one incident of the thief", () => {
  const run = replay(
    files("lab-oci-registry/registry_app_and_access.log", "lab-oci-registry/notifications.ndjson"),
    repositories,
  );
  const enumerated = run.alerts.filter((it) => it.rule === "enumerate-then-pull").map((it) => it.principal);
  assert.ok(enumerated.includes(thieves[0]));
  const taken = run.incidents.find((it) => it.principals.includes(thieves[0] ?? ""));
  assert.deepEqual([...(taken?.models ?? [])].sort(), ["fraud-llm", "ocr", "ranker"]);
});

test("each request of the registry's output counts once, although it is written up to three times", () => {
  const { events } = replay(files("lab-oci-registry/registry_app_and_access.log"));
  const text = recording("lab-oci-registry/registry_app_and_access.log").toString();
  assert.equal(events.length, text.split("\n").filter((it) => /^\d+\.\d+\.\d+\.\d+ - - \[/.test(it)).length);
});

const host: readonly ModelEntry[] = [
  { name: "llama-ft", class: "private", places: ["file:/srv/mlwlab/models/llama-ft"], readers: ["uid:997"] },
];

for (const [title, models] of [
  ["with a register", host],
  ["without one", []],
] as const) {
  test(`auditd: each attack row alerts above low as the thief's, no benign row does, ${title}`, () => {
    const run = replay(files("lab-auditd/audit.log"), models);
    assert.deepEqual(run.rejects, []);
    const byId = new Map(run.events.map((it) => [it.id, it]));
    // The labels' clock was read beside the kernel's, which is a few ms behind.
    const aside = 10;
    const proofs = run.alerts.filter(isLoud).map((alert) => alert.events.map((id) => byId.get(id)!));
    for (const [start, end, auid, label, technique, command = ""] of labels("lab-auditd")) {
      const inRow = ({ time }: OcsfEvent) => time >= Number(start) * 1000 - aside && time <= Number(end) * 1000;
      const of = proofs.flat().filter(inRow);
      assert.equal(of.length > 0, label === "attack", `${technique} ${command}`);
      assert.ok(of.every((it) => it.principal === `uid:${auid}`));
    }
    assert.ok(run.alerts.filter(isLoud).every((it) => it.act === "copy" || it.act === "obtain"));
  });
}

test("auditd: what the register lists is named in every alert whose paths are known", () => {
  const run = replay(files("lab-auditd/audit.log"), host);
  const loud = run.alerts.filter(isLoud);
  assert.deepEqual(
    loud
      .filter((it) => it.model === "llama-ft")
      .map((it) => it.rule)
      .sort(),
    [
      "derived-copy",
      "lnx_weights_archived_or_encrypted",
      "lnx_weights_copied",
      "lnx_weights_renamed",
      "lnx_weights_upload_tool",
    ],
  );
  // Tar opens its files from a folder whose path the log does not say: weights, but whose?
  assert.deepEqual(
    loud.filter((it) => it.model === undefined).map((it) => it.rule),
    ["lnx_weights_archived_or_encrypted"],
  );
});
