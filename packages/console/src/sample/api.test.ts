// The sample's day against the schema and against what the product holds: it must not show what does not exist.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as s from "@outweigh/schema";
import { answer } from "./api.ts";
import type { Body } from "./answer.ts";
import { pageOf } from "./lists.ts";
import { sampleState, type State } from "./state.ts";
import * as world from "./world.ts";

const root = join(import.meta.dirname, "..", "..", "..", "..");

const asked = (state: State, address: string, sent?: Body) => {
  const { pathname, searchParams } = new URL(address, "http://sample");
  return answer(state, {
    method: sent ? "POST" : "GET",
    path: pathname,
    query: searchParams,
    body: sent ?? {},
  });
};

test("the day has the shapes of the API", () => {
  s.session.parse(world.session);
  s.overview.parse(world.overview);
  s.incidentPage.parse(pageOf(world.incidents));
  for (const it of world.incidents) s.incidentDetail.parse(world.incidentDetail(it));
  s.alertPage.parse(pageOf(world.alerts));
  for (const it of world.alerts) s.alertDetail.parse(world.alertDetail(it));
  s.eventPage.parse(pageOf(world.events.slice(0, 100)));
  s.modelPage.parse(pageOf(world.models));
  for (const it of world.models) s.modelDetail.parse(world.modelDetail(it));
  s.sourcePage.parse(pageOf(world.sources));
  s.tokenPage.parse(pageOf(world.tokens));
  s.hostPage.parse(pageOf(world.hosts));
  for (const it of world.hosts) s.hostDetail.parse(world.hostDetail(it));
  s.hostActivity.parse(world.activity);
  s.hostProcessPage.parse({ ...pageOf(world.processes), left: 0 });
  s.hostScans.parse(world.hostScans);
  s.eventPage.parse(pageOf(world.hostEvents));
  s.clientPage.parse(pageOf(world.clients));
  for (const it of world.clients) s.clientDetail.parse(world.clientDetail(it));
  s.clientKeyPage.parse({ ...pageOf(world.clientKeys), gateways: [] });
  s.gatewayPage.parse(pageOf(world.gateways));
  s.rulePage.parse(pageOf(world.rules));
  s.ownRulePage.parse(pageOf(world.ownRules));
  s.actionPage.parse(pageOf(world.actions));
  s.connectionPage.parse(pageOf(world.connections));
  s.accountPage.parse(world.accounts);
  s.evidencePage.parse(world.evidence);
  s.huntPage.parse(pageOf(world.hunts));
  s.incidentGraph.parse(world.incidentGraph);
  s.report.parse(world.report);
  s.report.parse(world.emptyReport);
  s.posture.parse(world.posture);
});

test("its rules and playbooks are those that the product has", () => {
  const files = (at: string, end: RegExp) =>
    readdirSync(join(root, at), { recursive: true, encoding: "utf8" }).filter((it) => end.test(it));
  const stem = (it: string) => (it.split("/").at(-1) ?? "").replace(/\.\w+$/, "");
  const rules = new Set(files("content/rules", /(?<!\.test)\.yml$/).map(stem));
  const detect = "packages/pipeline/src/detect";
  const detectors = new Set(
    files(detect, /(?<!\.test)\.ts$/)
      .filter((it) => /\btitle: "/.test(readFileSync(join(root, detect, it), "utf8")))
      .map(stem),
  );
  for (const { id, kind } of world.rules) assert.ok((kind === "sigma" ? rules : detectors).has(id), `${kind} ${id}`);
  const known = new Set(world.rules.map((it) => it.id));
  for (const { rule } of world.alerts) assert.ok(known.has(rule), `an alert names ${rule}`);
  for (const { rule } of world.report.rules) assert.ok(known.has(rule), `the report names ${rule}`);
  const playbooks = new Set(files("content/playbooks", /\.md$/).map(stem));
  for (const it of world.alerts) assert.ok(playbooks.has(world.alertDetail(it).playbook?.id ?? ""));
});

test("what is tried is remembered in its own copy, and a preview says that nothing happens", () => {
  const [state, other] = [sampleState(), sampleState()];
  asked(state, "/api/incidents/inc-214/status", { status: "closed", verdict: "benign", reason: "x" });
  asked(state, "/api/incidents/inc-214/comments", { text: "seen" });
  const status = (of: State) => of.incidents.find((it) => it.id === "inc-214")?.status;
  assert.deepEqual([status(state), status(other), status(sampleState())], ["closed", "new", "new"]);
  const { body } = asked(state, "/api/actions/preview", { verb: "quarantine-file", target: "c-1" });
  assert.match(s.actionPreview.parse(body).effects[0] ?? "", /^This is the sample: nothing is moved/);
});

test("what is watched is found by its incident's number, as a click on it asks", () => {
  const found = (filter: string) =>
    s.watchedPage.parse(asked(sampleState(), `/api/watched?filter=${encodeURIComponent(filter)}`).body).total;
  assert.deepEqual(
    [found("incident:INC-187"), found("-incident:INC-187"), found("incident:INC-188"), found("kind:host")],
    [world.watched.length, 0, 0, 1],
  );
});

test("nothing is made, asked, sent or exported", () => {
  const state = sampleState();
  const before = JSON.stringify({ ...state, comments: [...state.comments] });
  const acts =
    "tokens tokens/registry/revoke accounts client-keys connections/hub/test hosts/h-1/orders hosts/enrolments hunts rules/backtest " +
    "own-rules incidents/inc-214/merge incidents/inc-214/pins session/end evidence/checkpoint watched/end actions/act-2/keep";
  for (const address of acts.split(" ")) {
    const { status, body } = asked(state, `/api/${address}`, { reason: "x" });
    assert.deepEqual([status, s.apiError.parse(body).error], [403, "SAMPLE"], address);
  }
  for (const address of ["incidents/inc-214/pack", "incidents/inc-214/export?as=stix", "posture/export?as=csv"]) {
    assert.equal(asked(state, `/api/${address}`).status, 403, address);
  }
  assert.equal(JSON.stringify({ ...state, comments: [...state.comments] }), before);
});

test("an address that there is not is no list, whatever it is called", () => {
  for (const noun of ["comments", "previewSays", "constructor", "__proto__", "toString", "x"]) {
    assert.equal(asked(sampleState(), `/api/${noun}`).status, 404, noun);
  }
  assert.equal(asked(sampleState(), '/api/incidents?filter=a:"').status, 400);
});
