import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";

const digest = "d".repeat(64);

/** A report as whoever holds the ingest token can write it. */
function forged(finishedAt: string, paths: readonly string[] = []) {
  const copies = paths.map((path) => ({
    path,
    format: "safetensors",
    bytes: statSync(path).size,
    digest,
    complete: true,
    readableBy: [],
  }));
  const model = { id: "m", digest, bytes: 1, tensors: 1, formats: ["safetensors"], copies };
  return {
    version: "0",
    host: hostname(),
    startedAt: "2026-01-01T00:00:00Z",
    finishedAt,
    roots: ["/"],
    filesSeen: 1,
    bytesRead: 1,
    models: paths.length > 0 ? [model] : [],
    listeners: [],
    paths: [],
    notSeen: [],
  };
}

test("a forged scan report neither stands for ever nor gets our own files moved", async (t) => {
  const folder = aFolder("forged");
  const server = await aServer(folder.path);
  t.after(async () => {
    await server.close();
    folder.remove();
  });
  const visitor = await signIn(server.openUrl);
  const send = (report: object) =>
    fetch(`${server.url}/api/ingest/scan`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token("scan")}`, "content-type": "application/json" },
      body: JSON.stringify(report),
    });
  const latest = () => visitor.get("/api/scan");

  const key = join(realpathSync(folder.path), "evidence.key");
  await send(forged("9999-12-31T23:59:59Z", [key]));
  await eventually(latest, ({ status }) => status === 200);
  const target = createHash("sha256")
    .update(JSON.stringify([hostname(), "", key, digest]))
    .digest("hex")
    .slice(0, 24);
  const { body } = await visitor.post("/api/actions/preview", { verb: "quarantine-file", target });
  assert.match(body.refused, /Outweigh's own/);

  const honest = new Date(Date.now() + 1000).toISOString();
  await send(forged(honest));
  const { body: report } = await eventually(latest, (it) => it.body.finishedAt === honest);
  assert.equal(report.finishedAt, honest);
  // No start-up scan ran: the frame says when the last report was made, but never that it was made after now.
  const { scan } = (await visitor.get("/api/overview")).body;
  assert.equal(scan.state, "done");
  assert.ok(scan.finishedAt <= Date.now() && Date.now() - scan.finishedAt < 60_000);
});
