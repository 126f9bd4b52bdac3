import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { isListener, OwnAgent } from "./own-port.ts";

const skip = process.platform === "linux" ? false : "only Linux tells who holds a socket";

/** A listener in this process, and what it was sent. */
async function aListener() {
  const sent: (string | undefined)[] = [];
  const server = createServer(({ headers }, answer) => {
    sent.push(headers.authorization);
    answer.end("1\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { sent, server, port: (server.address() as AddressInfo).port };
}

function ask(agent: OwnAgent, port: number): Promise<number | undefined> {
  return new Promise((done, failed) => {
    const asked = request({ agent, host: "127.0.0.1", port, headers: { authorization: "secret" } });
    asked.once("response", (answer) => done(answer.resume().statusCode)).once("error", failed);
    asked.end();
  });
}

test("a connection to the process that we mean is given out, and is kept for the next request", { skip }, async () => {
  const { server, port, sent } = await aListener();
  const agent = new OwnAgent(process.pid, { keepAlive: true });
  assert.equal(await ask(agent, port), 200);
  assert.equal(await ask(agent, port), 200);
  assert.deepEqual(sent, ["secret", "secret"]);
  assert.equal(await isListener(process.pid, port), true);
  agent.destroy();
  server.close();
});

test("a process that took the port of ours gets not a byte", { skip }, async () => {
  const { server, port, sent } = await aListener();
  const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: "ignore" });
  await once(other, "spawn");
  const agent = new OwnAgent(other.pid ?? 0, {});
  await assert.rejects(ask(agent, port), /held by another process/);
  assert.deepEqual(sent, []);
  assert.equal(await isListener(other.pid ?? 0, port), false);
  other.kill();
  server.close();
});

test("where nobody listens, the error says so", { skip }, async () => {
  const { server, port } = await aListener();
  server.close();
  await once(server, "close");
  await assert.rejects(ask(new OwnAgent(process.pid, {}), port), { code: "ECONNREFUSED" });
  assert.equal(await isListener(process.pid, port), false);
});
