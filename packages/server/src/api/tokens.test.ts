// Tokens over real engines: each is good for one source, told once, and gone when it is revoked.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newToken, tokenPage, type NewToken } from "@outweigh/schema";
import { maxRequestsPerMinute } from "../limits.ts";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("tokens");
const data = join(folder.path, "data");
const configuration = { sources: [{ name: "registry", kind: "http-access" as const }] };
let server: Running;
let visitor: Visitor;

before(async () => {
  server = await aServer(data, configuration);
  visitor = await signIn(server.openUrl);
});
after(async () => {
  await server.close();
  folder.remove();
});

async function make(source: string, name?: string): Promise<NewToken> {
  const { status, body } = await visitor.post("/api/tokens", { source, ...(name !== undefined && { name }) });
  assert.equal(status, 200, JSON.stringify(body));
  return newToken.parse(body);
}

async function sent(source: string, secret: string, body = accessLine("a.safetensors")): Promise<number> {
  const headers = { authorization: `Bearer ${secret}` };
  return (await fetch(`${server.url}/api/ingest/${source}`, { method: "POST", body, headers })).status;
}

test("a token sends records of its own source, and neither another's nor a scan report", async () => {
  const { secret } = await make("registry");
  assert.equal(await sent("registry", secret), 200);
  assert.equal(await sent("proxy", secret), 403);
  assert.equal(await sent("scan", secret, '{"models":[],"roots":[]}'), 403);
  assert.equal(await sent("registry", `${secret}x`), 401);
});

test("a scan report among the records of an undeclared source says nothing about copies", async () => {
  const { secret } = await make("shipper");
  const report = {
    version: "0",
    startedAt: "2026-11-25T00:00:00Z",
    finishedAt: "2026-11-25T00:00:00Z",
    roots: ["/"],
    filesSeen: 1,
    bytesRead: 1,
    models: [],
    listeners: [],
    paths: [],
    notSeen: [],
  };
  assert.equal(await sent("shipper", secret, JSON.stringify(report)), 200);
  const source = async () => (await visitor.get("/api/sources?filter=name:shipper")).body.items[0];
  const { rejects, samples } = await eventually(source, (it) => it?.rejects === 1);
  assert.equal(rejects, 1);
  assert.match(samples[0].reason, /sources of kind scan alone/);
  assert.equal((await visitor.get("/api/scan")).status, 404);
});

test("a line of an agent among the records of another source speaks for no host", async () => {
  const { secret } = await make("borrowed");
  const process = { pid: 1, name: "cp", command: [], parents: [] };
  const line = { activity: 1, id: "a:1", host: "victim", time: Date.now(), sensor: "poll", what: "open", process };
  const refused = { refused: 1, id: "r", host: "victim", agent: "a", time: Date.now(), why: "made up" };
  const body = [{ ...line, file: { path: "/m/w.gguf", bytes: 5 } }, refused].map((it) => JSON.stringify(it)).join("\n");
  assert.equal(await sent("borrowed", secret, body), 200);
  const source = async () => (await visitor.get("/api/sources?filter=name:borrowed")).body.items[0];
  const { events, samples } = await eventually(source, (it) => it?.rejects === 2);
  assert.equal(events, 0);
  assert.match(samples[0].reason, /sources of kind agent alone/);
});

test("no token sends as the source of an enrolled host, and no host takes the source of a token", async () => {
  const { token } = (await visitor.post("/api/hosts/enrolments", {})).body;
  const enrol = async (name: string) => {
    const key = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }).toString("base64");
    const host = { name, system: "Debian", kernel: "6", arch: "x64", version: "0", user: "root" };
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ token, publicKey: key, host });
    return (await fetch(`${server.url}/api/agents/enrol`, { method: "POST", headers, body })).status;
  };
  await make("agent-taken");
  assert.equal(await enrol("taken"), 409);
  assert.equal(await enrol("gpu-1"), 200);
  assert.equal((await visitor.post("/api/tokens", { source: "agent-gpu-1" })).status, 409);
});

