import assert from "node:assert/strict";
import { test } from "node:test";
import { anEvent } from "../testing/nouns.ts";
import { asTelling, isRead, isTimed, methodOf, whoText } from "./events.ts";

test("names people as a sentence would", () => {
  const who = (principal: string) => whoText(anEvent({ principal }));
  assert.equal(who("mallory"), "mallory (from 203.0.113.77)");
  assert.equal(who("anonymous@10.0.0.9"), "somebody at 10.0.0.9");
  assert.equal(who("arn:aws:iam::111122223333:role/analytics"), "role/analytics (from 203.0.113.77)");
  assert.equal(whoText(anEvent({ src_endpoint: { svc_name: "AWS Internal" } })), "mallory");
});

test("a read is granted, of weights as far as known, and neither a look nor a list", () => {
  assert.equal(isRead(anEvent()), true);
  assert.equal(isRead(anEvent({ weights: undefined })), true);
  for (const over of [{ status_id: 2 }, { weights: false }, { operation: "stat" }, { operation: "list" }]) {
    assert.equal(isRead(anEvent(over)), false);
  }
});

test("a log without times or names is told apart", () => {
  assert.equal(isTimed(anEvent({ unmapped: { time_basis: "none" } })), false);
  assert.equal(isTimed(anEvent({ unmapped: { time_basis: "arrival" } })), true);
  assert.equal(asTelling(anEvent({ vouched: false, src_external: false }), "critical"), "low");
  assert.equal(asTelling(anEvent({ vouched: false }), "critical"), "critical");
});

test("the method follows from where it lay and whether anyone was named", () => {
  const method = (artifact: string, principal = "mallory") => methodOf(anEvent({ artifact, principal }));
  assert.deepEqual(
    [
      method("s3://b/k"),
      method("s3://b/k", "anonymous@1.2.3.4"),
      method("oci:a@sha256:aa"),
      method("hf:a/b/c"),
      method("mlflow:7/a", "anonymous@1.2.3.4"),
    ],
    ["credentials", "exposed-storage", "artifacts", "repositories", "weak-access"],
  );
});
