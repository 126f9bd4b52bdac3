// Merging, splitting and the watch list over real engines.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { verifyPack } from "@outweigh/evidence";
import { severityId } from "@outweigh/schema";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, visitorWith, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("groupings");
const names = ["acme-13b", "acme-70b", "acme-1b", "acme-2b"];
const addresses = new Map<string, string>();
let server: Running;
let visitor: Visitor;
let sent = 0;

before(async () => {
  server = await aServer(join(folder.path, "data"), {
    models: names.map((name) => ({
      name,
      class: "private" as const,
      places: [`hf:acme/${name}`],
      readers: ["svc-deploy"],
      files: [{ path: "model.safetensors", bytes: 1000 }],
    })),
    spaces: [
      { name: "small", models: ["acme-13b", "acme-1b"] },
      { name: "large", models: ["acme-70b", "acme-2b"] },
    ],
    sources: [
      { name: "registry", kind: "http-access" },
      { name: "scans", kind: "scan" },
    ],
  });
  visitor = await signIn(server.openUrl);
});

after(async () => {
  await server.close();
  folder.remove();
});

/** A read by somebody from an address of their own; answers with the incident that it is in. */
async function read(user: string, model = "acme-13b", when?: number) {
  sent++;
  if (!addresses.has(user)) addresses.set(user, `203.0.113.${addresses.size + 1}`);
  const at = when ?? Date.now() - 3_600_000 + sent * 1000;
  const line = accessLine("model.safetensors", { user, at, bytes: 1000, address: addresses.get(user) ?? "" });
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  const body = `${line.replace("acme-13b", model)}\n`;
  const send = () => fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body });
  // A machine that is busy says so, and is asked again.
  assert.equal((await eventually(send, ({ status }) => status !== 503, 60_000)).status, 200);
  const told = async () => (await visitor.get("/api/sources?filter=name:registry")).body.items[0].events;
  assert.equal(await eventually(told, (it) => it === sent, 60_000), sent);
  const { body: alerts } = await visitor.get(
    `/api/alerts?filter=${encodeURIComponent(`principal:${user} model:${model}`)}`,
  );
  return detail(alerts.items.find((it: { rule: string }) => it.rule === "unaccounted-read").incident);
}
const detail = async (id: string) => (await visitor.get(`/api/incidents/${id}`)).body;
const kinds = (it: { activity: readonly { kind: string }[] }) => it.activity.map(({ kind }) => kind);

test("merged incidents are one: alerts, comments and addresses go along, later alerts follow, a pack holds all, and it can be undone", async () => {
  const ana = await read("ana", "acme-13b");
  const bob = await read("bob", "acme-70b");
  assert.notEqual(ana.incident.id, bob.incident.id);
  const into = ana.incident.id;
  await visitor.post(`/api/incidents/${bob.incident.id}/comments`, { text: "he left in May" });
  const merge = (incidents: readonly string[], by: Visitor = visitor) =>
    by.post(`/api/incidents/${into}/merge`, { incidents, reason: "the same contractor" });
  assert.equal((await merge([into])).status, 400);
  assert.equal((await merge(["incident-none"])).status, 404);
  const { body: token } = await visitor.post("/api/tokens", {
    name: "small",
    grant: { role: "analyst", space: "small" },
  });
  const outsider = visitorWith(server.url, { authorization: `Bearer ${token.secret}` });
  assert.equal((await merge([bob.incident.id], outsider)).status, 404, "what lies beyond one's spaces is not there");

  const { status, body: row } = await merge([bob.incident.id]);
  assert.equal(status, 200, JSON.stringify(row));
  assert.deepEqual(row.principals, ["ana", "bob"]);
  assert.match(row.reason, /merged INC-\d+ into it: the same contractor\./);
  const there = await detail(bob.incident.id);
  assert.equal(there.incident.id, into, "the old address leads to it");
  assert.deepEqual(
    there.comments.map((it: { text: string }) => it.text),
    ["he left in May"],
  );
  assert.equal(there.alerts.length, ana.alerts.length + bob.alerts.length);
  assert.equal((await visitor.get("/api/incidents")).body.total, 1);
  assert.equal((await outsider.get(`/api/incidents/${into}`)).status, 404, "it is about another space's model too");
  assert.equal((await read("bob", "acme-70b")).incident.id, into, "later alerts follow");
  const pack = await visitor.get(`/api/incidents/${bob.incident.id}/pack`);
  const verified = verifyPack(String(pack.body));
  assert.equal(verified.ok, true, JSON.stringify(verified).slice(0, 500));
  assert.match(String(pack.body), /he left in May/);

  const [grouping] = there.groupings;
  const undo = (id: string) => visitor.post(`/api/incidents/${into}/groupings/${id}/undo`, { reason: "two people" });
  assert.equal((await undo("none")).status, 404);
  assert.equal((await undo(grouping.id)).status, 200);
  assert.equal((await undo(grouping.id)).status, 409);
  const [one, other] = [await detail(into), await detail(bob.incident.id)];
  assert.deepEqual([one.incident.principals, other.incident.principals], [["ana"], ["bob"]]);
  assert.deepEqual([other.incident.status, other.incident.verdict], ["new", undefined]);
  assert.ok(kinds(one).includes("incident-merged") && kinds(other).includes("incident-grouping-undone"));
  assert.equal((await read("bob", "acme-70b")).incident.id, other.incident.id);
});

