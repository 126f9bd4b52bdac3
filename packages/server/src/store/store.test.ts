// Embedded engines that die: the same server on top.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noClickHouse } from "../testing/a-clickhouse.ts";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { isExternal } from "../testing/engines.ts";

const configuration = {
  models: [{ name: "acme-13b", class: "private" as const, places: ["hf:acme/acme-13b"], bytes: 1_000_000 }],
  sources: [{ name: "registry", kind: "http-access" as const }],
};
const skip = isExternal() ? "these are not ours to end" : (noClickHouse ?? false);

test("either engine may die at any time: it comes back, and nothing is lost or counted twice", { skip }, async (t) => {
  const folder = aFolder("dying");
  const data = join(folder.path, "data");
  const server = await aServer(data, configuration);
  t.after(async () => {
    await server.close();
    folder.remove();
  });
  const visitor = await signIn(server.openUrl);
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  let sent = 0;
  for (let round = 0; round < 6; round++) {
    const lines = Array.from({ length: 50 }, () => accessLine(`n${sent++}.safetensors`)).join("\n");
    const answer = await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: lines });
    assert.equal(answer.status, 200, "what is sent is taken, whatever the engines do");
    const pid = await eventually(
      () => Promise.resolve(round % 2 === 0 ? postmaster(data) : engineOf(data)),
      (it) => it > 0,
    );
    kill(pid);
  }
  const source = async () => (await visitor.get("/api/sources?filter=name:registry")).body?.items?.[0];
  assert.equal((await eventually(source, (it) => it?.events === sent))?.events, sent);
  const total = async () => (await visitor.get("/api/events?filter=source:registry")).body.total;
  assert.equal(await eventually(total, (it) => it === sent), sent);
  assert.equal((await visitor.get("/api/models/acme-13b")).body.coalition.bytes, sent * 100);
  const { chain } = (await visitor.get("/api/evidence")).body;
  assert.equal(chain.ok, true, chain.problem);
});

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was just ending from the blow before.
  }
}

/** Its process, or NaN while there is none. */
function postmaster(data: string): number {
  const lock = join(data, "state", "db", "postmaster.pid");
  return existsSync(lock) ? Number(readFileSync(lock, "utf8").split("\n")[0]) : Number.NaN;
}

function engineOf(data: string): number {
  const folder = join(data, "events");
  const found = readdirSync("/proc").find((it) => {
    try {
      return /^\d+$/.test(it) && readlinkSync(`/proc/${it}/cwd`) === folder;
    } catch {
      return false;
    }
  });
  return Number(found);
}
