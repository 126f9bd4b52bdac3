// What people may order: exactly what was previewed, verified, and taken back as if nothing had been.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  actionPage,
  actionPreview,
  actionRow,
  connectionPage,
  connectionTest,
  type ActionPreview,
  type ScanReport,
} from "@outweigh/schema";
import type { Running } from "../start.ts";
import { aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("actions");
const models = join(folder.path, "home");
/** What a scan would take for safetensors: the length of a header, and the header. */
const weights = `\u0002${"\0".repeat(7)}{}w`;
const digest = createHash("sha256").update(weights).digest("hex");
let server: Running;
let visitor: Visitor;
let hook: Server;
const received: { headers: IncomingHttpHeaders; body: string; url: string | undefined }[] = [];
let reply: { status: number; headers?: Record<string, string> } = { status: 204 };

before(async () => {
  mkdirSync(models);
  hook = createServer((request, answer) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.once("end", () => {
      received.push({ headers: request.headers, body, url: request.url });
      answer.writeHead(reply.status, reply.headers).end();
    });
  });
  await new Promise<void>((done) => hook.listen(0, "127.0.0.1", done));
  const { port } = hook.address() as AddressInfo;
  server = await aServer(
    join(folder.path, "data"),
    {
      models: [
        { name: "acme-13b", class: "private", digest, bytes: weights.length, places: ["file:/srv/models/acme-13b"] },
      ],
      policy: {
        webhooks: [
          { name: "pager", url: `http://127.0.0.1:${port}/page`, token: "${PAGER_TOKEN}" },
          { name: "unset", url: `http://127.0.0.1:${port}/page`, token: "${NOT_SET}" },
          { name: "gone", url: "http://127.0.0.1:1/" },
        ],
      },
    },
    { env: { PAGER_TOKEN: "hush" } },
  );
  visitor = await signIn(server.openUrl);
});
after(async () => {
  await server.close();
  hook.close();
  folder.remove();
});

/** Lays a copy, or leaves what lies there, reports it as a scan would, and answers with the copy's id. */
async function scanned(name: string, over: Partial<ScanReport["models"][0]["copies"][0]> = {}): Promise<string> {
  const path = join(models, name);
  if (!existsSync(path)) writeFileSync(path, weights);
  const copy = {
    path,
    format: "safetensors",
    bytes: weights.length,
    digest,
    complete: true,
    readableBy: ["other"],
    declared: false,
    ...over,
  };
  const at = new Date().toISOString();
  const model = {
    id: "m",
    name: "acme-13b",
    class: "private",
    digest,
    bytes: weights.length,
    tensors: 1,
    formats: ["safetensors"],
  };
  const report: ScanReport = {
    version: "test",
    host: hostname(),
    startedAt: at,
    finishedAt: at,
    roots: [models],
    filesSeen: 1,
    bytesRead: weights.length,
    models: [{ ...model, copies: [copy] }],
    listeners: [],
    paths: [],
    notSeen: [],
  };
  const headers = { authorization: `Bearer ${server.token("scan")}` };
  const sent = await fetch(`${server.url}/api/ingest/scan`, { method: "POST", body: JSON.stringify(report), headers });
  assert.equal(sent.status, 200);
  const ask = async () => (await visitor.get("/api/models/acme-13b")).body.copies ?? [];
  const copies = await eventually(ask, (all) =>
    all.some((it: { path: string; lastSeenAt: number }) => it.path === copy.path && it.lastSeenAt === Date.parse(at)),
  );
  return copies.find((it: { path: string }) => it.path === copy.path).id;
}

async function preview(target: string, verb = "quarantine-file", incident?: string): Promise<ActionPreview> {
  const { status, body } = await visitor.post("/api/actions/preview", {
    verb,
    target,
    ...(incident !== undefined && { incident }),
  });
  assert.equal(status, 200, JSON.stringify(body));
  return actionPreview.parse(body);
}

