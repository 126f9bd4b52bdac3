import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Poll } from "./poll.ts";
import { Proc } from "./proc.ts";
import { Story, type Activity } from "./story.ts";

const skip = process.platform === "linux" ? false : "needs /proc";
const mb = 1024 * 1024;

/** A host whose weights are watched: a folder, and what the story told so far. */
function aHost(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const weights = join(folder, "model.safetensors");
  writeFileSync(weights, Buffer.alloc(4 * mb, 7));
  const { dev, ino, size } = statSync(weights);
  const story = new Story();
  story.watch({ inode: `${dev}:${ino}`, path: weights, bytes: size });
  const told: Activity[] = [];
  let uptimeMs = 0;
  const poll = new Poll({
    uptimeMs: () => uptimeMs,
    proc: new Proc(),
    story,
    see: (it) => void told.push(...story.see(it)),
    isOurs: (pid) => pid === process.pid,
    // However long a look takes here, it is a whole one.
    budgetMs: 600_000,
  });
  const look = (at = Date.now(), passed = 250) => {
    uptimeMs += passed;
    poll.look(at);
  };
  return { folder, weights, poll, told, look };
}

/** A program that runs a script of ours, says a line when it stands where the test wants it, and waits to be ended. */
async function aProgram(t: TestContext, script: string, args: readonly string[]) {
  const whole = `(async () => { ${script}; console.log("ready"); setInterval(() => {}, 1000) })()`;
  const child = spawn(process.execPath, ["-e", whole, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const end = async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  };
  return { pid: child.pid ?? 0, end };
}

test(
  "a program that copies weights is told with its parents, and its copy with the size it got",
  { skip },
  async (t) => {
    const { folder, weights, told, look } = aHost(t);
    const copy = join(folder, "cat.jpg");
    const script = `
    const fs = require("fs"), [from, to] = process.argv.slice(1);
    const a = fs.openSync(from), b = fs.openSync(to, "w"), piece = Buffer.alloc(${4 * mb});
    fs.readSync(a, piece); fs.writeSync(b, piece)`;
    const { pid, end } = await aProgram(t, script, [weights, copy]);
    look();
    await end();
    look();
    const [open, write] = told;
    assert.equal(open?.what, "open");
    assert.equal(open.process.pid, pid);
    assert.equal(open.process.parents[0]?.pid, process.pid);
    assert.equal(write?.what, "write");
    assert.deepEqual(write.file, { path: copy, bytes: 4 * mb, madeFrom: weights });
  },
);

test("weights are followed through a pipe", { skip }, async (t) => {
  const { folder, weights, told, look } = aHost(t);
  const out = join(folder, "out");
  // A fifo would have a name; what a shell makes has none.
  const line = `(exec 3<"$0"; cat <&3; sleep 600) | (cat; sleep 600) > "$1"`;
  const shell = spawn("/bin/sh", ["-c", line, weights, out], { stdio: "ignore", detached: true });
  t.after(() => process.kill(-(shell.pid ?? 0), "SIGKILL"));
  const until = Date.now() + 90_000;
  while (!told.some((it) => it.what === "write") && Date.now() < until) {
    look();
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.deepEqual(told.find((it) => it.what === "write")?.file.madeFrom, weights);
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((it) => it && !it.internal && it.family === "IPv4")?.address;

test(
  "a connection to another address by who holds weights is a send; a served client is not",
  {
    skip: skip || (outside === undefined && "needs an address other than loopback"),
  },
  async (t) => {
    const { weights, told, look } = aHost(t);
    const server = createServer((socket) => socket.on("error", () => {})).listen(0, outside);
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const script = `
    const fs = require("fs"), net = require("net"), [from, host, port] = process.argv.slice(1);
    fs.openSync(from); const s = net.connect(Number(port), host); await new Promise((done) => s.once("connect", done))`;
    await aProgram(t, script, [weights, outside ?? "", String(port)]);
    look();
    look();
    const sends = told.filter((it) => it.what === "send");
    assert.deepEqual(
      sends.map((it) => it.peer),
      [{ address: outside, port }],
    );
    assert.equal(sends[0]?.atMost, 4 * mb);
  },
);

test("our own reading is not told", { skip }, (t) => {
  const { weights, told, look } = aHost(t);
  openSync(weights, "r");
  look();
  assert.deepEqual(told, []);
});

test("a clock that is set back or forward hides nothing, and ends nothing early", { skip }, async (t) => {
  const { folder, weights, told, look } = aHost(t);
  const day = 86_400_000;
  const now = Date.now();
  look(now);
  const copies = ["one", "two", "three"].map((it) => join(folder, it));
  const script = `
    const fs = require("fs"), [from, to] = process.argv.slice(1);
    const a = fs.openSync(from), b = fs.openSync(to, "w"), piece = Buffer.alloc(${4 * mb});
    fs.readSync(a, piece); fs.writeSync(b, piece)`;
  for (const [i, at] of [now - day, now + 400 * day, now].entries()) {
    const { pid, end } = await aProgram(t, script, [weights, copies[i] ?? ""]);
    look(at);
    assert.ok(
      told.some((it) => it.process.pid === pid && it.what === "open" && it.time === at),
      String(i),
    );
    await end();
    look(at);
  }
  const done = told.filter((it) => it.what === "write").map((it) => it.file.path);
  assert.deepEqual(new Set(done), new Set(copies));
});

const setpriv = "/usr/bin/setpriv";
const rights = "+dac_read_search,+sys_ptrace";
const as = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", rights, "--ambient-caps", rights];
const canGiveRights =
  process.geteuid?.() === 0 && existsSync(setpriv) && spawnSync(setpriv, [...as, "/bin/true"]).status === 0;

test(
  "with two rights and without root, the files that other users have open are seen: tier T1",
  { skip: skip || (!canGiveRights && "needs setpriv, and root with these rights") },
  async (t) => {
    const { weights } = aHost(t);
    const { pid } = await aProgram(t, `require("fs").openSync(process.argv[1])`, [weights]);
    const script = `
      import { Proc } from ${JSON.stringify(join(import.meta.dirname, "proc.ts"))};
      const proc = new Proc();
      console.log(JSON.stringify({ all: proc.seesAll(), open: (proc.handles(${pid}) ?? []).map((it) => it.target) }));`;
    const program = [process.execPath, "--input-type=module-typescript", "-e", script];
    const { stdout, stderr } = spawnSync(setpriv, [...as, ...program], { encoding: "utf8", cwd: "/" });
    const { all, open } = JSON.parse(stdout || assert.fail(stderr));
    assert.equal(all, true);
    assert.ok(open.includes(weights), open.join(", "));
  },
);
