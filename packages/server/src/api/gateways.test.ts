// Gateways over real engines: who may speak as one, and that an order is done when the gateway says so, and not before.
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  agentHeaders,
  clientDetail,
  clientKeyPage,
  clientPage,
  enrolAnswer,
  gatewayAskText,
  gatewayReportAnswer,
  signedText,
  type GatewayAskText,
  type GatewayOrder,
  type GatewayReport,
  type GatewayReportAnswer,
} from "@outweigh/schema";
import type { Running } from "../start.ts";
import { aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";
import { History } from "./gateway-history.ts";

const folder = aFolder("gateways");
let server: Running;
let visitor: Visitor;

before(async () => {
  server = await aServer(join(folder.path, "data"));
  visitor = await signIn(server.openUrl);
});
after(async () => {
  await server.close();
  folder.remove();
});

const json = { "content-type": "application/json" };

async function enrol(token: string, name: string) {
  const { privateKey: key, publicKey } = generateKeyPairSync("ed25519");
  const der = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const body = JSON.stringify({ token, publicKey: der, gateway: { name, origin: `gateway/${name}`, host: "edge" } });
  const answer = await fetch(`${server.url}/api/gateways/enrol`, { method: "POST", headers: json, body });
  if (answer.status !== 200) return { status: answer.status };
  const { agent, serverKey } = enrolAnswer.parse(await answer.json());
  const theirs = createPublicKey({ key: Buffer.from(serverKey, "base64"), type: "spki", format: "der" });
  return { status: 200, gateway: new AGateway(agent, key, theirs) };
}

const aToken = async (): Promise<string> => (await visitor.post("/api/gateways/enrolments", {})).body.token;

async function enrolled(name: string): Promise<AGateway> {
  const { gateway } = await enrol(await aToken(), name);
  assert.ok(gateway);
  return gateway;
}

/** A gateway by hand: it tells what the test sets, and does what it is told when the test lets it. */
class AGateway {
  readonly id: string;
  readonly key: KeyObject;
  readonly serverKey: KeyObject;
  counter = Date.now();
  orders: GatewayOrder[] = [];
  heard: GatewayAskText[] = [];
  results: GatewayReport["results"] = [];
  #stop: Promise<void> = Promise.resolve();
  #stopping = false;
  readonly #hangUp = new AbortController();

  constructor(id: string, key: KeyObject, serverKey: KeyObject) {
    this.id = id;
    this.key = key;
    this.serverKey = serverKey;
  }

  report(over: Partial<GatewayReport> = {}): GatewayReport {
    return {
      sentAt: Date.now(),
      status: {
        url: "http://127.0.0.1:7780",
        startedAt: 1,
        running: 0,
        blind: false,
        dropped: 0,
        evidence: 3,
        waitingBytes: 0,
        lost: 0,
        problems: [],
      },
      records: [],
      clients: [],
      orders: this.orders,
      results: this.results,
      ...over,
    };
  }

  async send(said: GatewayReport, { counter = ++this.counter, key = this.key } = {}) {
    const path = "/api/gateways/report";
    const body = Buffer.from(JSON.stringify(said));
    const text = signedText(path, counter, createHash("sha256").update(body).digest("hex"));
    const headers = {
      ...json,
      [agentHeaders.agent]: this.id,
      [agentHeaders.counter]: String(counter),
      [agentHeaders.signature]: sign(null, Buffer.from(text), key).toString("base64url"),
    };
    const { signal } = this.#hangUp;
    const answer = await fetch(server.url + path, { method: "POST", headers, body, signal });
    const read: { all?: boolean } = JSON.parse(await answer.text());
    return { status: answer.status, body: read };
  }

  /** All that a server wants to know of it at first. */
  introduce() {
    return this.send(
      this.report({
        clients: [
          {
            principal: "mallory",
            tenant: "acme",
            requests: 40,
            denied: 1,
            inputTokens: 0,
            outputTokens: 0,
            informationBits: 8640,
            budget: { bitsPerDay: 10_000, used: 0.864 },
            reading: { queries: 40, state: "ready", novelty: 1.2, progress: 0.6 },
            group: ["mallory-2"],
            orders: [],
          },
        ],
        keys: [
          {
            id: "key-0123456789ab",
            principal: "mallory",
            tenant: "acme",
            plan: "default",
            models: [],
            last4: "abcd",
            createdAt: 1,
          },
        ],
        settings: {
          epoch: 1,
          contact: "sec@acme.example",
          plans: { default: { limits: {}, logprobs: true, probabilities: "full" } },
          models: [],
        },
      }),
    );
  }

  /** Goes on reporting, and answers what it is told. */
  obey(answerWith: (ask: GatewayAskText) => GatewayReport["results"][number]): void {
    this.#stop = (async () => {
      while (!this.#stopping) {
        const answer = await this.send(this.report()).catch(() => undefined);
        if (!answer) return;
        const { status, body } = answer;
        assert.equal(status, 200, JSON.stringify(body));
        this.results = gatewayReportAnswer.parse(body).orders.map((it) => {
          const ask = this.#read(it);
          this.heard.push(ask);
          if (ask.order.verb === "apply") this.orders = [...this.orders, ask.order.order];
          const { order } = ask;
          if (order.verb === "undo") this.orders = this.orders.filter(({ id }) => id !== order.order);
          return answerWith(ask);
        });
      }
    })();
  }

  #read({ text, signature }: GatewayReportAnswer["orders"][number]): GatewayAskText {
    assert.ok(verify(null, Buffer.from(text), this.serverKey, Buffer.from(signature, "base64url")));
    const ask = gatewayAskText.parse(JSON.parse(text));
    assert.equal(ask.agent, this.id);
    return ask;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#hangUp.abort();
    await this.#stop;
  }
}

