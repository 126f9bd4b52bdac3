// From a confirmed theft to a gateway that looks harder at the model: a real server, a real gateway, and what passes between them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { calibrate, type Query } from "@outweigh/extraction";
import { gatewayKey, writeCalibration } from "@outweigh/gateway";
import { aGateway, type TestGateway } from "../../../gateway/src/testing/a-gateway.ts";
import { mockUpstream, saying, type MockUpstream } from "../../../gateway/src/testing/upstream.ts";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("watched-gateway");
const horizon = 20;
const waitMs = 120_000;
let server: Running;
let visitor: Visitor;
let upstream: MockUpstream;
let it: TestGateway;
let section: object;
/** Of a client just not above the usual level, though above that at twice the rate. */
let closest: readonly Query[];

before(async () => {
  const configuration = {
    models: [
      {
        name: "acme-13b",
        class: "private" as const,
        places: ["hf:acme/acme-13b"],
        files: [{ path: "model.safetensors", bytes: 1000 }],
      },
    ],
    sources: [{ name: "registry", kind: "http-access" as const }],
  };
  const path = "rules/inference/gateway_extraction_found.yml";
  const text = readFileSync(new URL(`../../../../content/${path}`, import.meta.url), "utf8");
  const content = { rules: [{ path, text }], playbooks: [], policy: "[]" };
  server = await aServer(join(folder.path, "data"), configuration, { content });
  visitor = await signIn(server.openUrl);
  upstream = await mockUpstream((req, res, body) => {
    const { inputs } = JSON.parse(body) as { inputs: { data: number[] }[] };
    const data = Array.from(queryOf(inputs[0]?.data ?? []).probabilities ?? []);
    saying({ outputs: [{ name: "p", datatype: "FP32", shape: [1, 2], data }] })(req, res, body);
  });
  const dataDir = join(folder.path, "gateway");
  section = calibrated(dataDir);
  const { token } = (await visitor.post("/api/gateways/enrolments", {})).body;
  it = await aGateway(section, { dataDir, server: { url: server.url, token } });
});

after(async () => {
  await it?.close();
  await upstream?.close();
  await server.close();
  folder.remove();
});

function queryOf(features: readonly number[]): Query {
  const p = 1 / (1 + Math.exp(-4 * (features[0] ?? 0)));
  return { features, stratum: p > 0.5 ? 0 : 1, probabilities: [p, 1 - p] };
}

function calibrated(dataDir: string): object {
  let state = 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const stream = () => Array.from({ length: horizon }, () => queryOf(Array.from({ length: 4 }, () => random() - 0.5)));
  const streams = Array.from({ length: 120 }, stream);
  const data = { reference: streams.slice(0, 20), paths: streams.slice(20) };
  const single = calibrate(data, { strata: 2, alpha: { num: 1, den: 100 }, horizon, seed: 1 });
  const most = Math.max(...single.peaks.map((one) => one.strangeness));
  closest = data.paths[single.peaks.findIndex((one) => one.strangeness === most)] ?? [];
  const calibration = join(folder.path, "clf.calibration");
  writeCalibration(calibration, { single, groups: [] }, gatewayKey(dataDir).privateKey);
  return {
    upstreams: [{ name: "clf", protocol: "open-inference", url: upstream.url }],
    models: [
      { name: "clf", classes: 2, calibration, register: "acme-13b" },
      { name: "chat", register: "acme-13b" },
    ],
  };
}

/** Asks as that client would, under a name of its own. */
async function ask(principal: string): Promise<void> {
  const secret = it.newKey({ principal });
  await it.admin("POST", "/reload");
  for (const { features } of closest) {
    const inputs = [{ name: "x", datatype: "FP32", shape: [1, 4], data: Array.from(features) }];
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const asked = { method: "POST", headers, body: JSON.stringify({ inputs }) };
    const answer = await fetch(`${it.gateway.url}/v2/models/clf/infer`, asked);
    await answer.arrayBuffer();
    assert.equal(answer.status, 200);
  }
  const queries = async (): Promise<number | undefined> => {
    const { clients } = (await it.admin("GET", "/clients")).json as {
      clients: { principal: string; reading?: { queries: number } }[];
    };
    return clients.find((one) => one.principal === principal)?.reading?.queries;
  };
  assert.equal(await eventually(queries, (n) => n === horizon, waitMs), horizon);
}

const watchedThere = async (): Promise<unknown> => (await it.admin("GET", "/status")).json["watched"];
const alertsOf = async (principal: string) =>
  (await visitor.get(`/api/alerts?filter=${encodeURIComponent(`principal:${principal}`)}`)).body.items;

test("a theft of a model is confirmed, and its gateway tells a client at twice the rate, over a restart too, until it ends", async () => {
  await ask("before");
  const line = accessLine("model.safetensors", { user: "thief", at: Date.now() - 60_000, bytes: 1000 });
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  const sent = await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: `${line}\n` });
  assert.equal(sent.status, 200);
  const stolen = await eventually(
    async () => (await alertsOf("thief"))[0]?.incident,
    (id) => id !== undefined,
    waitMs,
  );
  const verdict = { status: "closed", verdict: "true-positive", reason: "asked him" };
  assert.equal((await visitor.post(`/api/incidents/${stolen}/status`, verdict)).status, 200);
  const { until } = (await visitor.get("/api/models/acme-13b")).body.model.watched;
  const wanted = [{ model: "acme-13b", until }];
  assert.deepEqual(
    await eventually(watchedThere, (list) => JSON.stringify(list) === JSON.stringify(wanted), waitMs),
    wanted,
  );

  // Another run of it knows before any server speaks.
  await it.close();
  it = await aGateway(section, { dataDir: join(folder.path, "gateway"), server: { url: server.url } });
  assert.deepEqual(await watchedThere(), wanted);
  assert.deepEqual((await it.admin("GET", "/status")).json["problems"], [
    "chat is watched after a theft, and has no stricter levels: calibrate it anew",
  ]);

  await ask("after");
  const [alert] = await eventually(
    () => alertsOf("after"),
    (all) => all.length > 0,
    waitMs,
  );
  assert.ok(alert.raisedBy.includes("model acme-13b"), JSON.stringify(alert));
  const { events } = (await visitor.get(`/api/alerts/${alert.id}`)).body;
  const { finding, watched, alpha } = events[0].unmapped;
  assert.deepEqual([finding, watched, alpha > 0.01 && alpha <= 0.02], ["novel-queries", true, true]);
  assert.deepEqual(await alertsOf("before"), [], "the same queries, before it was watched");

  const end = { kind: "model", name: "acme-13b", reason: "weights were rotated" };
  assert.equal((await visitor.post("/api/watched/end", end)).status, 200);
  assert.deepEqual(await eventually(watchedThere, (list) => JSON.stringify(list) === "[]", waitMs), []);
  assert.deepEqual((await it.admin("GET", "/status")).json["problems"], []);
});
