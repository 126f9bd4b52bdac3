// Streams are framed by our own hand: whatever the sizes, and however many are asked for at once, what arrives is what was sent.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { aGateway } from "../testing/a-gateway.ts";
import { mockUpstream, type Answer } from "../testing/upstream.ts";

async function world(t: TestContext, answer: Answer) {
  const upstream = await mockUpstream(answer);
  const it = await aGateway({
    upstreams: [{ name: "m", protocol: "openai", url: upstream.url }],
    plans: { strict: { logprobs: false } },
  });
  t.after(async () => {
    await it.close();
    await upstream.close();
  });
  return it;
}

const body = '{"model":"m","stream":true,"messages":[]}';
const headers = (key: string) => ({ authorization: `Bearer ${key}`, "content-type": "application/json" });

test("events of one byte, of kilobytes and of many segments arrive byte for byte, also those that are no text", async (t) => {
  const sizes = [1, 100, 12 * 1024 - 1, 12 * 1024, 12 * 1024 + 1, 300_000, 2];
  const sent = sizes.map((size, i) => Buffer.alloc(size, 250 - i));
  const it = await world(t, (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    for (const one of sent) res.write(one);
    res.end();
  });
  const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: headers(it.key),
    body,
  });
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(Buffer.concat(sent)));
});

test("two streams that were asked for in one piece follow one another, each with its own end", async (t) => {
  let asked = 0;
  const it = await world(t, (_, res) => {
    const name = `stream ${asked++}`;
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(`data: ${name} begins\n\n`);
    res.end(`data: ${name} ends\n\n`);
  });
  const request = (more: string) => {
    const lines = Object.entries({ host: "a", "content-length": body.length, ...headers(it.key) });
    return `POST /v1/chat/completions HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}${more}\r\n${body}`;
  };
  const socket = connect(Number(new URL(it.gateway.url).port), "127.0.0.1");
  let said = "";
  socket.on("data", (chunk) => (said += chunk.toString("latin1")));
  socket.write(request("") + request("connection: close\r\n"));
  await once(socket, "close");
  const bodies = said
    .split(/HTTP\/1\.1 200[^]*?\r\n\r\n/)
    .slice(1)
    .map(unframed);
  assert.deepEqual(
    bodies.map((text) => text.replace(/\d/g, "n")),
    ["data: stream n begins\n\ndata: stream n ends\n\n", "data: stream n begins\n\ndata: stream n ends\n\n"],
  );
});

test("a stream that breaks off at the model server is broken off here, never ended", async (t) => {
  const it = await world(t, (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write("data: a\n\n", () => res.destroy());
  });
  await assert.rejects(async () => {
    await (
      await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers: headers(it.key), body })
    ).text();
  });
});

test("an answer that can have no body has none, though it calls itself a stream", async (t) => {
  const it = await world(t, (_, res) => {
    res.writeHead(204, { "content-type": "text/event-stream" });
    res.end();
  });
  const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: headers(it.key),
    body,
  });
  assert.deepEqual([answer.status, answer.headers.get("transfer-encoding"), await answer.text()], [204, null, ""]);
});

/** The text in chunks; fails where they are none, or have no end. */
function unframed(text: string): string {
  let out = "";
  for (let at = 0; ;) {
    const end = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, end), 16);
    assert.ok(end > 0 && size >= 0, text.slice(at, at + 40));
    if (size === 0) return out;
    out += text.slice(end + 2, end + 2 + size);
    assert.equal(text.slice(end + 2 + size, end + 4 + size), "\r\n");
    at = end + 4 + size;
  }
}

test("answers that come in pieces, many at once, never get a byte of one another", async (t) => {
  // What is sent on at once, what waits for the rest of an event that is edited, and more than a connection takes at once.
  const kinds = ["whole", "sse", "edited", "plain"] as const;
  const large = { whole: 4_500, sse: 4_500, edited: 4_500, plain: 8_000_000 };
  const piecesOf = (name: string, kind: (typeof kinds)[number]) =>
    [20, 20, large[kind], 20, 20].map((times, i) => `${name}${i}`.repeat(times));
  const count = 12;
  let waiting: (() => void)[] = [];
  const it = await world(t, (_, res, asked) => {
    const { user: kind, model: name } = JSON.parse(asked) as { user: (typeof kinds)[number]; model: string };
    const pieces = piecesOf(name, kind);
    const length = pieces.join("").length;
    if (kind === "whole") res.writeHead(200, { "content-type": "application/json", "content-length": length });
    else res.writeHead(200, { "content-type": kind === "plain" ? "text/plain" : "text/event-stream" });
    const write = () => {
      const piece = pieces.shift();
      if (piece === undefined) res.end(kind === "edited" ? "\n\n" : undefined);
      else res.write(piece, () => setImmediate(write));
    };
    // The first piece of each comes before the second of any.
    res.write(pieces.shift());
    waiting.push(write);
    if (waiting.length < count) return;
    for (const go of waiting) go();
    waiting = [];
  });
  const strict = it.newKey({ principal: "bob", plan: "strict" });
  await it.admin("POST", "/reload");
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const [kind = "whole", name] = [kinds[i % 4], String.fromCharCode(97 + i)];
      const key = kind === "edited" ? strict : it.key;
      const asked = JSON.stringify({ model: name, user: kind, messages: [] });
      const url = `${it.gateway.url}/v1/chat/completions`;
      const answer = await fetch(url, { method: "POST", headers: headers(key), body: asked });
      const expected = piecesOf(name, kind).join("") + (kind === "edited" ? "\n\n" : "");
      assert.ok((await answer.text()) === expected, `answer ${i}`);
    }),
  );
});