test("an incident is split by alerts; what comes later of them follows, and it can be put together again", async () => {
  const first = await read("eve");
  const whole = await read("mallory");
  assert.equal(first.incident.id, whole.incident.id, "two strangers on one model are one story");
  const out = whole.alerts
    .filter((it: { principal?: string }) => it.principal === "mallory")
    .map((it: { id: string }) => it.id);
  const split = (alerts: readonly string[]) =>
    visitor.post(`/api/incidents/${whole.incident.id}/split`, { alerts, reason: "a drill" });
  assert.equal((await split(whole.incident.alerts)).status, 400, "one alert stays");
  assert.equal((await split(["alert-none"])).status, 404);
  const { status, body: made } = await split(out);
  assert.equal(status, 200, JSON.stringify(made));
  assert.deepEqual(made.principals, ["mallory"]);
  assert.match(made.reason, /out of INC-\d+: a drill\./);
  assert.equal((await read("mallory")).incident.id, made.id);
  assert.equal((await read("eve")).incident.id, whole.incident.id);
  const { groupings } = await detail(made.id);
  await visitor.post(`/api/incidents/${made.id}/groupings/${groupings[0].id}/undo`, { reason: "no drill" });
  assert.equal((await detail(made.id)).incident.id, whole.incident.id);
});

test("a confirmed theft has its model watched: until its verdict is another, or somebody ends it", async () => {
  const it = await read("thief");
  const close = (verdict: string) =>
    visitor.post(`/api/incidents/${it.incident.id}/status`, { status: "closed", verdict, reason: "asked him" });
  const all = async (): Promise<{ kind: string; name: string }[]> => (await visitor.get("/api/watched")).body.items;
  const watched = async () =>
    (await visitor.get("/api/watched")).body.items.filter((one: { kind: string }) => one.kind === "model");
  await close("benign");
  assert.deepEqual(await watched(), []);
  const { body: closed } = await close("true-positive");
  assert.deepEqual([closed.verdict, closed.watched], ["true-positive", ["acme-13b"]]);
  const [found] = await watched();
  assert.deepEqual([found.name, found.thefts[0].number], ["acme-13b", it.incident.number]);
  assert.equal(found.until - found.from, 90 * 86_400_000);
  assert.equal((await visitor.get("/api/models/acme-13b")).body.model.watched.until, found.until);
  const around = (await all()).map((one) => `${one.kind} ${one.name}`);
  for (const one of ["principal thief", "place hf:acme/acme-13b", `address ${addresses.get("thief")}`])
    assert.ok(around.includes(one), `${one} in ${around.join(", ")}`);
  const page = async (query: string) => (await visitor.get(`/api/watched?${query}`)).body;
  const whole = await all();
  const { items: elsewhere, total } = await page(`filter=incident:INC-${it.incident.number} -kind:place&sort=-name`);
  const named = whole.filter((one) => one.kind !== "place").map((one) => one.name);
  assert.deepEqual([elsewhere.map((one: { name: string }) => one.name), total], [named.sort().reverse(), named.length]);
  const first = await page("limit=1");
  assert.deepEqual([first.items, first.items[0].kind, first.total], [whole.slice(0, 1), "model", whole.length]);
  const rest = await page(`after=${encodeURIComponent(first.next)}`);
  assert.deepEqual([rest.items, rest.next, (await page("filter=nobody")).total], [whole.slice(1), undefined, 0]);
  assert.equal((await visitor.get("/api/watched?filter=severity:high")).body.error, "BAD_FILTER");
  await close("false-positive");
  assert.deepEqual(await all(), [], "a verdict that was wrong is no reason");
  await close("true-positive");
  // Who took part is watched too, on any model. The log's times are whole seconds.
  const { alerts } = await read("thief", "acme-70b", Date.now() + 2000);
  const noted = alerts.flatMap((one: { matched: { field: string; value: string }[] }) => one.matched);
  assert.ok(
    noted.some((one: { field: string; value: string }) => one.field === "watched" && /\bthief\b/.test(one.value)),
  );
  const end = (name: string, kind = "model") =>
    visitor.post("/api/watched/end", { kind, name, reason: "weights were rotated" });
  assert.equal((await end("acme-70b")).status, 404);
  assert.equal((await end("acme-13b")).status, 200);
  assert.deepEqual(await watched(), []);
  const shown = async () => (await visitor.get("/api/entity?kind=principal&name=thief")).body.watched;
  assert.equal((await shown()).thefts[0].number, it.incident.number);
  assert.equal((await end("thief", "principal")).status, 200);
  assert.equal(await shown(), undefined);
  const { body: log } = await visitor.get("/api/evidence?filter=subject:acme-13b");
  assert.deepEqual(
    log.items.map((one: { kind: string }) => one.kind),
    ["watch-ended", "watch-began", "watch-withdrawn", "watch-began"],
  );
});

