// Who asks is remembered for a connection: nobody may notice but by the time it takes.
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { gatewaySection } from "@outweigh/schema";
import fc from "fast-check";
import { keyDigest, newKey } from "../keys/key.ts";
import { readKeys, revokeKey, type KeyEntry } from "../keys/key-file.ts";
import { KeyRing } from "../keys/key-ring.ts";
import { compilePolicy } from "../policy/policy.ts";
import { aGateway } from "../testing/a-gateway.ts";
import { mockUpstream, saying } from "../testing/upstream.ts";
import { Clients } from "./clients.ts";
import { Strangers } from "./strangers.ts";
import { whoAsks } from "./who.ts";

const policy = compilePolicy(
  gatewaySection.parse({ data: "d", upstreams: [{ name: "m", protocol: "openai", url: "http://m" }] }),
  {},
  1,
);
const [alice, bob, soon] = [newKey(), newKey(), newKey()];

function entry(principal: string, secret: string, over: Partial<KeyEntry> = {}): KeyEntry {
  const id = `key-${keyDigest(secret).slice(0, 12)}`;
  const [digest, last4] = [keyDigest(secret), secret.slice(-4)];
  return { id, principal, models: [], digest, last4, createdAt: 0, ...over };
}
const entries = [entry("alice", alice), entry("bob", bob), entry("soon", soon, { expiresAt: 10 })];
const rings = [
  new KeyRing(entries),
  new KeyRing(entries),
  new KeyRing(entries.map((it) => (it.principal === "alice" ? { ...it, revokedAt: 5 } : it))),
  new KeyRing([entry("carol", alice)]),
];

/** Asks again and again, on one connection or on a new one each time. @returns What came of each request. */
function asker(isOneConnection: boolean) {
  const parts = { policy, clients: new Clients(() => undefined), strangers: new Strangers() };
  const one = new Socket();
  return (rawHeaders: string[], keys: KeyRing, now: number) => {
    const who = whoAsks({ socket: isOneConnection ? one : new Socket(), rawHeaders }, { ...parts, keys }, now);
    if ("status" in who) return who;
    return { head: who.head, holder: who.holder, principal: who.client.principal, address: who.address };
  };
}

const names = [
  "Authorization",
  "x-api-key",
  "api-key",
  "accept",
  "x-request-id",
  "Connection",
  "Content-Length",
  "Via",
];
const name = fc.constantFrom(...names);
const value = fc.constantFrom(alice, bob, soon, alice.toLowerCase(), `Bearer ${alice}`, `Bearer ${bob}`, "1", "via");
/** What is changed of the request before: one name or value, or nothing; and how many of them are sent. */
const step = fc.record({
  at: fc.nat({ max: 5 }),
  length: fc.constantFrom(4, 6, 6),
  to: fc.option(fc.oneof(name, value)),
  ring: fc.nat({ max: rings.length - 1 }),
  now: fc.constantFrom(1, 9, 10),
});

test("whatever was asked before on a connection, a request means what it means on a new one", () => {
  const begun = fc.tuple(fc.constantFrom("x-api-key", "accept"), value, name, value, name, value);
  fc.assert(
    fc.property(begun, fc.array(step, { minLength: 2, maxLength: 12 }), (first, steps) => {
      const [one, anew] = [asker(true), asker(false)];
      let fields: string[] = first;
      for (const { at, to, length, ring, now } of steps) {
        if (to !== null) fields = fields.with(at, to);
        const keys = rings[ring] ?? new KeyRing([]);
        const sent = fields.slice(0, length);
        assert.deepEqual(one(sent, keys, now), anew(sent, keys, now));
      }
    }),
    { numRuns: 3000 },
  );
});

test("the same fields are read once, and a key that expired or is of another ring is noticed at once", () => {
  const ask = asker(true);
  const [ring, same, revoked, passedOn] = rings;
  assert.ok(ring && same && revoked && passedOn);
  const fields = (key: string, length = "1") => ["Host", "a", "x-api-key", key, "Content-Length", length];
  const headOf = (it: ReturnType<typeof ask>) => ("head" in it ? it.head : it.code);
  const first = headOf(ask(fields(soon), ring, 1));
  assert.equal(headOf(ask(fields(soon, "20"), ring, 9)), first);
  assert.equal(headOf(ask(fields(soon), ring, 10)), "UNKNOWN_KEY");
  assert.notEqual(headOf(ask(fields(soon), same, 9)), first);
  const principalOf = (it: ReturnType<typeof ask>) => ("head" in it ? it.principal : it.code);
  assert.equal(principalOf(ask(fields(alice), ring, 1)), "alice");
  assert.equal(principalOf(ask(fields(alice), revoked, 1)), "UNKNOWN_KEY");
  assert.equal(principalOf(ask(fields(alice), passedOn, 1)), "carol");
});

test("clients that share a connection stay apart, and a key that is revoked ends there too", async (t) => {
  const upstream = await mockUpstream(saying({ choices: [] }));
  const it = await aGateway({ upstreams: [{ name: "m", protocol: "openai", url: upstream.url }] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(async () => {
    agent.destroy();
    await it.close();
    await upstream.close();
  });
  const other = it.newKey({ principal: "bob", models: ["b"] });
  await it.admin("POST", "/reload");
  const ports = new Set<number | undefined>();
  const ask = (key: string, model: string, more: Record<string, string> = {}) =>
    new Promise<number | undefined>((done, failed) => {
      const headers = { authorization: `Bearer ${key}`, ...more };
      const url = `${it.gateway.url}/v1/chat/completions`;
      const req = request(url, { agent, method: "POST", headers }, (res) => {
        ports.add(res.socket.localPort);
        res.resume().on("end", () => done(res.statusCode));
      });
      req.on("error", failed);
      req.end(JSON.stringify({ model, messages: [] }));
    });
  assert.deepEqual([await ask(it.key, "a"), await ask(it.key, "longer")], [200, 200]);
  assert.deepEqual([await ask(other, "a"), await ask(other, "b"), await ask(it.key, "a")], [403, 200, 200]);
  const asked = await Promise.all(["1", "2", "2"].map((id) => ask(it.key, "a", { "x-request-id": id })));
  assert.deepEqual(asked, [200, 200, 200]);
  const ids = upstream.reached.map(({ headers }) => headers[headers.indexOf("x-request-id") + 1]).slice(-3);
  assert.deepEqual(ids, ["1", "2", "2"]);
  const { clients } = (await it.admin("GET", "/clients")).json as {
    clients: { principal: string; requests: number }[];
  };
  const counted = new Map(clients.map(({ principal, requests }) => [principal, requests]));
  assert.deepEqual([counted.get("alice"), counted.get("bob")], [6, 1]);
  const [{ id = "" } = {}] = readKeys(it.dataDir).filter(({ principal }) => principal === "alice");
  revokeKey(it.dataDir, id, Date.now());
  await it.admin("POST", "/reload");
  assert.equal(await ask(it.key, "a"), 401);
  assert.equal(ports.size, 1, "all of it was on one connection");
  assert.equal(await ask(other, "b"), 200);
});
