// Queries: a thief rebuilds a real small classifier through the public API, among fifty benign clients. The gateway finds it, the server
// raises an incident, a person turns the dial; what the thief's copy is worth with and without is printed. Then the same over ten accounts.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gatewayKey, writeCalibration } from "../packages/gateway/src/index.ts";
import { aGateway, type TestGateway } from "../packages/gateway/src/testing/a-gateway.ts";
import { localServer, type Session } from "../packages/cli/src/server-client.ts";
import { dice } from "./world/dice.ts";
import { benignUser, calibrateFashion, foreignImages, rawImages } from "./world/fashion.ts";
import { run, storyFolder, up, type Platform } from "./world/platform.ts";
import { Copy, copycat, fidelity, labelOf, type Ask, type Stolen } from "./world/thief.ts";
import { classes, loadVictim, noVictim, serveVictim, side, type Victim, type VictimServer } from "./world/victim.ts";

const benignClients = 50;
/** Queries of a thief, and how far apart they are, in ms: slow enough that a person can act meanwhile. */
const theftQueries = 400;
const theftMs = 25;
/** Where it rests for as long as nobody acts: a copy from so many is worse than one from all. */
const restAt = 200;

interface World {
  readonly victim: Victim;
  readonly server: VictimServer;
  readonly platform: Platform;
  readonly session: Session;
  readonly it: TestGateway;
  readonly images: readonly Float32Array[];
  readonly labels: readonly number[];
}

let world: World;
const folder = storyFolder("gateway-extraction");

if (noVictim === false) before(async () => (world = await begin()), { timeout: 600_000 });
after(async () => {
  await world?.it.close();
  await world?.platform.stop();
  await world?.server.close();
  folder.remove();
});

async function begin(): Promise<World> {
  const victim = loadVictim();
  const server = await serveVictim(victim);
  const dataDir = join(folder.path, "gateway");
  const { privateKey } = gatewayKey(dataDir);
  const calibration = join(folder.path, "fashion.calibration");
  writeCalibration(calibration, calibrateFashion([16]), privateKey);

  writeFileSync(
    join(folder.path, "outweigh.yml"),
    'models:\n  - { name: fashion, class: private, places: ["file:/srv/models/fashion"] }\n',
  );
  const platform = await up(["--data", join(folder.path, "data"), "--no-scan"], folder.path);
  const enrolment = run(["gateway", "token", "--data", join(folder.path, "data")], folder.path);
  assert.equal(enrolment.code, 0, enrolment.stderr);
  const it = await aGateway(
    {
      upstreams: [{ name: "fashion", protocol: "open-inference", url: server.url }],
      models: [
        { name: "fashion", classes, input: { shape: [side, side], pool: 4, scale: 255 }, output: "probs", calibration },
      ],
    },
    { dataDir, linkMs: 500, server: { url: platform.url, token: enrolment.stdout.trim() } },
  );
  return {
    victim,
    server,
    platform,
    session: await localServer(join(folder.path, "data")).signIn(),
    it,
    ...rawImages(),
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** A client of the public API, from an address of its own; undefined where the gateway refused. */
function client(key: string, address: string, name: string): Ask {
  const url = `${world.it.gateway.url}/v2/models/fashion/infer`;
  return (image) =>
    new Promise((done, failed) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "user-agent": name };
      const req = request(url, { method: "POST", agent, localAddress: address, headers }, (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (it: Buffer) => chunks.push(it));
        res.on("end", () => {
          if (res.statusCode !== 200) return done(undefined);
          const { outputs }: { outputs: { name: string; data: number[] }[] } = JSON.parse(
            Buffer.concat(chunks).toString(),
          );
          done(outputs[0]?.data);
        });
      });
      req.on("error", failed);
      const tensor = {
        name: "image",
        datatype: "FP32",
        shape: [1, side * side],
        data: [...image].map((it) => Math.round(it * 1e5) / 1e5),
      };
      req.end(JSON.stringify({ inputs: [tensor] }));
    });
}

/** Fifty clients that ask at random times until the signal says stop. */
async function benignTraffic(prefix: string, stop: AbortSignal): Promise<void> {
  const { images, labels } = world;
  const keys = Array.from({ length: benignClients }, (_, u) => world.it.newKey({ principal: `${prefix}-${u}` }));
  await world.it.admin("POST", "/reload");
  await Promise.all(
    keys.map(async (key, u) => {
      const next = benignUser(u, images, labels);
      const random = dice(77 + u);
      const ask = client(key, `127.0.1.${u + 1}`, `shop/${u % 7}`);
      for (let n = 0; !stop.aborted; n++) {
        await sleep(-1000 * Math.log(random() + 1e-9));
        await ask(next(), n);
      }
    }),
  );
}

interface IncidentRow {
  readonly id: string;
  readonly severity: string;
  readonly principals: readonly string[];
  readonly models: readonly string[];
  readonly method?: string;
}

async function incidents(): Promise<IncidentRow[]> {
  const { items } = await world.session.api.get("/api/incidents", { query: { filter: "status:open" } });
  return items.filter((it) => it.models.includes("fashion"));
}

/** The copy that these answers make, against images nobody was served. */
function copyOf(stolen: readonly Stolen[]): number {
  const copy = new Copy(3);
  copy.train(stolen, 30);
  return fidelity(copy, world.images.slice(1200), world.labels.slice(1200));
}

