import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildHelper, Helper, type Kernel } from "./fanotify.ts";

const rights = BigInt(`0x${/CapEff:\s*(\w+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0}`);
const mayListen = process.platform === "linux" && process.geteuid?.() === 0 && (rights >> 21n) & 1n;
const skip = mayListen && existsSync("/usr/bin/cc") ? false : "needs root with CAP_SYS_ADMIN and a C compiler on Linux";
const size = 256 * 1024;

test(
  "a file that was passed over is told of again once it was written through a mapping of memory",
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "outweigh-mapped-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [path, program] = [join(folder, "helper"), join(folder, "write-mapped")];
    assert.equal(await buildHelper(path), undefined);
    execFileSync("cc", ["-o", program, join(import.meta.dirname, "../testing/write-mapped.c")]);
    const file = join(folder, "quiet");
    // Before anybody listens: else it would be one of the files that were written of late.
    writeFileSync(file, Buffer.alloc(size), { mode: 0o644 });
    const told: Kernel[] = [];
    const helper = new Helper({ path, mounts: [folder], see: (it) => told.push(it), lost: () => {}, ended: () => {} });
    t.after(() => helper.stop());
    assert.ok(await helper.ready);

    let rounds = 0;
    /** Everything that happened before has been told by then: the kernel tells in order. */
    const settled = async () => {
      const mark = join(folder, `mark-${++rounds}`);
      writeFileSync(mark, Buffer.alloc(size));
      await until(`round ${rounds}`, () => told.some((it) => it.kind === "written" && it.file.path === mark));
    };
    const opens = () => told.filter((it) => it.kind === "opened" && it.file.path === file).length;
    const read = () => execFileSync("cat", [file], { stdio: ["ignore", "ignore", "inherit"] });

    for (let n = 0; n < 4; n++) read();
    await settled();
    assert.equal(opens(), 0, "nobody asked for it: it is passed over");
    execFileSync(program, [file, String(size)]);
    read();
    await settled();
    assert.ok(told.some((it) => it.kind === "written" && it.file.path === file), "that it was written"); // prettier-ignore
    assert.ok(opens() > 0, "who opens it after that");
  },
);

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 90_000; !holds(); await new Promise((done) => setTimeout(done, 25)))
    assert.ok(Date.now() < end, `${what} was not told`);
}
