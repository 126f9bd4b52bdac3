// Hunting over real engines: counts, kept filters, pins and drafts.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { verifyPack } from "@outweigh/evidence";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("hunts");
let server: Running;
let visitor: Visitor;
let incident = "";
let harmless: { id: string; time: number };

before(async () => {
  server = await aServer(join(folder.path, "data"), {
    models: [
      {
        name: "acme-13b",
        class: "private",
        places: ["hf:acme/acme-13b"],
        bytes: 1000,
        readers: ["svc-deploy"],
        files: [{ path: "model.safetensors", bytes: 1000 }],
      },
    ],
    sources: [{ name: "registry", kind: "http-access" }],
  });
  visitor = await signIn(server.openUrl);
  const lines = [
    accessLine("model.safetensors", { bytes: 1000 }),
    ...[1, 2, 3].map((it) => accessLine(`config-${it}.json`, { user: "svc-deploy", bytes: it })),
  ];
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: lines.join("\n") });
  const found = await eventually(
    () => visitor.get("/api/incidents"),
    (it) => it.body.items.length > 0,
  );
  incident = found.body.items[0].id;
  const events = await eventually(
    () => visitor.get("/api/events?filter=principal:svc-deploy"),
    (it) => it.body.items.length === 3,
  );
  harmless = events.body.items[0];
});

after(async () => {
  await server.close();
  folder.remove();
});

test("events are counted by any of their fields", async () => {
  const { status, body } = await visitor.get("/api/events/summary?by=principal");
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.events, body.different], [4, 2]);
  assert.deepEqual(
    body.values.map((it: { value: string; events: number; bytes: number }) => [it.value, it.events, it.bytes]),
    [
      ["svc-deploy", 3, 6],
      ["old-ci", 1, 1000],
    ],
  );
  for (const wrong of ["by=doc", "by=principal)%20from%20system.users--", "filter=nonsense:1"])
    assert.equal((await visitor.get(`/api/events/summary?${wrong}`)).status, 400, wrong);
});

test("a hunt is kept under its name, shared, replaced and removed", async () => {
  const kept = { name: "deployer", filter: "principal:svc-deploy bytes:>=1KB" };
  assert.equal((await visitor.post("/api/hunts", kept)).status, 200);
  assert.equal((await visitor.post("/api/hunts", { ...kept, filter: "principal:svc-deploy" })).status, 200);
  const { body } = await visitor.get("/api/hunts");
  assert.deepEqual([body.total, body.items[0].filter], [1, "principal:svc-deploy"]);
  assert.equal((await visitor.post("/api/hunts", { name: "bad", filter: "nonsense:1" })).body.error, "BAD_FILTER");
  assert.equal((await visitor.post("/api/hunts/remove", { name: "deployer" })).status, 200);
  assert.equal((await visitor.post("/api/hunts/remove", { name: "deployer" })).status, 404);
  const { body: log } = await visitor.get("/api/evidence?filter=kind:hunt-removed");
  assert.equal(log.items[0].subject, "deployer");
});

test("a hunt becomes a rule to begin with, its sizes in plain numbers", async () => {
  const filter = encodeURIComponent("principal:old-ci bytes:>=1KB time:>=24h");
  const { body } = await visitor.get(`/api/events/rule?filter=${filter}`);
  assert.match(body.text, /bytes\|gte:\n\s+- 1000\n/);
  assert.deepEqual(
    body.left.map((it: { term: string }) => it.term),
    ["time"],
  );
});

test("a pinned event stands in the timeline and in a pack that verifies, until it is taken out", async () => {
  const pin = { event: harmless.id, time: harmless.time, reason: "the deployer looked first" };
  assert.equal((await visitor.post(`/api/incidents/${incident}/pins`, { ...pin, time: pin.time + 1 })).status, 404);
  assert.equal((await visitor.post(`/api/incidents/none/pins`, pin)).status, 404);
  assert.equal((await visitor.post(`/api/incidents/${incident}/pins`, { ...pin, reason: " " })).status, 400);
  assert.equal((await visitor.post(`/api/incidents/${incident}/pins`, pin)).status, 200);

  const { body } = await visitor.get(`/api/incidents/${incident}`);
  const line = body.timeline.find((it: { ref?: string }) => it.ref === harmless.id);
  assert.match(line.detail, /^pinned by .*: the deployer looked first$/);
  assert.equal(body.timeline.filter((it: { ref?: string }) => it.ref === harmless.id).length, 1);
  const { body: pack } = await visitor.get(`/api/incidents/${incident}/pack`);
  assert.ok(pack.includes(harmless.id));
  assert.deepEqual(verifyPack(pack).problems, []);

  const unpin = { event: harmless.id, reason: "wrong one" };
  assert.equal((await visitor.post(`/api/incidents/${incident}/pins/remove`, unpin)).status, 200);
  assert.equal((await visitor.post(`/api/incidents/${incident}/pins/remove`, unpin)).status, 404);
  const { body: later } = await visitor.get(`/api/incidents/${incident}`);
  assert.deepEqual(later.pins, []);
});

