// Official clients, unchanged but for address and key, through the gateway to a mock model server: plain answers and streams.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { InferenceClient } from "@huggingface/inference";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { aGateway, type TestGateway } from "../packages/gateway/src/testing/a-gateway.ts";
import { startMockModelServer, type MockModelServer } from "./world/model-server.ts";

let model: MockModelServer;
let it: TestGateway;
let openai: OpenAI;
const said = "The answer is 42.";
const messages = [{ role: "user" as const, content: "What is the answer?" }];

before(async () => {
  model = await startMockModelServer();
  const upstream = (protocol: string, mount: string) => ({ name: protocol, protocol, url: model.url, mount });
  it = await aGateway({
    contact: "ml-security@acme.example",
    upstreams: [
      upstream("openai", "/"),
      upstream("anthropic", "/anthropic"),
      upstream("ollama", "/ollama"),
      upstream("tgi", "/tgi"),
    ],
  });
  openai = new OpenAI({ baseURL: `${it.gateway.url}/v1`, apiKey: it.key });
});
after(async () => {
  await it.close();
  await model.close();
});

test("openai: chat", async () => {
  const answer = await openai.chat.completions.create({ model: "m", messages });
  assert.equal(answer.choices[0]?.message.content, said);
  assert.equal(answer.usage?.total_tokens, 12);
});

test("openai: chat, streamed, event by event", async () => {
  const pieces: string[] = [];
  for await (const chunk of await openai.chat.completions.create({ model: "m", messages, stream: true })) {
    pieces.push(chunk.choices[0]?.delta.content ?? "");
  }
  assert.equal(pieces.join(""), said);
  assert.equal(pieces.length, 6);
});

test("openai: log-probabilities", async () => {
  const answer = await openai.chat.completions.create({ model: "m", messages, logprobs: true, top_logprobs: 1 });
  assert.equal(answer.choices[0]?.logprobs?.content?.length, 5);
});

test("openai: log-probabilities with a bias are refused once, with the reason, and not tried again", async () => {
  const before = model.asked.length;
  await assert.rejects(
    () => openai.chat.completions.create({ model: "m", messages, logprobs: true, logit_bias: { 7: 100 } }),
    (error) =>
      error instanceof OpenAI.PermissionDeniedError && /logit_bias.*ml-security@acme\.example/.test(error.message),
  );
  assert.equal(model.asked.length, before);
});

test("openai: embeddings, which this client asks for in Base64", async () => {
  const answer = await openai.embeddings.create({ model: "m", input: ["a", "b"] });
  assert.deepEqual(
    answer.data.map((one) => one.embedding),
    [
      [0.25, -0.5, 1],
      [0.25, -0.5, 1],
    ],
  );
});

test("openai: responses, plain and streamed", async () => {
  const answer = await openai.responses.create({ model: "m", input: "What is the answer?" });
  assert.equal(answer.output_text, said);
  let text = "";
  for await (const event of await openai.responses.create({ model: "m", input: "?", stream: true })) {
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  assert.equal(text, said);
});

test("openai: a wrong key is an authentication error", async () => {
  const stranger = new OpenAI({ baseURL: `${it.gateway.url}/v1`, apiKey: "sk-wrong", maxRetries: 0 });
  await assert.rejects(() => stranger.chat.completions.create({ model: "m", messages }), OpenAI.AuthenticationError);
});

test("openai: a suspended client is told so, and does not try again", async () => {
  const order = {
    id: "ORD-1",
    verb: "suspend",
    principal: "alice",
    reason: "a test",
    by: "ana",
    from: 0,
    until: Date.now() + 60_000,
  };
  await it.admin("POST", "/orders", order);
  const before = Number(((await it.admin("GET", "/clients")).json["clients"] as { denied: number }[])[0]?.denied);
  await assert.rejects(() => openai.chat.completions.create({ model: "m", messages }), /suspended until .* a test/);
  const after = Number(((await it.admin("GET", "/clients")).json["clients"] as { denied: number }[])[0]?.denied);
  assert.equal(after - before, 1);
  await it.admin("DELETE", "/orders/ORD-1");
});

test("anthropic: messages, plain and streamed", async () => {
  const anthropic = new Anthropic({ baseURL: `${it.gateway.url}/anthropic`, apiKey: it.key });
  const answer = await anthropic.messages.create({ model: "m", max_tokens: 16, messages });
  assert.deepEqual(answer.content[0]?.type === "text" && answer.content[0].text, said);
  const stream = anthropic.messages.stream({ model: "m", max_tokens: 16, messages });
  assert.equal(await stream.finalText(), said);
});

test("ollama: chat, streamed line by line, and vectors", async () => {
  const ollama = new Ollama({ host: `${it.gateway.url}/ollama`, headers: { authorization: `Bearer ${it.key}` } });
  let text = "";
  for await (const part of await ollama.chat({ model: "m", messages, stream: true }))
    if (!part.done) text += part.message.content;
  assert.equal(text, said);
  const { embeddings } = await ollama.embed({ model: "m", input: "a" });
  assert.deepEqual(embeddings, [[0.25, -0.5, 1]]);
});

test("ollama: a push of the weights is refused in words that its client shows", async () => {
  const ollama = new Ollama({ host: `${it.gateway.url}/ollama`, headers: { authorization: `Bearer ${it.key}` } });
  await assert.rejects(() => ollama.push({ model: "m" }), /uploads the weights/);
  assert.ok(!model.asked.includes("/api/push"));
});

test("huggingface: chat, streamed, and text generation", async () => {
  const chat = new InferenceClient(it.key, { endpointUrl: `${it.gateway.url}/tgi/v1/chat/completions` });
  let text = "";
  for await (const chunk of chat.chatCompletionStream({ messages })) text += chunk.choices[0]?.delta.content ?? "";
  assert.equal(text, said);
  const generate = new InferenceClient(it.key, { endpointUrl: `${it.gateway.url}/tgi` });
  assert.equal((await generate.textGeneration({ inputs: "What is the answer?" })).generated_text, said);
});
