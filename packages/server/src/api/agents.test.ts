// Agents over real engines: who may speak for a host, and that nothing else is believed.
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { keyId, readSignedScan, signedScanLine, signerOf, signScan, verifyPack } from "@outweigh/evidence";
import { agentHeaders, enrolAnswer, signedText, type ActivityRecord, type AgentReport } from "@outweigh/schema";
import type { Running } from "../start.ts";
import { aFolder, aServer, eventually, signIn, type Answer, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("agents");
const content = join(import.meta.dirname, "../../../../content");
const textOf = (path: string) => readFileSync(join(content, path), "utf8");
const acmeDigest = "d".repeat(64);
let server: Running;
let visitor: Visitor;

before(async () => {
  server = await aServer(
    join(folder.path, "data"),
    {
      models: [
        { name: "acme-signed", class: "private", bytes: 2_000_000, places: ["s3://acme/signed/"], digest: acmeDigest },
      ],
    },
    {
      content: {
        rules: [{ path: "agent_impostor.yml", text: textOf("rules/platform/agent_impostor.yml") }],
        playbooks: [{ id: "agent-impostor", text: textOf("playbooks/agent-impostor.md") }],
        policy: "[]",
      },
    },
  );
  visitor = await signIn(server.openUrl);
});
after(async () => {
  await server.close();
  folder.remove();
});

interface AnAgent {
  readonly id: string;
  readonly key: KeyObject;
  readonly serverKey: KeyObject;
}

function hostNamed(name: string) {
  return { name, system: "Debian", kernel: "6.1", arch: "x64", version: "0", user: "root" };
}

/** Sends until the server is not too busy to read it: other programs may hold this machine up. */
async function send(
  url: string,
  headers: Record<string, string>,
  body: string | Buffer<ArrayBuffer>,
): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const answer = await fetch(url, { method: "POST", headers, body });
    if (answer.status !== 503 || tries === 200) return answer;
    await answer.body?.cancel();
    await new Promise((done) => setTimeout(done, 250));
  }
}

async function enrol(token: string, name: string): Promise<{ status: number; agent?: AnAgent }> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const der = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const body = JSON.stringify({ token, publicKey: der, host: hostNamed(name) });
  const headers = { "content-type": "application/json" };
  const answer = await send(`${server.url}/api/agents/enrol`, headers, body);
  if (answer.status !== 200) return { status: answer.status };
  const { agent, serverKey } = enrolAnswer.parse(await answer.json());
  const theirs = createPublicKey({ key: Buffer.from(serverKey, "base64"), type: "spki", format: "der" });
  return { status: 200, agent: { id: agent, key: privateKey, serverKey: theirs } };
}

async function aToken(host?: string): Promise<string> {
  return (await visitor.post("/api/hosts/enrolments", host === undefined ? {} : { host })).body.token;
}

async function anAgent(name: string): Promise<AnAgent> {
  const token = await aToken();
  const { status, agent } = await enrol(token, name);
  assert.equal(status, 200);
  assert.ok(agent);
  return agent;
}

const quiet: AgentReport = {
  sentAt: 1,
  health: { tier: "T0", watchedFiles: 2, dropped: 0, waiting: 0, rssBytes: 1, problems: [] },
  lines: [],
  results: [],
};

async function report(
  { id, key }: AnAgent,
  counter: number,
  said: unknown = quiet,
  path = "/api/agents/report",
): Promise<Answer> {
  const body = Buffer.from(JSON.stringify(said));
  const text = signedText(path, counter, createHash("sha256").update(body).digest("hex"));
  const headers = {
    "content-type": "application/json",
    [agentHeaders.agent]: id,
    [agentHeaders.counter]: String(counter),
    [agentHeaders.signature]: sign(null, Buffer.from(text), key).toString("base64url"),
  };
  const answer = await send(`${server.url}/api/agents/report`, headers, body);
  return { status: answer.status, body: await answer.json() };
}

