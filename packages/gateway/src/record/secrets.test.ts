import assert from "node:assert/strict";
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { secretFile } from "./secrets.ts";

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-secrets-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a secret is made once, for its owner alone, and read from then on", (t) => {
  const folder = aFolder(t);
  assert.equal(
    secretFile(folder, "it", () => "mine"),
    "mine",
  );
  assert.equal(
    secretFile(folder, "it", () => assert.fail("it is there")),
    "mine",
  );
  assert.equal(statSync(join(folder, "it")).mode & 0o777, 0o600);
  assert.deepEqual([readFileSync(join(folder, "it"), "utf8"), readdirSync(folder)], ["mine\n", ["it"]]);
});

test("who comes while a secret is made reads no empty one, and whoever was later takes the other's", (t) => {
  const folder = aFolder(t);
  let inside = "";
  const outside = secretFile(folder, "it", () => {
    inside = secretFile(folder, "it", () => "the other's");
    return "mine";
  });
  assert.deepEqual([inside, outside, readdirSync(folder)], ["the other's", "the other's", ["it"]]);
});

test("a file system without second names of files holds a secret all the same, and replaces none", (t) => {
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  t.mock.method(fs, "linkSync", () => {
    throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
  });
  syncBuiltinESMExports();
  const folder = aFolder(t);
  assert.equal(
    secretFile(folder, "it", () => "mine"),
    "mine",
  );
  const late = secretFile(folder, "late", () => {
    secretFile(folder, "late", () => "the other's");
    return "mine";
  });
  assert.deepEqual([late, readdirSync(folder)], ["the other's", ["it", "late"]]);
});

test("an empty file is no secret", (t) => {
  const folder = aFolder(t);
  writeFileSync(join(folder, "it"), "\n");
  assert.throws(() => secretFile(folder, "it", () => "mine"), { code: "BAD_STATE" });
});
