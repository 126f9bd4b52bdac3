import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { walk } from "./walk.ts";

/** A name that is no UTF-8, in a folder. */
const unwritable = (folder: string, name: string) => Buffer.concat([Buffer.from(join(folder, name)), Buffer.of(0xff)]);

test(
  "links whose names are no UTF-8 hide no file beside them",
  { skip: process.platform === "linux" ? false : "other systems refuse such names" },
  (t) => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "outweigh-walk-")));
    t.after(() => rmSync(root, { recursive: true }));
    const folder = join(root, "snapshots");
    mkdirSync(folder);
    const header = Buffer.from('{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    for (let i = 0; i < 8; i++) {
      writeFileSync(unwritable(folder, `file${i}`), Buffer.concat([length, header, Buffer.of(1)]));
      symlinkSync("../../blobs/abc", unwritable(folder, `link${i}`));
    }
    const { candidates, aliases, unseen } = walk([{ path: folder }], new Set(), () => 0);
    assert.equal(candidates.length, 8);
    assert.equal(aliases.length, 8);
    assert.deepEqual(unseen, []);
  },
);

test("a folder that became a link since it was listed is not followed, and is said", (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "outweigh-walk-")));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "elsewhere", "below"), { recursive: true });
  writeFileSync(join(root, "elsewhere", "secret"), "GGUF".padEnd(100));
  writeFileSync(join(root, "elsewhere", "below", "secret"), "GGUF".padEnd(100));
  symlinkSync("elsewhere", join(root, "folder"));
  const places = [{ path: join(root, "folder") }, { path: join(root, "folder", "below") }];
  for (const place of places) {
    const { candidates, files, unseen } = walk([place], new Set(), () => 0);
    assert.deepEqual([candidates, files], [[], 0]);
    assert.match(unseen[0]?.why ?? "", /became a symbolic link|was replaced/);
  }
});