/** A scan of a folder that found nothing. */
function anEmptyScan(root: string) {
  const at = new Date().toISOString();
  const counts = { filesSeen: 0, bytesRead: 0, models: [], listeners: [], paths: [], notSeen: [] };
  return { version: "0", startedAt: at, finishedAt: at, roots: [root], ...counts };
}

const alertsOn = async (host: string) =>
  (await visitor.get("/api/alerts")).body.items.filter((it: { principal: string }) => it.principal === `agent:${host}`);

test("a token enrols one host, once; a name is one host's", async () => {
  const { token } = (await visitor.post("/api/hosts/enrolments", {})).body;
  assert.equal((await enrol(token, "gpu-1")).status, 200);
  assert.equal((await enrol(token, "gpu-2")).status, 401);
  assert.equal((await enrol("x".repeat(32), "gpu-2")).status, 401);
  const { token: another } = (await visitor.post("/api/hosts/enrolments", {})).body;
  assert.equal((await enrol(another, "gpu-1")).status, 409);
  // It was not used up by being refused.
  assert.equal((await enrol(another, "gpu-2")).status, 200);
});

test("nobody takes a name under which copies are known, ours first, without a token made for it", async () => {
  const own = hostname();
  assert.equal((await enrol(await aToken(), own)).status, 409);
  assert.equal((await enrol(await aToken(), own.toUpperCase())).status, 409);
  const headers = { authorization: `Bearer ${server.token("scan")}` };
  const body = JSON.stringify({ ...anEmptyScan("/m"), host: "nas-1" });
  await fetch(`${server.url}/api/ingest/scan`, { method: "POST", headers, body });
  await eventually(
    () => visitor.get("/api/scan"),
    (it) => it.body.host === "nas-1",
  );
  const token = await aToken();
  assert.equal((await enrol(token, "nas-1")).status, 409);
  assert.equal((await enrol(token, "nas-2")).status, 200);
  const forIt = await aToken("nas-1");
  assert.equal((await enrol(forIt, "nas-3")).status, 401);
  assert.equal((await enrol(forIt, "nas-1")).status, 200);
});

test("two names of one source are one host's, and no name does anything where it is shown", async () => {
  await anAgent("gpu-7");
  const token = await aToken();
  for (const name of ["GPU-7", "gpu-7 "]) assert.notEqual((await enrol(token, name)).status, 200, name);
  for (const name of ["this host", "", "a\u001b[2J", "a\u202eb", "../x", "x\0"])
    assert.equal((await enrol(token, name)).status, 400, JSON.stringify(name));
  const together = await Promise.all([aToken(), aToken(), aToken()]);
  const answers = await Promise.all(together.map((it) => enrol(it, "twins")));
  assert.deepEqual(answers.map((it) => it.status).sort(), [200, 409, 409]);
});

test("a key that nothing can be checked with enrols no host: it kept the server from ever starting again", async () => {
  const token = await aToken();
  const x25519 = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" }).toString("base64");
  for (const publicKey of [`${"A".repeat(59)}=`, x25519]) {
    const body = JSON.stringify({ token, publicKey, host: hostNamed("keyless") });
    const headers = { "content-type": "application/json" };
    const { status } = await fetch(`${server.url}/api/agents/enrol`, { method: "POST", headers, body });
    assert.equal(status, 400);
  }
  assert.equal((await visitor.get("/api/hosts?filter=name:keyless")).body.total, 0);
  assert.equal((await enrol(token, "keyed")).status, 200);
});

test("an answer that no column holds is stored as far as it can be", async () => {
  const agent = await anAgent("nul");
  const order = { verb: "collect", lists: ["system"] };
  const { id } = (await visitor.post(`/api/hosts/${agent.id}/orders`, { order, reason: "a\0b" })).body;
  const facts = { at: 1, lists: [{ list: "system", rows: [{ "what\0": "x\0" }], notSeen: [] }] };
  const results = [{ id, state: "done", message: "\0", facts }];
  assert.equal((await report(agent, 1, { ...quiet, results })).status, 200);
  assert.equal((await visitor.get(`/api/hosts/${agent.id}`)).body.orders[0].state, "done");
});

