import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScannedCopy, ScannedModel } from "@outweigh/schema";
import type { FoundListener } from "./listeners.ts";
import { endpoint, theftPaths } from "./theft-paths.ts";

const aCopy = (over: Partial<ScannedCopy> = {}): ScannedCopy => ({
  path: "/srv/models/acme.gguf",
  format: "gguf",
  bytes: 2e9,
  digest: "a".repeat(64),
  complete: true,
  readableBy: [],
  ...over,
});
const aModel = (copy: ScannedCopy, over: Partial<ScannedModel> = {}): ScannedModel => ({
  id: "a".repeat(16),
  name: "acme",
  class: "private",
  digest: copy.digest,
  bytes: copy.bytes,
  tensors: 9,
  formats: [copy.format],
  copies: [copy],
  ...over,
});
const aListener = (
  over: Partial<FoundListener> = {},
  listener: Partial<FoundListener["listener"]> = {},
): FoundListener => ({
  listener: {
    address: "0.0.0.0",
    port: 11434,
    process: "ollama",
    product: "ollama",
    authenticated: "unknown",
    basis: "verified",
    ...listener,
  },
  kind: "server",
  openFiles: new Set(["/srv/models/acme.gguf"]),
  ...over,
});

test("a copy that others read is one verified step, with its proof and its fix", () => {
  const copy = aCopy({ readableBy: ["other"] });
  const [path, ...more] = theftPaths([aModel(copy)], new Map([[copy, "/ 0755"]]), []);
  assert.equal(more.length, 0);
  assert.deepEqual(path?.steps, [
    { from: "any local user", to: copy.path, how: "reads the file", basis: "verified", proof: "/ 0755" },
  ]);
  assert.equal(path?.fix, "chmod o-r /srv/models/acme.gguf");
});

test("the fix closes just those who read, and quotes what a shell would take apart", () => {
  const fixOf = (over: Partial<ScannedCopy>) => theftPaths([aModel(aCopy(over))], new Map(), [])[0]?.fix;
  assert.equal(fixOf({ readableBy: ["group:ml"] }), "chmod g-r /srv/models/acme.gguf");
  assert.equal(fixOf({ readableBy: ["other"], path: "/srv/it's $(x).bin" }), "chmod o-r '/srv/it'\\''s $(x).bin'");
  assert.equal(
    fixOf({ readableBy: ["other"], path: "/srv/a\nrm.bin" }),
    undefined,
    "no command from a name that does not show",
  );
});

test("a server that holds the file open and listens beyond loopback is a way out, and not contacted", () => {
  const [path] = theftPaths([aModel(aCopy())], new Map(), [aListener()]);
  assert.deepEqual(
    path?.steps.map((it) => [it.from, it.basis]),
    [
      ["network peer", "inferred"],
      ["ollama on 0.0.0.0:11434", "verified"],
    ],
  );
});

test("no way out through loopback, through a server that asks for a key, or one that does not hold the file", () => {
  const ways = (it: FoundListener) => theftPaths([aModel(aCopy())], new Map(), [it]).length;
  assert.equal(ways(aListener({}, { address: "127.0.0.1" })), 0);
  assert.equal(ways(aListener({}, { authenticated: true })), 0);
  assert.equal(ways(aListener({ openFiles: new Set() })), 0);
});

test("public models and small unregistered ones concern nobody", () => {
  const copy = aCopy({ readableBy: ["other"] });
  const { name: _, class: __, ...unregistered } = aModel(copy, { bytes: 10 });
  assert.deepEqual(theftPaths([aModel(copy, { class: "public" }), unregistered], new Map(), []), []);
  assert.equal(theftPaths([{ ...unregistered, bytes: 2e9 }], new Map(), []).length, 1);
});

test("an IPv6 endpoint stands in brackets", () => assert.equal(endpoint({ address: "::", port: 80 }), "[::]:80"));
