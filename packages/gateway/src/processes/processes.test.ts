// Several processes behind one port: limits, orders and detectors are one, and the death of any of them fails no request of the others.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once as event } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { revealed, type Entry } from "@outweigh/evidence";
import { createKey } from "../keys/key-file.ts";
import { proofDigest, zeroBits } from "../orders/challenge.ts";
import { aGateway } from "../testing/a-gateway.ts";
import { loop, once, type Asked } from "../testing/loop.ts";
import { until } from "../testing/until.ts";
import { mockUpstream, saying, type Answer } from "../testing/upstream.ts";

const path = "/v1/chat/completions";
const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }] });
const skip = process.platform === "linux" ? false : "one port for several processes is dealt out on Linux";

async function world(t: TestContext, section: object = {}, answer: Answer = saying({ choices: [] })) {
  const upstream = await mockUpstream(answer);
  const it = await aGateway({
    processes: 2,
    upstreams: [{ name: "mock", protocol: "openai", url: upstream.url }],
    ...section,
  });
  t.after(async () => {
    await it.close();
    await upstream.close();
  });
  return { it, upstream };
}

/** One request, on a connection of its own: so that both processes get some. */
async function ask(url: string, key: string): Promise<number> {
  const agent = new Agent({ keepAlive: false });
  return once(agent, url + path, key, body);
}

/** Waits until a claim holds; the last look decides. */
/** Blind intervals in a gateway's evidence, by cause. */
function blindIn(dataDir: string): string[] {
  const lines = readFileSync(join(dataDir, "evidence.ndjson"), "utf8").split("\n").filter(Boolean);
  const blind = lines.map((it): Entry => JSON.parse(it)).filter((it) => it.kind === "blind-interval");
  return blind.map((it) => String(revealed(it).fields?.["cause"]));
}

/** Failed requests that were not running at a moment. */
function failedApart(asked: readonly Asked[], at: number): Asked[] {
  // What was sent within a second after may have been on its way to the process that died.
  return asked.filter((it) => it.status !== 200 && !(it.from <= at + 50 && it.to >= at));
}

test("limits hold over all processes: exactly as many pass as one bucket has", { skip }, async (t) => {
  const { it } = await world(t, { plans: { default: { limits: { requestsPerMinute: 30 } } } });
  const from = Date.now();
  const statuses: number[] = [];
  for (let i = 0; i < 10; i++) {
    statuses.push(...(await Promise.all(Array.from({ length: 8 }, () => ask(it.gateway.url, it.key)))));
  }
  const passed = statuses.filter((status) => status === 200).length;
  const refilled = Math.floor(((Date.now() - from) * 30) / 60_000);
  assert.ok(passed >= 30 && passed <= 30 + refilled, `${passed} passed`);
  assert.ok(statuses.every((status) => status === 200 || status === 429));
  await until("counts of both processes that add up", async () => {
    const { clients } = (await it.admin("GET", "/clients")).json as { clients: { requests: number; denied: number }[] };
    return clients[0]?.requests === passed && clients[0].denied === 80 - passed;
  });
});

test("an order holds in every process, and detectors see one stream", { skip }, async (t) => {
  const { it } = await world(t);
  await Promise.all(Array.from({ length: 20 }, () => ask(it.gateway.url, it.key)));
  await until("both processes' queries as one client's, at the detectors,", async () => {
    const { clients } = (await it.admin("GET", "/clients")).json as { clients: { reading?: { queries: number } }[] };
    return clients[0]?.reading?.queries === 20;
  });
  const order = { id: "ORD-1", verb: "suspend", principal: "alice", reason: "a test", by: "ana", from: 0 };
  await it.admin("POST", "/orders", { ...order, until: Date.now() + 60_000 });
  await until("the order in every process", async () => {
    const refused = await Promise.all(Array.from({ length: 20 }, () => ask(it.gateway.url, it.key)));
    return refused.every((status) => status === 403);
  });
  await it.admin("DELETE", "/orders/ORD-1");
  const throttle = { ...order, id: "ORD-2", verb: "throttle", requestsPerMinute: 4, until: Date.now() + 60_000 };
  await it.admin("POST", "/orders", throttle);
  await sleep(1_500);
  const slowed = await Promise.all(Array.from({ length: 20 }, () => ask(it.gateway.url, it.key)));
  assert.equal(slowed.filter((status) => status === 200).length, 4);
});

