// Detectors from the outside: exchanges go through the gateway, findings and blind intervals come out.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { revealed, type Entry } from "@outweigh/evidence";
import { calibrate, type Query } from "@outweigh/extraction";
import { gatewayRecord, type GatewayClient } from "@outweigh/schema";
import { gatewayKey } from "../record/journal.ts";
import { aGateway, type TestGateway } from "../testing/a-gateway.ts";
import { encoderSkip, writeTinyEncoder } from "../testing/tiny-encoder.ts";
import { until } from "../testing/until.ts";
import { mockUpstream, saying, type MockUpstream } from "../testing/upstream.ts";
import { readCalibration, writeCalibration } from "./calibration-file.ts";
import { reduce } from "./reduce.ts";
import { GatewayError } from "../error.ts";

const key = (it: TestGateway, secret = it.key) => ({
  authorization: `Bearer ${secret}`,
  "content-type": "application/json",
});

/** Repeatable noise in 0…1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** A made-up user: points around the centre, two classes by the first coordinate's sign. */
function point(random: () => number, at: number): number[] {
  return Array.from({ length: 4 }, () => at + random() - 0.5);
}

function queryOf(x: readonly number[]): Query {
  const p = 1 / (1 + Math.exp(-4 * (x[0] ?? 0)));
  return { features: x, stratum: p > 0.5 ? 0 : 1, probabilities: [p, 1 - p] };
}

/** Answers as the made-up classifier does. */
const classifier = (req: unknown, res: Parameters<Parameters<typeof mockUpstream>[0]>[1], body: string) => {
  const { inputs } = JSON.parse(body) as { inputs: { data: number[] }[] };
  const { probabilities = [] } = queryOf(inputs[0]?.data ?? []);
  saying({ outputs: [{ name: "p", datatype: "FP32", shape: [1, 2], data: Array.from(probabilities) }] })(
    req as never,
    res,
    body,
  );
};

async function calibratedGateway(upstream: MockUpstream, horizon = 40, centreOf: (i: number) => number = () => 0) {
  const first = await aGateway({ upstreams: [{ name: "clf", protocol: "open-inference", url: upstream.url }] });
  await first.gateway.close();
  const stream = (i: number) => {
    const random = dice(i + 1);
    return Array.from({ length: horizon }, () => queryOf(point(random, centreOf(i))));
  };
  const streams = Array.from({ length: 120 }, (_, i) => stream(i));
  const single = calibrate(
    { reference: streams.slice(0, 20), paths: streams.slice(20) },
    { strata: 2, alpha: { num: 1, den: 100 }, horizon, seed: 1 },
  );
  const file = join(first.dataDir, "clf.calibration");
  writeCalibration(file, { single, groups: [] }, gatewayKey(first.dataDir).privateKey);
  const section = {
    upstreams: [{ name: "clf", protocol: "open-inference", url: upstream.url }],
    models: [{ name: "clf", classes: 2, calibration: file, register: "acme-clf" }],
  };
  return { file, it: await aGateway(section, { dataDir: first.dataDir }), dataDir: first.dataDir };
}

async function predict(it: TestGateway, secret: string, x: readonly number[]): Promise<number> {
  const body = JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 4], data: x }] });
  const answer = await fetch(`${it.gateway.url}/v2/models/clf/infer`, {
    method: "POST",
    headers: key(it, secret),
    body,
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function clientsUntil(it: TestGateway, isDone: (clients: GatewayClient[]) => boolean): Promise<GatewayClient[]> {
  for (let i = 0; ; i++) {
    const clients = (await it.admin("GET", "/clients")).json["clients"] as GatewayClient[];
    if (isDone(clients) || i > 1000) return clients;
    await sleep(50);
  }
}

function entries(dataDir: string) {
  const text = readFileSync(join(dataDir, "evidence.ndjson"), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Entry]));
}

test("a strange client is found and put on record, a usual one is not; nothing that was asked is written down", async (t) => {
  const upstream = await mockUpstream(classifier);
  t.after(() => upstream.close());
  const { it, dataDir } = await calibratedGateway(upstream);
  t.after(() => it.close());
  const [good, bad] = [it.newKey({ principal: "good" }), it.newKey({ principal: "mallory" })];
  await it.admin("POST", "/reload");
  const random = dice(999);
  for (let i = 0; i < 38; i++) {
    assert.equal(await predict(it, good, point(random, 0)), 200);
    assert.equal(await predict(it, bad, point(random, 3 + i)), 200);
  }
  const clients = await clientsUntil(it, (all) =>
    all.every((one) => one.requests === 0 || one.reading?.queries === 38),
  );
  const of = (principal: string) => clients.find((one) => one.principal === principal)?.reading;
  assert.equal(of("good")?.state, "ready");
  assert.ok((of("good")?.novelty ?? 9) < 1 && (of("mallory")?.novelty ?? 0) > 1, JSON.stringify(clients));
  await it.gateway.close();

  const found = entries(dataDir)
    .filter((one) => one.kind === "finding")
    .map((one) => revealed(one));
  assert.deepEqual([...new Set(found.map((one) => one.subject))], ["mallory"]);
  assert.match(String(found[0]?.fields["record"]), /"model":"acme-clf".*"alpha":0\.0/);
  const spool = readFileSync(join(dataDir, "spool.ndjson"), "utf8");
  assert.ok(spool.includes('"finding":"novel-queries"') && !spool.includes("inputs"));
});