const apply = (target: string, agreed: string, verb = "quarantine-file", incident?: string) =>
  visitor.post("/api/actions", {
    verb,
    target,
    digest: agreed,
    reason: "not a declared copy",
    ...(incident !== undefined && { incident }),
  });

test("a copy is moved where only we can read it, and comes back exactly as it was", async () => {
  const path = join(models, "holiday.jpg");
  writeFileSync(path, weights);
  chmodSync(path, 0o644);
  const past = new Date(Date.now() - 86_400_000);
  utimesSync(path, past, past);
  const before = statSync(path);
  const target = await scanned("holiday.jpg");

  const { digest: agreed, effects, title, refused } = await preview(target);
  assert.equal(refused, undefined);
  assert.match(title, /Move .*holiday\.jpg \(11 B\) to quarantine/);
  assert.ok(effects.some((it) => /Nobody but the user/.test(it)));
  assert.equal(existsSync(path), true, "a preview changes nothing");

  const { status, body } = await apply(target, agreed);
  const done = actionRow.parse(body);
  assert.deepEqual([status, done.state, done.undoable], [200, "verified", true]);
  assert.equal(existsSync(path), false);
  const place = join(folder.path, "data", "quarantine", "files");
  assert.equal(statSync(place).mode & 0o777, 0o700);
  assert.equal(readdirSync(place).length, 1);
  const copies = (await visitor.get("/api/models/acme-13b")).body.copies;
  assert.equal(copies.find((it: { path: string }) => it.path === path).state, "quarantined");

  const undone = await visitor.post(`/api/actions/${done.id}/undo`, { reason: "it was ours" });
  assert.deepEqual([undone.status, undone.body.state], [200, "undone"]);
  assert.deepEqual([undone.body.undoneReason, undone.body.undoneBy], ["it was ours", undone.body.by]);
  const now = statSync(path);
  assert.deepEqual(
    [now.ino, now.mode, now.uid, now.gid, now.size, now.mtimeMs],
    [before.ino, before.mode, before.uid, before.gid, before.size, before.mtimeMs],
  );
  assert.equal(readFileSync(path, "utf8"), weights);
  assert.equal((await visitor.post(`/api/actions/${done.id}/undo`, { reason: "again" })).status, 409);
  const kinds = (await visitor.get("/api/evidence?filter=kind:action*")).body.items.map(
    (it: { kind: string }) => it.kind,
  );
  assert.deepEqual(kinds.slice(0, 4), ["action-undone", "action-applied", "action-approved", "action-previewed"]);
});

test("what changed after the preview is not touched", async () => {
  const target = await scanned("changing.bin");
  const path = join(models, "changing.bin");
  const { digest: agreed } = await preview(target);
  appendFileSync(path, "x");
  const { status, body } = await apply(target, agreed);
  assert.deepEqual([status, body.error], [409, "ACTION_REFUSED"]);
  assert.match(body.message, /changed since it was scanned/);
  assert.equal(existsSync(path), true);
});

test("only what was agreed to is done", async () => {
  const target = await scanned("agreed.bin");
  const { status, body } = await apply(target, "0".repeat(64));
  assert.deepEqual([status, body.error], [409, "CONFLICT"]);
  assert.equal(existsSync(join(models, "agreed.bin")), true);
});

test("bytes are compared with what the scan saw, where it saw all of them", async () => {
  const wrong = await scanned("hashed.bin", { sha256: createHash("sha256").update("other").digest("hex") });
  const { digest: agreed } = await preview(wrong);
  const { body } = await apply(wrong, agreed);
  assert.equal(body.state, "failed");
  assert.match(body.problem, /other bytes than when it was scanned/);
  assert.equal(existsSync(join(models, "hashed.bin")), true);
  const right = await scanned("right.bin", { sha256: createHash("sha256").update(weights).digest("hex") });
  assert.equal((await apply(right, (await preview(right)).digest)).body.state, "verified");
});

