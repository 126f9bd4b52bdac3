import assert from "node:assert/strict";
import { request } from "node:http";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { aGateway, type TestGateway } from "../testing/a-gateway.ts";
import { proofDigest, zeroBits } from "../orders/challenge.ts";
import { until } from "../testing/until.ts";
import { mockUpstream, saying, type Answer } from "../testing/upstream.ts";

async function world(t: TestContext, answer: Answer, section: object = {}, protocol = "openai") {
  const upstream = await mockUpstream(answer);
  const it = await aGateway({
    contact: "ml-security@acme.example",
    upstreams: [{ name: "mock", protocol, url: upstream.url }],
    ...section,
  });
  t.after(async () => {
    await it.close();
    await upstream.close();
  });
  return { upstream, it };
}

function ask(it: TestGateway, path: string, body: object | string, headers: Record<string, string> = {}, key = it.key) {
  return fetch(it.gateway.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The answer's JSON, as the test knows it to be. */
async function read<T = { error: { code: string; message: string } }>(answer: Response): Promise<T> {
  return (await answer.json()) as T;
}

const chat = { model: "m", messages: [{ role: "user", content: "hello" }] };
const order = (over: object) => ({
  id: "ORD-1",
  verb: "suspend",
  principal: "alice",
  reason: "many odd queries",
  by: "ana",
  from: 0,
  until: Date.now() + 600_000,
  ...over,
});
const scored = {
  choices: [
    {
      message: { content: "yes", reasoning_content: "because" },
      logprobs: { content: [{ token: "yes", logprob: -0.1, top_logprobs: [{ token: "no", logprob: -2.5 }] }] },
    },
  ],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
};

test("an answer passes byte for byte, and so does an error of the model server", async (t) => {
  const odd = '{ "choices": [ ],\n "n": 1.50 }';
  const { it } = await world(t, (_, res, body) => {
    res.writeHead(body.includes("fail") ? 422 : 200, { "content-type": "application/json", "x-model": "a" });
    res.end(odd);
  });
  const good = await ask(it, "/v1/chat/completions", chat);
  assert.deepEqual([good.status, good.headers.get("x-model"), await good.text()], [200, "a", odd]);
  const bad = await ask(it, "/v1/chat/completions", { ...chat, user: "fail" });
  assert.deepEqual([bad.status, await bad.text()], [422, odd]);
});

test("nobody gets anywhere without a key, with a wrong one, a revoked or an expired one, and all hear the same", async (t) => {
  const { it, upstream } = await world(t, saying({}));
  const wrong = it.key.slice(0, -1) + (it.key.endsWith("A") ? "B" : "A");
  const expired = it.newKey({ principal: "bob", expiresAt: 1 });
  await it.admin("POST", "/reload");
  const answers = await Promise.all(
    ["", wrong, "sk-unlike", expired].map((key) => ask(it, "/v1/chat/completions", chat, {}, key)),
  );
  const texts = new Set(await Promise.all(answers.map((one) => one.text())));
  assert.deepEqual(
    answers.map((one) => one.status),
    [401, 401, 401, 401],
  );
  assert.equal(texts.size, 1);
  assert.equal(upstream.reached.length, 0);
});

test("a route that is not in the table does not exist, and one that gives weights away is told to the owner", async (t) => {
  const { it, upstream } = await world(t, saying({}), {}, "ollama");
  assert.equal((await ask(it, "/api/unheard-of", {})).status, 404);
  const push = await ask(it, "/api/push", { model: "acme" });
  assert.equal(push.status, 403);
  assert.match(
    (await read<{ error: string }>(push)).error,
    /uploads the weights.*GRAVE_ROUTE.*ml-security@acme\.example/,
  );
  assert.equal(upstream.reached.length, 0);
});

test("a key asks only the models it is for", async (t) => {
  const { it } = await world(t, saying({}));
  const key = it.newKey({ principal: "bob", models: ["acme-*"] });
  await it.admin("POST", "/reload");
  const status = async (model: string) => (await ask(it, "/v1/chat/completions", { ...chat, model }, {}, key)).status;
  assert.deepEqual([await status("acme-13b"), await status("other")], [200, 403]);
});

for (const [forcing, value] of [
  ["logit_bias", { 7: 100 }],
  ["allowed_token_ids", [7]],
  ["guided_regex", "a"],
  ["structured_outputs", { choice: ["a"] }],
  ["response_format", { type: "json_schema", json_schema: {} }],
] as const) {
  test(`log-probabilities together with ${forcing} are never given, each alone is`, async (t) => {
    const { it, upstream } = await world(t, saying(scored));
    const both = await ask(it, "/v1/chat/completions", { ...chat, logprobs: true, [forcing]: value });
    assert.equal(both.status, 403);
    assert.equal((await read(both)).error.code, "SCORES_OF_FORCED_TOKENS");
    assert.equal(both.headers.get("x-should-retry"), "false");
    assert.equal(upstream.reached.length, 0);
    assert.equal((await ask(it, "/v1/chat/completions", { ...chat, logprobs: true })).status, 200);
    assert.equal((await ask(it, "/v1/chat/completions", { ...chat, [forcing]: value })).status, 200);
  });
}

test("scores of the prompt are not given, however they are spelt", async (t) => {
  const { it, upstream } = await world(t, saying(scored));
  const asks = [
    ask(it, "/v1/chat/completions", { ...chat, prompt_logprobs: 0 }),
    ask(it, "/v1/chat/completions", '{"model":"m","messages":[],"prompt_log\\u0070robs":1}'),
    ask(it, "/v1/completions", { model: "m", prompt: "a", echo: true, logprobs: 0 }),
  ];
  assert.deepEqual(
    (await Promise.all(asks)).map((one) => one.status),
    [403, 403, 403],
  );
  assert.equal(upstream.reached.length, 0);
});

test("an order to strip takes scores and reasoning out, and leaves the rest", async (t) => {
  const { it } = await world(t, saying(scored));
  await it.admin("POST", "/orders", order({ id: "A", verb: "strip-logprobs" }));
  await it.admin("POST", "/orders", order({ id: "B", verb: "strip-reasoning" }));
  const answer = await (await ask(it, "/v1/chat/completions", { ...chat, logprobs: true })).json();
  assert.deepEqual(answer, {
    ...scored,
    choices: [{ message: { content: "yes", reasoning_content: null }, logprobs: null }],
  });
});

test("what cannot be edited does not leave", async (t) => {
  const { it } = await world(t, (_, res) => {
    res.writeHead(200, { "content-type": "application/json" });
    res.end('{"choices":[{"logprobs":{"a":1}');
  });
  await it.admin("POST", "/orders", order({ verb: "strip-logprobs" }));
  const answer = await ask(it, "/v1/chat/completions", chat);
  assert.equal(answer.status, 502);
  assert.ok(!(await answer.text()).includes('"a":1'));
});

test("a stream is edited item by item under an order, also when the model server cuts its items apart", async (t) => {
  const event = `data: ${JSON.stringify({ choices: [{ delta: { content: "x" }, logprobs: { content: [1] } }] })}\n\n`;
  const { it } = await world(t, async (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    for (const piece of [
      event.slice(0, 30),
      event.slice(30) + event.slice(0, 50),
      event.slice(50),
      "data: [DONE]\n\n",
    ]) {
      res.write(piece);
      await sleep(10);
    }
    res.end();
  });
  await it.admin("POST", "/orders", order({ verb: "strip-logprobs" }));
  const text = await (await ask(it, "/v1/chat/completions", { ...chat, stream: true })).text();
  const stripped = 'data: {"choices":[{"delta":{"content":"x"},"logprobs":null}]}\n\n';
  assert.equal(text, `${stripped}${stripped}data: [DONE]\n\n`);
});

test("without an order each event of a stream reaches the client on its own, before the next one is written", async (t) => {
  let next: (() => void) | undefined;
  const { it } = await world(t, async (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    for (let i = 0; i < 5; i++) {
      res.write(`data: {"i":${i}}\n\n`);
      await new Promise<void>((done) => (next = done));
    }
    res.end();
  });
  const answer = await ask(it, "/v1/chat/completions", { ...chat, stream: true });
  assert.equal(answer.headers.get("x-accel-buffering"), "no");
  const pieces: string[] = [];
  for await (const piece of answer.body ?? []) {
    pieces.push(Buffer.from(piece).toString());
    next?.();
  }
  assert.deepEqual(
    pieces,
    [0, 1, 2, 3, 4].map((i) => `data: {"i":${i}}\n\n`),
  );
});

test("thinking is taken out of a Messages stream, and the other blocks count from zero", async (t) => {
  const events = [
    { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "secret" } },
    { type: "content_block_stop", index: 0 },
    { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "yes" } },
  ];
  const { it } = await world(
    t,
    (_, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
    },
    {},
    "anthropic",
  );
  await it.admin("POST", "/orders", order({ verb: "strip-reasoning" }));
  const text = await (await ask(it, "/v1/messages", { ...chat, max_tokens: 5, stream: true })).text();
  assert.ok(!text.includes("thinking") && !text.includes("secret"));
  assert.deepEqual(
    [...text.matchAll(/"index":(\d)/g)].map(([, i]) => i),
    ["0", "0"],
  );
});

