// Exceptions and own rules over real engines: from an alert to a published exception, and back.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("own-rules");
const pulled = `
title: Somebody pulled weights
name: weights_pulled
id: 4d1f3c52-0000-4000-8000-000000000031
status: test
logsource: { category: webserver }
detection: { pull: { operation: download }, known: { principal: svc-deploy }, condition: pull and not known }
level: medium
playbook: unexplained
`;
const caseOf = (kind: string, user: string, expect: string) =>
  JSON.stringify([
    {
      name: `${user} pulls`,
      kind,
      expect,
      source: "http-access",
      records: [accessLine("model.safetensors", { user, at: 0 })],
    },
  ]).slice(1, -1);
const proof = `[${caseOf("attack", "eve", "alert")}, ${caseOf("clean", "svc-deploy", "nothing")}]`;
let server: Running;
let visitor: Visitor;
let sent = 0;

const begin = () =>
  aServer(
    join(folder.path, "data"),
    {
      models: [
        {
          name: "acme-13b",
          class: "private",
          places: ["hf:acme/acme-13b"],
          readers: ["svc-deploy"],
          files: [{ path: "model.safetensors", bytes: 1000 }],
        },
      ],
      spaces: [{ name: "research", models: ["acme-13b"] }],
      sources: [{ name: "registry", kind: "http-access" }],
    },
    { content: { rules: [{ path: "weights_pulled.yml", text: pulled, proof }], playbooks: [], policy: "[]" } },
  );

/** Sends a download of its own second, and waits until it is stored. */
async function pull(user: string): Promise<void> {
  sent++;
  const line = accessLine("model.safetensors", { user, at: Date.now() - 3_600_000 + sent * 1000, bytes: 10 });
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  const send = () => fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: `${line}\n` });
  // A machine that is busy says so, and is asked again.
  assert.equal((await eventually(send, ({ status }) => status !== 503, 60_000)).status, 200);
  // Events are stored before what comes of them; a source has told of one when all of it is stored.
  const told = async () => (await visitor.get("/api/sources?filter=name:registry")).body.items[0].events;
  assert.equal(await eventually(told, (it) => it === sent, 60_000), sent);
}
const alertsOf = async (user: string, rule = "weights_pulled") =>
  (await visitor.get(`/api/alerts?filter=${encodeURIComponent(`rule:${rule} principal:${user}`)}`)).body.items;
const one = async (name: string) => (await visitor.get(`/api/own-rules/${name}`)).body;
const move = (name: string, to: string, digest: string) =>
  visitor.post(`/api/own-rules/${name}/stage`, { to, digest, reason: "looked at" });

async function publish(target: string) {
  const order = { verb: "publish-rule", target };
  const { body: preview } = await visitor.post("/api/actions/preview", order);
  const done = await visitor.post("/api/actions", { ...order, digest: preview.digest, reason: "agreed" });
  return { preview, done };
}

before(async () => {
  server = await begin();
  visitor = await signIn(server.openUrl);
  for (const it of ["backup", "eve", "backup"]) await pull(it);
});

after(async () => {
  await server.close();
  folder.remove();
});

test("from an alert to an exception: drafted, checked, tried, published, counted, and taken back", async () => {
  const [alert] = await alertsOf("backup");
  const { body: draft } = await visitor.get(`/api/own-rules/draft?alert=${alert.id}`);
  assert.match(draft.text, /principal\|cased: backup/);
  const { status, body: kept } = await visitor.post("/api/own-rules", {
    text: draft.text,
    reason: "the nightly backup",
  });
  assert.equal(status, 200, JSON.stringify(kept));
  assert.deepEqual([kept.kind, kept.stage, kept.rules, kept.days], ["exception", "draft", ["weights_pulled"], 90]);
  assert.equal((await move(kept.name, "trial", kept.digest)).body.error, "CONFLICT", "nobody checked it yet");

  const { body: checked } = await visitor.post(`/api/own-rules/${kept.name}/check`, {});
  assert.deepEqual(checked.check.problems, []);
  assert.deepEqual(
    checked.check.proofs.map((it: { passed: boolean }) => it.passed),
    [true, true],
  );
  const { hides } = checked.check;
  assert.deepEqual([hides.alerts, hides.hidden, hides.partly, hides.confirmed], [2, 1, 0, 0]);
  assert.equal(hides.examples[0].id, alert.id);

  assert.equal((await publish(kept.name)).preview.refused, "it is a draft: put it on trial first");
  assert.equal((await move(kept.name, "trial", "another")).body.error, "CONFLICT");
  assert.equal((await move(kept.name, "trial", kept.digest)).body.stage, "trial");
  const before = alert.count;
  await pull("backup");
  assert.equal((await alertsOf("backup"))[0].count, before + 1, "on trial it hides nothing");
  assert.equal((await one(kept.name)).count.matches, 1);

  const { preview, done } = await publish(kept.name);
  assert.match(preview.effects.join("\n"), /hidden 1 whole and 0 in part, none of a confirmed theft/);
  assert.equal(done.body.state, "verified", JSON.stringify(done.body));
  for (const it of ["backup", "eve"]) await pull(it);
  assert.equal((await alertsOf("backup"))[0].count, before + 1, "published it hides from the next record on");
  const published = await one(kept.name);
  assert.deepEqual([published.count.matches, published.stage, published.action], [1, "published", done.body.id]);
  assert.ok(published.endsAt > Date.now() + 89 * 86_400_000);
  const { body: rules } = await visitor.get("/api/rules?filter=id:weights_pulled");
  assert.deepEqual([rules.items[0].exceptions, rules.items[0].hidden], [1, 1]);

  await server.close();
  server = await begin();
  visitor = await signIn(server.link());
  await pull("backup");
  assert.equal((await alertsOf("backup"))[0].count, before + 1, "and after a restart");
  const undone = await visitor.post(`/api/actions/${done.body.id}/undo`, { reason: "the backup moved" });
  assert.equal(undone.body.state, "undone");
  await pull("backup");
  assert.equal((await alertsOf("backup"))[0].count, before + 2, "taken back it hides nothing at once");
  const { body: log } = await visitor.get(`/api/evidence?filter=subject:${kept.name}`);
  assert.deepEqual(
    log.items.map((it: { kind: string }) => it.kind).filter((it: string) => it.startsWith("exception-")),
    ["ended", "published", "trial", "checked", "drafted"].map((it) => `exception-${it}`),
  );
});

