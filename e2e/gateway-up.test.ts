// The gateway inside `outweigh up`: a thief behind it becomes an incident, a person throttles it from there and takes that back; then
// each of the two is killed, and the other lives.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localServer } from "../packages/cli/src/server-client.ts";
import { gatewayKey, writeCalibration } from "../packages/gateway/src/index.ts";
import { loop } from "../packages/gateway/src/testing/loop.ts";
import { signIn, type Answer, type Visitor } from "../packages/server/src/testing/a-server.ts";
import { dice } from "./world/dice.ts";
import { calibrateFashion } from "./world/fashion.ts";
import { storyFolder, up, type Platform } from "./world/platform.ts";
import { classes, loadVictim, noVictim, serveVictim, side, type VictimServer } from "./world/victim.ts";

const folder = storyFolder("gateway-up");
const data = join(folder.path, "data");
const gatewayData = join(folder.path, "gateway");
let victim: VictimServer;
let platform: Platform;
let session: Visitor;
let key = "";

/** What the gateway that runs says of itself in its folder. */
const running = (): { pid: number; url: string } => JSON.parse(readFileSync(join(gatewayData, "gateway.json"), "utf8"));

if (noVictim === false)
  before(
    async () => {
      victim = await serveVictim(loadVictim());
      const calibration = join(folder.path, "fashion.calibration");
      writeCalibration(calibration, calibrateFashion([]), gatewayKey(gatewayData).privateKey);
      writeFileSync(
        join(folder.path, "outweigh.yml"),
        `models:
  - { name: fashion, class: private, places: ["file:/srv/models/fashion"] }
gateway:
  port: 0
  data: ${gatewayData}
  contact: ml-security@acme.example
  upstreams:
    - { name: fashion, protocol: open-inference, url: "${victim.url}" }
  models:
    - { name: fashion, classes: ${classes}, input: { shape: [${side}, ${side}], pool: 4, scale: 255 }, output: probs, calibration: ${calibration} }
`,
      );
      await begin();
    },
    { timeout: 600_000 },
  );
after(async () => {
  await platform?.stop();
  await victim?.close();
  folder.remove();
});

async function begin(): Promise<void> {
  platform = await up(["--data", data, "--no-scan"], folder.path);
  session = await signIn(await localServer(data).link());
}

/** Asks until it holds; a loaded machine takes its time. */
async function until<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  for (const began = Date.now(); Date.now() - began < 120_000;) {
    const it = await ask().catch(() => undefined);
    if (it !== undefined) return it;
    await sleep(200);
  }
  throw new Error(`not within 120 s: ${what}`);
}

/** Whether a process has ended; whoever asks of its end may do so late. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}

const body = (image: Float32Array) => ({
  inputs: [{ name: "image", datatype: "FP32", shape: [1, side * side], data: [...image] }],
});

async function ask(image: Float32Array): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${running().url}/v2/models/fashion/infer`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body(image)),
  });
  return { status: answer.status, text: await answer.text() };
}

const get = async (path: string) => told(await session.get(path));
const post = async (path: string, it: object) => told(await session.post(path, it));

/** What was answered; a refusal fails the test. */
function told({ status, body }: Answer): Answer["body"] {
  assert.ok(status < 400, JSON.stringify(body));
  return body;
}

/** A thief without images of the model's world asks noise. */
const random = dice(5);
const images = Array.from({ length: 200 }, () => Float32Array.from({ length: side * side }, () => random()));
const [one = new Float32Array()] = images;

