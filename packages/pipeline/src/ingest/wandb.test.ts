import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { wandb } from "./wandb.ts";

const line = (over: object = {}) => ({
  timestamp: "2026-11-24T09:00:00Z",
  action: "artifact:read",
  actor_user_id: "VXNlcjo1",
  actor_email: "Mallory@acme.example",
  actor_ip: "203.0.113.77",
  artifact_qualified_name: "acme/llm/acme-13b:v3",
  response_code: 200,
  ...over,
});

test("a read of an artifact names person, artifact and version", () => {
  const it = onlyEvent(wandb, line());
  assert.deepEqual(
    [it.principal, it.operation, it.artifact, it.status_id],
    ["mallory@acme.example", "download", "wandb:acme/llm/acme-13b/v3", 1],
  );
  assert.deepEqual(it.src_endpoint, { ip: "203.0.113.77" });
});

test("a refused read, a new key, and a read of nothing named", () => {
  assert.equal(onlyEvent(wandb, line({ response_code: 403 })).status_id, 2);
  assert.equal(
    onlyEvent(wandb, line({ action: "user:create_api_key", artifact_qualified_name: null })).operation,
    "create-key",
  );
  assert.equal(onlyEvent(wandb, line({ artifact_qualified_name: undefined })).operation, "list");
  assert.equal(onlyEvent(wandb, line({ actor_email: null })).principal, "VXNlcjo1");
});

test("two equal lines at two places of the log are two reads", () => {
  assert.notEqual(onlyEvent(wandb, line(), { offset: 0 }).id, onlyEvent(wandb, line(), { offset: 300 }).id);
});

test("what is wrong is named", () => {
  assert.match(whyNot(wandb, line({ timestamp: "x" })), /^timestamp: not a time/);
  assert.match(whyNot(wandb, line({ action: 1 })), /^action: /);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) => typeof readWith(wandb, line({ artifact_qualified_name: it, artifact_digest: it })).ok === "boolean",
    ),
  );
});