const done = ({ id }: GatewayAskText) => ({ id, state: "done" as const, evidence: { seq: 4, hash: "ab".repeat(32) } });

test("a token enrols one gateway, once, and no agent; an agent's token enrols no gateway", async () => {
  const token = await aToken();
  assert.equal((await enrol(token, "one")).status, 200);
  assert.equal((await enrol(token, "two")).status, 401);
  const { token: ofAgents } = (await visitor.post("/api/hosts/enrolments", {})).body;
  assert.equal((await enrol(ofAgents, "two")).status, 401);
  const again = await aToken();
  assert.equal((await enrol(again, "one")).status, 409);
  assert.equal((await enrol(again, "two")).status, 200);
});

test("a report is believed once, from the key that enrolled, until somebody revokes it", async () => {
  const it = await enrolled("three");
  const { counter } = it;
  assert.equal((await it.introduce()).status, 200);
  const { privateKey } = generateKeyPairSync("ed25519");
  assert.equal((await it.send(it.report(), { key: privateKey })).status, 401);
  const { items } = await eventually(
    async () => (await visitor.get("/api/events?filter=source:agents-refused")).body,
    (page) => page.items.length > 0,
  );
  assert.equal(items[0].principal, "agent:gateway-three");
  // Whose report was refused said nothing: that it was refused is what this server saw itself.
  assert.equal(items[0].grade, "authenticated");
  const graded = async () => (await visitor.get("/api/sources?filter=name:gateway-three")).body.items[0]?.grades ?? [];
  const [only, ...others] = await eventually(graded, (all) => all.length > 0);
  assert.deepEqual([only.way, only.grade, others], ["gateway-key", "signed", []]);
  assert.equal((await it.send(it.report(), { counter: counter + 1 })).status, 409);
  const { status } = await visitor.post(`/api/gateways/${it.id}/revoke`, { reason: "replaced" });
  assert.equal(status, 200);
  assert.equal((await it.send(it.report())).status, 401);
});