test(
  "a theft becomes an incident, from which the thief is throttled with an explanation, and let go again",
  { skip: noVictim, timeout: 600_000 },
  async (t) => {
    const [gateway] = (
      await until(
        async () => ((await get("/api/gateways")).items.length > 0 ? get("/api/gateways") : undefined),
        "the gateway is enrolled",
      )
    ).items;
    const made = await until(
      () => post("/api/client-keys", { gateway: gateway.id, principal: "mallory", reason: "a new client" }),
      "the gateway reports",
    );
    key = made.secret;

    let asked = 0;

    let isFound = false;
    const thief = (async () => {
      for (const image of images) {
        if (isFound) return;
        await ask(image);
        asked++;
        await sleep(20);
      }
    })();
    const incident = await until(async () => {
      const { items } = await get("/api/incidents?filter=principal:mallory");
      return items.find((it: { method?: string }) => it.method === "queries");
    }, "an incident names the thief");
    t.diagnostic(`incident after ${asked} of ${images.length} queries: ${incident.title}`);
    isFound = true;
    await thief;

    const { options } = await get(`/api/incidents/${incident.id}`);
    const offered = options.find((it: { verb: string }) => it.verb === "throttle");
    assert.equal(offered?.target, `${gateway.id}:mallory`);
    const wanted = {
      incident: incident.id,
      verb: offered.verb,
      target: offered.target,
      terms: { requestsPerMinute: 1, tell: "unusual use" },
    };
    const preview = await post("/api/actions/preview", wanted);
    const applied = await post("/api/actions", { ...wanted, digest: preview.digest, reason: "it asks like a thief" });
    assert.equal(applied.state, "verified", JSON.stringify(applied));
    await ask(one);
    const throttled = await ask(one);
    assert.equal(throttled.status, 429);
    assert.match(throttled.text, /slowed down: unusual use\. Order ORD-[0-9a-f]{12}.*Ask ml-security@acme\.example/);
    assert.doesNotMatch(throttled.text, /thief/);

    const undone = await post(`/api/actions/${applied.id}/undo`, { reason: "it was a test of ours" });
    assert.equal(undone.state, "undone", JSON.stringify(undone));
    assert.equal((await ask(one)).status, 200);
    const own = readFileSync(join(gatewayData, "evidence.ndjson"), "utf8");
    for (const kind of ["order-received", "order-applied", "order-undone"])
      assert.match(own, new RegExp(`"kind":"${kind}"`));
  },
);

test(
  "a gateway that is killed comes back by itself, with its keys, and leaves a blind interval",
  { skip: noVictim, timeout: 600_000 },
  async () => {
    const { pid } = running();
    process.kill(pid, "SIGKILL");
    assert.ok(await get("/api/overview"), "the server lives");
    await until(
      async () => (running().pid !== pid && (await ask(one)).status === 200 ? true : undefined),
      "it serves again",
    );
    assert.match(readFileSync(join(gatewayData, "evidence.ndjson"), "utf8"), /gateway-away/);
    await until(async () => {
      const { items } = await get("/api/events?filter=operation:blind");
      return items.length > 0 ? true : undefined;
    }, "the server hears of it");
  },
);

test(
  "a server that is killed under load takes no gateway and no request with it, and finds the gateway again",
  { skip: noVictim, timeout: 600_000 },
  async (t) => {
    const { pid } = running();
    const load = loop(running().url, "/v2/models/fashion/infer", key, JSON.stringify(body(one)), 2);
    t.after(() => load.stop());
    platform.process.kill("SIGKILL");
    await new Promise((ended) => platform.process.once("exit", ended));
    await until(
      async () =>
        /"kind":"server-away"/.test(readFileSync(join(gatewayData, "evidence.ndjson"), "utf8")) ? true : undefined,
      "the gateway notes it",
    );
    await begin();
    assert.equal(running().pid, pid, "it is the same gateway");
    await until(
      async () => ((await get("/api/clients?filter=principal:mallory")).items.length > 0 ? true : undefined),
      "its clients are told again",
    );

    await load.stop();
    const statuses = load.asked.map((it) => it.status);
    assert.ok(statuses.length > 0 && statuses.every((it) => it === 200), JSON.stringify([...new Set(statuses)]));
    t.diagnostic(`${statuses.length} requests while the server was away and came back, none failed`);
    await platform.stop();
    await until(async () => (isGone(pid) ? true : undefined), "Ctrl-C ends both");
    assert.match(
      readFileSync(join(gatewayData, "evidence.ndjson"), "utf8").trim().split("\n").at(-1) ?? "",
      /gateway-stopped/,
    );
  },
);
