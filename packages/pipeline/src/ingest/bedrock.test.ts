import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { bedrock } from "./bedrock.ts";

/** In the shape of Bedrock's documented log entry; written by us. */
const entry = (over: object = {}) => ({
  schemaType: "ModelInvocationLog",
  schemaVersion: "1.0",
  timestamp: "2026-11-24T09:00:00Z",
  accountId: "111122223333",
  region: "eu-central-1",
  requestId: "5f1c2b1e-0000-4000-8000-000000000001",
  operation: "Converse",
  modelId: "arn:aws:bedrock:eu-central-1:111122223333:custom-model/acme.13b/abc123",
  identity: { arn: "arn:aws:sts::111122223333:assumed-role/analytics/ana" },
  input: {
    inputContentType: "application/json",
    inputBodyJson: { messages: [{ content: [{ text: "the secret question" }] }], inferenceConfig: { maxTokens: 1 } },
    inputTokenCount: 12,
  },
  output: { outputBodyJson: { output: "the secret answer" }, outputTokenCount: 28 },
  ...over,
});

test("a session acts as its role, as in CloudTrail, and tokens are summed", () => {
  const it = onlyEvent(bedrock, entry());
  assert.equal(it.principal, "arn:aws:iam::111122223333:role/analytics");
  assert.deepEqual([it.operation, it.tokens, it.status_id], ["complete", 40, 1]);
  assert.equal(it.artifact, "llm:arn:aws:bedrock:eu-central-1:111122223333:custom-model/acme.13b/abc123");
  assert.deepEqual([Object(it.unmapped).max_tokens, Object(it.unmapped).session], [1, entry().identity.arn]);
  assert.doesNotMatch(JSON.stringify(readWith(bedrock, entry())), /secret/);
});

test("embeddings, other operations and failures are told apart", () => {
  const embeds = onlyEvent(bedrock, entry({ operation: "InvokeModel", modelId: "amazon.titan-embed-text-v2:0" }));
  assert.deepEqual([embeds.operation, Object(embeds.ai_model).ai_provider], ["embed", "amazon"]);
  assert.equal(onlyEvent(bedrock, entry({ operation: "ListModels" })).operation, "request");
  assert.equal(onlyEvent(bedrock, entry({ errorCode: "ThrottlingException" })).status_id, 2);
});

test("what is no entry is refused by its field", () => {
  assert.match(whyNot(bedrock, entry({ timestamp: "now" })), /^timestamp: not a time: "now"/);
  assert.match(whyNot(bedrock, entry({ schemaType: "x" })), /^schemaType: /);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) => typeof readWith(bedrock, entry({ input: it, output: it, identity: it })).ok === "boolean",
    ),
  );
});

test("hand-shaped entries of others are read", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/AWS.BedrockModelInvocation.ndjson"), "utf8").trim().split("\n");
  for (const it of rows)
    assert.match(onlyEvent(bedrock, JSON.parse(it).log).principal, /^arn:aws:iam::\d+:role\/role_details$/);
});