const share = (it: number) => `${(100 * it).toFixed(1)} %`;

test("a thief with images like the users' own", { skip: noVictim, timeout: 600_000 }, async (t) => {
  const { it, victim, images } = world;
  const key = it.newKey({ principal: "mallory" });
  const over = new AbortController();
  t.after(() => over.abort());
  const traffic = benignTraffic("user", over.signal);
  await sleep(500);

  let asked = 0;
  let turnedAt: number | undefined;
  const isTurned = () => turnedAt !== undefined;
  const person = (async () => {
    while (!over.signal.aborted && !isTurned()) {
      await sleep(200);
      if (!(await incidents()).some((one) => one.principals.includes("mallory"))) continue;
      const order = {
        id: "ORD-theft",
        verb: "label-only",
        principal: "mallory",
        reason: "unusual learning",
        by: "ana",
        from: 0,
        until: Date.now() + 3_600_000,
      };
      assert.equal((await it.admin("POST", "/orders", order)).status, 201);
      turnedAt = asked;
    }
  })();
  const ask = client(key, "127.0.7.7", "python-requests/2.32");
  const pool = images.slice(0, theftQueries);
  const stolen = await copycat(
    async (image, n) => {
      await sleep(theftMs);
      // On a slow machine nobody has acted by then: the thief looks at what it has, until somebody did.
      if (n === restAt) for (let left = 1_200; !isTurned() && left > 0; left--) await sleep(100);
      const answer = await ask(image, n);
      asked = n + 1;
      return answer;
    },
    pool,
    theftQueries,
  );
  over.abort();
  await Promise.all([person, traffic]);

  assert.ok(turnedAt !== undefined, "no incident names the thief");
  const found = (await incidents()).find((one) => one.principals.includes("mallory"));
  assert.deepEqual([found?.severity, found?.method], ["high", "queries"]);
  const after = stolen.slice(turnedAt + 2);
  assert.ok(
    after.length > 0 && after.every((one) => Array.from(one.answer).every((p) => p === 0 || p === 1)),
    "probabilities came out after the order",
  );

  const wronged = new Set(
    (await incidents()).flatMap((one) => one.principals).filter((one) => one.startsWith("user-")),
  );
  // Promised: at most 1 % of benign principals. More than 4 of 50 at 1 % happens once in 5,000 runs.
  assert.ok(wronged.size <= 4, `${wronged.size} benign clients in incidents`);

  const free = copyOf(pool.map((image) => ({ image, answer: victim.classify(image) })));
  const dialled = copyOf(stolen);
  const stopped = copyOf(stolen.slice(0, turnedAt));
  t.diagnostic(
    `incident and order after ${turnedAt} of ${theftQueries} queries; ${wronged.size} of ${benignClients} benign clients in an incident`,
  );
  t.diagnostic(
    `fidelity of the thief's copy: ${share(free)} without the platform, ${share(dialled)} with labels alone from then on, ${share(stopped)} if suspended then`,
  );
  assert.ok(stopped < free && dialled < free + 0.02);
  await tellClients(t, "mallory");
});

test("the same over ten accounts, with images of another world", { skip: noVictim, timeout: 600_000 }, async (t) => {
  const { it } = world;
  const keys = Array.from({ length: 10 }, (_, a) => it.newKey({ principal: `sock-${a}`, tenant: `shell-${a}` }));
  const over = new AbortController();
  t.after(() => over.abort());
  const traffic = benignTraffic("buyer", over.signal);
  await sleep(3_000);
  const asks = keys.map((key) => client(key, "127.0.9.9", "python-requests/2.31"));
  const random = dice(9);
  const stolen = await copycat(
    async (image, n) => {
      // In bursts, with pauses in which a copy is trained; behind one proxy, the accounts taking turns.
      if (n % 20 === 0) await sleep(-800 * Math.log(random() + 1e-9));
      return asks[n % asks.length]?.(image, n);
    },
    foreignImages("copycat-mnist", theftQueries),
    theftQueries,
  );
  let named: string[] = [];
  for (const end = Date.now() + 120_000; named.length === 0 && Date.now() < end;) {
    await sleep(200);
    named = [...new Set((await incidents()).flatMap((one) => one.principals).filter((one) => one.startsWith("sock-")))];
  }
  over.abort();
  await traffic;
  assert.ok(named.length > 0, "no incident names one of the accounts");
  const { json } = await it.admin("GET", "/clients");
  const linked = (json["clients"] as { principal: string; group: string[] }[]).filter(
    (one) => one.principal.startsWith("sock-") && one.group.length > 0,
  );
  t.diagnostic(`${named.length} of 10 accounts named in an incident, ${linked.length} of 10 linked with others`);
  t.diagnostic(
    `fidelity of the copy from all ${stolen.length} answers: ${share(copyOf(stolen))}; labels agree for ${new Set(stolen.map((one) => labelOf(one.answer))).size} classes`,
  );
});

async function tellClients(t: TestContext, principal: string): Promise<void> {
  const { json } = await world.it.admin("GET", "/clients");
  const found = (json["clients"] as { principal: string; reading?: object; informationBits: number }[]).find(
    (one) => one.principal === principal,
  );
  t.diagnostic(
    `the gateway's reading of ${principal}: ${JSON.stringify(found?.reading)}, at most ${found?.informationBits} bits`,
  );
}
