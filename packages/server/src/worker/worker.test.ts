// The worker over real engines: silence, restarts, records that cannot be stored, engines that go away.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Gap } from "@outweigh/schema";
import type { ConfigInput } from "@outweigh/schema";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";

const model = { name: "acme-13b", class: "private" as const, places: ["hf:acme/acme-13b"], bytes: 1000 };

async function running(t: TestContext, configuration: (folder: string) => ConfigInput) {
  const folder = aFolder("worker");
  let server: Running;
  const begin = () => aServer(join(folder.path, "data"), configuration(folder.path));
  server = await begin();
  t.after(async () => {
    await server.close();
    folder.remove();
  });
  return {
    folder: folder.path,
    signIn: () => signIn(server.link()),
    send: async (source: string, body: string) => {
      const headers = { authorization: `Bearer ${server.token(source)}` };
      return fetch(`${server.url}/api/ingest/${source}`, { method: "POST", body, headers });
    },
    restart: async () => {
      await server.close();
      server = await begin();
    },
  };
}

test("a source that falls silent is a gap and an alert, and speaks again", async (t) => {
  const it = await running(t, () => ({
    models: [model],
    sources: [{ name: "registry", kind: "http-access", silenceMs: 1500 }],
  }));
  const visitor = await it.signIn();
  await it.send("registry", accessLine("a.safetensors"));
  const source = async () => (await visitor.get("/api/sources?filter=name:registry")).body.items[0];
  assert.equal((await eventually(source, (now) => now.state === "silent")).state, "silent");
  const silent = async () => (await visitor.get("/api/overview")).body.silent;
  assert.deepEqual(await eventually(silent, (all) => all.length > 0), ["registry"]);
  const alerts = async () => (await visitor.get("/api/alerts?filter=rule:source-silent")).body.items;
  assert.equal((await eventually(alerts, (all) => all.length > 0)).length, 1);
  // On a slow machine it was silent before its first record too: that gap has its end. One that lasts has none.
  const lasting = async () => (await source()).gaps.find((one: Gap) => one.to === undefined);
  const gap = await eventually(lasting, (one) => one !== undefined);
  assert.ok(gap, "the gap shows, and has no end while it lasts");

  await it.send("registry", accessLine("b.safetensors"));
  // However slow this machine is, and so however often it fell silent again: it began, and it ended.
  const ask = async () => (await visitor.get("/api/evidence?filter=subject:registry")).body.items;
  const told = await eventually(ask, (all) => all.length > 1);
  assert.deepEqual(told.map((e: { kind: string }) => e.kind).slice(-2), ["gap-ended", "gap-began"]);
  const ended = async () => (await source()).gaps.find((one: Gap) => one.from === gap.from);
  assert.ok((await eventually(ended, (one) => one.to !== undefined)).to > gap.from, "now it has one");
});

test("watched folders are read, whatever lies in them, and a restart reads on", async (t) => {
  const it = await running(t, (folder) => ({
    models: [model],
    sources: [{ name: "logs", paths: [join(folder, "logs")] }],
  }));
  mkdirSync(join(it.folder, "logs", "deep"), { recursive: true });
  writeFileSync(join(it.folder, "logs", "a.log"), `${accessLine("a.safetensors", { user: "one" })}\n`);
  writeFileSync(join(it.folder, "logs", "deep", "b.gz"), gzipSync(`${accessLine("b.safetensors", { user: "two" })}\n`));
  writeFileSync(join(it.folder, "logs", "noise.bin"), Buffer.from([0, 255, 10, 254, 0, 10]));
  let visitor = await it.signIn();
  const total = async () => (await visitor.get("/api/events?filter=source:logs")).body.total;
  assert.equal(await eventually(total, (n) => n === 2), 2);
  const source = async () => (await visitor.get("/api/sources?filter=name:logs")).body.items[0];
  // Events are stored before what is told of their source.
  assert.equal((await eventually(source, (now) => now.kind !== "auto")).kind, "http-access");
  assert.ok((await eventually(source, (now) => now.rejects > 0)).samples[0].reason.length > 0);

  await it.restart();
  const later = Date.now() + 365 * 86_400_000;
  writeFileSync(join(it.folder, "logs", "c.log"), `${accessLine("c.safetensors", { user: "three", at: later })}\n`);
  visitor = await it.signIn();
  assert.equal(await eventually(total, (n) => n === 3), 3);
  const [future] = (await visitor.get("/api/events?filter=principal:three")).body.items;
  assert.ok(future.time <= Date.now(), "a record that claims to be of next year happened when it was read");
  await sleep(700);
  assert.equal(await total(), 3);
});

test("what the books and detectors know survives a restart", async (t) => {
  const it = await running(t, () => ({ models: [model], sources: [{ name: "registry", kind: "http-access" }] }));
  await it.send("registry", accessLine("a.safetensors", { bytes: 400 }));
  let visitor = await it.signIn();
  const bytes = async () => (await visitor.get("/api/models/acme-13b")).body.coalition?.bytes;
  assert.equal(await eventually(bytes, (n) => n === 400), 400);
  await it.restart();
  visitor = await it.signIn();
  assert.equal(await bytes(), 400);
  await it.send("registry", accessLine("b.safetensors", { bytes: 600 }));
  assert.equal(await eventually(bytes, (n) => n === 1000), 1000);
  const alerts = async () => (await visitor.get("/api/alerts?filter=rule:complete-copy")).body.total;
  assert.equal(await eventually(alerts, (n) => n === 1), 1);
  const entries = (await visitor.get("/api/evidence")).body;
  assert.equal(entries.chain.ok, true);
  const kinds = entries.items.map((e: { kind: string }) => e.kind);
  assert.equal(kinds.filter((kind: string) => kind === "server-started").length, 2);
  assert.equal(kinds.filter((kind: string) => kind === "server-stopped").length, 1);
});

test("a source that nobody declared is taken, told by its records, and shown", async (t) => {
  const it = await running(t, () => ({ models: [model] }));
  await it.send("new-one", `${accessLine("a.safetensors")}\n`);
  const visitor = await it.signIn();
  const source = async () => (await visitor.get("/api/sources?filter=name:new-one")).body.items[0];
  const found = await eventually(source, (now) => now?.events === 1);
  assert.deepEqual([found.kind, found.state], ["http-access", "sending"]);
  assert.ok(found.cannotSee.length > 1);
  const added = async () => (await visitor.get("/api/evidence?filter=kind:source-added")).body.items;
  assert.equal((await eventually(added, (all) => all.length > 0))[0].subject, "new-one");
});

test("of a source whose records hold prompts, nothing of a rejected one is kept", async (t) => {
  const it = await running(t, () => ({ sources: [{ name: "llm", kind: "litellm" }] }));
  await it.send("llm", '{"call_type": "completion", "messages": [{"content": "a secret plan"}]}');
  const visitor = await it.signIn();
  const source = async () => (await visitor.get("/api/sources?filter=name:llm")).body.items[0];
  const found = await eventually(source, (now) => now?.rejects === 1);
  assert.equal(found.samples[0].record, "");
  assert.doesNotMatch(JSON.stringify(found), /secret plan/);
});