test("suspension says what happened, until when and whom to ask; undoing it lets the client in again", async (t) => {
  const { it, upstream } = await world(t, saying({}));
  await it.admin("POST", "/orders", order({}));
  const answer = await ask(it, "/v1/chat/completions", chat);
  assert.deepEqual([answer.status, answer.headers.get("x-should-retry")], [403, "false"]);
  assert.match(
    (await read(answer)).error.message,
    /suspended until 20.*many odd queries.*ORD-1.*ml-security@acme\.example/,
  );
  assert.equal(upstream.reached.length, 0);
  await it.admin("DELETE", "/orders/ORD-1?by=ana");
  assert.equal((await ask(it, "/v1/chat/completions", chat)).status, 200);
});

test("an order ends by itself", async (t) => {
  const { it } = await world(t, saying({}));
  // On a slow machine one of 400 ms may be over before anybody asked: then a longer one shows it.
  for (let [lastsMs, isSeen] = [400, false]; !isSeen; lastsMs *= 2) {
    const until = Date.now() + lastsMs;
    await it.admin("POST", "/orders", order({ id: `ORD-${lastsMs}`, until }));
    const { status } = await ask(it, "/v1/chat/completions", chat);
    isSeen = Date.now() < until;
    if (isSeen) assert.equal(status, 403);
    while (Date.now() <= until) await sleep(20);
    assert.equal((await ask(it, "/v1/chat/completions", chat)).status, 200);
  }
});