test("a report is taken once: an older number is refused and becomes an alert", async () => {
  const agent = await anAgent("cloned");
  assert.equal((await report(agent, 5)).status, 200);
  assert.equal((await report(agent, 5)).status, 409);
  assert.equal((await report(agent, 4)).status, 409);
  assert.equal((await report(agent, 6)).status, 200);
  const alerts = await eventually(
    () => alertsOn("cloned"),
    (it) => it.length > 0,
  );
  assert.equal(alerts[0]?.rule, "agent_impostor");
});

test("of two reports with one number, sent together, one is taken", async () => {
  const agent = await anAgent("racing");
  const answers = await Promise.all([1, 2, 3, 4].map(() => report(agent, 7)));
  assert.deepEqual(answers.map((it) => it.status).sort(), [200, 409, 409, 409]);
});

test("another key, another path and another body are refused and become an alert; an unknown agent is nobody's news", async () => {
  const agent = await anAgent("forged");
  const { privateKey } = generateKeyPairSync("ed25519");
  assert.equal((await report({ ...agent, key: privateKey }, 1)).status, 401);
  assert.equal((await report(agent, 1, quiet, "/api/agents/enrol")).status, 401);
  assert.equal((await report({ ...agent, id: "nobody" }, 1)).status, 401);
  const seen = async () => (await visitor.get("/api/sources?filter=name:agent-forged")).body.items[0];
  const alerts = await eventually(
    () => alertsOn("forged"),
    (it) => it.length > 0,
  );
  assert.equal(alerts[0]?.rule, "agent_impostor");
  assert.equal((await seen()).lastSeenAt, undefined, "what was refused is no sign of life");
});

test("an agent speaks for its own host, whatever it writes", async () => {
  const agent = await anAgent("honest");
  const process = { pid: 7, name: "cp", command: ["cp"], user: "eve", uid: 1, parents: [] };
  const line: ActivityRecord = {
    activity: 1,
    id: "victim:1:1",
    host: "victim",
    time: Date.now(),
    sensor: "poll",
    what: "open",
    process,
    file: { path: "/m/w.gguf", bytes: 5 },
  };
  assert.equal((await report(agent, 1, { ...quiet, lines: [line] })).status, 200);
  const events = async () => (await visitor.get("/api/events?filter=source:agent-honest")).body.items;
  const [event] = await eventually(events, (it) => it.length > 0);
  assert.equal(event.device.hostname, "honest");
  assert.equal(event.principal, "eve@honest");
  assert.deepEqual([event.grade, event.grade_basis], ["signed", "in a report signed by the key of its host's agent"]);
});

