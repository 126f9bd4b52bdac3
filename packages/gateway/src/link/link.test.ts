// The line to the server: who is believed on it, and that what is ordered is done once.
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  agentHeaders,
  gatewayEnrolBody,
  gatewayReport,
  signedText,
  type GatewayAsk,
  type GatewayOrder,
  type GatewayReport,
  type SignedOrder,
} from "@outweigh/schema";
import { Outbox } from "../record/outbox.ts";
import { aGateway } from "../testing/a-gateway.ts";
import { until } from "../testing/until.ts";
import { mockUpstream, saying } from "../testing/upstream.ts";
import { Link, type LinkDesk } from "./link.ts";

const anId = "11111111-1111-4111-8111-111111111111";

/** A server by hand: checks what comes, and says what the test puts there. */
async function aServer(t: TestContext) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const der = (it: typeof publicKey) => it.export({ type: "spki", format: "der" }).toString("base64");
  const reports: GatewayReport[] = [];
  const say: SignedOrder[] = [];
  let theirs = publicKey;
  let counter = 0;
  let enrolled = 0;
  const server = createServer((req, res) => {
    const pieces: Buffer[] = [];
    req.on("data", (it: Buffer) => pieces.push(it));
    req.on("end", () => {
      const body = Buffer.concat(pieces);
      const answer = (it: object) => res.end(JSON.stringify(it));
      if (req.url === "/api/gateways/enrol") {
        const read = gatewayEnrolBody.parse(JSON.parse(body.toString()));
        theirs = createPublicKey({ key: Buffer.from(read.publicKey, "base64"), type: "spki", format: "der" });
        enrolled++;
        return answer({ agent: anId, serverKey: der(publicKey) });
      }
      const number = Number(req.headers[agentHeaders.counter]);
      const text = signedText(req.url ?? "", number, createHash("sha256").update(body).digest("hex"));
      const signature = Buffer.from(String(req.headers[agentHeaders.signature]), "base64url");
      assert.ok(verify(null, Buffer.from(text), theirs, signature) && number > counter, "a report is signed and newer");
      counter = number;
      const report = gatewayReport.parse(JSON.parse(body.toString()));
      reports.push(report);
      // As the server does: said again until there is a result, because an answer may meet a report that was recalled.
      const done = new Set(report.results.map(({ id }) => id));
      const left = say.filter((it) => !done.has(JSON.parse(it.text).id));
      say.splice(0, say.length, ...left);
      setTimeout(() => answer({ orders: say, all: false }), 30);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const ask = (
    order: GatewayAsk,
    over: { key?: typeof privateKey; agent?: string; expiresAt?: number; id?: string } = {},
  ) => {
    const { key = privateKey, agent = anId, expiresAt = Date.now() + 240_000, id = "ask-1" } = over;
    const text = JSON.stringify({ id, agent, issuedAt: Date.now(), expiresAt, order });
    return { text, signature: sign(null, Buffer.from(text), key).toString("base64url") };
  };
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, reports, say, ask, enrolments: () => enrolled };
}

async function linked(t: TestContext) {
  const server = await aServer(t);
  const model = await mockUpstream(saying({}));
  t.after(() => model.close());
  const it = await aGateway(
    { upstreams: [{ name: "m", protocol: "openai", url: model.url }] },
    { server: { url: server.url, token: "a-token-of-the-server" } },
  );
  t.after(() => it.close());
  await until("a report", () => server.reports.length > 0);
  return { server, it };
}

const suspend = (over: Partial<GatewayOrder> = {}): GatewayOrder => ({
  id: "ORD-1",
  verb: "suspend",
  principal: "alice",
  reason: "r",
  by: "ana",
  from: Date.now(),
  until: Date.now() + 60_000,
  ...over,
});

test("enrols once, tells its keys without their digests, and does what the server signed, once, with its evidence", async (t) => {
  const { server, it } = await linked(t);
  assert.equal(server.enrolments(), 1);
  assert.equal(server.reports[0]?.keys?.[0]?.principal, "alice");
  assert.doesNotMatch(JSON.stringify(server.reports), /digest/);

  const signed = server.ask({ verb: "apply", order: suspend() });
  server.say.push(signed);
  await until("a result", () => server.reports.some(({ results }) => results.length > 0));
  const result = server.reports.flatMap(({ results }) => results)[0];
  assert.deepEqual([result?.id, result?.state], ["ask-1", "done"]);
  const entries = readFileSync(join(it.dataDir, "evidence.ndjson"), "utf8").trim().split("\n");
  const own: { hash: string; kind: string } = JSON.parse(entries[result?.evidence?.seq ?? -1] ?? "{}");
  assert.deepEqual([own.kind, own.hash], ["order-received", result?.evidence?.hash]);
  assert.deepEqual((await it.admin("GET", "/orders")).json["orders"], [{ ...suspend(), ...order(it) }]);

  // Taken back, then sent again by whoever kept a copy: it is answered, and not done again.
  server.say.push(server.ask({ verb: "undo", order: "ORD-1", by: "ana" }, { id: "ask-2" }));
  await until("its end", () => server.reports.some(({ results }) => results.some(({ id }) => id === "ask-2")));
  server.say.push(signed);
  await until(
    "an answer",
    () => server.reports.filter(({ results }) => results.some(({ id }) => id === "ask-1")).length > 1,
  );
  assert.deepEqual((await it.admin("GET", "/orders")).json["orders"], []);

  function order({ dataDir }: { dataDir: string }): Partial<GatewayOrder> {
    const stored: { orders: GatewayOrder[] } = JSON.parse(readFileSync(join(dataDir, "orders.json"), "utf8"));
    const { from = 0, until: end = 0 } = stored.orders[0] ?? {};
    return { from, until: end };
  }
});

test("an order that another signed, for another, too late or about nobody changes nothing", async (t) => {
  const { server, it } = await linked(t);
  const other = generateKeyPairSync("ed25519").privateKey;
  const apply: GatewayAsk = { verb: "apply", order: suspend() };
  server.say.push(server.ask(apply, { key: other, id: "a" }), server.ask(apply, { agent: "somebody", id: "b" }));
  server.say.push(server.ask(apply, { expiresAt: Date.now() - 1, id: "c" }));
  server.say.push(server.ask({ verb: "apply", order: suspend({ principal: "nobody-here" }) }, { id: "d" }));
  await until("a result", () => server.reports.some(({ results }) => results.length > 0));
  const results = server.reports.flatMap((report) => report.results);
  assert.deepEqual(
    results.map(({ id, state }) => [id, state]),
    [["d", "refused"]],
  );
  assert.match(results[0]?.message ?? "", /never asked anything and holds no key/);
  assert.equal(new Set(it.said.filter((line) => /was refused/.test(line))).size, 3);
  assert.deepEqual((await it.admin("GET", "/orders")).json["orders"], []);
});

test("a key that the server made works at once, and one that it revokes no longer", async (t) => {
  const { server, it } = await linked(t);
  const key = { id: "key-aaaaaaaaaaaa", digest: "ab".repeat(32), last4: "wxyz" };
  server.say.push(server.ask({ verb: "add-key", key, by: "ana", principal: "bob", models: [] }));
  await until("the key", () =>
    server.reports.some(({ keys }) => keys?.some(({ principal }) => principal === "bob") === true),
  );
  server.say.push(server.ask({ verb: "revoke-key", id: key.id, by: "ana" }, { id: "ask-2" }));
  await until("its revocation", () =>
    server.reports.some(({ keys }) => keys?.some((one) => one.id === key.id && one.revokedAt !== undefined) === true),
  );
  assert.equal((await it.admin("GET", "/status")).json["keys"], 1);
});

const status = {
  url: "",
  startedAt: 1,
  running: 0,
  blind: false,
  dropped: 0,
  evidence: 0,
  waitingBytes: 0,
  lost: 0,
  problems: [],
};

/** A link alone, with a desk by hand. */
async function aLink(t: TestContext, desk: Partial<LinkDesk>) {
  const server = await aServer(t);
  const dataDir = mkdtempSync(join(tmpdir(), "outweigh-link-"));
  const outbox = new Outbox(dataDir, "o");
  await outbox.start();
  const said: string[] = [];
  const link = new Link({
    dataDir,
    name: "main",
    origin: "o",
    server: { url: server.url, token: "a-token-of-the-server" },
    outbox,
    say: (line) => said.push(line),
    desk: {
      health: () => status,
      clients: () => [],
      orders: () => [],
      keys: () => [],
      settings: () => ({ epoch: 1, contact: "", plans: {}, models: [] }),
      watched: () => [],
      serverAway: () => undefined,
      noted: () => ({ seq: 0, hash: "00".repeat(32) }),
      carryOut: () => Promise.resolve(),
      ...desk,
    },
  });
  t.after(async () => {
    await link.close();
    await outbox.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { server, link, said };
}

test("orders that came together are begun in their order, and waited for together: one that hangs holds up no other", async (t) => {
  const begun: string[] = [];
  const { promise: hung, resolve } = Promise.withResolvers<void>();
  t.after(() => resolve());
  const carryOut = async (ask: GatewayAsk) => {
    begun.push(ask.verb);
    await hung;
  };
  const { server, link } = await aLink(t, { carryOut });
  server.say.push(server.ask({ verb: "apply", order: suspend() }, { id: "ask-1" }));
  server.say.push(server.ask({ verb: "undo", order: "ORD-1", by: "ana" }, { id: "ask-2" }));
  link.start();
  await until("both", () => begun.length === 2);
  assert.deepEqual(begun, ["apply", "undo"]);
  resolve();
  await until("both results", () => server.reports.flatMap(({ results }) => results).length === 2);
});

test("an order that hangs holds up no report and no later order, and is answered when it ends", async (t) => {
  const { promise: hung, resolve } = Promise.withResolvers<void>();
  t.after(() => resolve());
  const begun: string[] = [];
  const carryOut = async (ask: GatewayAsk) => {
    begun.push(ask.verb);
    if (ask.verb === "apply") await hung;
  };
  const { server, link } = await aLink(t, { carryOut });
  const states = () => server.reports.flatMap(({ results }) => results).map(({ id, state }) => `${id} ${state}`);
  server.say.push(server.ask({ verb: "apply", order: suspend() }, { id: "ask-1" }));
  link.start();
  await until("its beginning", () => begun.length === 1);
  const before = server.reports.length;
  await until("reports meanwhile", () => server.reports.length > before + 2);
  server.say.push(server.ask({ verb: "undo", order: "ORD-1", by: "ana" }, { id: "ask-2" }));
  await until("the later one's result", () => states().length > 0);
  assert.deepEqual([...new Set(states())], ["ask-2 done"]);
  resolve();
  await until("its own result", () => states().includes("ask-1 done"));
  assert.deepEqual(begun, ["apply", "undo"], "said again while it was under way, and done once");
});

test("an order that cannot be put on record is not done, is said, and ends nothing", async (t) => {
  let isFull = true;
  const done: string[] = [];
  const noted = () => {
    if (isFull) throw new Error("the disk is full");
    return { seq: 0, hash: "00".repeat(32) };
  };
  const carryOut = async (ask: GatewayAsk) => void done.push(ask.verb);
  const { server, link, said } = await aLink(t, { noted, carryOut });
  server.say.push(server.ask({ verb: "apply", order: suspend() }));
  link.start();
  await until("what is said of it", () => said.some((it) => it.includes("is not done: the disk is full")));
  assert.deepEqual(done, []);
  isFull = false;
  await until("a result", () => server.reports.some(({ results }) => results.length > 0));
  assert.deepEqual(done, ["apply"]);
});

test("a client's row that the server would not take keeps nobody else's from it, and is said once", async (t) => {
  const counts = { requests: 1, denied: 0, inputTokens: 0, outputTokens: 0, informationBits: 0, group: [], orders: [] };
  const rows = [
    { principal: "eve", ...counts, inputTokens: Infinity },
    { principal: "bob", ...counts },
  ];
  const { server, link, said } = await aLink(t, { clients: () => rows });
  link.start();
  await until("a second report", () => server.reports.length > 1);
  assert.deepEqual([...new Set(server.reports.flatMap(({ clients }) => clients.map((it) => it.principal)))], ["bob"]);
  assert.deepEqual(
    said.filter((it) => it.includes("eve")),
    ["the server is not told of eve: inputTokens does not fit"],
  );
});
