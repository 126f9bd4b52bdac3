import assert from "node:assert/strict";
import { createServer } from "node:http";
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

/** What a server in this very process would have written. */
function thisProcess(at: string): object {
  const stat = process.platform === "linux" ? readFileSync("/proc/self/stat", "utf8") : "";
  return { pid: process.pid, began: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "", url: at };
}

test("a server that runs is found", (t) => {
  assert.equal(localServer(aDataFolder(t, thisProcess(url))).url, url);
});

test("a folder without a server says how to start one", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-client-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.throws(() => localServer(folder), /outweigh up/);
});

test("the token goes to this machine alone, whatever the folder says", (t) => {
  for (const at of [
    "http://evil.example:80",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1:80@evil.example",
    "https://127.0.0.1:1/x",
  ]) {
    assert.throws(() => localServer(aDataFolder(t, thisProcess(at))), { name: "CliError" }, at);
  }
});

test("asks for a link with the folder's token, and repeats what a server says is wrong", async (t) => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, answer) => {
    seen.push(request.headers.authorization);
    if (seen.length === 1) answer.setHeader("content-type", "application/json").end('{"path":"/open?t=x"}');
    else answer.writeHead(401).end('{"error":"NOT_SIGNED_IN","message":"expected the token"}');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const address = server.address();
  const own = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const it = localServer(aDataFolder(t, thisProcess(own)));
  assert.equal(await it.link(), `${own}/open?t=x`);
  assert.deepEqual(seen, ["Bearer secret"]);
  await assert.rejects(it.link(), { code: "NOT_SIGNED_IN", message: "expected the token" });
});

test("a server that is busy is asked again", async (t) => {
  let asked = 0;
  const server = createServer((_, answer) => {
    if (++asked < 3) answer.writeHead(503).end('{"error":"BUSY","message":"try again in a moment"}');
    else answer.setHeader("content-type", "application/json").end('{"path":"/open?t=x"}');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const address = server.address();
  const own = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  assert.equal(await localServer(aDataFolder(t, thisProcess(own))).link(), `${own}/open?t=x`);
  assert.equal(asked, 3);
});

test("a server that does not answer is said to be gone", async (t) => {
  await assert.rejects(localServer(aDataFolder(t, thisProcess("http://127.0.0.1:1"))).link(), /does not answer/);
});

test("an answer that this version does not know is an error with a code, whatever it is", async (t) => {
  const answers = ['{"path":7}', "null", "[", '{"path":"https://evil.example/"}'];
  const server = createServer((_, answer) =>
    answer.setHeader("content-type", "application/json").end(answers[asked++ % answers.length]),
  );
  let asked = 0;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const address = server.address();
  const own = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const it = localServer(aDataFolder(t, thisProcess(own)));
  for (const one of answers) await assert.rejects(it.link(), { code: "UNKNOWN_ANSWER" }, one);
});