/** A scan that found an undeclared copy of a model on a host; answers with the alert. */
async function scanned(host: string, model: string, at: number) {
  const digest = names.indexOf(model).toString().repeat(64);
  const copy = {
    path: `/tmp/${model}`,
    format: "safetensors",
    bytes: 1000,
    digest,
    complete: true,
    readableBy: [],
    declared: false,
  };
  const found = { id: digest, name: model, digest, bytes: 1000, tensors: 1, formats: ["safetensors"], copies: [copy] };
  const times = { startedAt: new Date(at).toISOString(), finishedAt: new Date(at).toISOString() };
  const rest = { version: "1", roots: ["/"], filesSeen: 1, bytesRead: 1, listeners: [], paths: [], notSeen: [] };
  const body = JSON.stringify({ ...rest, ...times, host, models: [found] });
  const headers = { authorization: `Bearer ${server.token("scans")}` };
  const send = () => fetch(`${server.url}/api/ingest/scans`, { method: "POST", headers, body });
  assert.equal((await eventually(send, ({ status }) => status !== 503, 60_000)).status, 200);
  const filter = encodeURIComponent(`principal:"host:${host}" model:${model} rule:undeclared-copy`);
  const told = async () => (await visitor.get(`/api/alerts?filter=${filter}`)).body.items[0];
  return eventually(told, (it) => it !== undefined, 60_000);
}

test("the host of a confirmed theft is watched: what is found on it later is one step worse and says why; whoever sees nothing of the theft is not told of it", async () => {
  const first = await scanned("gpu-7", "acme-1b", Date.now() - 60_000);
  assert.equal(first.raisedBy, undefined);
  const close = { status: "closed", verdict: "true-positive", reason: "he copied it" };
  assert.equal((await visitor.post(`/api/incidents/${first.incident}/status`, close)).status, 200);
  const told = async (who: Visitor, subject: string): Promise<boolean> =>
    (await who.get("/api/watched")).body.items.some(
      (one: { kind: string; name: string }) => `${one.kind} ${one.name}` === subject,
    );
  assert.ok(await told(visitor, "host gpu-7"));
  assert.equal(await told(visitor, "principal host:gpu-7"), false, "the host is watched, once");
  assert.equal((await visitor.get("/api/scans/gpu-7")).body.watched.thefts[0].incident, first.incident);
  const spaced = async (space: string): Promise<Visitor> => {
    const asked = { name: `of-${space}`, grant: { role: "analyst", space } };
    const { body: token } = await visitor.post("/api/tokens", asked);
    return visitorWith(server.url, { authorization: `Bearer ${token.secret}` });
  };
  const small = await spaced("small");
  assert.ok(await told(small, "host gpu-7"), "they see the incident");
  const large = await spaced("large");
  assert.equal(await told(large, "host gpu-7"), false);
  const end = { kind: "host", name: "gpu-7", reason: "reinstalled" };
  assert.equal((await large.post("/api/watched/end", end)).status, 404);

  const [elsewhere, there] = [
    await scanned("gpu-8", "acme-2b", Date.now() + 5000),
    await scanned("gpu-7", "acme-2b", Date.now() + 5000),
  ];
  assert.equal(elsewhere.raisedBy, undefined);
  assert.ok(there.raisedBy.includes("host gpu-7"), JSON.stringify(there));
  assert.ok(
    severityId(there.severity) > severityId(elsewhere.severity),
    `${there.severity} after ${elsewhere.severity}`,
  );
  assert.ok((await detail(there.incident)).incident.raisedBy.includes("host gpu-7"));

  assert.equal((await small.post("/api/watched/end", end)).status, 404, "the incident is of another model too, now");
  assert.equal((await visitor.post("/api/watched/end", end)).status, 200);
  assert.equal(await told(visitor, "host gpu-7"), false);
  const { body: log } = await visitor.get(`/api/evidence?filter=${encodeURIComponent('subject:"host:gpu-7"')}`);
  assert.deepEqual(
    log.items.map((one: { kind: string }) => one.kind),
    ["watch-ended", "watch-began"],
  );
});
