// What was checked of a record when it came in, from each way in to everywhere that it is told.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { verifyPack } from "@outweigh/evidence";
import { doubtText } from "@outweigh/schema";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("grades");
const logs = join(folder.path, "logs");
let server: Running;
let visitor: Visitor;
let secret: string | undefined;

const models = ["plain", "token", "both"].map((name) => ({
  name,
  class: "private" as const,
  places: [`hf:acme/${name}`],
  bytes: 1000,
}));

before(async () => {
  mkdirSync(logs);
  server = await aServer(join(folder.path, "data"), {
    models,
    sources: [
      { name: "edge", kind: "http-access", syslog: { tcp: 0, udp: 0 } },
      { name: "sent", kind: "http-access" },
      { name: "watched", kind: "http-access", paths: [logs] },
      { name: "waiting", kind: "http-access" },
    ],
  });
  visitor = await signIn(server.link());
});

after(async () => {
  await server.close();
  folder.remove();
});

/** One of another's reads of a whole model: each model's thief comes from an address of its own, else it were one story. */
function theft(model: string, over: object = {}): string {
  const address = `203.0.113.${10 + models.findIndex((it) => it.name === model)}`;
  const line = accessLine("model.safetensors", { user: `thief-of-${model}`, bytes: 1000, address, ...over });
  return line.replace("acme/acme-13b", `acme/${model}`);
}

// oxlint-disable-next-line typescript/no-explicit-any -- answers of the API
const one = async (path: string): Promise<any> => (await visitor.get(path)).body.items[0];
const source = (name: string) => one(`/api/sources?filter=name:${name}`);
const events = async (filter: string) => (await visitor.get(`/api/events?filter=${encodeURIComponent(filter)}`)).body;

/** With a token that somebody made: the one that `server.token` gives is for programs that the server starts. */
async function send(source: string, body: string): Promise<void> {
  secret ??= (await visitor.post("/api/tokens", { source })).body.secret;
  const headers = { authorization: `Bearer ${secret}` };
  assert.equal((await fetch(`${server.url}/api/ingest/${source}`, { method: "POST", headers, body })).status, 200);
}

/** The incident of a model, once it is whole. */
async function incidentOf(model: string) {
  const ask = () => one(`/api/incidents?filter=model:${model}`);
  const found = await eventually(ask, (it) => it?.severity === "critical");
  return (await visitor.get(`/api/incidents/${found.id}`)).body;
}

test("each way in gives its grade, and a source tells its own by them, the weakest first", async () => {
  const { at } = (await source("edge")).collector;
  const port = (how: string) => Number(new RegExp(`${how} 127\\.0\\.0\\.1:(\\d+)`).exec(at)?.[1]);
  const line = (user: string) => `<190>Nov 26 02:03:04 web1 nginx: ${accessLine("a.safetensors", { user })}`;
  connect(port("tcp"), "127.0.0.1").end(`${line("by-tcp")}\n`);
  const datagrams = createSocket("udp4");
  await new Promise((done) => datagrams.send(line("by-udp"), port("udp"), "127.0.0.1", done));
  datagrams.close();
  await send("sent", accessLine("a.safetensors", { user: "by-token" }));
  writeFileSync(join(logs, "a.log"), `${accessLine("a.safetensors", { user: "by-file" })}\n`);
  for (const [user, grade, basis] of [
    ["by-tcp", "plain", "sent over TCP"],
    ["by-udp", "plain", "sent over UDP"],
    ["by-token", "authenticated", "sent with a token of its source"],
    ["by-file", "plain", "read from a watched file"],
  ] as const) {
    const ask = () => one(`/api/events?filter=principal:${user}`);
    const event = await eventually(ask, (it) => it !== undefined);
    assert.deepEqual([event?.grade, event?.grade_basis], [grade, basis], user);
  }
  const edge = await eventually(
    () => source("edge"),
    (it) => it.grades.length === 2,
  );
  assert.deepEqual(
    edge.grades.map((it: { way: string; grade: string; records: number }) => [it.way, it.grade, it.records]),
    [
      ["tcp", "plain", 1],
      ["udp", "plain", 1],
    ],
  );
  assert.match(edge.grades[0].raise, /^send it over TLS with a client certificate/);
  const graded = async (grade: string) =>
    (await visitor.get(`/api/sources?filter=grade:${grade}`)).body.items.map((it: { name: string }) => it.name);
  await eventually(
    () => graded("plain"),
    (all) => all.length === 2,
  );
  assert.deepEqual(await graded("plain"), ["edge", "watched"]);
  assert.deepEqual(await graded("authenticated"), ["sent"]);
  assert.ok((await graded("none")).includes("waiting"));
});

test("a hunt asks for a grade", async () => {
  await eventually(
    () => events("grade:plain operation:download"),
    (it) => it.total >= 3,
  );
  const users = async (filter: string) =>
    (await events(filter)).items.map((it: { principal: string }) => it.principal).sort();
  assert.deepEqual(await users("grade:plain operation:download"), ["by-file", "by-tcp", "by-udp"]);
  assert.deepEqual(await users("grade:authenticated operation:download"), ["by-token"]);
  assert.deepEqual(await users("grade:none"), []);
});

