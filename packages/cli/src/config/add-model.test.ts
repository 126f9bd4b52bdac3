import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { addModel, type NewModel } from "./add-model.ts";
import { checkConfig } from "./read.ts";

function aFile(t: TestContext, text?: string): string {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-config-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "outweigh.yml");
  if (text !== undefined) writeFileSync(file, text);
  return file;
}
const model = (over: Partial<NewModel> = {}): NewModel => ({
  name: "acme",
  class: "private",
  places: ["file:/srv/acme"],
  ...over,
});

test("begins a register where there is none", (t) => {
  const file = aFile(t);
  addModel(file, model());
  assert.deepEqual(
    checkConfig(readFileSync(file, "utf8"), file).config?.models.map((it) => it.name),
    ["acme"],
  );
});

test("leaves comments and everything else as they stand", (t) => {
  const file = aFile(
    t,
    "# ours\nserver:\n  port: 1234 # taken\nmodels:\n  # the first\n  - { name: a, class: base, places: [hf:a/b] }\n",
  );
  addModel(file, model());
  const text = readFileSync(file, "utf8");
  for (const it of ["# ours", "# taken", "# the first"]) assert.ok(text.includes(it), text);
  assert.deepEqual(
    checkConfig(text, file).config?.models.map((it) => it.name),
    ["a", "acme"],
  );
});

test("refuses a second model of the same name or digest, and leaves the file alone", (t) => {
  const file = aFile(t);
  const digest = "a".repeat(64);
  addModel(file, model({ digest }));
  const before = readFileSync(file, "utf8");
  assert.throws(() => addModel(file, model({ places: ["file:/other"] })), {
    name: "CliError",
    code: "USAGE",
    message: /has a model named .* already/,
  });
  assert.throws(() => addModel(file, model({ name: "b", digest, places: ["file:/b"] })), {
    code: "USAGE",
    message: /has these weights already, as /,
  });
  assert.equal(readFileSync(file, "utf8"), before);
});

test("adds nothing to a file that has mistakes already", (t) => {
  const file = aFile(t, "servers: {}\n");
  assert.throws(() => addModel(file, model()), { code: "CONFIG" });
});
