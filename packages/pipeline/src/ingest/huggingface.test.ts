import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { huggingface } from "./huggingface.ts";

const log = (over: object = {}) => ({
  id: "l1",
  type: "repo.update_settings",
  createdAt: "2026-11-24T09:00:00.000Z",
  author: { name: "mallory" },
  repo: { type: "model", name: "Acme/acme-13b" },
  location: "Berlin, DE",
  ...over,
});

test("a repository made public is told by a field or by the words", () => {
  for (const over of [
    { private: false },
    { changes: { visibility: "public" } },
    { message: "Changed visibility of the repository to public" },
  ]) {
    const it = onlyEvent(huggingface, log(over));
    assert.deepEqual(
      [it.operation, it.artifact, it.principal, Object(it.unmapped).shared_with],
      ["configure", "hf:acme/acme-13b", "mallory", ["public"]],
    );
  }
  assert.equal(
    onlyEvent(huggingface, log({ message: "Changed the description; the text is public" })).operation,
    "request",
  );
  assert.equal(onlyEvent(huggingface, log({ private: true })).operation, "request");
});

test("tokens, copies, members, and who wrote it in which way", () => {
  const of = (type: string) => onlyEvent(huggingface, log({ type })).operation;
  assert.deepEqual(
    [of("org.rotate_token"), of("repo.duplicate"), of("repo.delete"), of("org.add_member")],
    ["create-key", "copy", "delete", "grant"],
  );
  assert.equal(
    onlyEvent(huggingface, log({ author: undefined, user: "Ana@acme.example" })).principal,
    "ana@acme.example",
  );
  assert.equal(onlyEvent(huggingface, log({ createdAt: undefined, timestamp: 1795426320250 })).time, 1795426320250);
});

test("what is not understood is refused and said", () => {
  assert.match(whyNot(huggingface, log({ type: undefined })), /^type: /);
  assert.match(whyNot(huggingface, log({ createdAt: "x" })), /^createdAt: not a time/);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) => typeof readWith(huggingface, log({ author: it, repo: it, message: it, changes: it })).ok === "boolean",
    ),
  );
});
