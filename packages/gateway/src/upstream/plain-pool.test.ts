import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LateError, PlainPool, type Asker, type Flow } from "./plain-pool.ts";

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A server that is told for each request what to do with its connection. */
async function world(t: TestContext, reply: (socket: Socket, n: number) => void, over: object = {}) {
  let connections = 0;
  let requests = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => undefined);
    socket.on("data", (it) => {
      for (const _ of it.toString("latin1").matchAll(/HTTP\/1\.1\r\n/g)) reply(socket, ++requests);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const times = { headMs: 60_000, silenceMs: 60_000, connectMs: 5_000, idleMs: 4_000 };
  const pool = new PlainPool({ host: "127.0.0.1", port, authority: "m", connections: 2, ...times, ...over });
  t.after(() => {
    pool.destroy();
    server.close();
  });
  const open = () =>
    new Promise<number>((done, failed) => server.getConnections((error, n) => (error ? failed(error) : done(n))));
  return { pool, open, count: () => ({ connections, requests }) };
}

interface Asked extends Asker {
  isOver: boolean;
}

/** One request; its whole answer, or the error. */
function ask(pool: PlainPool, body = "{}"): { readonly asker: Asked; readonly done: Promise<string | Error> } {
  let asker: Asked | undefined;
  const done = new Promise<string | Error>((settled) => {
    let text = "";
    asker = {
      isOver: false,
      onRequestStart: () => undefined,
      onResponseStart: (_, status) => (text = `${status} `),
      onResponseData: (_, bytes) => (text += bytes.toString()),
      onResponseEnd: () => settled(text),
      onResponseError: (_, error) => settled(error),
    };
    pool.dispatch({ method: "POST", path: "/", fields: "x-a: b\r\n", body: Buffer.from(body) }, asker);
  });
  assert.ok(asker);
  return { asker, done };
}

test("one connection carries one request after the other", async (t) => {
  const { pool, count } = await world(t, (socket) => socket.write(answer));
  for (let i = 0; i < 20; i++) assert.equal(await ask(pool).done, "200 ok");
  assert.deepEqual(count(), { connections: 1, requests: 20 });
});

test("who pauses a connection with the last of an answer holds up nobody who gets it next", async (t) => {
  const { pool, count } = await world(t, (socket) => socket.write(answer));
  const { asker, done } = ask(pool);
  let flow: Flow | undefined;
  const { onResponseStart, onResponseEnd } = asker;
  Object.assign(asker, {
    onResponseStart: (...it: Parameters<Asker["onResponseStart"]>) => {
      flow = it[0];
      onResponseStart(...it);
    },
    onResponseEnd: () => {
      flow?.pause();
      onResponseEnd();
    },
  });
  assert.equal(await done, "200 ok");
  assert.ok(flow);
  assert.equal(await ask(pool).done, "200 ok");
  assert.deepEqual(count(), { connections: 1, requests: 2 });
});

test("no more connections are made than allowed; who waits is served in turn, but for who went away", async (t) => {
  const { pool, count } = await world(t, (socket) => void setTimeout(() => socket.write(answer), 20));
  const all = Array.from({ length: 12 }, () => ask(pool));
  const gone = all[5];
  assert.ok(gone);
  gone.asker.isOver = true;
  const answers = await Promise.all(all.filter((it) => it !== gone).map((it) => it.done));
  assert.deepEqual(new Set(answers), new Set(["200 ok"]));
  assert.deepEqual(count(), { connections: 2, requests: 11 });
});

test("a connection that the server closed between two requests costs none of them", async (t) => {
  const { pool, count, open } = await world(t, (socket) => void socket.write(answer, () => socket.end()));
  for (let i = 0; i < 5; i++) {
    assert.equal(await ask(pool).done, "200 ok");
    // Closed at both ends: the pool has seen it.
    for (; (await open()) > 0;) await sleep(5);
  }
  assert.deepEqual(count(), { connections: 5, requests: 5 });
});

test("a connection that breaks in an answer is an error once, nothing is sent twice, and the next request gets a new one", async (t) => {
  const { pool, count } = await world(t, (socket, n) => {
    if (n === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", () => socket.destroy());
    else socket.write(answer);
  });
  assert.ok((await ask(pool).done) instanceof Error);
  assert.equal(await ask(pool).done, "200 ok");
  assert.deepEqual(count(), { connections: 2, requests: 2 });
});

test("what is no answer is an error, and its connection is not used again", async (t) => {
  const { pool, count } = await world(t, (socket, n) => socket.write(n === 1 ? `${answer}${answer}` : answer));
  assert.equal(await ask(pool).done, "200 ok");
  assert.equal(await ask(pool).done, "200 ok");
  assert.equal(count().connections, 2);
});

test("a server that says nothing, or falls silent, is late", async (t) => {
  const { pool } = await world(
    t,
    (socket, n) => {
      if (n === 2) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    },
    { headMs: 300, silenceMs: 300 },
  );
  assert.ok((await ask(pool).done) instanceof LateError);
  assert.ok((await ask(pool).done) instanceof LateError);
});

test("what runs on in a pool that was closed is late all the same, and so is what is still asked of it", async (t) => {
  const { pool } = await world(t, () => undefined, { headMs: 300 });
  const running = ask(pool);
  pool.close();
  assert.ok((await running.done) instanceof LateError);
  await sleep(600);
  assert.ok((await ask(pool).done) instanceof LateError);
});

test("a server that is not there is an error at once", async (t) => {
  const { pool } = await world(t, () => undefined, { port: 9 });
  assert.ok((await ask(pool).done) instanceof Error);
});
