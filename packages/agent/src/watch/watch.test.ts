import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { ActivityRecord } from "@outweigh/schema";
import { buildHelper, isRunnable, kernelLine } from "./fanotify.ts";
import { Watch } from "./watch.ts";

const root = process.platform === "linux" && process.geteuid?.() === 0;
const compiler = existsSync("/usr/bin/cc");
const skip = root && compiler ? false : "needs root and a C compiler on Linux";
const mb = 1024 * 1024;

test("programs too short for a look are told by the kernel: copied, renamed, packed and split", { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const helper = join(folder, "helper");
  assert.equal(await buildHelper(helper), undefined);
  const weights = join(folder, "model.safetensors");
  writeFileSync(weights, Buffer.alloc(3 * mb, 7));

  const told: ActivityRecord[] = [];
  const problems: string[] = [];
  const watch = new Watch({
    host: "h",
    helper,
    tell: (it) => void told.push(it),
    problem: (it) => void problems.push(it),
  });
  await watch.start();
  t.after(() => watch.stop());
  assert.equal(watch.tier, "T2");
  const { dev, ino, size } = statSync(weights);
  watch.watch({ inode: `${dev}:${ino}`, path: weights, bytes: size });
  await pause(100);

  const [copy, picture] = [join(folder, "x"), join(folder, "cat.jpg")];
  execFileSync("cp", [weights, copy]);
  await pause(100);
  renameSync(copy, picture);
  execFileSync("split", ["-b", "1M", picture, join(folder, "piece-")]);
  await until(() => told.filter((it) => it.what === "write").length >= 4);

  const seen = told.map((it) => `${it.what} ${it.renamedTo ?? it.file.path}`.replaceAll(folder, ""));
  for (const it of ["open /model.safetensors", "write /x", "rename /cat.jpg", "open /cat.jpg", "write /piece-aa"])
    assert.ok(seen.includes(it), `${it} in ${seen.join(", ")}`);
  const piece = told.find((it) => it.file.path.endsWith("/piece-ac"));
  assert.equal(piece?.file.madeFrom, weights);
  assert.deepEqual(problems, []);
});

test("without a helper that starts, the watch says so and is T0", async (t) => {
  const problems: string[] = [];
  const watch = new Watch({
    host: "h",
    helper: "/nonexistent/helper",
    tell: () => {},
    problem: (it) => void problems.push(it),
  });
  await watch.start();
  t.after(() => watch.stop());
  assert.equal(watch.tier, "T0");
  assert.match(problems.join(), /T2\) did not start/);
});

test("a line of the helper reads back, whatever the name; anything else is no line", () => {
  const hex = (it: number) => it.toString(16).padStart(2, "0");
  const escape = (path: string) =>
    [...path].map((it) => (it < " " || it === "\x7f" || it === "\\" ? `\\x${hex(it.charCodeAt(0))}` : it)).join("");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(), (path, pid) => {
      const file = { inode: "65024:12", path, bytes: 5 };
      assert.deepEqual(kernelLine(`w ${pid} 65024 12 5 ${escape(path)}`), { kind: "written", pid, file });
    }),
  );
  const sparse = kernelLine("w 1 65024 12 9223372036854775807 /x");
  assert.equal(sparse?.file.bytes, Number.MAX_SAFE_INTEGER, "a sparse file hides nothing by claiming eight exbibytes");
  fc.assert(fc.property(fc.string(), (text) => assert.equal(kernelLine(`z${text}`), undefined)));
});

test("a helper that others could have written is not started, and ours is ours alone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-helper-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const helper = join(folder, "helper");
  assert.equal(await isRunnable(helper), false);
  writeFileSync(helper, "");
  chmodSync(helper, 0o700);
  assert.equal(await isRunnable(helper), true);
  chmodSync(helper, 0o722);
  assert.equal(await isRunnable(helper), false);
  chmodSync(helper, 0o700);
  chmodSync(folder, 0o777);
  assert.equal(await isRunnable(helper), false);
  chmodSync(folder, 0o700);
  if (!compiler) return;
  assert.equal(await buildHelper(helper), undefined);
  assert.equal(statSync(helper).mode & 0o777, 0o700);
});

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await pause(25);
}