test("a throttle lets a few through and tells the rest when to come back", async (t) => {
  const { it } = await world(t, saying({}));
  await it.admin("POST", "/orders", order({ verb: "throttle", requestsPerMinute: 2 }));
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await ask(it, "/v1/chat/completions", { ...chat, user: String(i) }));
  assert.deepEqual(
    answers.map((one) => one.status),
    [200, 200, 429, 429],
  );
  assert.ok(Number(answers[2]?.headers.get("retry-after")) > 0);
});

test("a challenge is paid by work on this very request, once", async (t) => {
  const { it } = await world(t, saying({}));
  await it.admin("POST", "/orders", order({ verb: "challenge", bits: 8 }));
  const body = JSON.stringify(chat);
  const challenged = await ask(it, "/v1/chat/completions", body);
  const challenge = challenged.headers.get("x-outweigh-challenge") ?? "";
  assert.equal(challenged.status, 403);
  const other = body.replace("hello", "other");
  const pays = (nonce: number, what: string) => zeroBits(proofDigest(challenge, String(nonce), Buffer.from(what))) >= 8;
  let nonce = 0;
  // One in 256 that pays for this request pays for the other too.
  while (!pays(nonce, body) || pays(nonce, other)) nonce++;
  const pay = (what: string) => ask(it, "/v1/chat/completions", what, { "x-outweigh-proof": `${challenge}:${nonce}` });
  assert.equal((await pay(other)).status, 403);
  assert.equal((await pay(body)).status, 200);
  assert.equal((await pay(body)).status, 403);
});

