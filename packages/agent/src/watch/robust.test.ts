// The agent as a process, and a line to its server that fails: whatever is done to both, what was seen arrives.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { agentHeaders, agentReport, type ActivityRecord, type AgentReport } from "@outweigh/schema";
import { weights } from "../testing/a-disk.ts";
import { enrol } from "./link.ts";
import { identityFile } from "./run.ts";
import { Spool } from "./spool.ts";

const skip = process.platform === "linux" ? false : "needs /proc";
const linesSeen = 2500;
/** How long to wait for what must come, in ms. */
const deadline = 90_000;

/** A server that keeps every report, and a line to it that can be cut in two ways. */
async function aServer(t: TestContext) {
  const reports: AgentReport[] = [];
  const counters: number[] = [];
  const { publicKey } = generateKeyPairSync("ed25519");
  const serverKey = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (it: Buffer) => pieces.push(it));
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      if (request.url === "/api/agents/enrol") return response.end(JSON.stringify({ agent: "a", serverKey }));
      reports.push(agentReport.parse(JSON.parse(Buffer.concat(pieces).toString("utf8"))));
      counters.push(Number(request.headers[agentHeaders.counter]));
      response.end(JSON.stringify({ orders: [] }));
    });
  });
  const line = { loses: "nothing" as "nothing" | "answers" | "requests", tried: 0 };
  const open = new Set<Socket>();
  const proxy = createTcpServer((from) => {
    line.tried++;
    const to = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const end = () => [from, to].forEach((it) => it.destroy());
    for (const it of [from, to]) {
      open.add(it);
      it.on("error", end).on("close", end);
    }
    from.on("data", (it) => (line.loses === "requests" ? end() : to.write(it)));
    to.on("data", (it) => (line.loses === "answers" ? end() : from.write(it)));
  });
  for (const it of [server, proxy]) {
    it.listen(0, "127.0.0.1");
    await once(it, "listening");
    t.after(() => it.close());
  }
  t.after(() => open.forEach((it) => it.destroy()));
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, reports, counters, line };
}

const bin = join(import.meta.dirname, "..", "..", "..", "cli", "bin", "outweigh.js");

function anAgent(
  t: TestContext,
  dataDir: string,
  roots: string,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const args = [bin, "agent", "run", roots, "--data", dataDir];
  const child = spawn(process.execPath, args, { stdio: "ignore", env: { ...process.env, ...env } });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + deadline; !holds(); await new Promise((done) => setTimeout(done, 50)))
    assert.ok(Date.now() < end, `${what} did not come`);
}

test(
  "killed, held and cut off, an agent loses nothing that it saw, and never uses a number twice",
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "outweigh-robust-"));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const [data, roots] = [join(folder, "data"), join(folder, "models")];
    for (const it of [data, roots]) mkdirSync(it);
    const { url, reports, counters, line } = await aServer(t);
    await enrol(url, "x".repeat(32), identityFile(data));
    const spool = new Spool(join(data, "spool.db"));
    for (let n = 0; n < linesSeen; n++) spool.add(aLine(n));
    spool.close();
    const arrived = () => new Set(reports.flatMap((it) => it.lines.map(({ id }) => id))).size;

    // The server has it, and the agent does not know: it must send it again.
    line.loses = "answers";
    const first = anAgent(t, data, roots);
    await until(() => arrived() > 0, "the first report");
    first.kill("SIGKILL");
    await once(first, "exit");

    line.loses = "requests";
    const tried = line.tried;
    const second = anAgent(t, data, roots);
    await until(() => line.tried > tried, "a report into the void");
    second.kill("SIGSTOP");
    await until(() => readFileSync(`/proc/${second.pid}/stat`, "utf8").includes(") T "), "a held agent");
    line.loses = "nothing";
    second.kill("SIGCONT");
    await until(() => reports.at(-1)?.health.waiting === 0 && arrived() === linesSeen, "everything");
    assert.equal(reports.at(-1)?.health.dropped, 0);
    assert.deepEqual(
      counters,
      [...new Set(counters)].toSorted((one, other) => one - other),
    );
  },
);

test(
  "when its clock jumps a day on and two back, a real agent tells all that it sees, with that clock",
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "outweigh-clock-"));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const [data, roots, clock] = [join(folder, "data"), join(folder, "models"), join(folder, "clock")];
    for (const it of [data, roots]) mkdirSync(it);
    const model = join(roots, "acme.safetensors");
    writeFileSync(model, weights("acme", [0, 1], undefined, { side: 192 }));
    writeFileSync(clock, "0");
    const { url, reports, counters } = await aServer(t);
    await enrol(url, "x".repeat(32), identityFile(data));
    const preload = pathToFileURL(join(import.meta.dirname, "..", "testing", "jumping-clock.ts")).href;
    anAgent(t, data, roots, { NODE_OPTIONS: `--import=${preload}`, OUTWEIGH_TEST_CLOCK: clock });
    await until(() => (reports.at(-1)?.health.watchedFiles ?? 0) > 0, "a watch");

    const lines = () => reports.flatMap((it) => it.lines);
    /** How far the agent's clock was from ours when it told of a new reader, in ms. */
    const offBy = async (): Promise<number> => {
      const fd = openSync(model, "r");
      const reader = spawn("sleep", ["600"], { stdio: [fd, "ignore", "ignore"] });
      closeSync(fd);
      t.after(() => reader.kill("SIGKILL"));
      const told = () => lines().find((it) => it.process.pid === reader.pid);
      await until(() => told() !== undefined, "what was seen");
      return (told()?.time ?? 0) - Date.now();
    };
    const day = 86_400_000;
    for (const off of [0, day, -2 * day, 0]) {
      writeFileSync(clock, String(off));
      // The first of them may have been seen before it jumped.
      for (const end = Date.now() + deadline; Math.abs((await offBy()) - off) > day / 4;)
        assert.ok(Date.now() < end, "the clock did not jump");
    }
    const numbers = new Set(lines().map(({ id }) => Number(id.split(":").at(-1))));
    assert.deepEqual(numbers, new Set([...numbers].map((_, i) => i + 1)), "no line is missing");
    assert.deepEqual(
      counters,
      [...new Set(counters)].toSorted((one, other) => one - other),
    );
    assert.equal(reports.at(-1)?.health.dropped, 0);
  },
);

function aLine(n: number): ActivityRecord {
  const process = { pid: n, name: "cp", command: [], parents: [] };
  const file = { path: `/w/${n}`, bytes: n };
  return { activity: 1, id: String(n), host: "h", time: n, sensor: "poll", what: "open", process, file };
}
