import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { look, watchFile } from "./watch-file.ts";

test("what was written between the reading of a file and its watch is told", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "keys.json");
  const before = look(path);
  assert.equal(before, "", "no file");
  writeFileSync(path, "a key");
  // The watch's own timer keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  const changed = new Promise<string>((done) => {
    const watch = watchFile(path, () => done("told"), before);
    t.after(() => watch.stop());
  });
  assert.equal(await changed, "told");
});