test("a secret is told once and stored nowhere; the list says who made what, and when it was used", async () => {
  const { secret, token } = await make("quiet", "quiet-host-1");
  assert.deepEqual([token.name, token.source], ["quiet-host-1", "quiet"]);
  await sent("quiet", secret);
  const { body } = await visitor.get("/api/tokens");
  const found = tokenPage.parse(body).items.find((it) => it.name === "quiet-host-1");
  assert.ok(found?.lastUsedAt !== undefined && found.createdBy.length > 0);
  assert.doesNotMatch(JSON.stringify(body) + readFileSync(join(data, "server.log"), "utf8"), new RegExp(secret));
  assert.doesNotMatch(JSON.stringify((await visitor.get("/api/evidence")).body), new RegExp(secret));
});

test("a second token of a source has a name of its own; the same name twice is refused", async () => {
  const [one, two] = [await make("twice"), await make("twice")];
  assert.deepEqual([one.token.name, two.token.name], ["twice", "twice-2"]);
  const { status, body } = await visitor.post("/api/tokens", { source: "other", name: "twice" });
  assert.deepEqual([status, body.error], [409, "CONFLICT"]);
  for (const wrong of [{}, { source: "Bad Name" }, { source: "a", name: "../b" }, { source: "a", more: 1 }]) {
    assert.equal((await visitor.post("/api/tokens", wrong)).status, 400, JSON.stringify(wrong));
  }
});

test("rotated: the new secret works and the old one does not; revoked: neither does", async () => {
  const { secret: old, token } = await make("turning");
  const { secret } = newToken.parse((await visitor.post(`/api/tokens/${token.name}/rotate`, {})).body);
  assert.deepEqual([await sent("turning", old), await sent("turning", secret)], [401, 200]);
  assert.equal((await visitor.post(`/api/tokens/${token.name}/revoke`, {})).status, 200);
  assert.equal(await sent("turning", secret), 401);
  assert.equal((await visitor.post(`/api/tokens/${token.name}/revoke`, {})).status, 404);
  const { items } = (await visitor.get("/api/evidence?filter=subject:turning")).body;
  const kinds = items.map((it: { kind: string }) => it.kind).filter((it: string) => it.startsWith("token-"));
  assert.deepEqual(kinds, ["token-revoked", "token-rotated", "token-created"]);
});

test("tokens outlive a restart; the one for programs that the server's starter starts does not", async () => {
  const { secret } = await make("lasting");
  const passing = server.token("lasting");
  assert.equal(await sent("lasting", passing), 200);
  await server.close();
  server = await aServer(data, configuration);
  assert.equal(await sent("lasting", secret), 200);
  assert.equal(await sent("lasting", passing), 401);
  visitor = await signIn(server.link());
  const names = tokenPage.parse((await visitor.get("/api/tokens")).body).items.map((it) => it.name);
  assert.ok(names.includes("lasting"));
});

test("a session that asks too much is told so, and another one is not", async () => {
  const greedy = await signIn(server.link());
  const statuses = new Set<number>();
  for (let at = 0; at < maxRequestsPerMinute + 50; at += 50) {
    const some = Array.from({ length: 50 }, () => greedy.get("/api/session"));
    for (const it of await Promise.all(some)) statuses.add(it.status);
  }
  assert.deepEqual([...statuses], [200, 429]);
  assert.equal((await visitor.get("/api/session")).status, 200);
});

test("attempts without a session or token use up nobody's requests", async () => {
  const { secret } = await make("busy");
  const knocks = Array.from({ length: 1500 }, (_, i) => i);
  for (let at = 0; at < knocks.length; at += 100) {
    const some = knocks
      .slice(at, at + 100)
      .flatMap((i) => [
        fetch(`${server.url}/api/incidents`, { headers: { cookie: `outweigh=${i}` } }),
        fetch(`${server.url}/open?t=${i}`),
      ]);
    for (const it of await Promise.all(some)) {
      assert.equal(it.status, 401);
      await it.arrayBuffer();
    }
  }
  assert.equal(await sent("busy", secret), 200);
  assert.equal((await visitor.get("/api/incidents")).status, 200);
  assert.equal((await fetch(server.link())).status, 200);
});
