import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { gitlabAudit } from "./gitlab-audit.ts";

/** In the shape of GitLab's documented streamed event; written by us. */
const event = (over: object = {}) => ({
  id: 42,
  event_type: "repository_git_operation",
  created_at: "2026-11-24T09:00:00.213Z",
  author_name: "mallory",
  ip_address: "203.0.113.77",
  entity_type: "Project",
  entity_path: "ML/llm",
  target_type: "Project",
  target_details: "llm",
  details: { custom_message: { protocol: "ssh", action: "git-upload-pack" } },
  ...over,
});

test("a git-upload-pack is a read of the project, a git-receive-pack is none", () => {
  const it = onlyEvent(gitlabAudit, event());
  assert.deepEqual([it.principal, it.operation, it.artifact], ["mallory", "download", "git:gitlab.com/ml/llm"]);
  const push = { custom_message: { protocol: "ssh", action: "git-receive-pack" } };
  assert.equal(onlyEvent(gitlabAudit, event({ details: push })).operation, "upload");
  assert.equal(onlyEvent(gitlabAudit, event({ event_type: "repository_download_operation" })).operation, "download");
});

test("a line of audit_json.log tells a changed visibility", () => {
  const line = {
    time: "2026-11-24T09:00:00.213Z",
    author_name: "ana",
    entity_type: "Project",
    change: "visibility",
    from: "Private",
    to: "Public",
    target_type: "Project",
    target_details: "ml/llm",
  };
  const it = onlyEvent(gitlabAudit, line);
  assert.deepEqual(
    [it.operation, it.artifact, Object(it.unmapped).shared_with],
    ["configure", "git:gitlab.com/ml/llm", ["public"]],
  );
  assert.equal(Object(onlyEvent(gitlabAudit, { ...line, to: "Private" }).unmapped).shared_with, undefined);
});

test("tokens, members and the rest", () => {
  const of = (event_type: string) => onlyEvent(gitlabAudit, event({ event_type })).operation;
  assert.deepEqual([of("personal_access_token_created"), of("deploy_token_created")], ["create-key", "create-key"]);
  assert.deepEqual([of("member_created"), of("project_archived")], ["grant", "request"]);
});

test("what is wrong is named", () => {
  assert.match(whyNot(gitlabAudit, event({ created_at: "x" })), /^created_at: not a time/);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) =>
        typeof readWith(gitlabAudit, event({ details: it, target_details: it, entity_path: null })).ok === "boolean",
    ),
  );
});

test("the examples of the documentation are read", { skip: noSamples }, () => {
  const read = (name: string) =>
    onlyEvent(gitlabAudit, JSON.parse(readFileSync(join(samples, "doc-examples", name), "utf8")));
  assert.deepEqual(Object(read("gitlab_audit_json_log_visibility.json").unmapped).shared_with, ["public"]);
  assert.equal(read("gitlab_streaming_git_operation.json").artifact, "git:gitlab.com/flightjs/flight");
});
