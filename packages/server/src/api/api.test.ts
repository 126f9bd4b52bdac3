// The API over real engines: who gets in, what goes in, and what people decide.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isKeyedId, verifyPack } from "@outweigh/evidence";
import {
  alertDetail,
  alertPage,
  eventPage,
  evidencePage,
  incidentDetail,
  incidentPage,
  modelDetail,
  modelPage,
  overview,
  rulePage,
  session,
  sessionHeader,
  severityId,
  sourcePage,
  type Severity,
} from "@outweigh/schema";
import fc from "fast-check";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signedIn, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("api");
let server: Running;
let visitor: Visitor;

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
});

after(async () => {
  await server.close();
  folder.remove();
});

function send(source: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${server.token(source)}`;
  return fetch(`${server.url}/api/ingest/${source}`, { method: "POST", body, headers: { authorization, ...headers } });
}

/** A request with exactly these headers: `fetch` sets its own `Host` and `Origin`. */
function raw(path: string, options: { method?: string; headers: Record<string, string>; body?: string }) {
  return new Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }>((done, failed) => {
    const { port } = new URL(server.url);
    const sent = request({ port, host: "127.0.0.1", path, method: options.method ?? "GET", headers: options.headers });
    sent.once("error", failed);
    sent.once("response", (answer) => {
      let body = "";
      answer.on("data", (piece) => (body += piece));
      answer.once("end", () => done({ status: answer.statusCode ?? 0, body, headers: answer.headers }));
    });
    sent.end(options.body);
  });
}

/** What the server answers to these bytes. */
function spoken(text: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (piece) => (answer += piece));
    socket.once("error", failed);
    socket.once("close", () => done(answer));
  });
}

const host = () => new URL(server.url).host;

test("a theft that is sent becomes an incident with its story, and every list shows it", async () => {
  const now = Date.now();
  const took = (user: string) => accessLine("model.safetensors", { user, bytes: 1000, at: now - 60_000 });
  const answer = await send("registry", `${took("svc-deploy")}\n${took("old-ci")}\n`);
  assert.deepEqual(await answer.json(), { accepted: 2, rejected: 0, rejects: [] });

  const ask = async () => incidentPage.parse((await visitor.get("/api/incidents?filter=status:open")).body);
  const { items } = await eventually(ask, (it) => it.items.some(({ severity }) => severity === "critical"));
  const [incident] = items;
  assert.ok(incident);
  assert.deepEqual([incident.severity, incident.principals, incident.number], ["critical", ["old-ci"], 1]);
  assert.equal(incident.unaccounted?.bytes, 1000);

  const detail = incidentDetail.parse((await visitor.get(`/api/incidents/${incident.id}`)).body);
  const byNumber = incidentDetail.parse((await visitor.get(`/api/incidents/INC-${incident.number}`)).body);
  assert.equal(byNumber.incident.id, incident.id, "people call an incident by its number");
  const none = await visitor.get("/api/incidents/INC-999999999");
  assert.equal(none.status, 404);
  assert.match(detail.story, /old-ci/);
  assert.ok(detail.timeline.some((it) => it.kind === "event") && detail.timeline.some((it) => it.kind === "alert"));
  assert.deepEqual(
    detail.timeline.map((it) => it.at),
    detail.timeline.map((it) => it.at).toSorted((a, b) => a - b),
  );
  assert.ok(detail.entities.some((it) => it.kind === "address" && it.name === "203.0.113.7"));
  assert.ok(detail.activity.some((it) => it.kind === "incident-opened"));

  const { body: alerts } = await visitor.get("/api/alerts?filter=rule:complete-copy");
  const [alert] = alertPage.parse(alerts).items;
  assert.equal(alert?.incidentNumber, 1);
  const { events, rule } = alertDetail.parse((await visitor.get(`/api/alerts/${alert?.id}`)).body);
  assert.ok(events.length > 0 && rule.blindspots.length > 0);

  const found = eventPage.parse((await visitor.get("/api/events?filter=principal:old-ci%20-model:other")).body);
  assert.deepEqual([found.total, found.items[0]?.principal], [1, "old-ci"]);
  const model = modelDetail.parse((await visitor.get("/api/models/acme-13b")).body);
  assert.deepEqual(model.holdings.map((it) => [it.principal, it.declared]).toSorted(), [
    ["old-ci", false],
    ["svc-deploy", true],
  ]);
  assert.equal(model.model.balanced, false);
  assert.equal(modelPage.parse((await visitor.get("/api/models?filter=balanced:false")).body).total, 1);
  const [source] = sourcePage.parse((await visitor.get("/api/sources?filter=name:registry")).body).items;
  assert.deepEqual([source?.state, source?.events, source?.events24h], ["sending", 2, 2]);
  assert.ok(rulePage.parse((await visitor.get("/api/rules?filter=alerts:>0")).body).total > 0);
  assert.equal(overview.parse((await visitor.get("/api/overview")).body).openIncidents, 1);
  assert.equal(session.parse((await visitor.get("/api/session")).body).version, "test");
});

test("what people decide about an incident is kept, and is evidence that others can verify", async () => {
  const { body } = await visitor.get("/api/incidents");
  const { id } = body.items[0];
  const assigned = await visitor.post(`/api/incidents/${id}/assign`, { assignee: "ana" });
  assert.deepEqual([assigned.status, assigned.body.assignee], [200, "ana"]);
  await visitor.post(`/api/incidents/${id}/comments`, { text: "asked the owner\u0000" });
  const refused = await visitor.post(`/api/incidents/${id}/status`, { status: "closed", reason: "" });
  assert.deepEqual([refused.status, refused.body.error], [400, "BAD_REQUEST"]);
  assert.match(refused.body.message, /closing needs a verdict and a reason/);
  const closed = await visitor.post(`/api/incidents/${id}/status`, {
    status: "closed",
    verdict: "true-positive",
    reason: "confirmed with the owner",
  });
  assert.deepEqual([closed.body.status, closed.body.verdict], ["closed", "true-positive"]);

  const detail = incidentDetail.parse((await visitor.get(`/api/incidents/${id}`)).body);
  assert.deepEqual(
    detail.activity.slice(-3).map((it) => it.text),
    ["assigned to ana", "commented: asked the owner\u2400", "closed as true positive: confirmed with the owner"],
  );
  const { chain } = evidencePage.parse((await visitor.get("/api/evidence")).body);
  assert.equal(chain.ok, true, chain.problem);

  const { body: pack } = await visitor.get(`/api/incidents/${id}/pack`);
  const report = verifyPack(pack);
  assert.deepEqual([report.ok, report.problems, isKeyedId(report.incident ?? "")], [true, [], true]);
  assert.ok(pack.includes(`"value":"${id}"`));
  assert.ok(report.documents > 3 && report.entries > 3);
  const forged = verifyPack(pack.replace("old-ci", "new-ci"));
  assert.equal(forged.ok, false);

  const exported = async (as: string) => (await visitor.get(`/api/incidents/${id}/export?as=${as}`)).body;
  const findings = String(await exported("ocsf"))
    .trim()
    .split("\n");
  assert.deepEqual(
    findings.map((it) => JSON.parse(it).class_uid),
    [2005, ...detail.alerts.map(() => 2004)],
  );
  assert.match(JSON.stringify(await exported("stix")), /"incident--/);
  assert.match(String(await exported("csv")), /^time,source,principal,/);
  assert.equal((await visitor.get(`/api/incidents/${id}/export?as=pdf`)).status, 400);
});

test("a closed incident opens again when more happens", async () => {
  const { body } = await visitor.get("/api/incidents");
  const { id, number } = body.items[0];
  await send("registry", accessLine("model.safetensors", { user: "somebody-else", bytes: 1000 }));
  const ask = async () => (await visitor.get(`/api/incidents/${id}`)).body;
  const detail = await eventually(ask, (it) => it.incident.status === "new");
  assert.equal(detail.incident.number, number);
  assert.equal(detail.incident.status, "new");
  assert.ok(detail.activity.some((it: { kind: string }) => it.kind === "incident-reopened"));
});

test("a link signs in once, and without one there is nothing to see", async () => {
  const link = server.link();
  const first = await fetch(link);
  assert.equal(first.status, 200);
  assert.match(first.headers.get("set-cookie") ?? "", /HttpOnly; SameSite=Strict/);
  const second = await fetch(link);
  assert.deepEqual([second.status, ((await second.json()) as { error: string }).error], [401, "BAD_LINK"]);
  const browser = await fetch(link, { headers: { accept: "text/html" }, redirect: "manual" });
  assert.deepEqual(
    [browser.status, browser.headers.get("location"), browser.headers.get("set-cookie")],
    [303, "/", null],
  );
  for (const path of ["/api/incidents", "/api/live", "/api/evidence", "/api/events", "/api/session", "/api/scan"]) {
    assert.equal((await fetch(server.url + path)).status, 401, path);
  }
});

test("a cookie alone, as every port of this machine is sent it, opens nothing; nor does a key alone, or another's", async () => {
  const { cookie = "", [sessionHeader]: key = "" } = await signedIn(server.link());
  const other = await signedIn(server.link());
  const statusOf = async (headers: Record<string, string>) =>
    (await fetch(`${server.url}/api/session`, { headers })).status;
  assert.equal(await statusOf({ cookie, [sessionHeader]: key }), 200);
  assert.equal(await statusOf({ cookie }), 401);
  assert.equal(await statusOf({ [sessionHeader]: key }), 401);
  assert.equal(await statusOf({ cookie, [sessionHeader]: other[sessionHeader] ?? "" }), 401);
  assert.equal((await fetch(`${server.url}/api/live`, { headers: { cookie } })).status, 401);
});

test("a browser's key is in the page of the link, and in no address", async () => {
  const answer = await fetch(server.link());
  const text = await answer.text();
  const [, key = ""] = /<meta name="key" content="([\w-]{32})">/.exec(text) ?? [];
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  assert.equal((await fetch(`${server.url}/api/session`, { headers: { cookie, [sessionHeader]: key } })).status, 200);
  assert.match(text, /<script src="\/signed-in.js"><\/script>/);
  assert.match(await (await fetch(`${server.url}/signed-in.js`)).text(), /sessionStorage\.setItem/);
});

test("who signs out is out at once", async () => {
  const one = await signIn(server.link());
  assert.equal((await one.post("/api/session/end", {})).status, 204);
  assert.equal((await one.get("/api/session")).status, 401);
});

test("commands that sign in and out all day are one entry a day; a browser is an entry each time", async () => {
  const entries = async (filter: string) => (await visitor.get(`/api/evidence?filter=${filter}`)).body.total;
  const before = [await entries("kind:signed-in"), await entries("kind:signed-out")];
  assert.ok((before[0] ?? 0) > 0);
  for (let i = 0; i < 3; i++) {
    const brief = await signIn(server.link());
    assert.equal((await brief.get("/api/session")).status, 200);
    assert.equal((await brief.post("/api/session/end", {})).status, 204);
    assert.equal((await brief.get("/api/session")).status, 401);
  }
  const [signedIns = 0] = before;
  // Midnight may lie in between.
  assert.ok((await entries("kind:signed-in")) - signedIns <= 1);
  assert.equal(await entries("kind:signed-out"), before[1]);
  assert.equal((await fetch(server.link(), { headers: { accept: "text/html" } })).status, 200);
  assert.ok((await entries("kind:signed-in")) > signedIns);
});

test("a program asks for a link with the token of the data folder, and with nothing else", async () => {
  const token = readFileSync(join(folder.path, "data", "open.token"), "utf8").trim();
  const ask = (secret: string) =>
    fetch(`${server.url}/api/links`, { method: "POST", headers: { authorization: `Bearer ${secret}` } });
  const { path } = (await (await ask(token)).json()) as { path: string };
  assert.equal((await fetch(server.url + path)).status, 200);
  assert.equal((await ask(server.token("registry"))).status, 401);
});

test("secrets lie in files that only their owner can read", () => {
  for (const name of ["open.token", "evidence.key", "evidence.salt", "server.log", "server.json"]) {
    assert.equal(statSync(join(folder.path, "data", name)).mode & 0o077, 0, name);
  }
});

test("a foreign name that points here is refused, and so is a foreign page", async () => {
  for (const name of ["evil.example", `evil.example:${new URL(server.url).port}`, "127.0.0.1:1"]) {
    assert.equal((await raw("/healthz", { headers: { host: name } })).status, 403, name);
  }
  assert.equal((await raw("/healthz", { headers: { host: host(), origin: "http://evil.example" } })).status, 403);
  assert.equal((await raw("/healthz", { headers: { host: host() } })).status, 200);
  assert.match(await spoken("GET /healthz HTTP/1.0\r\n\r\n"), /^HTTP\/1.1 403 /);
});

test("nothing is changed by a request that another page could have sent", async () => {
  const secrets = await signedIn(server.link());
  const { body } = await visitor.get("/api/incidents");
  const path = `/api/incidents/${body.items[0].id}/assign`;
  const good = {
    host: host(),
    ...secrets,
    origin: server.url,
    "content-type": "application/json",
    "sec-fetch-site": "same-origin",
  };
  const post = (over: Record<string, string | undefined>) => {
    const all = Object.entries({ ...good, ...over }).filter((it): it is [string, string] => it[1] !== undefined);
    return raw(path, { method: "POST", headers: Object.fromEntries(all), body: '{"assignee":"eve"}' });
  };
  assert.equal((await post({ origin: undefined })).status, 403);
  assert.equal((await post({ origin: "null" })).status, 403);
  assert.equal((await post({ origin: "https://evil.example" })).status, 403);
  assert.equal((await post({ "sec-fetch-site": "cross-site" })).status, 403);
  assert.equal((await post({ "content-type": "text/plain" })).status, 400);
  // Whoever shows a token is asked for nothing but it: the cookie beside it opens nothing.
  assert.equal((await post({ authorization: "Bearer x", origin: undefined })).status, 401);
  assert.equal((await post({ authorization: "Basic eDp5", origin: undefined })).status, 403);
  assert.notEqual((await visitor.get("/api/incidents")).body.items[0].assignee, "eve");
  assert.equal((await post({})).status, 200);
});

test("records are taken from whoever has a token, and from nobody else", async () => {
  const post = (headers: Record<string, string>) =>
    fetch(`${server.url}/api/ingest/registry`, { method: "POST", body: "x", headers });
  assert.equal((await post({})).status, 401);
  assert.equal((await post({ authorization: "Bearer wrong" })).status, 401);
  assert.equal((await post({ authorization: `Basic ${server.token("registry")}` })).status, 401);
  const authorization = `Bearer ${server.token("registry")}`;
  const elsewhere = { method: "POST", body: "x", headers: { authorization } };
  assert.equal((await fetch(`${server.url}/api/ingest/Bad Name`, elsewhere)).status, 400);
});

test("the same request under the same key counts once", async () => {
  const line = accessLine("keyed.safetensors", { user: "keyed" });
  for (let i = 0; i < 3; i++) await send("registry", line, { "idempotency-key": "once" });
  const ask = async () => (await visitor.get("/api/events?filter=principal:keyed")).body.total;
  assert.equal(await eventually(ask, (it) => it > 0), 1);
  await send("registry", line);
  assert.equal(await eventually(ask, (it) => it > 1), 2, "without a key it is another read");
});

test("what cannot be read is counted and shown, and stops nothing", async () => {
  const answer = await send(
    "registry",
    `garbage\n${"{".repeat(1000)}\n${accessLine("after.safetensors", { user: "after" })}\n`,
  );
  assert.equal(answer.status, 200);
  const ask = async () => (await visitor.get("/api/events?filter=principal:after")).body.total;
  assert.equal(await eventually(ask, (it) => it === 1), 1);
  // Events are stored before what is told of their source.
  const told = async () => sourcePage.parse((await visitor.get("/api/sources?filter=name:registry")).body).items[0];
  const source = await eventually(told, (it) => (it?.rejects ?? 0) > 0);
  assert.ok(source && source.rejects > 0);
  assert.match(source.samples[0]?.record ?? "", /garbage|\{\{/);
});

test("a source of no declared kind says which kinds it turned out to send, and how much could not be read", async () => {
  const audit = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    auditID: "a-1",
    stage: "ResponseComplete",
    verb: "get",
    requestURI: "/api/v1/secrets",
    user: { username: "ana" },
    requestReceivedTimestamp: "2026-11-25T09:00:00.000000Z",
  };
  await send("mixed", `${accessLine("kinds.safetensors", { user: "kinds" })}\n`);
  await send("mixed", `${JSON.stringify(audit)}\n`);
  await send("mixed", "garbage\n");
  const ask = async () => sourcePage.parse((await visitor.get("/api/sources?filter=name:mixed")).body).items[0];
  const it = await eventually(ask, (source) => source?.records === 3);
  assert.deepEqual(it?.kinds, ["http-access", "kubernetes-audit"]);
  assert.equal(it.kind, "auto");
  assert.ok(it.rejectShare !== undefined && Math.abs(it.rejectShare - 1 / 3) < 0.01);
  assert.ok(it.cannotSee.some((line) => line.startsWith("http-access: ")));
  for (const kind of it.kinds) {
    const names = (await visitor.get(`/api/sources?filter=kind:${kind}`)).body.items.map(
      (one: { name: string }) => one.name,
    );
    assert.ok(names.includes("mixed"), kind);
  }
});

test("rules that cannot be used are named beside those that are in use", async () => {
  const page = rulePage.parse((await visitor.get("/api/rules")).body);
  assert.deepEqual(page.refused, []);
  assert.deepEqual(page.inUse, { rules: 0, parts: 0, detectors: page.total });
});

test("hostile names come back as they were sent, in every list, and stop nothing", async () => {
  const names = [
    "<img src=x onerror=alert(1)>",
    "a\u0000b",
    "\ud800",
    "x'; drop table incident; --",
    "{p0:String}",
    "\u202eabc",
  ];
  const line = (user: string) =>
    JSON.stringify({
      time: new Date().toISOString(),
      remote_addr: "203.0.113.8",
      remote_user: user,
      request_method: "GET",
      request_uri: "/acme/acme-13b/resolve/main/model.safetensors",
      status: 200,
      body_bytes_sent: 1000,
      http_user_agent: user,
    });
  await send("registry", names.map(line).join("\n"));
  const ask = async () => (await visitor.get("/api/events?filter=address:203.0.113.8")).body;
  const { total, items } = await eventually(ask, (it) => it.total >= names.length);
  assert.equal(total, names.length);
  assert.ok(items.some((it: { principal: string }) => it.principal === names[3]));
  for (const path of ["/api/incidents", "/api/alerts", "/api/models/acme-13b", "/api/evidence"]) {
    assert.equal((await visitor.get(path)).status, 200, path);
  }
  assert.equal((await visitor.get("/api/evidence")).body.chain.ok, true);
});

test("any bytes that are sent get an answer, and the line goes on", async () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.json().map((it) => new TextEncoder().encode(it)),
    fc
      .array(fc.constantFrom("{", "}", "[", '"', "\\", "\n", '{"Records":[', "null", "1e999"), { maxLength: 40 })
      .map((it) => new TextEncoder().encode(it.join(""))),
  );
  await fc.assert(
    fc.asyncProperty(hostile, async (body) => {
      const answer = await send("fuzz", new Uint8Array(body));
      assert.ok([200, 400].includes(answer.status), `status ${answer.status}`);
    }),
    { numRuns: 100 },
  );
  await send("registry", accessLine("still.safetensors", { user: "still-there" }));
  const ask = async () => (await visitor.get("/api/events?filter=principal:still-there")).body.total;
  assert.equal(await eventually(ask, (it) => it === 1), 1);
});

test("a filter that cannot be read says what there is", async () => {
  for (const noun of ["incidents", "alerts", "events", "models", "sources", "rules", "actions", "evidence"]) {
    const { status, body } = await visitor.get(`/api/${noun}?filter=nonsense:1`);
    assert.deepEqual([status, body.error], [400, "BAD_FILTER"], noun);
    assert.match(body.message, /no field "nonsense" to filter by; known: \w+/);
    assert.equal((await visitor.get(`/api/${noun}?limit=0`)).status, 400);
    assert.equal((await visitor.get(`/api/${noun}?after=junk`)).status, 400, `${noun} with a cursor that is none`);
  }
});

test("pages follow one another without gap or overlap", async () => {
  const all = (await visitor.get("/api/events?limit=500")).body;
  const ids: string[] = [];
  for (let after = ""; ;) {
    const { body } = await visitor.get(`/api/events?limit=7${after}`);
    ids.push(...body.items.map((it: { id: string }) => it.id));
    if (body.next === undefined) break;
    after = `&after=${body.next}`;
  }
  assert.deepEqual(
    ids,
    all.items.map((it: { id: string }) => it.id),
  );
});

test("a list comes in the order that is asked for, page by page, without gap or overlap", async () => {
  const orders = {
    incidents: ["severity", "title", "status", "assignee", "model", "principal", "first", "last", "number"],
    alerts: ["severity", "title", "rule", "model", "principal", "count", "first", "last"],
    events: ["time", "bytes"],
    evidence: ["seq", "by", "kind", "time"],
    actions: ["state", "title", "verb", "by", "time"],
    sources: ["state", "name", "records", "last"],
    models: ["name", "bytes", "unaccounted"],
    rules: ["level", "alerts", "status"],
  };
  for (const [noun, columns] of Object.entries(orders)) {
    for (const sort of columns.flatMap((it) => [it, `-${it}`])) {
      const address = `/api/${noun}?sort=${sort}`;
      // Evidence of work that goes on may come in between: then it is asked again.
      for (let tries = 1; ; tries++) {
        const [whole, ids, again] = [await wholeOf(address), await pagesOf(address), await wholeOf(address)];
        if (tries < 10 && String(whole) !== String(again)) continue;
        assert.deepEqual(ids, whole.slice(0, ids.length), address);
        break;
      }
    }
    const wrong = await visitor.get(`/api/${noun}?sort=nonsense`);
    assert.deepEqual([wrong.status, wrong.body.error], [400, "BAD_REQUEST"], noun);
    assert.match(wrong.body.message, /no order by "nonsense"; known: \w+/);
  }
  const { items } = (await visitor.get("/api/alerts?sort=-severity")).body;
  const places = items.map((it: { severity: Severity }) => severityId(it.severity));
  assert.deepEqual(
    places,
    places.toSorted((a: number, b: number) => b - a),
  );
  const times = (await visitor.get("/api/events?sort=time&limit=500")).body.items.map(
    (it: { time: number }) => it.time,
  );
  assert.deepEqual(
    times,
    times.toSorted((a: number, b: number) => a - b),
  );
});

/** A list at once. */
async function wholeOf(address: string): Promise<string[]> {
  const { status, body } = await visitor.get(`${address}&limit=500`);
  assert.equal(status, 200, `${address}: ${body.message}`);
  return body.items.map(idOf);
}

/** The same by threes, its first forty. */
async function pagesOf(address: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after = ""; ids.length < 40;) {
    const { body } = await visitor.get(`${address}&limit=3${after}`);
    ids.push(...body.items.map(idOf));
    if (body.next === undefined) break;
    after = `&after=${body.next}`;
  }
  return ids;
}

/** What tells a row from the others of its list. */
function idOf(it: { id?: string; seq?: number; name?: string }): string {
  return String(it.id ?? it.seq ?? it.name);
}

test("what is not there is not found, and says so in JSON", async () => {
  for (const path of [
    "/api/incidents/none",
    "/api/alerts/none",
    "/api/models/none",
    "/api/playbooks/none",
    "/api/none",
    "/api/incidents/none/pack",
    "/api/incidents/none/export?as=stix",
  ]) {
    const { status, body } = await visitor.get(path);
    assert.deepEqual([status, body.error], [404, "NOT_FOUND"], path);
  }
});

test("a body that is too long, too strange or no JSON is refused with a code", async () => {
  const { body } = await visitor.get("/api/incidents");
  const path = `/api/incidents/${body.items[0].id}/comments`;
  const post = (text: string) =>
    fetch(server.url + path, {
      method: "POST",
      body: text,
      headers: { origin: server.url, "content-type": "application/json" },
    });
  assert.equal((await post('{"text":"x"}')).status, 401);
  const long = await visitor.post(path, { text: "x".repeat(100_000) });
  assert.deepEqual([long.status, long.body.error], [413, "TOO_LARGE"]);
  assert.equal((await visitor.post(path, { text: "x", extra: 1 })).status, 400);
  assert.equal((await visitor.post(path, { text: 1 })).status, 400);
});

test("a live page is told what changed, and nothing about what it is", async () => {
  const headers = await signedIn(server.link());
  const stop = new AbortController();
  const stream = await fetch(`${server.url}/api/live`, { headers, signal: stop.signal });
  assert.equal(stream.headers.get("content-type"), "text/event-stream");
  await send("registry", accessLine("live.safetensors", { user: "live" }));
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (/"noun":"source","id":"registry"/.test(text)) break;
  }
  stop.abort();
  assert.doesNotMatch(text, /old-ci|live\.safetensors/);
});

test("whoever watches us learns whether we work", async () => {
  const health = await fetch(`${server.url}/healthz`);
  assert.deepEqual(await health.json(), { ok: true, version: "test", state: "ok", events: "ok", worker: "ok" });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /outweigh_events_total [1-9]/);
  assert.match(
    metrics,
    /outweigh_event_lag_seconds\{kind="[a-z0-9-]+"\} \d/,
    "by the kinds that there are, never by a name from outside",
  );
  assert.match(metrics, /outweigh_request_seconds_count\{method="GET",status="2xx"\} [1-9]/);
  assert.match(metrics, /outweigh_store_bytes\{store="state"\} [1-9]/);
  assert.match(metrics, /outweigh_store_bytes\{store="events"\} [1-9]/);
});

test("every answer forbids scripts from elsewhere", async () => {
  for (const path of ["/", "/healthz", "/api/incidents", "/nowhere"]) {
    const answer = await fetch(server.url + path, { headers: { accept: "text/html" } });
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; /, path);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
  }
});
