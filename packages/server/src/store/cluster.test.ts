// Three event servers with a part of the events each: what is whole, what is less, and that nothing is lost while one is away.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { aCluster, clusterName, noClickHouse, type ACluster, type Handed } from "../testing/a-clickhouse.ts";
import { anEvent } from "../testing/an-event.ts";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { ServerError } from "../error.ts";
import { isExternal } from "../testing/engines.ts";
import { connectEngine, type Elsewhere } from "./engine/elsewhere.ts";
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

/** Asks again while a server is on its way down or up. */
const sure = <Answer>(ask: () => Promise<Answer>, isIt: (answer: Answer) => boolean = () => true): Promise<Answer> =>
  eventually(
    () => ask().catch(() => undefined),
    (it) => it !== undefined && isIt(it),
    60_000,
  ).then((it) => it ?? assert.fail("no answer"));

test("answers are of all servers, or say that they are not; what must be whole is refused", { skip }, async (t) => {
  const engine = await connect(await servers.hand());
  t.after(() => engine.close());
  await prepareEvents(engine, "here");
  await prepareEvents(engine, "here");
  const all = Array.from({ length: 90 }, (_, i) => anEvent(`e${i}`, { time: 1000 + i, principal: "ana" }));
  const store = (now: number) => sure(() => insertEvents(engine, all, now).then(() => true));
  await store(1);
  await store(2);
  const ids = all.map((it) => it.id);
  const find = () => findEvents(engine, { filter: "", limit: 100, now: 10_000 });
  const isLess = (n: number) => n > 0 && n < 90;
  const whole = await sure(find, (it) => it.partial === undefined);
  assert.deepEqual([whole.items.length, whole.total], [90, 90]);

  // The first is the one that is asked: it is away too.
  for (const shard of [1, 0]) {
    await servers.kill(shard);
    const less = await sure(find, (it) => it.partial === true);
    assert.ok(isLess(less.total), `${less.total} of 90`);
    const told = await sure(() => summarise(engine, { of: exactly("principal", "ana"), by: "source" }));
    assert.ok(told.partial === true && isLess(told.events), `${told.events} of 90`);
    await assert.rejects(eventsById(engine, ids, within), { code: "EVENTS_UNAVAILABLE" });
    let isPartial = false;
    const some = await sure(() => eventsById(engine, ids, within, { onPartial: () => (isPartial = true) }));
    assert.ok(isPartial && isLess(some.length), `${some.length} of 90`);
    assert.match(engine.problem ?? "", /^\d of 3 event servers do not answer: http:\/\/127\.0\.0\.1:\d+/);
    const storing = insertEvents(engine, all, 3);
    await assert.rejects(storing, { code: "EVENTS_UNAVAILABLE" }, "not on all servers that it belongs to");
    await servers.restart(shard);
    await store(3);
    const again = await sure(find, (it) => it.partial === undefined);
    assert.equal(again.total, 90, "each once, however often it was stored");
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
  await eventually(events, (it) => it.total === sent, 60_000);
  await servers.kill(2);
  await send();
  const health = async () => (await visitor.get("/healthz")).body;
  assert.match((await eventually(health, (it) => !it.ok)).events, /\d of 3 event servers do not answer/);
  assert.equal((await eventually(events, (it) => it.partial === true, 60_000)).partial, true);
  await servers.restart(2);
  await send();
  const whole = await eventually(events, (it) => it.total === sent && it.partial === undefined, 60_000);
  assert.deepEqual([whole.total, whole.partial], [120, undefined]);
  const source = async () => (await visitor.get("/api/sources?filter=name:registry")).body.items[0];
  assert.equal((await eventually(source, (it) => it.events === sent, 60_000)).rejects, 0, "no record was given up");
});

test("servers that are no cluster, or not all of one, are refused with what to do", { skip }, async (t) => {
  const [given, part, alone] = [await servers.hand(), await servers.hand(), await servers.hand()];
  const firstOf = ({ url }: Handed, count = 1) => url.split(",").slice(0, count).join(",");
  /** Why it cannot be used; empty if it can. */
  const problemOf = async (elsewhere: Elsewhere) => {
    try {
      const engine = await connectEngine(elsewhere);
      t.after(() => engine.close());
      await prepareEvents(engine, "here");
      return "";
    } catch (error) {
      return error instanceof ServerError ? `${error.code} ${error.message}` : String(error);
    }
  };
  const refused = async (elsewhere: Elsewhere, why: RegExp) =>
    assert.match(
      await eventually(
        () => problemOf(elsewhere),
        (it) => why.test(it),
        60_000,
      ),
      why,
    );
  const { url } = given;
  await refused({ url }, /names 3 servers: name their cluster in CLICKHOUSE_CLUSTER/);
  const fewer = { url, hunterUrl: firstOf(given), cluster: clusterName };
  await refused(fewer, /CLICKHOUSE_HUNTER_URL names 1 servers, CLICKHOUSE_URL 3/);
  await refused({ url: `${url}x`, cluster: clusterName }, /several databases/);
  await refused({ url, cluster: "nobody's" }, /^EVENTS_UNAVAILABLE .*nobody's/);
  await refused({ url: firstOf(part, 2), cluster: clusterName }, /name one of each shard in CLICKHOUSE_URL/);
  await refused({ url: firstOf(part) }, /^DATA_IN_USE .*one part of a cluster's events/);
  await eventually(
    () => problemOf({ url: firstOf(alone) }),
    (it) => it === "",
    60_000,
  );
  await refused({ url: alone.url, cluster: clusterName }, /^DATA_IN_USE .*holds events of one server/);
});
