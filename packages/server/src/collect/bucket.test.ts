// The real client of S3 against a store of ours, and the whole server behind it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bucketEntry, type ConfigInput } from "@outweigh/schema";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, spawnServer, type Visitor } from "../testing/a-server.ts";
import { aStore, type AStore } from "../testing/a-store.ts";
import { openBucket } from "./bucket-store.ts";

const hour = 3_600_000;
const env = { LOGS_KEY: "AKIDEXAMPLE", LOGS_SECRET: "example" };

function configured(store: AStore, over: object = {}): ConfigInput {
  const keys = { accessKeyId: "${LOGS_KEY}", secretAccessKey: "${LOGS_SECRET}" };
  const s3 = { bucket: "acme-logs", prefix: "web/", endpoint: store.url, forcePathStyle: true, everyMs: 1000, ...keys };
  return {
    models: [{ name: "acme-13b", class: "private", places: ["s3://acme-models/acme-13b/"] }],
    sources: [{ name: "web", kind: "http-access", s3: { ...s3, ...over } }],
  };
}

interface World {
  readonly store: AStore;
  readonly server: () => Running;
  restart(): Promise<void>;
  /** The source as the API tells of it, once it is as wanted. */
  source(isWanted: (it: any) => boolean): Promise<any>; // oxlint-disable-line typescript/no-explicit-any -- answers of the API
}

async function aWorld(t: TestContext, over: object = {}): Promise<World> {
  const folder = aFolder("bucket");
  const store = await aStore();
  let server: Running;
  let visitor: Visitor;
  const begin = async () => {
    server = await aServer(join(folder.path, "data"), configured(store, over), { env });
    visitor = await signIn(server.link());
  };
  await begin();
  t.after(async () => {
    await server.close();
    await store.close();
    folder.remove();
  });
  const ask = async () => (await visitor.get("/api/sources?filter=name:web")).body.items[0];
  return {
    store,
    server: () => server,
    restart: async () => {
      await server.close();
      await begin();
    },
    source: (isWanted) => eventually(ask, (it) => it !== undefined && isWanted(it), 120_000),
  };
}

const lines = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => accessLine(`${name}-${i}.safetensors`)).join("\n");

test("objects are read once each: packed or not, in pages, out of order, over a restart, and while others fail", async (t) => {
  const it = await aWorld(t);
  const { store } = it;
  store.pageSize = 2;
  store.fault = (of) => (of === "web/c broken+é.log" ? { status: 500, code: "InternalError" } : undefined);
  store.put("web/a.log.gz", gzipSync(lines("a", 3)));
  store.put("web/b.zst", zstdCompressSync(lines("b", 4)));
  store.put("web/c broken+é.log", lines("c", 5));
  store.put("web/d.log", lines("d", 6));
  store.put("web/old.log", lines("old", 100), Date.now() - 48 * hour);
  store.put("web/folder/", "");
  store.put("else/e.log", lines("e", 100));
  // What is being read counts as not read to its end yet.
  const isFailing = (of: { object: string }[]) => of.length === 1 && of[0]?.object === "web/c broken+é.log";
  const first = await it.source((now) => now.events === 13 && isFailing(now.collector.failing));
  // Over plain HTTP, whoever sits between could have written it.
  assert.deepEqual(
    first.grades.map((of: { way: string; grade: string }) => [of.way, of.grade]),
    [["bucket-plain", "plain"]],
  );
  assert.equal(first.events, 13);
  assert.equal(first.collector.failing[0].object, "web/c broken+é.log");
  assert.match(first.collector.failing[0].reason, /^it cannot be read: 500 /);
  assert.equal(first.state, "sending", "one object that fails is not a source that fails");
  // Nothing is asked of the store but what two permissions allow.
  assert.deepEqual(
    store.asked.filter((asked) => asked !== "list" && !asked.startsWith("get web/")),
    [],
  );

  // A key that sorts before all others, written a while ago, and a page's end between.
  store.put("web/0.log", lines("0", 7), Date.now() - 5 * hour);
  const second = await it.source((now) => now.events === 20);
  assert.equal(second.events, 20);

  await it.restart();
  store.put("web/z.log", lines("z", 1));
  // What fails is asked for again and again: in between nothing of it waits.
  const third = await it.source((now) => now.events === 21 && now.collector.taken === 1 && now.collector.waiting === 1);
  assert.deepEqual([third.events, third.records, third.collector.taken], [21, 21, 1]);
  assert.deepEqual([third.collector.position, third.collector.waiting], ["web/z.log", 1]);
  assert.equal(store.asked.filter((asked) => asked === "get web/a.log.gz").length, 1);
});