test("links, other names, folders and places outside are refused, with the reason", async () => {
  writeFileSync(join(folder.path, "outside.bin"), weights);
  symlinkSync(join(folder.path, "outside.bin"), join(models, "link.bin"));
  mkdirSync(join(folder.path, "elsewhere"));
  writeFileSync(join(folder.path, "elsewhere", "a.bin"), weights);
  symlinkSync(join(folder.path, "elsewhere"), join(models, "through"));
  writeFileSync(join(models, "two.bin"), weights);
  linkSync(join(models, "two.bin"), join(models, "names.bin"));
  const refusal = async (name: string, over = {}) => (await preview(await scanned(name, over))).refused ?? "";
  assert.match(await refusal("link.bin"), /no regular file/);
  assert.match(await refusal("x", { path: join(models, "through", "a.bin") }), /reached through a link/);
  assert.match(await refusal("x", { path: join(folder.path, "outside.bin") }), /outside the folders/);
  assert.match(await refusal("x", { path: `${models}/../outside.bin` }), /no plain absolute path/);
  assert.match(await refusal("two.bin"), /has 2 names/);
  assert.match(await refusal("x", { path: join(models, "through"), bytes: 0 }), /no regular file/);
  assert.match(await refusal("gone.bin", { path: join(models, "never.bin") }), /not there any more/);
  assert.match((await preview("no-such-copy")).refused ?? "", /no such copy/);
});