test("an entity has a page: what it did, with what, and what came of it", async () => {
  const { status, body } = await visitor.get("/api/entity?kind=principal&name=old-ci");
  assert.equal(status, 200, JSON.stringify(body));
  const values = (by: string) =>
    body.beside.find((it: { by: string }) => it.by === by).values.map((it: { value: string }) => it.value);
  assert.deepEqual([body.summary.events, values("model"), values("address")], [1, ["acme-13b"], ["203.0.113.7"]]);
  assert.deepEqual([body.incidents[0].id, body.holdings[0].fraction, body.mayRead], [incident, 1, []]);
  const { body: declared } = await visitor.get("/api/entity?kind=principal&name=svc-deploy");
  assert.deepEqual([declared.mayRead, declared.incidents], [["acme-13b"], []]);
  const nobody = await visitor.get("/api/entity?kind=address&name=198.51.100.1");
  assert.deepEqual([nobody.status, nobody.body.error], [404, "NOT_FOUND"]);
  const { body: place } = await visitor.get("/api/entity?kind=place&name=hf:acme/acme-13b");
  assert.equal(place.name, "hf:acme/acme-13b");
  const doc = await visitor.get("/api/entity?kind=doc&name=x");
  assert.equal(doc.status, 400);
  assert.match(doc.body.message, /^kind: .*"principal"\|"address"\|"credential"\|"place"/);
});

test("an incident is told as a page that runs nothing and hides nothing", async () => {
  const { body } = await visitor.get(`/api/incidents/${incident}/export?as=html`);
  assert.match(body, /^<!doctype html>/);
  assert.match(body, /default-src 'none'; style-src 'unsafe-inline'/);
  assert.match(body, /old-ci holds all of acme-13b, 1 kB: usable alone/);
  assert.match(body, /Not known: no gateway or inference log/);
  assert.doesNotMatch(body, /<script|onerror|undefined|NaN|\[object/);
});

test("a time is told in counts: what was opened and closed, how soon, and how often rightly", async () => {
  const { body: before } = await visitor.get("/api/report?days=7");
  assert.deepEqual([before.incidents.opened, before.incidents.closed, before.incidents.precision], [1, 0, undefined]);
  assert.deepEqual(before.models.unaccounted[0].model, "acme-13b");
  const closing = { status: "closed", verdict: "true-positive", reason: "old key, owner asked" };
  assert.equal((await visitor.post(`/api/incidents/${incident}/status`, closing)).status, 200);
  const { body } = await visitor.get("/api/report");
  const { closed, precision, byVerdict, byMethod, toCloseMs } = body.incidents;
  assert.deepEqual([closed, precision, byVerdict], [1, 1, [{ name: "true-positive", count: 1 }]]);
  assert.ok(byMethod.length === 1 && toCloseMs >= 0);
  assert.equal((await visitor.get("/api/report?days=0")).status, 400);
});

test("a checkpoint that was kept holds a later pack to it", async () => {
  const { body: kept } = await visitor.post("/api/evidence/checkpoint", {});
  const again = await visitor.post("/api/evidence/checkpoint", {});
  assert.deepEqual(again.body, kept, "nothing happened since: it is the same");
  await visitor.post(`/api/incidents/${incident}/comments`, { text: "after it was kept" });
  const { body: pack } = await visitor.get(`/api/incidents/${incident}/pack`);
  assert.deepEqual(verifyPack(pack, { known: [kept] }).problems, []);
  const other = { ...kept, root: "0".repeat(64) };
  assert.notDeepEqual(verifyPack(pack, { known: [other] }).problems, []);
});