test("a scan's signature is kept: whoever has the file can check it, and a pack of what it found holds it", async () => {
  const agent = await anAgent("gpu-signed");
  const finishedAt = new Date().toISOString();
  const copy = {
    path: "/home/eve/holiday.jpg",
    format: "safetensors",
    bytes: 2_000_000,
    digest: acmeDigest,
    complete: true,
    readableBy: [],
  };
  const model = { id: "a", digest: acmeDigest, bytes: 2_000_000, tensors: 1, formats: ["safetensors"], copies: [copy] };
  const found = { ...anEmptyScan("/home"), finishedAt, host: "another-host", models: [model] };
  const signed = signScan(JSON.stringify(found), signerOf(agent.key));
  const bad = [
    { ...signed, report: signed.report.replace("eve", "bob") },
    signScan(signed.report, signerOf(generateKeyPairSync("ed25519").privateKey)),
    signScan('{"version":"0"}', signerOf(agent.key)),
    signScan("{", signerOf(agent.key)),
  ];
  for (const [i, it] of bad.entries())
    assert.equal((await report(agent, i + 1, { ...quiet, signedScan: it })).status, 400);
  for (const counter of [10, 11]) {
    const answer = await report(agent, counter, { ...quiet, signedScan: signed });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
  const scans = async () => (await visitor.get("/api/scans/gpu-signed")).body;
  const { runs } = await eventually(scans, (it) => it.runs?.length === 1);
  const key = keyId(signed.key);
  assert.deepEqual(runs[0].signed, { by: "gpu-signed", key, finishedAt: Date.parse(finishedAt) });
  const file = await visitor.get(`/api/scans/gpu-signed/signed/${Date.parse(finishedAt)}`);
  assert.equal(file.status, 200);
  const read = readSignedScan(Buffer.from(signedScanLine(file.body)));
  assert.deepEqual(read, signed);
  assert.equal((await visitor.get("/api/scans/gpu-signed/signed/7")).status, 404);

  const incidents = async () => (await visitor.get("/api/incidents?filter=model:acme-signed")).body.items;
  const [incident] = await eventually(incidents, (it) => it?.length > 0);
  const { body } = await visitor.get(`/api/incidents/${incident.id}/pack`);
  const { ok, problems, scanSigners } = verifyPack(String(body));
  assert.deepEqual([ok, problems, scanSigners], [true, [], [key]]);
  const entries = (await visitor.get("/api/evidence")).body.items.map((it: { kind: string }) => it.kind);
  assert.equal(entries.filter((it: string) => it === "scan-signed").length, 1, "the same scan is on record once");
});

test("what is no report is refused with the field that is wrong, and changes nothing", async () => {
  const agent = await anAgent("broken");
  const { status, body } = await report(agent, 1, { ...quiet, health: { ...quiet.health, tier: "T9" } });
  assert.equal(status, 400);
  assert.match(body.message, /health\.tier/);
  const { body: hosts } = await visitor.get("/api/hosts?filter=name:broken");
  assert.equal(hosts.items[0].state, "waiting");
});

test("an order is signed for its agent, waits until it is answered, and its facts are kept", async () => {
  const agent = await anAgent("asked");
  const order = { verb: "collect", lists: ["processes"] };
  const { id } = (await visitor.post(`/api/hosts/${agent.id}/orders`, { order, reason: "who runs there?" })).body;
  const [signed] = (await report(agent, 1)).body.orders;
  assert.ok(verify(null, Buffer.from(signed.text), agent.serverKey, Buffer.from(signed.signature, "base64url")));
  assert.deepEqual(JSON.parse(signed.text).order, order);
  assert.equal(JSON.parse(signed.text).agent, agent.id);
  const facts = { at: 1, lists: [{ list: "processes", rows: [{ pid: 1, name: "init" }], notSeen: [] }] };
  const answered = await report(agent, 2, { ...quiet, results: [{ id, state: "done", facts }] });
  assert.deepEqual(answered.body.orders, []);
  const { body } = await visitor.get(`/api/hosts/${agent.id}`);
  assert.deepEqual([body.orders[0].state, body.orders[0].facts], ["done", facts]);
  const other = await anAgent("nosy");
  await report(other, 1, { ...quiet, results: [{ id, state: "failed" }] });
  assert.equal((await visitor.get(`/api/hosts/${agent.id}`)).body.orders[0].state, "done");
});

test("a change of a host takes a lead who is a person, and waits for minutes alone", async () => {
  const agent = await anAgent("changed");
  const grant = { role: "analyst" };
  const { secret } = (await visitor.post("/api/tokens", { name: "asks", grant })).body;
  const asked = async (order: object): Promise<number> => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const body = JSON.stringify({ order, reason: "r" });
    return (await fetch(`${server.url}/api/hosts/${agent.id}/orders`, { method: "POST", headers, body })).status;
  };
  const order = { verb: "quarantine-file", path: "/srv/a", sha256: "0".repeat(64) };
  assert.equal(await asked({ verb: "collect", lists: ["processes"] }), 200);
  for (const it of [order, { verb: "undo", order: "x" }]) assert.equal(await asked(it), 403);
  const { id } = (await visitor.post(`/api/hosts/${agent.id}/orders`, { order, reason: "stolen" })).body;
  const texts = (await report(agent, 1)).body.orders.map((it: { text: string }) => JSON.parse(it.text));
  const signed = texts.find((it: { id: string }) => it.id === id);
  assert.deepEqual(signed.order, order);
  assert.ok(signed.expiresAt - signed.issuedAt <= 10 * 60_000);
});