test("a server that knows nothing of a gateway asks it for all; then its clients, their points and keys are there", async () => {
  const it = await enrolled("four");
  const first = await it.send(it.report());
  assert.equal(first.body.all, true);
  const second = await it.introduce();
  assert.equal(second.body.all, false);
  const { items } = clientPage.parse((await visitor.get("/api/clients?filter=gateway:four")).body);
  assert.deepEqual(
    items.map((row) => [row.principal, row.keys, row.dial, row.budget?.used]),
    [["mallory", 1, "full", 0.864]],
  );
  const detail = clientDetail.parse((await visitor.get(`/api/clients/${encodeURIComponent(`${it.id}:mallory`)}`)).body);
  assert.equal(detail.points[0]?.progress, 0.6);
  const keys = await visitor.get("/api/client-keys?filter=gateway:four");
  assert.equal(clientKeyPage.parse(keys.body).items[0]?.principal, "mallory");
  assert.doesNotMatch(JSON.stringify(keys.body), /digest/);
});

test("an order is previewed with whom it reaches, done when the gateway says so, on record with its entry, and undone", async () => {
  const it = await enrolled("five");
  await it.introduce();
  it.obey(done);
  const target = `${it.id}:mallory`;
  const wanted = {
    verb: "throttle",
    target,
    terms: { forMs: 3_600_000, requestsPerMinute: 2, tell: "unusual volume" },
  };
  const { body: preview } = await visitor.post("/api/actions/preview", wanted);
  assert.match(preview.title, /^Throttle mallory to 2 requests a minute for 1 hour$/);
  assert.ok(preview.effects.some((effect: string) => /1 key of mallory, all models/.test(effect)));
  assert.ok(preview.effects.some((effect: string) => /Not touched: 1 account linked with it, mallory-2/.test(effect)));
  const applied = await visitor.post("/api/actions", { ...wanted, digest: preview.digest, reason: "a thief?" });
  assert.deepEqual([applied.status, applied.body.state], [200, "verified"], JSON.stringify(applied.body));
  assert.ok(applied.body.endsAt > Date.now() + 3_000_000);
  const [ask] = it.heard;
  assert.ok(ask?.order.verb === "apply");
  const { principal, reason, requestsPerMinute } = ask.order.order;
  assert.deepEqual([principal, reason, requestsPerMinute], ["mallory", "unusual volume", 2]);
  const { body: again } = await visitor.post("/api/actions/preview", wanted);
  assert.match(again.refused, /it stands already/);

  const undone = await visitor.post(`/api/actions/${applied.body.id}/undo`, { reason: "it was ours" });
  assert.equal(undone.body.state, "undone", JSON.stringify(undone.body));
  assert.deepEqual(it.orders, []);
  const { items } = (await visitor.get("/api/evidence?filter=kind:order-answered")).body;
  assert.equal(items.length, 2);
  await it.stop();
});

test("several linked accounts are ordered about by one decision: all of them or none, and taken back together", async () => {
  const it = await enrolled("group");
  const counts = { requests: 4, denied: 0, inputTokens: 0, outputTokens: 0, informationBits: 0, orders: [] };
  const names = ["sock-1", "sock-2", "sock-3"];
  await it.introduce();
  await it.send(
    it.report({
      clients: names.map((principal) => ({ ...counts, principal, group: names.filter((one) => one !== principal) })),
    }),
  );
  let refuses = "nobody";
  it.obey((ask) =>
    ask.order.verb === "apply" && ask.order.order.principal === refuses
      ? { id: ask.id, state: "refused", message: "not that one" }
      : done(ask),
  );
  const wanted = { verb: "suspend", target: `${it.id}:sock-1`, terms: { also: ["sock-2", "sock-3"] } };
  const { body: preview } = await visitor.post("/api/actions/preview", wanted);
  assert.equal(preview.title, "Suspend sock-1 and 2 accounts linked with it for 1 day");
  assert.ok(preview.effects.some((effect: string) => /each of 3 accounts: sock-1, sock-2, sock-3; all/.test(effect)));
  assert.ok(!preview.effects.some((effect: string) => effect.startsWith("Not touched")));
  const applied = await visitor.post("/api/actions", { ...wanted, digest: preview.digest, reason: "one thief" });
  assert.deepEqual([applied.status, applied.body.state], [200, "verified"], JSON.stringify(applied.body));
  assert.deepEqual(
    it.orders.map((one) => [one.principal, one.verb]),
    names.map((name) => [name, "suspend"]),
  );
  const undone = await visitor.post(`/api/actions/${applied.body.id}/undo`, { reason: "they are a class" });
  assert.equal(undone.body.state, "undone", JSON.stringify(undone.body));
  assert.equal(it.orders.length, 0);

  // The second is refused: the first does not stand alone.
  refuses = "sock-2";
  const again = (await visitor.post("/api/actions/preview", wanted)).body;
  const { body: half } = await visitor.post("/api/actions", { ...wanted, digest: again.digest, reason: "one thief" });
  assert.equal(half.state, "failed");
  assert.match(half.problem, /not that one; none of them stands/);
  assert.ok(!it.orders.some((one) => one.principal === "sock-1"), JSON.stringify(it.orders));
  const refused = async (also: readonly string[], verb = "suspend") =>
    (await visitor.post("/api/actions/preview", { ...wanted, verb, terms: { also } })).body.refused;
  assert.match(await refused(["sock-2", "sock-2"]), /named twice/);
  assert.match(await refused(["sock-2", "nobody"]), /^nobody never asked/);
  assert.match(await refused(["sock-2"], "capture"), /one by one/);
  await it.stop();
});

