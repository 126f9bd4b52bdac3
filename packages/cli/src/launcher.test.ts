// The launcher, as an older Node runs it.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";

const program = join(import.meta.dirname, "..", "bin", "outweigh.js");
const older = olderNode();
const skip = older === undefined && "no Node older than 24 is on the path";

/** A Node below 24 on the path, if there is one. */
function olderNode(): string | undefined {
  const all = (process.env.PATH ?? "").split(delimiter).map((it) => join(it, "node"));
  return all
    .filter((it) => existsSync(it))
    .find((it) => Number(/^v(\d+)/.exec(spawnSync(it, ["--version"], { encoding: "utf8" }).stdout)?.[1] ?? 24) < 24);
}

test("an older Node starts the Node that npm installed, with arguments, output and exit code", { skip }, () => {
  const good = spawnSync(older ?? "", [program, "--version"], { encoding: "utf8" });
  assert.match(good.stdout, /^\d+\.\d+\.\d+\n$/, good.stderr);
  const wrong = spawnSync(older ?? "", [program, "nonsense"], { encoding: "utf8" });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /no command "nonsense"/);
});

test("a signal reaches the command, and its end is told", { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-launch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const child = spawn(older ?? "", [program, "scan", "/", "--json"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (it: Buffer) => {
    const first = said === "";
    said += it.toString();
    if (first) child.kill("SIGTERM");
  });
  const code = await new Promise((done) => child.once("exit", done));
  assert.equal(code, 3, said);
  assert.match(said, /outweigh: stopped/);
});