test("a suspended principal stays suspended after a restart", async (t) => {
  const upstream = await mockUpstream(saying({}));
  t.after(() => upstream.close());
  const section = { upstreams: [{ name: "mock", protocol: "openai", url: upstream.url }] };
  const first = await aGateway(section);
  await first.admin("POST", "/orders", order({}));
  await first.gateway.close();
  const second = await aGateway(section, { dataDir: first.dataDir });
  t.after(() => second.close());
  const answer = await ask(second, "/v1/chat/completions", chat, {}, first.key);
  assert.equal(answer.status, 403);
});

test("limits hold per principal, and an exact repeat costs no information", async (t) => {
  const plans = { default: { limits: { informationBitsPerDay: 500 } } };
  const models = [{ name: "clf", classes: 10 }];
  const answer = { outputs: [{ name: "p", datatype: "FP32", shape: [1, 2], data: [0.5, 0.5] }] };
  const { it } = await world(t, saying(answer), { plans, models }, "open-inference");
  const predict = async (x: number) =>
    (await ask(it, "/v2/models/clf/infer", { inputs: [{ name: "x", datatype: "FP32", shape: [1, 1], data: [x] }] }))
      .status;
  // Ten float32 probabilities are 216 bits.
  assert.deepEqual(
    [await predict(1), await predict(1), await predict(1), await predict(2), await predict(3)],
    [200, 200, 200, 200, 429],
  );
  assert.equal(await predict(1), 200);
  const many = { inputs: [{ name: "x", datatype: "FP32", shape: [3, 1], data: [7, 8, 9] }] };
  assert.equal((await ask(it, "/v2/models/clf/infer", many)).status, 403, "a batch costs each of its rows");
});

test("other limits in the policy hold for who is known already", async (t) => {
  const { it, upstream } = await world(t, saying(scored));
  const upstreams = [{ name: "mock", protocol: "openai", url: upstream.url }];
  assert.equal((await ask(it, "/v1/chat/completions", chat)).status, 200);
  it.set({ upstreams, plans: { default: { limits: { requestsPerMinute: 1 } } } });
  await it.admin("POST", "/reload");
  assert.equal((await ask(it, "/v1/chat/completions", chat)).status, 200);
  const beyond = await ask(it, "/v1/chat/completions", chat);
  assert.deepEqual([beyond.status, (await read(beyond)).error.code], [429, "LIMIT_REACHED"]);
});

test("all keys of a tenant share its limits", async (t) => {
  const { it } = await world(t, saying(scored), { tenantLimits: { requestsPerMinute: 2 } });
  const keys = ["a", "b", "c"].map((principal) => it.newKey({ principal, tenant: "acme" }));
  await it.admin("POST", "/reload");
  const statuses = [];
  for (const key of keys) statuses.push((await ask(it, "/v1/chat/completions", chat, {}, key)).status);
  assert.deepEqual(statuses, [200, 200, 429]);
});

test("label-only leaves the label of each row, and takes what else would tell more", async (t) => {
  const outputs = [
    { name: "probs", datatype: "FP32", shape: [2, 3], data: [0.2, 0.7, 0.1, 0.5, 0.3, 0.2] },
    { name: "logits", datatype: "FP32", shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
  ];
  const { it } = await world(t, saying({ model_name: "clf", outputs }), {}, "open-inference");
  await it.admin("POST", "/orders", order({ verb: "label-only" }));
  const asked = { inputs: [{ name: "x", datatype: "FP32", shape: [2, 1], data: [1, 2] }] };
  const answer = await read<{ outputs: { data: number[] }[] }>(await ask(it, "/v2/models/clf/infer", asked));
  assert.deepEqual(
    answer.outputs.map((one) => one.data),
    [
      [0, 1, 0, 1, 0, 0],
      [0, 0, 0, 0, 0, 0],
    ],
  );
});

test("label-only edits binary tensors in place", async (t) => {
  const header = Buffer.from(
    JSON.stringify({ outputs: [{ name: "p", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } }] }),
  );
  const { it } = await world(
    t,
    (_, res) => {
      const data = Buffer.alloc(8);
      data.writeFloatLE(0.25, 0);
      data.writeFloatLE(0.75, 4);
      res.writeHead(200, {
        "content-type": "application/octet-stream",
        "inference-header-content-length": header.length,
      });
      res.end(Buffer.concat([header, data]));
    },
    {},
    "open-inference",
  );
  await it.admin("POST", "/orders", order({ verb: "label-only" }));
  const answer = await ask(it, "/v2/models/clf/infer", { inputs: [] });
  const bytes = Buffer.from(await answer.arrayBuffer()).subarray(header.length);
  assert.deepEqual([bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(4)], [8, 0, 1]);
});

