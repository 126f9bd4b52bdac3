// Who may ask for what: every route with every role, and nobody beyond their spaces.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  alertPage,
  entityDetail,
  eventPage,
  eventSummary,
  incidentPage,
  includesRole,
  modelPage,
  newToken,
  overview,
  roles,
  session,
  sessionHeader,
  type Grant,
  type Role,
} from "@outweigh/schema";
import { z } from "zod";
import { routes } from "../api/routes.ts";
import type { Running } from "../start.ts";
import {
  accessLine,
  aFolder,
  aServer,
  eventually,
  signedIn,
  signIn,
  visitorWith,
  type Visitor,
} from "../testing/a-server.ts";
import { aPerson, type Person } from "../testing/an-account.ts";
import { checkNeeds, neededRole, reachWith } from "./rights.ts";

const folder = aFolder("roles");
let server: Running;
let operator: Visitor;
const people = new Map<string, Person>();

const model = (name: string) => ({
  name,
  class: "private" as const,
  places: [`hf:acme/${name}`],
  bytes: 1000,
  files: [{ path: "model.safetensors", bytes: 1000 }],
});

before(async () => {
  server = await aServer(join(folder.path, "data"), {
    models: [model("acme-13b"), model("other-7b")],
    spaces: [
      { name: "text", models: ["acme-13b"] },
      { name: "vision", models: ["other-7b"] },
    ],
    sources: [{ name: "registry", kind: "http-access" }],
  });
  operator = await signIn(server.openUrl);
  const invited: [string, Grant[]][] = [
    ...roles.map((role): [string, Grant[]] => [role, [{ role }]]),
    ["text-lead", [{ role: "lead", space: "text" }]],
    ["vision-analyst", [{ role: "analyst", space: "vision" }]],
    [
      "mixed",
      [
        { role: "viewer", space: "text" },
        { role: "lead", space: "vision" },
      ],
    ],
  ];
  for (const [name, grants] of invited) people.set(name, await aPerson(server.url, operator, name, grants));
  await stolen("acme-13b");
  await stolen("other-7b");
});
after(async () => {
  await server.close();
  folder.remove();
});

function person(name: string): Person {
  const found = people.get(name);
  assert.ok(found);
  return found;
}

/** Lets a stranger take all of a model, and waits for the incident. */
async function stolen(name: string): Promise<void> {
  // From an address of its own: two thefts from one place are one incident, of both models.
  const address = name === "acme-13b" ? "203.0.113.7" : "198.51.100.9";
  const user = `thief-of-${name}`;
  const line = accessLine("model.safetensors", { user, bytes: 1000, at: Date.now() - 60_000, address });
  const send = () =>
    fetch(`${server.url}/api/ingest/registry`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token("registry")}` },
      body: line.replace("acme/acme-13b", `acme/${name}`),
    });
  const sent = await send();
  assert.equal(sent.status, 200, await sent.text());
  const found = async () => incidentPage.parse((await operator.get(`/api/incidents?filter=model:${name}`)).body);
  const { total } = await eventually(found, (it) => it.items.some(({ severity }) => severity === "critical"));
  assert.ok(total > 0, `no incident about ${name}`);
}

async function incidentOf(name: string): Promise<string> {
  const { items } = incidentPage.parse((await operator.get(`/api/incidents?filter=model:${name}`)).body);
  const [first] = items;
  assert.ok(first);
  return first.id;
}

/** Every route that the running server has, as its own description lists them: method and address. */
async function everyRoute(): Promise<[string, string][]> {
  const { paths } = (await operator.get("/api/openapi.json")).body;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((it): [string, string] => [it.toUpperCase(), path]),
  );
}

/** What a route answers to somebody; its body is not read, for a live one never ends. */
async function statusFor(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const hangUp = new AbortController();
  const { status } = await fetch(server.url + path.replaceAll(/\{\w+\}/g, "none"), {
    method,
    redirect: "manual",
    signal: hangUp.signal,
    headers: { ...headers, origin: server.url, ...(method === "POST" && { "content-type": "application/json" }) },
    ...(method === "POST" && { body: "{}" }),
  });
  hangUp.abort();
  return status;
}

test("every route that is served stands in the table, and every line of the table is served", async () => {
  const served = (await everyRoute()).map(([method, path]) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`);
  assert.deepEqual(served.toSorted(), Object.keys(routes).toSorted());
});