test("no order but those of the closed list is taken", async () => {
  const agent = await anAgent("closed");
  for (const order of [
    { verb: "run", command: "sh" },
    { verb: "collect", lists: ["shell"] },
    { verb: "scan", roots: ["../x"] },
    { verb: "stop-process", process: "1", program: "0".repeat(64), how: "end" },
    { verb: "block-egress", whose: { of: "uid", uid: 0 }, minutes: 5 },
    { verb: "block-egress", whose: { of: "cgroup", path: '/a" accept; #' }, minutes: 5 },
  ])
    assert.equal((await visitor.post(`/api/hosts/${agent.id}/orders`, { order, reason: "r" })).status, 400);
});

test("a revoked agent is not heard, and its host may enrol again", async () => {
  const agent = await anAgent("gone");
  assert.equal((await visitor.post(`/api/hosts/${agent.id}/revoke`, { reason: "reinstalled" })).status, 200);
  assert.equal((await report(agent, 1)).status, 401);
  assert.equal((await visitor.get("/api/hosts?filter=name:gone")).body.items[0].state, "revoked");
  assert.equal((await visitor.post(`/api/hosts/${agent.id}/revoke`, { reason: "again" })).status, 409);
  await anAgent("gone");
});

test("a report under way brings no revoked agent back", async () => {
  const agent = await anAgent("clinging");
  const reports = Array.from({ length: 12 }, (_, i) => report(agent, i + 1));
  await Promise.race(reports);
  await visitor.post(`/api/hosts/${agent.id}/revoke`, { reason: "stolen" });
  await Promise.all(reports);
  assert.equal((await report(agent, 100)).status, 401);
  assert.equal((await visitor.get(`/api/hosts/${agent.id}`)).body.host.state, "revoked");
});

/** What a hostile agent may write in place of anything. */
const hostile: readonly unknown[] = [
  "../../../../etc/passwd",
  "/proc/self/mem",
  "..\\..\\x",
  "\0",
  "\u001b[2J\u202e",
  "'; DROP TABLE agent; --",
  "{{7*7}}${7*7}",
  "x".repeat(300_000),
  -1,
  2 ** 63,
  1e308,
  null,
  [],
  {},
  { __proto__: { polluted: true }, constructor: { prototype: { polluted: true } } },
  Array.from({ length: 2000 }, () => "x"),
];

/** A report that says all there is to say. */
function aFullReport(host: string): AgentReport {
  const process = { pid: 7, name: "cp", command: ["cp"], user: "eve", uid: 1, parents: [{ pid: 1, name: "init" }] };
  const file = { path: "/m/w.gguf", bytes: 5, madeFrom: "/m/x.gguf" };
  const line = {
    activity: 1,
    id: `${host}:1`,
    host,
    time: 1,
    sensor: "fanotify",
    what: "send",
    process,
    file,
  } as const;
  const facts = { at: 1, lists: [{ list: "processes" as const, rows: [{ pid: 1, name: "init" }], notSeen: ["x"] }] };
  const scan = { ...anEmptyScan("/m"), host };
  return {
    ...quiet,
    lines: [{ ...line, peer: { address: "192.0.2.1", port: 1 } }],
    scan,
    results: [{ id: "nobody-asked", state: "done", message: "x", facts, scan }],
  };
}