test("a refusal names the permission, a redirect is not followed, what is broken is given up and said", async (t) => {
  const it = await aWorld(t, { prefix: "" });
  const { store } = it;
  let listing: ReturnType<AStore["fault"]> = { status: 403, code: "AccessDenied" };
  let reading: ReturnType<AStore["fault"]> = { status: 403, code: "AccessDenied" };
  store.fault = (of) => (of === "list" ? listing : of === "a" ? reading : of === "cut" ? { truncate: 9 } : undefined);
  store.put("a", lines("a", 2));
  store.put("gone", lines("gone", 2));
  const denied = await it.source((now) => now.problem !== undefined);
  assert.equal(denied.state, "failing");
  assert.match(denied.problem, /needs s3:ListBucket on arn:aws:s3:::acme-logs/);

  const other = await aStore();
  t.after(() => other.close());
  listing = { redirect: `${other.url}/acme-logs?list-type=2` };
  const redirected = await it.source((now) => /redirects/.test(now.problem ?? ""));
  assert.match(redirected.problem, /redirects \(307\), which is not followed/);
  assert.deepEqual(other.asked, []);

  listing = undefined;
  store.put("cut", lines("cut", 2));
  const refused = await it.source(
    (now) => now.collector.waiting === 2 && now.problem === undefined && now.events === 2,
  );
  const reasons = refused.collector.failing.map((f: { object: string; reason: string }) => `${f.object}: ${f.reason}`);
  assert.match(reasons.join("\n"), /a: the key may not read: it needs s3:GetObject on arn:aws:s3:::acme-logs\/a/);
  assert.match(reasons.join("\n"), /cut: /);
  assert.equal(refused.events, 2, "the others are read");
  reading = undefined;
});

test("a bucket that holds a protected model is refused, and so is a missing variable", async () => {
  const folder = aFolder("vault");
  const store = await aStore();
  try {
    for (const [over, why] of [
      [
        { bucket: "acme-models", prefix: "acme-13b/logs/" },
        /overlaps s3:\/\/acme-models\/acme-13b\/, where acme-13b lies/,
      ],
      [{ bucket: "acme-models", prefix: "" }, /overlaps/],
      [{ bucket: "acme-models", prefix: "{yyyy}/" }, /overlaps/],
    ] as const) {
      await assert.rejects(aServer(join(folder.path, "data"), configured(store, over), { env }), (error) => {
        assert.ok(error instanceof Error && "code" in error && error.code === "SOURCE_REFUSED");
        assert.match(error.message, why);
        return true;
      });
    }
    await assert.rejects(aServer(join(folder.path, "data"), configured(store)), /the environment has no LOGS_KEY/);
    assert.deepEqual(store.asked, []);
  } finally {
    await store.close();
    folder.remove();
  }
});

test("a server that is killed in the middle reads on: every line is an event, once", async (t) => {
  const folder = aFolder("bucket-kill");
  const store = await aStore();
  t.after(async () => {
    await store.close();
    folder.remove();
  });
  Object.assign(process.env, env);
  // Longer than what is handed on at once: it is killed between its pieces.
  store.put("web/big.gz", gzipSync(lines("big", 9_000)));
  const total = 9_000 + 14 * 50;
  let put = 0;
  for (let kill = 0; kill < 2; kill++) {
    const { child, ready } = await spawnServer(join(folder.path, "data"), configured(store));
    await ready;
    for (const until = put + 7; put < until; put++) store.put(`web/${(put * 5) % 14}.log`, lines(`n${put}`, 50));
    await sleep(200 + kill * 400);
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  const { child, ready } = await spawnServer(join(folder.path, "data"), configured(store));
  const visitor = await signIn((await ready).open);
  const counted = async () => (await visitor.get("/api/events?filter=source:web&limit=1")).body.total;
  const events = await eventually(counted, (now) => now >= total, 120_000);
  await sleep(2500); // What came twice would come now.
  assert.deepEqual([events, await counted()], [total, total]);
  child.kill("SIGTERM");
  await once(child, "exit");
});

test("a listing and an error that do not end are not held", async (t) => {
  let status = 200;
  const server = createServer((_, response) => {
    response.on("error", () => undefined).writeHead(status, { "content-type": "application/xml" });
    const piece = Buffer.alloc(1024 * 1024, "<Contents><Key>a</Key></Contents>");
    const more = () => {
      while (response.writable && response.write(piece));
      response.once("drain", more);
    };
    more();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const entry = bucketEntry.parse({ bucket: "acme-logs", endpoint: `http://127.0.0.1:${port}`, forcePathStyle: true });
  const keys = { accessKeyId: "${LOGS_KEY}", secretAccessKey: "${LOGS_SECRET}" };
  const store = await openBucket("web", { ...entry, ...keys }, env);
  const { signal } = new AbortController();
  const tooLong = { message: /longer than 8388608 bytes/ };
  await assert.rejects(store.list("", undefined, signal), tooLong);
  status = 400;
  await assert.rejects(store.get({ object: "a", version: "1" }, signal), tooLong);
  store.close();
});