test("what is no model's file is not moved, whatever a report says", async () => {
  const path = join(models, "passwd");
  writeFileSync(path, "root:x:0:0:root:/root:/bin/bash\n");
  const { refused } = await preview(await scanned("passwd", { bytes: statSync(path).size }));
  assert.match(refused ?? "", /does not look like a model's file/);
});

test("of a copy of several files all are moved, or none", async () => {
  const names = ["shard-1.bin", "shard-2.bin"];
  for (const it of names) writeFileSync(join(models, it), weights);
  const files = names.map((it) => ({ path: join(models, it), bytes: weights.length }));
  const target = await scanned("shard-1.bin", { bytes: 2 * weights.length, files });
  const { digest: agreed, effects } = await preview(target);
  assert.match(effects[0] ?? "", /2 files go to .*, all or none/);
  // The second one is exchanged for another file of the same size and time.
  const { mtime } = statSync(join(models, "shard-2.bin"));
  writeFileSync(join(models, "other.bin"), weights.replace("w", "W"));
  utimesSync(join(models, "other.bin"), mtime, mtime);
  renameSync(join(models, "other.bin"), join(models, "shard-2.bin"));
  assert.notEqual((await apply(target, agreed)).status, 200);
  assert.ok(names.every((it) => existsSync(join(models, it))));
  const { body } = await apply(target, (await preview(target)).digest);
  assert.equal(body.state, "verified");
  assert.ok(names.every((it) => !existsSync(join(models, it))));
  assert.equal((await visitor.post(`/api/actions/${body.id}/undo`, { reason: "back" })).status, 200);
  assert.ok(names.every((it) => existsSync(join(models, it))));
});

test("undoing never overwrites what somebody put there meanwhile", async () => {
  const target = await scanned("replaced.bin");
  const { body } = await apply(target, (await preview(target)).digest);
  writeFileSync(join(models, "replaced.bin"), "something new");
  const undone = await visitor.post(`/api/actions/${body.id}/undo`, { reason: "back" });
  assert.deepEqual([undone.status, undone.body.error], [409, "ACTION_REFUSED"]);
  assert.match(undone.body.message, /is there again/);
  assert.equal(readFileSync(join(models, "replaced.bin"), "utf8"), "something new");
  assert.equal((await visitor.get(`/api/actions?filter=id:${body.id}`)).body.items[0].state, "verified");
});

async function anIncident(): Promise<string> {
  await scanned("incident.bin");
  const ask = async () => (await visitor.get("/api/incidents?filter=model:acme-13b")).body.items;
  const [incident] = await eventually(ask, (it) => it.length > 0);
  return incident.id;
}

test("an undeclared copy becomes an incident that offers what can be done", async () => {
  const id = await anIncident();
  const { options, incident } = (await visitor.get(`/api/incidents/${id}`)).body;
  assert.equal(incident.act, "copy");
  const labels = options.map((it: { label: string }) => it.label);
  assert.ok(labels.includes(`Quarantine ${join(models, "incident.bin")}`), labels.join(", "));
  assert.ok(labels.includes("Notify pager"));
});

test("a webhook is told, with its token, and only what the preview listed", async () => {
  const id = await anIncident();
  const { digest: agreed, effects, undoable } = await preview("pager", "notify", id);
  assert.equal(undoable, false);
  assert.match(effects.join(" "), /cannot be taken back/);
  const { body } = await apply("pager", agreed, "notify", id);
  assert.equal(body.state, "verified");
  const last = received.at(-1);
  assert.equal(last?.headers.authorization, "Bearer hush");
  const told = JSON.parse(last?.body ?? "{}");
  assert.deepEqual([told.id, told.number, told.models], [id, "INC-1", ["acme-13b"]]);
  assert.equal((await visitor.post(`/api/actions/${body.id}/undo`, { reason: "x" })).status, 409);
});

test("a webhook that redirects, fails or is not there is a failure, and nothing else is contacted", async () => {
  const id = await anIncident();
  const before = received.length;
  reply = { status: 302, headers: { location: "/elsewhere" } };
  const redirected = await apply("pager", (await preview("pager", "notify", id)).digest, "notify", id);
  assert.equal(redirected.body.state, "failed");
  assert.deepEqual(
    received.slice(before).map((it) => it.url),
    ["/page"],
  );
  reply = { status: 500 };
  const failing = await apply("pager", (await preview("pager", "notify", id)).digest, "notify", id);
  assert.match(failing.body.problem, /answered 500/);
  reply = { status: 204 };
  const gone = await apply("gone", (await preview("gone", "notify", id)).digest, "notify", id);
  assert.match(gone.body.problem, /was not reached/);
  assert.match((await preview("unset", "notify", id)).refused ?? "", /environment has no NOT_SET/);
  assert.match((await preview("evil", "notify", id)).refused ?? "", /names no connection/);
  assert.match((await preview("pager", "notify")).refused ?? "", /needs an incident/);
});

test("connections are shown without their secrets, and a look at each says what it saw and sends nothing", async () => {
  const { items } = connectionPage.parse((await visitor.get("/api/connections")).body);
  const unset = items.find((it) => it.name === "unset");
  assert.deepEqual([unset?.kind, unset?.verbs, unset?.unset], ["webhook", ["notify"], ["NOT_SET"]]);
  const bodies = received.filter((it) => it.body !== "").length;
  const look = async (name: string) =>
    connectionTest.parse((await visitor.post(`/api/connections/${name}/test`, {})).body);
  assert.match((await look("pager")).text, /answers \(204\); whether it takes a message shows when one is sent/);
  assert.deepEqual(await look("unset"), { ok: false, text: "the environment has no NOT_SET" });
  assert.equal((await look("gone")).ok, false);
  assert.equal((await visitor.post("/api/connections/evil/test", {})).status, 404);
  assert.equal(received.filter((it) => it.body !== "").length, bodies);
  const { items: noted } = (await visitor.get("/api/evidence?filter=kind:connection-tested")).body;
  assert.equal(noted.length, 3);
});

test("all that was done is on the list, and the secret is nowhere", async () => {
  const { items, total } = actionPage.parse((await visitor.get("/api/actions")).body);
  assert.equal(items.length, total);
  assert.doesNotMatch(JSON.stringify([items, (await visitor.get("/api/evidence?limit=500")).body]), /hush/);
  assert.doesNotMatch(readFileSync(join(folder.path, "data", "server.log"), "utf8"), /hush/);
});
