import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScannedCopy, ScannedModel } from "@outweigh/schema";
import type { FoundListener } from "./listeners.ts";
import { Machine } from "../posture/machine.ts";
import type { Way } from "../posture/way.ts";
import { endpoint, theftPaths, type Findings } from "./theft-paths.ts";

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

const nothing = { register: [], proofs: new Map(), listeners: [], ways: [], machine: new Machine() };
const pathsOf = (models: readonly ScannedModel[], over: Partial<Findings> = {}) =>
  theftPaths({ ...nothing, models, ...over });

test("a copy that others read is one verified step, with its proof and its fix", () => {
  const copy = aCopy({ readableBy: ["other"] });
  const [path, ...more] = pathsOf([aModel(copy)], {
    proofs: new Map([[copy.path, { text: "/ 0755", byList: [], entries: new Map() }]]),
  });
  assert.equal(more.length, 0);
  assert.deepEqual(path?.steps, [
    {
      from: "any local user",
      to: copy.path,
      how: "reads the file",
      basis: "verified",
      effort: "hand",
      proof: "/ 0755",
    },
  ]);
  assert.deepEqual([path?.kind, path?.minutes], ["file-mode", 1]);
  assert.equal(path?.fix, "chmod o-r /srv/models/acme.gguf");
});

test("the fix closes just those who read, and quotes what a shell would take apart", () => {
  const fixOf = (over: Partial<ScannedCopy>) => pathsOf([aModel(aCopy(over))])[0]?.fix;
  assert.equal(fixOf({ readableBy: ["group:ml"] }), "chmod g-r /srv/models/acme.gguf");
  assert.equal(fixOf({ readableBy: ["other"], path: "/srv/it's $(x).bin" }), "chmod o-r '/srv/it'\\''s $(x).bin'");
  assert.equal(
    fixOf({ readableBy: ["other"], path: "/srv/a\nrm.bin" }),
    undefined,
    "no command from a name that does not show",
  );
});

test("a server that holds the file open and listens beyond loopback is a way out, and not contacted", () => {
  const [path] = pathsOf([aModel(aCopy())], { listeners: [aListener()] });
  assert.deepEqual(
    path?.steps.map((it) => [it.from, it.basis]),
    [
      ["network peer", "inferred"],
      ["ollama on 0.0.0.0:11434", "verified"],
    ],
  );
});

test("no way out through loopback, through a server that asks for a key, or one that does not hold the file", () => {
  const ways = (it: FoundListener) => pathsOf([aModel(aCopy())], { listeners: [it] }).length;
  assert.equal(ways(aListener({}, { address: "127.0.0.1" })), 0);
  assert.equal(ways(aListener({}, { authenticated: true })), 0);
  assert.equal(ways(aListener({ openFiles: new Set() })), 0);
});

test("public models and small unregistered ones concern nobody", () => {
  const copy = aCopy({ readableBy: ["other"] });
  const { name: _, class: __, ...unregistered } = aModel(copy, { bytes: 10 });
  assert.deepEqual(pathsOf([aModel(copy, { class: "public" }), unregistered]), []);
  assert.equal(pathsOf([{ ...unregistered, bytes: 2e9 }]).length, 1);
});

test("an IPv6 endpoint stands in brackets", () => assert.equal(endpoint({ address: "::", port: 80 }), "[::]:80"));

const aWay = (over: Partial<Way> = {}): Way => ({
  kind: "nfs-export",
  steps: [{ from: "network peer", to: "", how: "mounts it", basis: "verified", effort: "trick" }],
  reaches: { at: "files", paths: ["/srv/models"] },
  ...over,
});

test("a way reaches the copies below its folder, and says how many more there are", () => {
  const model = aModel(aCopy(), {
    copies: [aCopy(), aCopy({ path: "/srv/models/b.gguf" }), aCopy({ path: "/else/c" })],
  });
  const [path, ...more] = pathsOf([model], { ways: [aWay()] });
  assert.equal(more.length, 0);
  assert.equal(path?.steps[0]?.to, "/srv/models/acme.gguf and 1 more");
  assert.deepEqual(pathsOf([model], { ways: [aWay({ reaches: { at: "files", paths: ["/srv/mod"] } })] }), []);
});

test("a way to a place concerns the models that are declared there, not those beside it", () => {
  const entry = { name: "acme", class: "private", places: ["s3://acme/a/"], readers: [] } as const;
  const to = (place: string) =>
    pathsOf([], {
      register: [{ ...entry, places: [...entry.places], readers: [] }],
      ways: [aWay({ reaches: { at: "place", place } })],
    });
  assert.deepEqual(
    ["s3://acme/a/x.gguf", "s3://acme/", "s3:", "s3://acme/ab/", "hf:"].map((it) => to(it).length),
    [1, 1, 1, 0, 0],
  );
});

test("the quickest path stands first: fewer, easier and surer steps are quicker", () => {
  const copy = aCopy({ readableBy: ["other"] });
  const look = aWay({
    kind: "token-on-disk",
    steps: [{ from: "a", to: "", how: "", basis: "inferred", effort: "look" }],
  });
  const found = pathsOf([aModel(copy)], { ways: [look, aWay()] });
  assert.deepEqual(
    found.map((it) => [it.kind, it.minutes]),
    [
      ["file-mode", 1],
      ["nfs-export", 10],
      ["token-on-disk", 360],
    ],
  );
});
