// Three event servers with a part of the events each: what is whole, what is less, and that nothing is lost while one is away.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { aCluster, clusterName, noClickHouse, type ACluster, type Handed } from "../testing/a-clickhouse.ts";
import { anEvent } from "../testing/an-event.ts";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { isExternal } from "../testing/engines.ts";
import { connectEngine } from "./engine/elsewhere.ts";
import { prepareEvents } from "./event-tables.ts";
import { eventsById, findEvents, insertEvents } from "./events.ts";
import { exactly, summarise } from "./summary.ts";

const skip = isExternal() ? "it has engines of its own" : (noClickHouse ?? false);
const folder = aFolder("cluster");
let servers: ACluster;

before(async () => {
  if (skip === false) servers = await aCluster(join(folder.path, "servers"));
});
after(async () => {
  if (skip === false) await servers.stop();
  folder.remove();
});

const connect = ({ url, hunterUrl }: Handed) => connectEngine({ url, hunterUrl, cluster: clusterName });
const within = { from: 0, to: 1_000_000 };

test("answers are of all servers, or say that they are not; what must be whole is refused", { skip }, async (t) => {
  const engine = await connect(await servers.hand());
  t.after(() => engine.close());
  await prepareEvents(engine, "here");
  await prepareEvents(engine, "here");
  const all = Array.from({ length: 90 }, (_, i) => anEvent(`e${i}`, { time: 1000 + i, principal: "ana" }));
  await insertEvents(engine, all, 1);
  await insertEvents(engine, all.slice(0, 30), 2);
  const ids = all.map((it) => it.id);
  const find = () => findEvents(engine, { filter: "", limit: 100, now: 10_000 });
  const whole = await find();
  assert.deepEqual([whole.items.length, whole.total, whole.partial], [90, 90, undefined]);
  assert.equal(engine.problem, undefined);

  // The first is the one that is asked: it is away too.
  for (const shard of [1, 0]) {
    await servers.kill(shard);
    const less = await find();
    assert.equal(less.partial, true);
    assert.ok(less.total > 0 && less.total < 90, `${less.total} of 90`);
    const told = await summarise(engine, { of: exactly("principal", "ana"), by: "source" });
    assert.deepEqual([told.partial, told.events], [true, less.total]);
    await assert.rejects(eventsById(engine, ids, within), { code: "EVENTS_UNAVAILABLE" });
    let isPartial = false;
    const some = await eventsById(engine, ids, within, { onPartial: () => (isPartial = true) });
    assert.deepEqual([some.length, isPartial], [less.total, true]);
    assert.match(engine.problem ?? "", /^1 of 3 event servers do not answer: http:\/\/127\.0\.0\.1:\d+$/);
    const storing = insertEvents(engine, all, 3);
    await assert.rejects(storing, { code: "EVENTS_UNAVAILABLE" }, "not on all servers that it belongs to");
    await servers.restart(shard);
    await insertEvents(engine, all, 3);
    const again = await find();
    assert.deepEqual([again.total, again.partial], [90, undefined], "each once, however often it was stored");
  }
});

test("what is sent while a server is away waits, and is stored once when it is back", { skip }, async (t) => {
  const { url, hunterUrl } = await servers.hand();
  const env = { CLICKHOUSE_URL: url, CLICKHOUSE_HUNTER_URL: hunterUrl, CLICKHOUSE_CLUSTER: clusterName };
  const sources = [{ name: "registry", kind: "http-access" as const }];
  const server = await aServer(join(folder.path, "data"), { sources }, { env });
  t.after(() => server.close());
  const visitor = await signIn(server.openUrl);
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  let sent = 0;
  const send = async () => {
    const body = Array.from({ length: 40 }, () => accessLine(`n${sent++}.safetensors`)).join("\n");
    const answer = await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body });
    assert.equal(answer.status, 200, "what is sent is taken");
  };
  const events = async () => (await visitor.get("/api/events?filter=source:registry")).body;
  await send();
  await eventually(events, (it) => it.total === sent);
  await servers.kill(2);
  await send();
  const health = async () => (await visitor.get("/healthz")).body;
  assert.match((await eventually(health, (it) => !it.ok)).events, /1 of 3 event servers do not answer/);
  assert.equal((await events()).partial, true);
  await servers.restart(2);
  await send();
  const whole = await eventually(events, (it) => it.total === sent && it.partial === undefined);
  assert.deepEqual([whole.total, whole.partial], [120, undefined]);
  const source = async () => (await visitor.get("/api/sources?filter=name:registry")).body.items[0];
  assert.equal((await eventually(source, (it) => it.events === sent)).rejects, 0, "no record was given up");
});

test("servers that are no cluster, or not all of one, are refused with what to do", { skip }, async (t) => {
  const given = await servers.hand();
  const { url, database } = given;
  const [first = "", second = ""] = url.split(",");
  const refused = (message: RegExp) => ({ code: "EVENTS_UNAVAILABLE", message });
  await assert.rejects(connectEngine({ url }), refused(/names 3 servers: name their cluster in CLICKHOUSE_CLUSTER/));
  const fewer = connectEngine({ url, hunterUrl: first, cluster: clusterName });
  await assert.rejects(fewer, refused(/CLICKHOUSE_HUNTER_URL names 1 servers, CLICKHOUSE_URL 3/));
  const mixed = connectEngine({ url: `${first},${second}x`, cluster: clusterName });
  await assert.rejects(mixed, refused(/several databases/));
  const unknown = await connectEngine({ url, cluster: "nobody's" });
  t.after(() => unknown.close());
  await assert.rejects(prepareEvents(unknown, "here"), refused(/nobody's/));
  await servers.run(`drop database ${database}`, `create database ${database}`);

  const two = await connectEngine({ url: `${first},${second}`, cluster: clusterName });
  t.after(() => two.close());
  await assert.rejects(prepareEvents(two, "here"), refused(/name one of each shard in CLICKHOUSE_URL/));
  const one = await connectEngine({ url: first });
  t.after(() => one.close());
  await assert.rejects(prepareEvents(one, "here"), { code: "DATA_IN_USE", message: /one part of a cluster's events/ });
  await servers.run(`drop database ${database}`, `create database ${database}`);
  await prepareEvents(one, "here");
  const many = await connect(given);
  t.after(() => many.close());
  await assert.rejects(prepareEvents(many, "here"), { code: "DATA_IN_USE", message: /holds events of one server/ });
});