test("a model server that is away is a 502 with a sentence, and a slow one a 504", async (t) => {
  const { it, upstream } = await world(t, () => undefined, {
    upstreams: [{ name: "gone", protocol: "openai", url: "http://127.0.0.1:9" }],
  });
  assert.equal((await ask(it, "/v1/chat/completions", chat)).status, 502);
  it.set({ upstreams: [{ name: "slow", protocol: "openai", url: upstream.url, answerMs: 500 }] });
  await it.admin("POST", "/reload");
  assert.equal((await ask(it, "/v1/chat/completions", chat)).status, 504);
});

test("a client that reads slowly makes the model server wait, and gets everything", async (t) => {
  const chunk = Buffer.alloc(256 * 1024, "x");
  const { it, upstream } = await world(t, (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    let left = 64;
    const write = () => {
      while (left-- > 0) if (!res.write(chunk)) return void res.once("drain", write);
      res.end();
    };
    write();
  });
  const got = await new Promise<number>((done, failed) => {
    const req = request(
      `${it.gateway.url}/v1/chat/completions`,
      { method: "POST", headers: { authorization: `Bearer ${it.key}` } },
      async (res) => {
        let bytes = 0;
        for await (const piece of res) {
          bytes += (piece as Buffer).length;
          await sleep(1);
        }
        done(bytes);
      },
    );
    req.on("error", failed);
    req.end(JSON.stringify({ ...chat, stream: true }));
  });
  assert.equal(got, 64 * chunk.length);
  assert.equal(upstream.reached.length, 1);
});

test("a client that goes away ends its request at the model server", async (t) => {
  let ended: (() => void) | undefined;
  const gone = new Promise<void>((done) => (ended = done));
  const { it } = await world(t, (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write("data: {}\n\n");
    res.on("close", () => ended?.());
  });
  const stop = new AbortController();
  const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${it.key}` },
    body: JSON.stringify(chat),
    signal: stop.signal,
  });
  await answer.body?.getReader().read();
  stop.abort();
  await gone;
  await until("its end here", async () => (await it.admin("GET", "/status")).json["running"] === 0);
});

test("a bad policy keeps the old one, a good one is in force for the next request, and both are on record", async (t) => {
  const { it } = await world(t, saying(scored));
  it.set({ upstreams: [] });
  assert.equal((await it.admin("POST", "/reload")).status, 400);
  assert.equal((await ask(it, "/v1/chat/completions", { ...chat, logprobs: true })).status, 200);
});

test("stopping lets running answers end", async () => {
  const upstream = await mockUpstream(async (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write("data: 1\n\n");
    await sleep(300);
    res.end("data: 2\n\n");
  });
  const it = await aGateway({ upstreams: [{ name: "mock", protocol: "openai", url: upstream.url }] });
  const answer = await ask(it, "/v1/chat/completions", { ...chat, stream: true });
  const [text] = await Promise.all([answer.text(), it.close()]);
  assert.equal(text, "data: 1\n\ndata: 2\n\n");
  await upstream.close();
});

test("usage that the answer states is what is counted", async (t) => {
  const { it } = await world(t, saying(scored));
  await (await ask(it, "/v1/chat/completions", chat)).text();
  await until("three tokens in and one out", async () => {
    const { clients } = (await it.admin("GET", "/clients")).json as {
      clients: { inputTokens: number; outputTokens: number }[];
    };
    return clients[0]?.inputTokens === 3 && clients[0].outputTokens === 1;
  });
});
