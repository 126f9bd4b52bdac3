import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { agentReport, orderResult, type AgentReport } from "@outweigh/schema";
import { enrol } from "./link.ts";
import { identityFile, runAgent, sendable } from "./run.ts";

test("facts that no server would read become a failure that says so", () => {
  const rows = Array.from({ length: 4000 }, (_, pid) => ({ pid, command: "x".repeat(8192) }));
  const facts = { at: 1, lists: [{ list: "processes" as const, rows, notSeen: [] }] };
  const sent = orderResult.parse(sendable({ id: "o", state: "done", facts }));
  assert.equal(sent.state, "failed");
  assert.match(sent.message ?? "", /longer than/);
  const few = { ...facts, lists: [{ list: "processes" as const, rows: rows.slice(0, 10), notSeen: [] }] };
  assert.equal(sendable({ id: "o", state: "done", facts: few }).facts, few);
});

const skip = process.platform === "linux" ? false : "needs /proc";

test(
  "the server learns why an order was not done: that it came too late, and that another signed one",
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "outweigh-run-"));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const [data, roots] = [join(folder, "data"), join(folder, "models")];
    for (const it of [data, roots]) mkdirSync(it);
    const [own, other] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
    const orderBy = ({ privateKey }: typeof own, id: string) => {
      const order = { verb: "stop-scan" };
      const text = JSON.stringify({ id, agent: "a", issuedAt: 1, expiresAt: 2, order });
      return { text, signature: sign(null, Buffer.from(text), privateKey).toString("base64url") };
    };
    const reports: AgentReport[] = [];
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (it: Buffer) => pieces.push(it));
      request.on("end", () => {
        const serverKey = own.publicKey.export({ type: "spki", format: "der" }).toString("base64");
        if (request.url === "/api/agents/enrol") return response.end(JSON.stringify({ agent: "a", serverKey }));
        reports.push(agentReport.parse(JSON.parse(Buffer.concat(pieces).toString("utf8"))));
        // As long as it has no answer, a server asks again.
        const isAnswered = reports.some((it) => it.results.length > 0);
        response.end(JSON.stringify({ orders: isAnswered ? [] : [orderBy(own, "late"), orderBy(other, "forged")] }));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    await enrol(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "x".repeat(32), identityFile(data));

    const stop = new AbortController();
    const running = runAgent({ dataDir: data, roots: [roots], signal: stop.signal, say: () => {} });
    const results = () => reports.flatMap((it) => it.results);
    const said = () => reports.at(-1)?.health.problems.join() ?? "";
    for (const end = Date.now() + 90_000; results().length === 0 || !/did not sign/.test(said());) {
      assert.ok(Date.now() < end, "the reasons did not come");
      await new Promise((done) => setTimeout(done, 50));
    }
    stop.abort();
    await running;
    assert.deepEqual(new Set(results().map((it) => `${it.id} ${it.state}`)), new Set(["late refused"]));
    assert.match(results()[0]?.message ?? "", /it has expired/);
  },
);
