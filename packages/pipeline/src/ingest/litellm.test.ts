import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Line } from "../line.ts";
import { makeRegister } from "../register.ts";
import { onlyEvent, eventsOf, readWith, whyNot } from "../testing/read.ts";
import { litellm } from "./litellm.ts";

/** In the shape of LiteLLM's StandardLoggingPayload; written by us. */
const payload = (over: object = {}) => ({
  id: "chatcmpl-77",
  call_type: "acompletion",
  status: "success",
  model: "openai/acme-13b-instruct",
  model_group: "acme-13b",
  custom_llm_provider: "hosted_vllm",
  prompt_tokens: 120,
  completion_tokens: 480,
  total_tokens: 600,
  startTime: 1795426320.25,
  endTime: 1795426321.5,
  end_user: "customer-9",
  metadata: {
    user_api_key_hash: "9f86d081",
    user_api_key_alias: "batch",
    user_api_key_user_id: "Ana@Acme.example",
    user_api_key_team_id: "team-1",
    requester_ip_address: "203.0.113.77",
  },
  messages: [{ role: "user", content: "the secret question" }],
  response: { choices: [{ message: { content: "the secret answer" } }] },
  model_parameters: { max_tokens: 1, logprobs: true, top_logprobs: 20, logit_bias: { "11": -100, "12": 100 }, n: 4 },
  ...over,
});

test("a call names key, person, model, tokens and what was asked for", () => {
  const it = onlyEvent(litellm, payload());
  assert.deepEqual([it.principal, it.credential, it.operation], ["ana@acme.example", "9f86d081", "complete"]);
  assert.deepEqual([it.artifact, it.tokens, it.time, it.status_id], ["llm:acme-13b", 600, 1795426320250, 1]);
  assert.deepEqual(it.src_endpoint, { ip: "203.0.113.77" });
  const { top_logprobs: top, logit_bias: bias, max_tokens: max, n, end_user: end } = Object(it.unmapped);
  assert.deepEqual([top, bias, max, n, end], [20, 2, 1, 4, "customer-9"]);
});

test("prompts and answers are in nothing that is kept", () => {
  const read = readWith(litellm, payload());
  assert.doesNotMatch(JSON.stringify(read), /secret/);
});

test("a record that is refused leaves nothing of itself behind", () => {
  const line = new Line({ register: makeRegister([]), rules: [] });
  for (const record of [
    '{"messages": "the secret question"',
    JSON.stringify(payload({ startTime: "the secret time" })),
  ]) {
    const outcome = line.run(record, { source: "gw", kind: "litellm", offset: 0 });
    assert.ok("rejected" in outcome);
    assert.doesNotMatch(outcome.rejected, /secret/);
  }
  assert.equal(line.sources()[0]?.samples.length, 2);
  assert.doesNotMatch(JSON.stringify(line.sources()), /secret/);
});

test("without a user the key's name acts, without that the key itself, and without any key nobody", () => {
  const metadata = { user_api_key_hash: "9f86d081", user_api_key_alias: "batch" };
  assert.equal(onlyEvent(litellm, payload({ metadata })).principal, "batch");
  assert.equal(onlyEvent(litellm, payload({ metadata: { user_api_key_hash: "9f" } })).principal, "key:9f");
  const nobody = onlyEvent(litellm, payload({ metadata: { requester_ip_address: "203.0.113.77" } }));
  assert.deepEqual([nobody.principal, nobody.vouched], ["anonymous@203.0.113.77", false]);
  assert.equal(
    onlyEvent(litellm, payload({ metadata: { user_api_key_alias: "anonymous@x" } })).principal,
    "user:anonymous@x",
  );
});

test("a failed call, a batch of calls and embeddings are what they are", () => {
  assert.equal(onlyEvent(litellm, payload({ status: "failure" })).status_id, 2);
  assert.equal(onlyEvent(litellm, payload({ call_type: "aembedding" })).operation, "embed");
  assert.equal(eventsOf(litellm, [payload(), payload({ id: "2" })]).length, 2);
});

test("a lying count is no count, and what is wrong is named", () => {
  assert.equal(
    onlyEvent(litellm, payload({ total_tokens: 1e15, prompt_tokens: -1, completion_tokens: 0.5 })).tokens,
    undefined,
  );
  assert.match(whyNot(litellm, payload({ startTime: "soon" })), /^startTime: not a time/);
  assert.match(whyNot(litellm, payload({ id: undefined })), /^id: /);
  assert.match(whyNot(litellm, "[1]"), /not a JSON object/);
});

test("any text and any JSON gives an answer", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => typeof readWith(litellm, text).ok === "boolean"));
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (value) => typeof readWith(litellm, payload({ metadata: value, model_parameters: value })).ok === "boolean",
    ),
  );
});