test(
  "the detector's thread, then one of two processes is killed under load: only what ran in the process fails, and each leaves a blind interval",
  { skip, timeout: 90_000 },
  async (t) => {
    const { it } = await world(t);
    const load = loop(it.gateway.url, path, it.key, body, 16);
    t.after(() => load.stop());
    await sleep(600);
    it.gateway.killDetector();
    await until("a blind interval of the detector", () => blindIn(it.dataDir).includes("detector-away"));
    assert.deepEqual(failedApart(load.asked, Infinity), []);
    const [victim] = it.gateway.pids;
    assert.ok(victim !== undefined && it.gateway.pids.length === 2);
    const at = Date.now();
    process.kill(victim, "SIGKILL");
    await until("a process in its place", () => it.gateway.pids.length === 2 && !it.gateway.pids.includes(victim));
    await until("a blind interval", () => blindIn(it.dataDir).includes("process-away"));
    await sleep(300);
    await load.stop();
    assert.deepEqual(failedApart(load.asked, at), []);
    assert.ok(load.asked.some((one) => one.from > at + 100 && one.status === 200));
  },
);

test("a proof of work counts once over all processes, and a port that is taken is said to be", { skip }, async (t) => {
  const { it } = await world(t);
  const taken = { processes: 2, port: Number(new URL(it.gateway.url).port) };
  await assert.rejects(
    aGateway({ ...taken, upstreams: [{ name: "mock", protocol: "openai", url: "http://127.0.0.1:9" }] }),
    /EADDRINUSE/,
  );
  const order = { id: "ORD-1", verb: "challenge", bits: 8, principal: "alice", reason: "a test", by: "ana", from: 0 };
  await ask(it.gateway.url, it.key);
  await it.admin("POST", "/orders", { ...order, until: Date.now() + 60_000 });
  await sleep(1_500);
  const headers = { authorization: `Bearer ${it.key}`, connection: "close" };
  const post = (more: object) =>
    fetch(it.gateway.url + path, { method: "POST", headers: { ...headers, ...more }, body });
  const challenge = (await post({})).headers.get("x-outweigh-challenge") ?? "";
  let nonce = 0;
  while (zeroBits(proofDigest(challenge, String(nonce), Buffer.from(body))) < 8) nonce++;
  const proof = { "x-outweigh-proof": `${challenge}:${nonce}` };
  const answers = await Promise.all(Array.from({ length: 12 }, () => post(proof)));
  assert.equal(answers.filter((one) => one.status === 200).length, 1);
});

interface Apart {
  readonly child: ChildProcess;
  readonly url: string;
  readonly pids: readonly number[];
}

async function startApart(section: object): Promise<Apart> {
  const file = join(import.meta.dirname, "..", "testing", "gateway-process.ts");
  const child = spawn(process.execPath, [file, JSON.stringify(section)], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.includes("\n")) break;
  }
  return { child, ...(JSON.parse(said) as Omit<Apart, "child">) };
}

test(
  "the process with the detectors is killed under load: the others go on until a new one serves",
  { skip, timeout: 120_000 },
  async (t) => {
    const upstream = await mockUpstream(saying({ choices: [] }));
    const data = mkdtempSync(join(tmpdir(), "outweigh-crew-"));
    const { secret } = createKey(data, { principal: "alice" }, 0);
    const section = { processes: 2, data, upstreams: [{ name: "mock", protocol: "openai", url: upstream.url }] };
    const first = await startApart({ ...section, port: 0 });
    let second: Apart | undefined;
    t.after(async () => {
      for (const it of [first, second]) {
        if (!it || it.child.exitCode !== null || it.child.signalCode !== null) continue;
        it.child.kill("SIGTERM");
        await event(it.child, "exit");
      }
      for (const pid of first.pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      await upstream.close();
      rmSync(data, { recursive: true, force: true });
    });
    const load = loop(first.url, path, secret, body, 8);
    t.after(() => load.stop());
    await sleep(400);
    first.child.kill("SIGKILL");
    await sleep(1_000);
    assert.ok(first.pids.every(isAlive), "a process that carries requests went with it");
    second = await startApart({ ...section, port: Number(new URL(first.url).port) });
    await until("the end of the old processes", () => first.pids.every((pid) => !isAlive(pid)));
    await sleep(300);
    await load.stop();
    assert.deepEqual(
      load.asked.filter((one) => one.status !== 200),
      [],
    );
    assert.ok(load.asked.length > 20);
    assert.ok(blindIn(data).includes("gateway-away"));
  },
);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
