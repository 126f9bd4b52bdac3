import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import promises from "node:fs/promises";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { aFolder } from "../testing/a-server.ts";
import { orderKey, secretIn } from "./tokens.ts";

const noSecret = () => assert.fail("it is there");

test("a secret is made once, whole and for its owner alone, however many ask for it at once", async (t) => {
  const folder = aFolder("tokens");
  t.after(() => folder.remove());
  const file = join(folder.path, "it");
  let made = 0;
  const all = await Promise.all(Array.from({ length: 20 }, () => secretIn(file, () => `number ${++made}`)));
  const [one] = all;
  assert.ok(one?.startsWith("number "));
  assert.deepEqual(new Set(all), new Set([readFileSync(file, "utf8").trim(), await secretIn(file, noSecret)]));
  assert.deepEqual([readdirSync(folder.path), statSync(file).mode & 0o777], [["it"], 0o600]);
  const keys = await Promise.all(Array.from({ length: 5 }, () => orderKey(folder.path)));
  assert.equal(new Set(keys.map((it) => createPublicKey(it).export({ type: "spki", format: "pem" }))).size, 1);
});

test("nobody reads a secret that is still being made, and whoever was later takes the other's", async (t) => {
  const folder = aFolder("tokens");
  t.after(() => folder.remove());
  const file = join(folder.path, "it");
  const secret = await secretIn(file, () => {
    writeFileSync(file, "the other's\n", { flag: "wx" });
    return "mine";
  });
  assert.deepEqual([secret, readdirSync(folder.path)], ["the other's", ["it"]]);
});

test("a file system without second names of files holds a secret all the same", async (t) => {
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  t.mock.method(promises, "link", () =>
    Promise.reject(Object.assign(new Error("operation not permitted"), { code: "EPERM" })),
  );
  syncBuiltinESMExports();
  const folder = aFolder("tokens");
  t.after(() => folder.remove());
  const file = join(folder.path, "it");
  const made = await secretIn(file);
  assert.deepEqual([await secretIn(file, noSecret), readdirSync(folder.path)], [made, ["it"]]);
});

test("an empty file is no secret, and what cannot be made says why", async (t) => {
  const folder = aFolder("tokens");
  t.after(() => folder.remove());
  writeFileSync(join(folder.path, "it"), "\n");
  await assert.rejects(secretIn(join(folder.path, "it")), { code: "DATA_NOT_OURS" });
  await assert.rejects(secretIn(join(folder.path, "it", "below")), { code: "ENOTDIR" });
});