test("every route answers those who have its role, and nobody else", async () => {
  const wrong: string[] = [];
  const say = (who: string, route: string, status: number) => wrong.push(`${who}: ${route} answered ${status}`);
  for (const [method, path] of await everyRoute()) {
    const route = `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
    const needs = neededRole(routes[route]?.needs ?? "admin");
    if (!needs) continue;
    const stranger = await statusFor(method, path, {});
    if (stranger !== 401) say("nobody", route, stranger);
    // Signing out would end the session that the next route is asked with.
    if (path.startsWith("/api/session/end")) continue;
    for (const role of roles) {
      const status = await statusFor(method, path, person(role).headers);
      const isRefused = status === 401 || status === 403;
      if (isRefused === includesRole(role, needs.role)) say(role, route, status);
    }
    const inSpace = await statusFor(method, path, person("text-lead").headers);
    const mayInSpace = needs.inSpace && includesRole("lead", needs.role);
    // A scoped lead who names no incident is told that only an incident's offers can be done: that is its own refusal.
    if (inSpace === 401 || (inSpace === 403) === mayInSpace) say("text-lead", route, inSpace);
  }
  assert.deepEqual(wrong, []);
});

test("what is answered is what the description says", async () => {
  const incident = await incidentOf("acme-13b");
  const [alert] = alertPage.parse((await operator.get("/api/alerts")).body).items;
  const names = { id: incident, name: "acme-13b" };
  const asked: Readonly<Record<string, string>> = {
    "/api/alerts/:id": `/api/alerts/${alert?.id}`,
    "/api/entity": "/api/entity?kind=principal&name=thief-of-acme-13b",
    "/api/events/rule": "/api/events/rule?filter=model:acme-13b",
    "/api/own-rules/draft": `/api/own-rules/draft?alert=${alert?.id}`,
  };
  const wrong: string[] = [];
  for (const [route, { answer }] of Object.entries(routes)) {
    const [method, url = ""] = route.split(" ");
    // Nothing was scanned here, and of other nouns there is none.
    const isTold = /^\/api\/(?!scan$)[^:]*$|^\/api\/(incidents|models|alerts)\//.test(url);
    if (method !== "GET" || !isTold || !(answer instanceof z.ZodType)) continue;
    const path = asked[url] ?? url.replaceAll(/:(id|name)/g, (_, name: keyof typeof names) => names[name]);
    const { status, body } = await operator.get(path);
    const { data, error } = answer.safeParse(body);
    if (error) wrong.push(`${path} ${status}: ${z.prettifyError(error)}`);
    else wrong.push(...leftOut(data, body, path));
  }
  assert.deepEqual(wrong, []);
});

/** What a shape fills in by itself, and the answer should have held. */
function leftOut(read: unknown, told: unknown, path: string): string[] {
  if (typeof read !== "object" || read === null) return [];
  return Object.entries(read).flatMap(([key, value]) => {
    const own: unknown = typeof told === "object" && told !== null ? Reflect.get(told, key) : undefined;
    if (own === undefined && value !== undefined) return [`${path} leaves out ${key}`];
    return leftOut(value, own, `${path} ${key}`);
  });
}

test("a role in a space is never one elsewhere, whatever the grants", () => {
  const spaces = [
    { name: "a", models: ["m1"] },
    { name: "b", models: ["m2", "m3"] },
  ];
  const grants: Grant[] = [
    { role: "viewer", space: "a" },
    { role: "lead", space: "b" },
  ];
  const reach = (role: Role) => reachWith(grants, role, spaces);
  assert.deepEqual(reach("viewer"), new Set(["m1", "m2", "m3"]));
  assert.deepEqual(reach("analyst"), new Set(["m2", "m3"]));
  assert.equal(reach("admin"), "nothing");
  assert.deepEqual(reachWith([{ role: "lead", space: "gone" }], "viewer", spaces), new Set());
  const asker = { id: "i", user: "u", by: "token" as const, grants: [{ role: "admin" as const }] };
  const needs = neededRole("lead in a space, a person");
  assert.throws(() => needs && checkNeeds(asker, needs, spaces), { code: "FORBIDDEN" });
});

test("who has a role in one space finds nothing of another one: in lists, pages, hunts, files and counts", async () => {
  const [mine, other] = [await incidentOf("other-7b"), await incidentOf("acme-13b")];
  const ana = person("vision-analyst");
  const list = incidentPage.parse((await ana.get("/api/incidents")).body);
  assert.deepEqual([...new Set(list.items.flatMap((it) => it.models))], ["other-7b"]);
  assert.equal(list.total, list.items.length);
  assert.equal((await ana.get(`/api/incidents/${mine}`)).status, 200);
  for (const path of [
    `/api/incidents/${other}`,
    `/api/incidents/${other}/pack`,
    `/api/incidents/${other}/graph`,
    `/api/incidents/${other}/export?as=csv`,
    "/api/models/acme-13b",
  ])
    assert.equal((await ana.get(path)).status, 404, path);
  for (const [path, body] of [
    [`/api/incidents/${other}/assign`, { assignee: "vision-analyst" }],
    [`/api/incidents/${other}/status`, { status: "closed", verdict: "benign", reason: "hush" }],
    [`/api/incidents/${other}/comments`, { text: "hush" }],
  ] as const)
    assert.equal((await ana.post(path, body)).status, 404, path);

  const alerts = alertPage.parse((await ana.get("/api/alerts")).body);
  assert.ok(alerts.total > 0 && alerts.items.every((it) => it.model === "other-7b"));
  const [hidden] = alertPage.parse((await operator.get("/api/alerts?filter=model:acme-13b")).body).items;
  assert.equal((await ana.get(`/api/alerts/${hidden?.id}`)).status, 404);

  // By a filter for it, by a bare word, and by all but one's own.
  for (const filter of ["", "model:acme-13b", "thief-of-acme-13b", "-model:other-7b"]) {
    const found = eventPage.parse((await ana.get(`/api/events?filter=${encodeURIComponent(filter)}`)).body);
    assert.ok(found.items.every((it) => it.model === "other-7b") && found.total === found.items.length, filter);
  }
  const models = modelPage.parse((await ana.get("/api/models")).body);
  assert.deepEqual(
    models.items.map((it) => it.name),
    ["other-7b"],
  );
  const counted = overview.parse((await ana.get("/api/overview")).body);
  assert.deepEqual([counted.models, counted.openIncidents], [1, list.total]);
});

test("an event of another space that is tied to an incident is told only to who sees that space too", async () => {
  const [mine, ana] = [await incidentOf("other-7b"), person("vision-analyst")];
  const [event] = eventPage.parse((await operator.get("/api/events?filter=model:acme-13b")).body).items;
  assert.ok(event);
  const pin = { event: event.id, time: event.time, reason: "the same hand?" };
  assert.equal((await operator.post(`/api/incidents/${mine}/pins`, pin)).status, 200);
  const pages = ["", "/graph", "/export?as=csv", "/export?as=html", "/export?as=stix"];
  const told = async (who: Visitor, page: string) =>
    JSON.stringify((await who.get(`/api/incidents/${mine}${page}`)).body);
  for (const page of pages) {
    assert.match(await told(operator, page), /thief-of-acme-13b/, page);
    // That an event was pinned, and of whom, is part of what happened here; the evidence says it in words.
    if (page !== "" && page !== "/export?as=html") assert.doesNotMatch(await told(ana, page), /acme-13b/, page);
  }
  const { timeline, entities } = (await ana.get(`/api/incidents/${mine}`)).body;
  assert.doesNotMatch(JSON.stringify([timeline, entities]), /acme-13b/);
  assert.equal((await ana.get(`/api/incidents/${mine}/pack`)).status, 403);
  const unpin = { event: event.id, reason: "it was another" };
  assert.equal((await operator.post(`/api/incidents/${mine}/pins/remove`, unpin)).status, 200);
  assert.equal((await ana.get(`/api/incidents/${mine}/pack`)).status, 200);
});

test("summaries, entities, pins and sentences are cut to one's spaces too", async () => {
  const [mine, other, ana] = [await incidentOf("other-7b"), await incidentOf("acme-13b"), person("vision-analyst")];
  const summary = eventSummary.parse((await ana.get("/api/events/summary?by=model")).body);
  assert.deepEqual(
    summary.values.map((it) => it.value),
    ["other-7b"],
  );
  const entity = async (who: Visitor, name: string) =>
    entityDetail.parse((await who.get(`/api/entity?kind=principal&name=${name}`)).body);
  assert.ok((await entity(operator, "thief-of-acme-13b")).summary.events > 0);
  // Not even that there is one of that name is said.
  assert.equal((await ana.get("/api/entity?kind=principal&name=thief-of-acme-13b")).status, 404);
  assert.ok((await entity(ana, "thief-of-other-7b")).incidents.length > 0);
  const [there] = eventPage.parse((await operator.get("/api/events?filter=model:acme-13b")).body).items;
  const [here] = eventPage.parse((await ana.get("/api/events")).body).items;
  assert.ok(there && here);
  const pin = async (incident: string, { id, time }: typeof here) =>
    (await ana.post(`/api/incidents/${incident}/pins`, { event: id, time, reason: "look" })).status;
  assert.deepEqual([await pin(other, here), await pin(mine, there), await pin(mine, here)], [404, 404, 200]);
  const counted = overview.parse((await ana.get("/api/overview")).body);
  assert.ok(counted.sources > 0);
  assert.deepEqual(counted.silent, []);

  await operator.post(`/api/incidents/${mine}/comments`, { text: "as with acme-13b, by the same hand" });
  const told = JSON.stringify((await ana.get(`/api/incidents/${mine}`)).body);
  assert.match(told, /as with another model, by the same hand/);
  assert.doesNotMatch(told, /acme-13b/);
  assert.match(JSON.stringify((await operator.get(`/api/incidents/${mine}`)).body), /as with acme-13b/);
});

test("each role counts where it was given: one who leads there and looks here closes nothing here", async () => {
  const mixed = person("mixed");
  const list = incidentPage.parse((await mixed.get("/api/incidents")).body);
  assert.deepEqual(new Set(list.items.flatMap((it) => it.models)), new Set(["acme-13b", "other-7b"]));
  const comment = async (name: string) =>
    (await mixed.post(`/api/incidents/${await incidentOf(name)}/comments`, { text: "seen" })).status;
  assert.deepEqual([await comment("acme-13b"), await comment("other-7b")], [404, 200]);
});

test("the live stream tells who has one space nothing of another one", async () => {
  const heard = await listened(person("vision-analyst"), async () => {
    await operator.post(`/api/incidents/${await incidentOf("acme-13b")}/comments`, { text: "hidden" });
    await operator.post(`/api/incidents/${await incidentOf("other-7b")}/comments`, { text: "seen" });
  });
  assert.ok(heard.includes(await incidentOf("other-7b")), heard);
  assert.ok(!heard.includes(await incidentOf("acme-13b")) && !heard.includes("evidence"), heard);
});

test("a live stream that was opened with more rights ends when they are fewer, before it tells anything", async () => {
  const vic = await aPerson(server.url, operator, "vic", [
    { role: "viewer", space: "text" },
    { role: "viewer", space: "vision" },
  ]);
  const { body } = await fetch(`${server.url}/api/live`, { headers: vic.headers });
  assert.ok(body);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  await operator.post("/api/accounts/vic/grants", { grants: [{ role: "viewer", space: "vision" }] });
  await operator.post(`/api/incidents/${await incidentOf("acme-13b")}/comments`, { text: "hidden" });
  let heard = "";
  for (let told = await reader.read(); !told.done; told = await reader.read()) heard += told.value;
  assert.ok(!heard.includes(await incidentOf("acme-13b")), heard);
});

/** What a live page is told while something happens, until it hears of an incident. */
async function listened(who: Person, work: () => Promise<void>): Promise<string> {
  const hangUp = new AbortController();
  const { body } = await fetch(`${server.url}/api/live`, { headers: who.headers, signal: hangUp.signal });
  assert.ok(body);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  await work();
  let heard = "";
  for (let told = 0; told < 20 && !heard.includes("incident"); told++) heard += (await reader.read()).value ?? "";
  // What was told with it in one sending came with it; what came a moment later is heard too.
  await new Promise((done) => setTimeout(done, 500));
  const more = await Promise.race([
    reader.read(),
    new Promise<undefined>((done) => setTimeout(() => done(undefined), 200)),
  ]);
  hangUp.abort();
  return heard + (more?.value ?? "");
}

test("what somebody may do changes while they are signed in, and ends when they are disabled", async () => {
  const kim = await aPerson(server.url, operator, "kim", [{ role: "analyst" }]);
  const role = async () => session.parse((await kim.get("/api/session")).body).user.role;
  assert.equal(await role(), "analyst");
  await person("admin").post("/api/accounts/kim/grants", { grants: [{ role: "viewer" }] });
  assert.equal(await role(), "viewer");
  assert.equal((await kim.get("/api/events")).status, 403);
  assert.equal((await person("lead").post("/api/accounts/kim/disable", {})).status, 403);
  assert.equal((await person("admin").post("/api/accounts/kim/disable", {})).status, 200);
  assert.equal((await kim.get("/api/session")).status, 401);
});

test("a token asks what its role may, ends when it is over, and decides nothing", async () => {
  const wanted = { name: "siem", grant: { role: "lead", space: "vision" }, days: 1 };
  const { secret, token } = newToken.parse((await operator.post("/api/tokens", wanted)).body);
  assert.ok((token.expiresAt ?? 0) > Date.now());
  const siem = visitorWith(server.url, { authorization: `Bearer ${secret}` });
  const list = incidentPage.parse((await siem.get("/api/incidents")).body);
  assert.deepEqual([...new Set(list.items.flatMap((it) => it.models))], ["other-7b"]);
  assert.equal(session.parse((await siem.get("/api/session")).body).user.name, "token:siem");
  assert.equal((await siem.post("/api/actions/a/approve", { digest: "x", reason: "me" })).status, 403);
  assert.equal((await siem.get("/api/tokens")).status, 403);
  // Neither kind of token does what the other is for.
  const sending = await fetch(`${server.url}/api/ingest/registry`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}` },
    body: accessLine("a.safetensors"),
  });
  assert.equal(sending.status, 401);
  const source = visitorWith(server.url, { authorization: `Bearer ${server.token("registry")}` });
  assert.equal((await source.get("/api/incidents")).status, 401);
  // With a token, a session beside it counts for nothing.
  const both = visitorWith(server.url, { ...(await signedIn(server.link())), authorization: "Bearer nobody" });
  assert.equal((await both.get("/api/incidents")).status, 401);

  await operator.post("/api/tokens/siem/revoke", {});
  assert.equal((await siem.get("/api/incidents")).status, 401);
  for (const grant of [{ role: "admin" }, { role: "viewer", space: "nowhere" }])
    assert.equal((await operator.post("/api/tokens", { name: "more", grant })).status, 400);
});

test("a session's key is bound to its cookie for people too", async () => {
  const { cookie, ...rest } = person("admin").headers;
  assert.equal((await visitorWith(server.url, rest).get("/api/session")).status, 401);
  const other = { cookie: cookie ?? "", [sessionHeader]: person("lead").headers[sessionHeader] ?? "" };
  assert.equal((await visitorWith(server.url, other).get("/api/session")).status, 401);
});