test("what rests on plain events alone is told nowhere as known, and what it rests on everywhere", async () => {
  writeFileSync(join(logs, "b.log"), `${theft("plain")}\n`);
  await send("sent", theft("token"));
  const plain = await incidentOf("plain");
  const token = await incidentOf("token");
  const n = plain.rests.plain;
  assert.ok(n > 0);
  assert.deepEqual(plain.rests, { signed: 0, authenticated: 0, plain: n, ungraded: 0 });
  assert.deepEqual([token.rests.plain, token.rests.authenticated > 0], [0, true]);
  assert.match(
    plain.story,
    /It rests on plain events alone: whoever can reach their sources could have written them\.$/,
  );
  assert.doesNotMatch(token.story, /could have written/);
  const lost = (it: typeof plain) => it.impact.risks.find((row: { risk: string }) => row.risk === "ip-loss");
  assert.deepEqual([lost(plain).known, lost(token).known], [false, true]);
  assert.match(lost(plain).said, /^if its events are true: /);

  const alert = (await visitor.get(`/api/alerts/${plain.alerts[0].id}`)).body;
  assert.deepEqual([alert.rests.plain > 0, alert.rests.authenticated], [true, 0]);

  const { id } = plain.incident;
  const page = String((await visitor.get(`/api/incidents/${id}/export?as=html`)).body);
  assert.match(page.replace(/\s+/g, " "), new RegExp(`by what was checked when they came in: ${n} plain\\.`));
  assert.doesNotMatch(page, /\b(proven|verified|confirmed)\b/i);
  const [finding] = String((await visitor.get(`/api/incidents/${id}/export?as=ocsf`)).body).split("\n");
  assert.deepEqual(JSON.parse(finding ?? "").unmapped.grades, plain.rests);
});

test("a title's doubt stands in every list as on its page, until somebody who proved who they are says so too", async () => {
  const rowOf = (model: string) => one(`/api/incidents?filter=model:${model}`);
  const said = /^It rests on plain events alone/;
  assert.match((await rowOf("plain")).doubt, said);
  assert.equal((await rowOf("token")).doubt, undefined);

  const at = Date.now() - 60_000;
  writeFileSync(join(logs, "c.log"), `${theft("both", { at })}\n`);
  assert.match((await incidentOf("both")).incident.doubt, said);
  assert.match((await rowOf("both")).doubt, said);
  // The same thief again, by a way that is checked: its alerts rest on events of both batches.
  await send("sent", theft("both", { at: at + 1000 }));
  const whole = await eventually(
    () => incidentOf("both"),
    (it) => it.rests.authenticated > 0,
  );
  assert.equal(whole.incident.doubt, undefined);
  assert.equal((await rowOf("both")).doubt, undefined);

  for (const row of (await visitor.get("/api/incidents?limit=500")).body.items) {
    const { rests, incident } = (await visitor.get(`/api/incidents/${row.id}`)).body;
    assert.deepEqual([row.doubt, incident.doubt], [doubtText(rests), doubtText(rests)], row.title);
  }
  for (const row of (await visitor.get("/api/alerts?limit=500")).body.items)
    assert.deepEqual(row.rests, (await visitor.get(`/api/alerts/${row.id}`)).body.rests, row.title);
});

test("a pack says on what it rests, and does not hold with another grade in it", async () => {
  for (const [model, grade] of [
    ["plain", "plain"],
    ["token", "authenticated"],
  ] as const) {
    const { incident, rests } = await incidentOf(model);
    const pack = String((await visitor.get(`/api/incidents/${incident.id}/pack`)).body);
    const { ok, grades, problems } = verifyPack(pack);
    assert.deepEqual([problems, ok, grades], [[], true, { ...rests, redacted: 0 }]);
    assert.match(pack, new RegExp(`"value":"${grade}"`));
    assert.equal(verifyPack(pack.replaceAll(`"value":"${grade}"`, '"value":"signed"')).ok, false);
  }
});

test("a person's word that it is a theft stands on record with what it rests on; a printed report as what was made", async () => {
  const { incident } = await incidentOf("plain");
  const close = { status: "closed", verdict: "true-positive", reason: "the owner saw it" };
  assert.equal((await visitor.post(`/api/incidents/${incident.id}/status`, close)).status, 200);
  await visitor.get(`/api/incidents/${incident.id}/export?as=html&printed=pdf`);
  const { activity } = await incidentOf("plain");
  const texts = activity.map((it: { text: string }) => it.text);
  assert.ok(texts.some((it: string) => it === "exported as pdf, printed from html"));
  const said = texts.find((it: string) => it.startsWith("closed as true positive"));
  assert.match(said, /the owner saw it \(It rests on plain events alone/);
});
