import assert from "node:assert/strict";
import { test } from "node:test";
import { placeAddress, sourceKinds } from "./config.ts";

const problem = (text: string) => placeAddress.safeParse(text).error?.issues[0]?.message;

test("a place is an address that some source can tell of", () => {
  const places = [
    "s3://b/p/",
    "gs://b/p/",
    "az://account/container",
    "git:github.com/acme/acme-13b",
    "k8s:serving/acme-13b-weights",
    "llm:assistant",
    "vertex:project/123",
  ];
  for (const it of places) assert.equal(problem(it), undefined, it);
  assert.match(problem("ftp://b/p") ?? "", /^expected an address that starts with one of file: s3: gs:/);
});

test("a volume claim is named with its namespace, as Kubernetes writes names", () => {
  for (const it of ["k8s:serving", "k8s:serving/", "k8s:Serving/w", "k8s:a/b/c", "k8s:-a/b", `k8s:${"a".repeat(64)}/b`])
    assert.equal(problem(it), "expected k8s:namespace/claim, both names in lower case", it);
});

test("kinds of sources stand once and in order, after the one that tells them apart", () => {
  assert.equal(sourceKinds[0], "auto");
  assert.deepEqual(sourceKinds.slice(1), [...new Set(sourceKinds.slice(1))].sort());
});