test("an exception that would hide its rule's proof, or a confirmed theft, is refused with a sentence", async () => {
  const text = (selection: object, name: string) =>
    JSON.stringify({
      title: "Too wide",
      name,
      logsource: { category: "webserver" },
      filter: { rules: ["weights_pulled"], selection, condition: "not selection" },
    });
  const check = async (selection: object, name: string) => {
    const kept = await visitor.post("/api/own-rules", { text: text(selection, name), reason: "to see" });
    assert.equal(kept.status, 200, JSON.stringify(kept.body));
    return (await visitor.post(`/api/own-rules/${name}/check`, {})).body;
  };
  const wide = await check({ operation: "download" }, "too_wide");
  assert.match(wide.check.problems.join("; "), /the proof of weights_pulled does not hold: eve pulls: raised nothing/);
  assert.match((await move("too_wide", "trial", wide.digest)).body.message, /does not hold/);

  const [alert] = await alertsOf("backup");
  const closed = { status: "closed", verdict: "true-positive", reason: "it was theft" };
  const told = await visitor.post(`/api/incidents/${alert.incident}/status`, closed);
  assert.equal(told.body.verdict, "true-positive", JSON.stringify(told.body));
  const narrow = await check({ principal: "backup" }, "of_a_theft");
  assert.equal(narrow.check.hides.confirmed, 1, JSON.stringify(narrow.check.hides));
  assert.match(narrow.check.problems.join("; "), /would have hidden an alert of a confirmed theft/);
  for (const [wrong, why] of [
    [text({ principal: "x" }, "Bad Name"), /snake case/],
    [text({ principal: "x" }, "fine").replace("weights_pulled", "nobody"), /no rule here is called nobody/],
    ["title: x", /BAD_|detection/],
  ] as const) {
    const refused = await visitor.post("/api/own-rules", { text: wrong, reason: "to see" });
    assert.deepEqual([refused.status, why.test(refused.body.message)], [400, true], JSON.stringify(refused.body));
  }
});

test("an exception for a detector hides what it finds of one principal, and ends when its time is over", async (t) => {
  const text = JSON.stringify({
    title: "The mirror reads",
    name: "mirror_reads",
    logsource: {},
    filter: { rules: ["unaccounted-read"], selection: { principal: "mirror" }, condition: "not selection" },
  });
  const { body: kept } = await visitor.post("/api/own-rules", { text, days: 1, reason: "the mirror" });
  const { body: checked } = await visitor.post("/api/own-rules/mirror_reads/check", {});
  assert.deepEqual([checked.check.problems, checked.check.unproven], [[], ["unaccounted-read"]]);
  await move("mirror_reads", "trial", kept.digest);
  assert.equal((await publish("mirror_reads")).done.body.state, "verified");
  await pull("mirror");
  assert.deepEqual(await alertsOf("mirror", "unaccounted-read"), []);
  assert.equal((await one("mirror_reads")).count.matches, 1);

  const real = Date.now;
  t.mock.method(Date, "now", () => real() + 25 * 3_600_000);
  // Who signed in a day ago signs in again.
  const later = await signIn(server.link());
  const stage = async () => (await later.get("/api/own-rules/mirror_reads")).body.stage;
  assert.equal(await eventually(stage, (it) => it === "ended", 60_000), "ended");
  t.mock.reset();
  visitor = await signIn(server.link());
  await pull("mirror");
  assert.equal((await alertsOf("mirror", "unaccounted-read")).length, 1);
});

test("a rule from a hunt: drafted with a proof of its events, checked, and published for one space", async () => {
  const { body: draft } = await visitor.get("/api/events/rule?filter=principal:eve");
  assert.match(draft.proof, /what was hunted for/);
  const text = draft.text
    .replace("draft_from_a_hunt", "eve_reads")
    .replace("experimental", "test")
    .replace("level: low", "level: medium");
  const keep = (space: string, more = {}) =>
    visitor.post("/api/own-rules", { text, proof: draft.proof, space, reason: "eve is odd", ...more });
  assert.equal((await keep("nowhere")).status, 400);
  await keep("research", { proof: "" });
  assert.match((await visitor.post("/api/own-rules/eve_reads/check", {})).body.check.problems[0], /it has no proof/);
  const { body: kept } = await keep("research");
  const { body: checked } = await visitor.post("/api/own-rules/eve_reads/check", {});
  assert.deepEqual(checked.check.problems, []);
  await move("eve_reads", "trial", kept.digest);
  await pull("eve");
  assert.deepEqual(await alertsOf("eve", "eve_reads"), [], "on trial it raises nothing");
  assert.equal((await one("eve_reads")).count.matches, 1);
  assert.equal((await publish("eve_reads")).done.body.state, "verified");
  await pull("eve");
  assert.equal((await alertsOf("eve", "eve_reads")).length, 1);
  assert.equal((await keep("research")).body.error, "CONFLICT", "what is published is not written over");
});
