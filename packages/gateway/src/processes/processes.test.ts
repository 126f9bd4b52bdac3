// Several processes behind one port: limits, orders and detectors are one, and the death of any of them fails no request of the others.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once as event } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
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

/** Blind intervals in a gateway's evidence, by cause. */
function blindIn(dataDir: string): string[] {
  const lines = readFileSync(join(dataDir, "evidence.ndjson"), "utf8").split("\n").filter(Boolean);
  const blind = lines.map((it): Entry => JSON.parse(it)).filter((it) => it.kind === "blind-interval");
  return blind.map((it) => String(revealed(it).fields?.["cause"]));
}

/** Failed requests that did not run while a process was ended: until it is gone, the kernel deals connections out to it. */
function failedApart(asked: readonly Asked[], from: number, gone: number): Asked[] {
  return asked.filter((it) => it.status !== 200 && !(it.from <= gone && it.to >= from));
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
  await it.admin("POST", "/orders", { ...order, until: Date.now() + 600_000 });
  const all = () => Promise.all(Array.from({ length: 20 }, () => ask(it.gateway.url, it.key)));
  assert.deepEqual(new Set(await all()), new Set([403]), "said to hold, and did not in every process");
  await it.admin("DELETE", "/orders/ORD-1");
  assert.deepEqual(new Set(await all()), new Set([200]));
  const throttle = { ...order, id: "ORD-2", verb: "throttle", requestsPerMinute: 4, until: Date.now() + 600_000 };
  await it.admin("POST", "/orders", throttle);
  assert.equal((await all()).filter((status) => status === 200).length, 4);
});

test(
  "the detector's thread, then one of two processes is killed under load: only what ran in the process fails, and each leaves a blind interval",
  { skip, timeout: 240_000 },
  async (t) => {
    const { it } = await world(t);
    const load = loop(it.gateway.url, path, it.key, body, 16);
    t.after(() => load.stop());
    const answered = (since = 0) => load.asked.filter((one) => one.from > since && one.status === 200).length;
    await until("answers to every client", () => answered() > 100);
    it.gateway.killDetector();
    await until("a blind interval of the detector", () => blindIn(it.dataDir).includes("detector-away"));
    assert.deepEqual(failedApart(load.asked, Infinity, Infinity), []);
    const [victim] = it.gateway.pids;
    assert.ok(victim !== undefined && it.gateway.pids.length === 2);
    const at = Date.now();
    process.kill(victim, "SIGKILL");
    await until("its end", () => !isAlive(victim));
    const gone = Date.now();
    await until("a process in its place", () => it.gateway.pids.length === 2 && !it.gateway.pids.includes(victim));
    await until("a blind interval", () => blindIn(it.dataDir).includes("process-away"));
    await until("answers after that", () => answered(gone) > 100);
    await load.stop();
    assert.deepEqual(failedApart(load.asked, at, gone), []);
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
  await it.admin("POST", "/orders", { ...order, until: Date.now() + 600_000 });
  const headers = { authorization: `Bearer ${it.key}`, connection: "close" };
  const post = (more: object) =>
    fetch(it.gateway.url + path, { method: "POST", headers: { ...headers, ...more }, body });
  const challenge = (await post({})).headers.get("x-outweigh-challenge") ?? "";
  let nonce = 0;
  while (zeroBits(proofDigest(challenge, String(nonce), Buffer.from(body))) < 8) nonce++;
  const proof = { "x-outweigh-proof": `${challenge}:${nonce}` };
  assert.notEqual(challenge, "", "said to hold, and did not in every process");
  const answers = await Promise.all(Array.from({ length: 12 }, () => post(proof)));
  assert.equal(answers.filter((one) => one.status === 200).length, 1);
});

const clients = 8;
/** Whether the kernel hands connections that wait at a door that is closed to another one: `net.ipv4.tcp_migrate_req`. */
const handsOver = (() => {
  try {
    return readFileSync("/proc/sys/net/ipv4/tcp_migrate_req", "utf8").trim() === "1";
  } catch {
    return false;
  }
})();

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
  { skip, timeout: 240_000 },
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
    const load = loop(first.url, path, secret, body, clients);
    t.after(() => load.stop());
    await until("answers to every client", () => load.asked.length > 50);
    first.child.kill("SIGKILL");
    if (first.child.signalCode === null) await event(first.child, "exit");
    const alone = load.asked.length;
    await until("answers without it", () => load.asked.length > alone + 100);
    assert.ok(first.pids.every(isAlive), "a process that carries requests went with it");
    const handed = Date.now();
    second = await startApart({ ...section, port: Number(new URL(first.url).port) });
    await until("the end of the old processes", () => first.pids.every((pid) => !isAlive(pid)));
    const [over, before] = [Date.now(), load.asked.length];
    await until("answers after that", () => load.asked.length > before + 100);
    await load.stop();
    const failed = load.asked.filter((one) => one.status !== 200);
    // The kernel breaks what waits at a door in the moment when it is closed: each client may meet two such doors, once.
    const broken = failed.filter((one) => one.status === 0 && one.to >= handed && one.from <= over);
    assert.deepEqual(
      failed.filter((one) => !broken.includes(one)),
      [],
    );
    assert.ok(broken.length <= (handsOver ? 0 : 2 * clients), `${broken.length} connections broke`);
    t.diagnostic(`${broken.length} of ${load.asked.length} connections broke at the doors of the old processes`);
    assert.ok(blindIn(data).includes("gateway-away"));
  },
);

/** Whether it runs: what has ended may wait long for somebody who asks of its end. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