test("clients that have become stranger than the calibration's are told as drift; then nobody is paged by it", async (t) => {
  const upstream = await mockUpstream(classifier);
  t.after(() => upstream.close());
  // One benign principal was very strange, so the level is high: the drifted clients stay below it.
  const { it, dataDir } = await calibratedGateway(upstream, 8, (i) => (i === 119 ? 1.6 : ((i * 37) % 100) / 200));
  t.after(() => it.close());
  const clients = Array.from({ length: 12 }, (_, n) => it.newKey({ principal: `client-${n}` }));
  const late = it.newKey({ principal: "mallory" });
  await it.admin("POST", "/reload");
  const random = dice(7);
  for (const secret of clients)
    for (let i = 0; i < 8; i++) assert.equal(await predict(it, secret, point(random, 1)), 200);
  const problemsNow = async () => (await it.admin("GET", "/status")).json["problems"] as string[];
  await until("a problem", async () => (await problemsNow()).length > 0);
  assert.match((await problemsNow()).join(), /^clf: its clients have become stranger .* calibrate anew$/);

  for (let i = 0; i < 8; i++) await predict(it, late, point(random, 5 + i));
  const rows = await clientsUntil(it, (all) =>
    all.some((one) => one.principal === "mallory" && one.reading?.queries === 8),
  );
  const reading = rows.find((one) => one.principal === "mallory")?.reading;
  assert.deepEqual([reading?.state, reading?.novelty], ["calibrating", undefined]);
  await it.gateway.close();
  const kinds = entries(dataDir).map((one) => one.kind);
  assert.deepEqual([kinds.includes("calibration-drifted"), kinds.includes("finding")], [true, false]);
});

test(
  "prompts go through the operator's encoder; where it cannot be loaded that is said, and detectors work on",
  { skip: encoderSkip },
  async (t) => {
    const upstream = await mockUpstream(saying({ choices: [] }));
    t.after(() => upstream.close());
    const folder = mkdtempSync(join(tmpdir(), "outweigh-encoder-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const encoder = writeTinyEncoder(folder, { "[UNK]": [0, 1], rain: [1, 0] });
    const section = { upstreams: [{ name: "m", protocol: "openai", url: upstream.url }] };
    const it = await aGateway({ ...section, encoder });
    t.after(() => it.close());
    const ask = async () => {
      const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "will it rain" }] });
      await (
        await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers: key(it), body })
      ).arrayBuffer();
    };
    await ask();
    const [alice] = await clientsUntil(it, ([one]) => one?.reading?.queries === 1);
    assert.equal(alice?.reading?.queries, 1);
    const status = async () => (await it.admin("GET", "/status")).json;
    assert.deepEqual([(await status())["problems"], (await status())["unread"]], [[], 0]);

    it.set({ ...section, encoder: { ...encoder, model: join(folder, "none.onnx") } });
    await it.admin("POST", "/reload");
    const problemsNow = async () => (await status())["problems"] as string[];
    await until("a problem", async () => (await problemsNow()).length > 0);
    assert.match((await problemsNow()).join(), /^prompts go through hashed vectors: .*none\.onnx: ENOENT/);
  },
);

test(
  "a detector that dies fails no request, is started again, and leaves a signed blind interval",
  { timeout: 240_000 },
  async (t) => {
    const upstream = await mockUpstream(saying({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }));
    t.after(() => upstream.close());
    const it = await aGateway({ upstreams: [{ name: "m", protocol: "openai", url: upstream.url }] });
    const ask = async (n: number) => {
      const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: `question ${n}` }] });
      const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers: key(it), body });
      await answer.arrayBuffer();
      return answer.status;
    };
    const statuses: number[] = [];
    for (let n = 0; n < 200; n++) {
      if (n === 50) it.gateway.killDetector();
      statuses.push(await ask(n));
    }
    assert.deepEqual(new Set(statuses), new Set([200]));
    await until(
      "the end of the blind interval",
      async () => (await it.admin("GET", "/status")).json["blind"] === false,
    );
    // What waited in the ring is read by the next one.
    const clients = await clientsUntil(it, ([alice]) => (alice?.reading?.queries ?? 0) > 100);
    assert.ok((clients[0]?.reading?.queries ?? 0) > 100, JSON.stringify(clients));
    await it.gateway.close();
    const blind = entries(it.dataDir)
      .filter((one) => one.kind === "blind-interval")
      .map((one) => revealed(one).fields);
    assert.equal(blind.length, 1);
    assert.equal(blind[0]?.["cause"], "detector-away");
  },
);

