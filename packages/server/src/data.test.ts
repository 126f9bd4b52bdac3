import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { claimData, makeDataFolder } from "./data.ts";
import { aFolder } from "./testing/a-server.ts";

function claimed(t: { after(done: () => void): void }) {
  const folder = aFolder("data");
  t.after(() => folder.remove());
  return { path: folder.path, file: join(folder.path, "server.json") };
}

test("a folder that another process works in is not taken, and says where that one is", async (t) => {
  const { path, file } = claimed(t);
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  t.after(() => other.kill());
  const began = readFileSync(`/proc/${other.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
  writeFileSync(file, JSON.stringify({ pid: other.pid, began, url: "http://127.0.0.1:7700" }));
  await assert.rejects(claimData(path), {
    code: "DATA_IN_USE",
    message: /works in .* already at http:\/\/127.0.0.1:7700/,
  });
});

for (const [what, text] of [
  ["a process that is gone", JSON.stringify({ pid: 2 ** 22 + 1, began: "1" })],
  ["a process id that is used again", JSON.stringify({ pid: 1, began: "0" })],
  ["half a file", '{"pid":'],
  ["nothing", ""],
] as const) {
  test(`a claim of ${what} counts for nothing`, async (t) => {
    const { path, file } = claimed(t);
    writeFileSync(file, text);
    const claim = await claimData(path);
    await claim.publish("http://127.0.0.1:1");
    assert.equal(JSON.parse(readFileSync(file, "utf8")).pid, process.pid);
    await claim.release();
  });
}

test("a folder that others may write is not taken: what lies in it may be theirs", async (t) => {
  const { path } = claimed(t);
  chmodSync(path, 0o777);
  await assert.rejects(claimData(path), { code: "DATA_NOT_OURS", message: /can be written by others/ });
});

test(
  "a folder of another user is not taken",
  { skip: process.getuid?.() === 0 ? false : "only root can give a folder away" },
  async (t) => {
    const { path } = claimed(t);
    chownSync(path, 65534, 65534);
    await assert.rejects(claimData(path), { code: "DATA_NOT_OURS", message: /belongs to another user \(65534\)/ });
  },
);

test(
  "makes what is missing of the path, and gives up where the parent takes no folders",
  { skip: process.platform !== "linux" && "needs /proc" },
  async (t) => {
    const { path } = claimed(t);
    await makeDataFolder(join(path, "a", "b"));
    assert.ok(existsSync(join(path, "a", "b")));
    // Node's recursive mkdir never came back from this.
    await assert.rejects(makeDataFolder("/proc/outweigh"), { code: "DATA_NOT_OURS" });
  },
);