test("nothing is ordered about a stranger, nor of a gateway that is not there; what it refuses has failed", async () => {
  const it = await enrolled("six");
  const preview = async (principal: string) =>
    (await visitor.post("/api/actions/preview", { verb: "suspend", target: `${it.id}:${principal}` })).body;
  assert.match((await preview("mallory")).refused, /does not report/);
  await it.introduce();
  assert.match((await preview("malory")).refused, /never asked the gateway six anything/);
  it.obey(({ id }) => ({ id, state: "refused", message: "no such thing here" }));
  const { digest } = await preview("mallory");
  const wanted = { verb: "suspend", target: `${it.id}:mallory`, digest, reason: "r" };
  const { body } = await visitor.post("/api/actions", wanted);
  assert.deepEqual([body.state, body.problem], ["failed", "no such thing here"]);
  await it.stop();
});

test("a key is told once and reaches the gateway as a digest", async () => {
  const it = await enrolled("seven");
  await it.introduce();
  it.obey(done);
  const wanted = { gateway: it.id, principal: "bob", models: ["acme-*"], reason: "a new client" };
  const made = await visitor.post("/api/client-keys", wanted);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const heard = await eventually(
    async () => it.heard,
    (all) => all.length > 0,
  );
  const [ask] = heard;
  assert.ok(ask?.order.verb === "add-key");
  assert.equal(ask.order.key.digest, createHash("sha256").update(made.body.secret).digest("hex"));
  assert.doesNotMatch(JSON.stringify([heard, (await visitor.get("/api/evidence")).body]), new RegExp(made.body.secret));
  assert.equal((await visitor.post("/api/client-keys", { ...wanted, plan: "gold" })).status, 400);
  const rotated = await visitor.post(`/api/client-keys/${it.id}/key-0123456789ab/rotate`, { reason: "leaked" });
  assert.equal(rotated.status, 200, JSON.stringify(rotated.body));
  assert.equal((await visitor.post(`/api/client-keys/${it.id}/key-ffffffffffff/revoke`, { reason: "r" })).status, 404);
  await it.stop();
});

test("a gateway that makes up clients, over and over, is not remembered for ever", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const it = new AGateway("g", privateKey, publicKey);
  const history = new History();
  const counts = { requests: 1, denied: 0, inputTokens: 0, outputTokens: 0, informationBits: 0, group: [], orders: [] };
  const points = (from: number, now: number) => {
    const clients = Array.from({ length: 1000 }, (_, i) => ({ principal: `p${from * 1000 + i}`, ...counts }));
    return history.of("g", it.report({ clients }), now).length;
  };
  let all = 0;
  for (let i = 0; i < 250; i++) all += points(i, 1_000_000);
  assert.equal(all, 200_000);
  assert.equal(points(300, 1_059_999), 0);
  assert.equal(points(300, 1_060_000), 1000, "a minute later there is room");
});