test("a server that is away fails no request; what it should hear waits on disk", async (t) => {
  const upstream = await mockUpstream(saying({}));
  t.after(() => upstream.close());
  const it = await aGateway(
    { upstreams: [{ name: "m", protocol: "ollama", url: upstream.url }] },
    { server: { url: "http://127.0.0.1:9", token: "a-token-of-the-server" } },
  );
  const ask = async (path: string) => {
    const answer = await fetch(it.gateway.url + path, { method: "POST", headers: key(it), body: '{"model":"m"}' });
    await answer.arrayBuffer();
    return answer.status;
  };
  assert.deepEqual([await ask("/api/push"), await ask("/api/chat")], [403, 200]);
  await it.gateway.close();
  assert.match(readFileSync(join(it.dataDir, "spool.ndjson"), "utf8"), /"code":"GRAVE_ROUTE"/);
});

test("other models in the policy are other detectors: they begin anew, and requests go on", async (t) => {
  const upstream = await mockUpstream(saying({ choices: [] }));
  t.after(() => upstream.close());
  const section = { upstreams: [{ name: "m", protocol: "openai", url: upstream.url }] };
  const it = await aGateway(section);
  t.after(() => it.close());
  it.set({ ...section, models: [{ name: "m", failClosed: true }] });
  assert.equal((await it.admin("POST", "/reload")).status, 200);
  const ask = async (model: string) => {
    const body = JSON.stringify({ model, messages: [] });
    return (await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers: key(it), body })).status;
  };
  assert.equal(await ask("other"), 200);
  await until("an answer of the guarded model", async () => (await ask("m")) === 200);
});

test("a model that must not be answered unwatched is not, while the detector is away", async (t) => {
  const upstream = await mockUpstream(saying({ choices: [] }));
  t.after(() => upstream.close());
  const it = await aGateway({
    upstreams: [{ name: "m", protocol: "openai", url: upstream.url }],
    models: [{ name: "guarded", failClosed: true }],
  });
  t.after(() => it.close());
  const ask = async (model: string) => {
    const body = JSON.stringify({ model, messages: [] });
    return (await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers: key(it), body })).status;
  };
  assert.equal(await ask("guarded"), 200);
  const isBlind = async () => (await it.admin("GET", "/status")).json["blind"] === true;
  // On a slow machine it may be back before somebody has asked: then it is killed again.
  await until("an answer while the detector is away", async () => {
    it.gateway.killDetector();
    await until("its end", isBlind);
    const [guarded, other] = await Promise.all([ask("guarded"), ask("other")]);
    assert.equal(other, 200);
    if (!(await isBlind())) return false;
    assert.equal(guarded, 503);
    return true;
  });
});

test("a sweep of bias maps over one prompt is found without any calibration", async (t) => {
  const token = { token: "a", logprob: -1, top_logprobs: [] };
  const upstream = await mockUpstream(saying({ choices: [{ logprobs: { content: [token] } }] }));
  t.after(() => upstream.close());
  // A server that gives scores although nobody asked: the request alone would have been refused.
  const it = await aGateway({ upstreams: [{ name: "m", protocol: "openai", url: upstream.url }] });
  // As long as a client may name a model: longer than a record may.
  const model = "m".repeat(256);
  for (let n = 0; n < 30; n++) {
    const body = JSON.stringify({ model, messages: [{ role: "user", content: "x" }], logit_bias: { [n]: 100 } });
    await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers: key(it), body });
  }
  await clientsUntil(it, ([alice]) => alice?.reading?.queries === 30);
  await until("a finding", () => entries(it.dataDir).some((one) => one.kind === "finding"));
  await it.gateway.close();
  const found = entries(it.dataDir).filter((one) => one.kind === "finding");
  assert.equal(found.length, 1);
  const { text, record } = revealed(found[0]!).fields;
  assert.match(String(text), /bias-sweep/);
  assert.equal(gatewayRecord.parse(JSON.parse(String(record))).kind, "finding", "the server takes it");
});

test("a calibration that another key signed is refused", async (t) => {
  const upstream = await mockUpstream(classifier);
  t.after(() => upstream.close());
  const { it, file } = await calibratedGateway(upstream);
  const other = await aGateway({
    upstreams: [{ name: "m", protocol: "openai", url: upstream.url }],
    models: [{ name: "clf", calibration: file }],
  });
  t.after(async () => {
    await it.close();
    await other.close();
  });
  assert.throws(
    () => readCalibration(file, gatewayKey(other.dataDir).publicKey),
    (error) => error instanceof GatewayError && error.code === "BAD_CALIBRATION",
  );
  assert.match(other.said.join("\n"), /signature/);
  assert.equal(readCalibration(file, gatewayKey(it.dataDir).publicKey).kind, "numeric");
});

test("an image is averaged over blocks, channel by channel; another shape is no image", () => {
  const input = { shape: [2, 2, 4], pool: 2, scale: 10 };
  assert.deepEqual([...(reduce([1, 1, 3, 3, 1, 1, 3, 3, 0, 0, 0, 0, 4, 4, 4, 4], input) ?? [])], [10, 30, 20, 20]);
  assert.equal(reduce([1, 2], input), undefined);
  assert.deepEqual([...(reduce([1, 2], undefined) ?? [])], [1, 2]);
});
