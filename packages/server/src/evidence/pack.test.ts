// A pack says of each document whether it is what was put on record at its time: whoever writes to the stores is found out.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { verifyPack } from "@outweigh/evidence";
import type { ActivityRecord } from "@outweigh/schema";
import { sql } from "kysely";
import { pino } from "pino";
import { prepareEvents, tableIn } from "../store/event-tables.ts";
import { openStore, type Store } from "../store/store.ts";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { enginesOf } from "../testing/engines.ts";

/** What somebody writes over in the stores, each in the incident of a model of its own, and what it is part of. */
const meddled = {
  untouched: undefined,
  title: "incident",
  accused: "alert",
  seen: "alert",
  event: "event",
} as const;

const configuration = {
  models: Object.keys(meddled).map((name) => ({
    name,
    class: "private" as const,
    places: [`hf:${name}/weights`],
    bytes: 1000,
  })),
  sources: [{ name: "registry", kind: "http-access" as const }],
};

/** A server from which each model was stolen, which can be started again around what `meddle` does to its stores. */
async function stolen(t: TestContext) {
  const folder = aFolder("pack");
  const data = join(folder.path, "data");
  let server = await aServer(data, configuration);
  t.after(async () => {
    await server.close();
    folder.remove();
  });
  const send = async (model: string) => {
    const headers = { authorization: `Bearer ${server.token("registry")}` };
    // From addresses of their own: else it were one story.
    const address = `203.0.113.${Object.keys(meddled).indexOf(model) + 10}`;
    const thief = { user: `thief-of-${model}`, bytes: 1000, at: Date.now() - 60_000, address };
    const body = accessLine("model.safetensors", thief).replace("acme/acme-13b", `${model}/weights`);
    assert.equal((await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body })).status, 200);
  };
  const pack = async (model: string) => {
    const visitor = await signIn(server.link());
    const ask = async () => (await visitor.get(`/api/incidents?filter=model:${model}`)).body.items;
    const [incident] = await eventually(ask, (it) => it?.length > 0 && it[0].severity === "critical");
    const { body } = await visitor.get(`/api/incidents/${incident.id}/pack`);
    return { text: String(body), report: verifyPack(String(body)) };
  };
  const meddle = async (how: (store: Store) => Promise<unknown>) => {
    await server.close();
    const env = { ...(await enginesOf(data)) };
    const store = await openStore({ folder: data, env, log: pino({ level: "silent" }) });
    await how(store).finally(() => store.close());
    server = await aServer(data, configuration);
  };
  for (const it of Object.keys(meddled)) await send(it);
  return { send, pack, meddle };
}

async function overwrite({ state: { db }, engine }: Store): Promise<void> {
  await sql`update incident set title = 'nothing to see' where 'title' = any(models)`.execute(db);
  await sql`update alert set body = jsonb_set(body, '{principal}', '"somebody"') where model = 'accused'`.execute(db);
  await sql`update alert set body = jsonb_set(body, '{lastAt}', '1') where model = 'seen'`.execute(db);
  await prepareEvents(engine);
  const table = tableIn(engine, "event");
  const other = "replaceAll(doc, 'thief-of-event', 'svc-deploy') as doc";
  await engine.app.command({
    query: `insert into ${table} select * replace (${other}, received + 1 as received) from ${table} final where model = 'event'`,
  });
}

test("a pack holds when all was on record at its time, and names what was written over in the stores since", async (t) => {
  const { pack, send, meddle } = await stolen(t);
  for (const it of Object.keys(meddled)) {
    const { report } = await pack(it);
    // What is known of the source was never news: it is put on record by the pack.
    assert.deepEqual([report.problems, report.late], [[], 1], it);
  }
  await send("untouched");
  await meddle(overwrite);

  for (const [model, kind] of Object.entries(meddled)) {
    const { report, text } = await pack(model);
    assert.equal(report.ok, kind === undefined, `${model}: ${report.problems.join("\n")}`);
    for (const it of report.problems) {
      assert.match(it, new RegExp(`^CHANGED line \\d+: the ${kind} .* is not what was put on record at its time$`));
    }
    assert.equal(/NOT WHAT WAS PUT ON RECORD AT THEIR TIME/.test(text), kind !== undefined);
    assert.equal((await pack(model)).report.ok, kind === undefined, "and so it stays");
  }
});

test("what only a document told that is left out whole, because its id tells, is nowhere else in the pack either", async (t) => {
  const folder = aFolder("pack");
  const text = await readFile(
    new URL("../../../../content/rules/weights/host_weights_sent.yml", import.meta.url),
    "utf8",
  );
  const server = await aServer(
    join(folder.path, "data"),
    {
      models: [{ name: "acme", class: "private", places: ["file:/srv/acme.safetensors"] }],
      sources: [{ name: "fleet", kind: "agent" }],
    },
    { content: { rules: [{ path: "weights/host_weights_sent.yml", text }], playbooks: [], policy: "[]" } },
  );
  t.after(async () => {
    await server.close();
    folder.remove();
  });
  const sent: ActivityRecord = {
    activity: 1,
    id: "gpu-17:1:1",
    host: "gpu-17",
    time: Date.now() - 60_000,
    sensor: "poll",
    what: "send",
    process: { pid: 7, name: "curl", command: ["curl"], login: "eve", parents: [] },
    file: { path: "/srv/acme.safetensors", bytes: 1000 },
    atMost: 1000,
    peer: { address: "203.0.113.9", port: 443 },
  };
  const headers = { authorization: `Bearer ${server.token("fleet")}` };
  const body = `${JSON.stringify(sent)}\n`;
  assert.equal((await fetch(`${server.url}/api/ingest/fleet`, { method: "POST", headers, body })).status, 200);
  const visitor = await signIn(server.link());
  const ask = async () => (await visitor.get("/api/incidents?filter=model:acme")).body.items;
  const [incident] = await eventually(ask, (it) => it?.length > 0);
  const packed = async (query: string) =>
    String((await visitor.get(`/api/incidents/${incident.id}/pack${query}`)).body);
  assert.match(await packed(""), /gpu-17.*203\.0\.113\.9/s);
  const redacted = await packed("?redact=address");
  assert.deepEqual(verifyPack(redacted).problems, []);
  assert.doesNotMatch(redacted, /gpu-17|203\.0\.113\.9/);
});
