import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { githubAudit } from "./github-audit.ts";

/** In the shape of GitHub's documented entry; written by us. */
const entry = (over: object = {}) => ({
  action: "git.clone",
  _document_id: "KCYt",
  "@timestamp": 1795426320250,
  actor: "mallory",
  actor_ip: "203.0.113.77",
  org: "acme",
  repo: "Acme/LLM",
  hashed_token: "0771=",
  programmatic_access_type: "OAuth access token",
  user_agent: "git/2.30.2",
  ...over,
});

test("a clone is a read of the repository, with the token that was used", () => {
  const it = onlyEvent(githubAudit, entry({ external_identity_nameid: "Mal@acme.example" }));
  assert.deepEqual(
    [it.principal, it.operation, it.artifact, it.credential],
    ["mallory", "download", "git:github.com/acme/llm", "0771="],
  );
  assert.deepEqual(
    [it.time, it.class_uid, it.activity_id, Object(it.unmapped).person],
    [1795426320250, 6006, 2, "mal@acme.example"],
  );
});

test("who may see a repository: what opens it is told, what closes it is not", () => {
  const opened = (action: string, over: object = {}) => {
    const it = onlyEvent(githubAudit, entry({ action, ...over }));
    return [it.operation, Object(it.unmapped).shared_with];
  };
  assert.deepEqual(opened("repo.access", { visibility: "public", previous_visibility: "private" }), [
    "configure",
    ["public"],
  ]);
  assert.deepEqual(opened("repo.access", { visibility: "private", previous_visibility: "public" }), [
    "configure",
    undefined,
  ]);
  assert.deepEqual(opened("repo.transfer_outgoing", { new_owner: "evil" }), ["configure", ["account:evil"]]);
  assert.deepEqual(opened("org.add_outside_collaborator", { user: "eve" }), ["configure", ["account:eve"]]);
});

test("keys, updates and the rest", () => {
  const of = (action: string) => onlyEvent(githubAudit, entry({ action })).operation;
  assert.deepEqual([of("deploy_key.create"), of("personal_access_token.access_granted")], ["create-key", "create-key"]);
  assert.deepEqual(
    [of("git.fetch"), of("git.push"), of("repo.download_zip"), of("workflows.completed_workflow_run")],
    ["fetch", "upload", "download", "request"],
  );
  assert.deepEqual([of("org.remove_member"), of("org.add_member")], ["offboard", "reinstate"]);
  assert.equal(onlyEvent(githubAudit, entry({ repo: undefined })).class_uid, 6003);
});

test("what is wrong is named", () => {
  assert.match(whyNot(githubAudit, entry({ "@timestamp": undefined })), /^@timestamp: not a time/);
  assert.match(whyNot(githubAudit, entry({ action: "" })), /^action: /);
  assert.equal(onlyEvent(githubAudit, entry({ actor: null })).principal, "anonymous@203.0.113.77");
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) => typeof readWith(githubAudit, entry({ repo: it, visibility: it, actor_location: it })).ok === "boolean",
    ),
  );
});

test("hand-shaped records of others are events, or rejects that name a field", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/GitHub.Audit.ndjson"), "utf8").trim().split("\n");
  const answers = rows.map((it) => readWith(githubAudit, JSON.parse(it).log));
  assert.ok(answers.filter((it) => it.ok).length > rows.length / 2);
  assert.deepEqual(
    answers.filter((it) => !it.ok && !/^(action|@timestamp|created_at|actor|repo): /.test(it.reason)),
    [],
  );
});
