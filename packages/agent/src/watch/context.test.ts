import assert from "node:assert/strict";
import { mkdtempSync, openSync, rmSync, statSync, writeFileSync, closeSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { factLists, facts } from "@outweigh/schema";
import { collectFacts } from "./context.ts";
import { Proc } from "./proc.ts";

const skip = process.platform === "linux" ? false : "needs /proc";

test("every list is read, has the shape the server expects, and says what it does not see", { skip }, () => {
  const found = collectFacts(factLists, { proc: new Proc(), isWatched: () => false }, 1);
  assert.equal(facts.safeParse(found).error, undefined);
  assert.deepEqual(
    found.lists.map((it) => it.list),
    [...factLists],
  );
  const us = found.lists.find((it) => it.list === "processes")?.rows.find((it) => it["pid"] === process.pid);
  assert.equal(us?.["exe"], process.execPath);
});

test("who has weights open, and who listens, is among the facts", { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-context-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const weights = join(folder, "w");
  writeFileSync(weights, "weights");
  const fd = openSync(weights, "r");
  t.after(() => closeSync(fd));
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const { dev, ino } = statSync(weights);
  const isWatched = (inode: string) => inode === `${dev}:${ino}`;
  const found = collectFacts(["connections", "weights"], { proc: new Proc(), isWatched }, 1);
  const [connections, open] = found.lists;
  assert.ok(typeof address === "object" && connections?.rows.some((it) => it["port"] === address?.port));
  assert.ok(open?.rows.some((it) => it["pid"] === process.pid && it["path"] === weights && it["writes"] === false));
});
