import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { localServer } from "./server-client.ts";

function aDataFolder(t: TestContext, server: object): string {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-client-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "server.json"), JSON.stringify(server));
  writeFileSync(join(folder, "open.token"), "secret\n");
  return folder;
}

const url = "http://127.0.0.1:7700";

test("a server that is gone is not asked: somebody else may have its port, and would get the token", (t) => {
  const gone = aDataFolder(t, { pid: 2 ** 22 + 1, began: "1", url });
  assert.throws(() => localServer(gone), { code: "FAILED", message: /no server runs in/ });
});

test(
  "a process id that is used again is not the server",
  { skip: process.platform === "linux" ? false : "only Linux tells when a process began" },
  (t) => {
    const again = aDataFolder(t, { pid: process.pid, began: "0", url });
    assert.throws(() => localServer(again), { code: "FAILED" });
  },
);

test("a server that runs is found", (t) => {
  const stat = process.platform === "linux" ? readFileSync("/proc/self/stat", "utf8") : "";
  const began = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  assert.equal(localServer(aDataFolder(t, { pid: process.pid, began, url })).url, url);
});
