import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { aFolder } from "../testing/a-disk.ts";
import { findListeners, type FoundListener } from "./listeners.ts";
import { NotSeen } from "./not-seen.ts";
import { isLoopback, parseListening } from "./sockets.ts";

const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const row = (local: string, inode: number, state = "0A") =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

interface Process {
  readonly pid: number;
  readonly args: readonly string[];
  readonly inode: number;
  readonly open?: string;
}

/** A folder like /proc with these listeners and processes. */
function listenersOf(
  t: TestContext,
  tcp: string,
  processes: readonly Process[],
  notSeen = new NotSeen(),
): FoundListener[] {
  const proc = aFolder(t);
  mkdirSync(join(proc, "net"));
  writeFileSync(join(proc, "net", "tcp"), header + tcp);
  writeFileSync(join(proc, "net", "tcp6"), header);
  for (const { pid, args, inode, open } of processes) {
    const home = join(proc, String(pid));
    mkdirSync(join(home, "fd"), { recursive: true });
    writeFileSync(join(home, "cmdline"), args.join("\0") + "\0");
    writeFileSync(join(home, "comm"), `${args[0]?.split("/").at(-1)}\n`);
    symlinkSync(`socket:[${inode}]`, join(home, "fd", "3"));
    if (open !== undefined) symlinkSync(open, join(home, "fd", "4"));
  }
  return findListeners(proc, notSeen);
}

test("reads listening sockets of both families, and none that are connected", () => {
  const text = header + row("0100007F:2CAA", 1) + row("0100007F:2CAA", 2, "01");
  assert.deepEqual(parseListening(text), [{ address: "127.0.0.1", port: 11434, inode: "1" }]);
  const six = [
    row("00000000000000000000000000000000:1388", 1),
    row("00000000000000000000000001000000:1388", 2),
    row("0000000000000000FFFF00000100007F:1388", 3),
  ];
  assert.deepEqual(
    parseListening(header + six.join("")).map((it) => it.address),
    ["::", "::1", "127.0.0.1"],
  );
  assert.deepEqual(parseListening(header + row("B80D0120000000000000000001000000:0050", 1))[0]?.address, "2001:db8::1");
});

test("any text is a socket table", () => {
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseListening(text))));
});

test("only loopback addresses are loopback", () => {
  assert.deepEqual(["127.0.0.53", "::1", "0.0.0.0", "::", "10.0.0.1"].map(isLoopback), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("names the product by the process that holds the socket", (t) => {
  const [it] = listenersOf(t, row("00000000:2CAA", 77), [
    { pid: 9, args: ["/usr/bin/ollama", "serve"], inode: 77, open: "/models/a.gguf" },
  ]);
  assert.deepEqual(it?.listener, {
    address: "0.0.0.0",
    port: 11434,
    process: "ollama",
    product: "ollama",
    authenticated: "unknown",
    basis: "verified",
  });
  assert.equal(it?.kind, "server");
  assert.ok(it?.openFiles?.has("/models/a.gguf"));
});

test("a known port without a visible process is a guess, and what was hidden is said", (t) => {
  const notSeen = new NotSeen();
  const [it] = listenersOf(t, row("00000000:1388", 77), [], notSeen);
  assert.equal(it?.listener.product, "docker-registry");
  assert.equal(it?.listener.basis, "inferred");
  assert.match(JSON.stringify(notSeen.list()), /the process of 1 listener/);
});

test("a known port that another program holds is that program, not a guess", (t) => {
  const [it] = listenersOf(t, row("00000000:1388", 77), [{ pid: 9, args: ["/usr/bin/node", "app.js"], inode: 77 }]);
  assert.deepEqual([it?.listener.process, it?.listener.product], ["node", undefined]);
});

test("a key on the command line proves authentication; none proves nothing", (t) => {
  const args = ["python3", "-m", "vllm.entrypoints.openai.api_server"];
  const [closed] = listenersOf(t, row("00000000:1F40", 1), [{ pid: 9, args: [...args, "--api-key", "x"], inode: 1 }]);
  const [open] = listenersOf(t, row("00000000:1F40", 1), [{ pid: 9, args, inode: 1 }]);
  assert.deepEqual([closed?.listener.authenticated, open?.listener.authenticated], [true, "unknown"]);
});

test("an empty Jupyter token and no password are an open door, an empty token alone is not told", (t) => {
  const jupyter = (...more: string[]) => [{ pid: 9, args: ["python3", "/usr/bin/jupyter-lab", ...more], inode: 1 }];
  const [open] = listenersOf(t, row("00000000:22B8", 1), jupyter("--ServerApp.token=''", "--ServerApp.password=''"));
  const [unsure] = listenersOf(t, row("00000000:22B8", 1), jupyter("--ServerApp.token=''"));
  assert.deepEqual([open?.listener.authenticated, unsure?.listener.authenticated], [false, "unknown"]);
});

test("no command line enters the report: it may hold a secret", (t) => {
  const found = listenersOf(t, row("00000000:1F40", 1), [
    { pid: 9, args: ["/usr/bin/llama-server", "--api-key", "hunter2"], inode: 1 },
  ]);
  assert.doesNotMatch(JSON.stringify(found.map((it) => it.listener)), /hunter2/);
});