/** All ways to one value within another. */
function ways(value: unknown, way: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...way]];
  return [[...way], ...Object.entries(value).flatMap(([key, it]) => ways(it, [...way, key]))];
}

/** The value with another one at the end of a way. */
function replaced(value: unknown, [first, ...rest]: readonly string[], by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value)) return value.map((it, i) => (String(i) === first ? replaced(it, rest, by) : it));
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, it]) => [key, key === first ? replaced(it, rest, by) : it]),
  );
}

test("whatever a hostile agent reports is taken or refused: nothing falls, is written elsewhere or passes for another's", async () => {
  const whole = aFullReport("hostile");
  const change = fc.record({ way: fc.constantFrom(...ways(whole)), by: fc.constantFrom(...hostile) });
  const filesBefore = readdirSync(folder.path).toSorted();
  // One agent reports so often a minute at most.
  const senders = await Promise.all([1, 2].map((n) => anAgent(`hostile-${n}`)));
  let counter = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const said = changes.reduce<unknown>((it, { way, by }) => replaced(it, way, by), whole);
      const [sender] = senders.splice(0, 1);
      assert.ok(sender);
      senders.push(sender);
      const { status } = await report(sender, ++counter, said);
      assert.ok([200, 400, 413].includes(status), String(status));
    }),
    { numRuns: 120 },
  );
  assert.equal((await report(senders[0] ?? assert.fail(), ++counter, quiet)).status, 200);
  assert.equal((await visitor.get("/api/overview")).status, 200);
  assert.deepEqual(readdirSync(folder.path).toSorted(), filesBefore);
  assert.equal(Reflect.get({}, "polluted"), undefined);
  const { items } = (await visitor.get("/api/hosts?filter=name:hostile*")).body;
  assert.deepEqual(new Set(items.map((it: { name: string }) => it.name)), new Set(["hostile-1", "hostile-2"]));
  const { items: events } = (await visitor.get("/api/events?limit=500&filter=source:agent-hostile*")).body;
  for (const it of events) assert.match(it.device.hostname, /^hostile-[12]$/);
});

test("a silent agent is noticed within a minute: its host is silent, which is an alert and a gap", async (t) => {
  const agent = await anAgent("muted");
  assert.equal((await report(agent, 1)).status, 200);
  const state = async () => (await visitor.get("/api/hosts?filter=name:muted")).body.items[0].state;
  assert.equal(await eventually(state, (it) => it === "reporting"), "reporting");
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 55_000 });
  assert.equal(await eventually(state, (it) => it === "silent"), "silent");
  const ask = async () => (await visitor.get("/api/evidence?filter=subject:agent-muted")).body.items;
  const told = await eventually(ask, (it) => it.some(({ kind }: { kind: string }) => kind === "gap-began"));
  assert.ok(told.length > 0);
  const alerts = async () => (await visitor.get("/api/alerts?filter=rule:source-silent")).body.items;
  const silent = await eventually(alerts, (it) => JSON.stringify(it).includes("agent-muted"));
  assert.match(JSON.stringify(silent), /agent-muted/);
  // And it speaks again.
  assert.equal((await report(agent, 2)).status, 200);
  assert.equal(await eventually(state, (it) => it === "reporting"), "reporting");
});

test("an agent sends so much in a minute and no more: the rest waits with it", async (t) => {
  const agent = await anAgent("chatty");
  // A slow machine would take the minute for the first.
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const large = { ...quiet, health: { ...quiet.health, problems: [] }, padding: "x".repeat(60_000_000) };
  assert.equal((await report(agent, 1, large)).status, 400);
  assert.equal((await report(agent, 2, large)).status, 429);
  assert.equal((await report(agent, 3)).status, 200);
});
