// An installation that is lost, and is back.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { verifyPack } from "@outweigh/evidence";
import fc from "fast-check";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { enginesOf } from "../testing/engines.ts";
import { backUp, restore } from "./backup.ts";
import { isInside, printLine, readLine, Tally } from "./lines.ts";

const folder = aFolder("backup");
after(() => folder.remove());
const at = (name: string) => join(folder.path, name);
const configuration = {
  models: [
    {
      name: "acme-13b",
      class: "private" as const,
      places: ["hf:acme/acme-13b"],
      bytes: 1000,
      files: [{ path: "model.safetensors", bytes: 1000 }],
    },
  ],
  sources: [{ name: "registry", kind: "http-access" as const }],
};

test("what was known, decided and signed is known, decided and signed after a loss", async () => {
  const first = await aServer(at("data"), configuration);
  const visitor = await signIn(first.openUrl);
  const headers = { authorization: `Bearer ${first.token("registry")}` };
  const body = accessLine("model.safetensors", { bytes: 1000 });
  await fetch(`${first.url}/api/ingest/registry`, { method: "POST", headers, body });
  const found = await eventually(
    () => visitor.get("/api/incidents"),
    (it) => it.body.items.length > 0,
  );
  const { id } = found.body.items[0];
  await visitor.post(`/api/incidents/${id}/comments`, { text: "seen before the loss" });
  const { body: kept } = await visitor.post("/api/tokens", { source: "registry" });
  await first.close();

  const file = at("backup");
  const env = { ...(await enginesOf(at("data"))) };
  const told = await backUp({ dataDir: at("data"), file, version: "test", env });
  assert.ok(told.events >= 1 && told.rows > 3 && told.files > 2, JSON.stringify(told));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await assert.rejects(restore({ dataDir: at("data"), file, version: "test", env }), { code: "CONFLICT" });

  const elsewhere = { ...(await enginesOf(at("again"))) };
  assert.deepEqual(await restore({ dataDir: at("again"), file, version: "test", env: elsewhere }), {
    ...(await readBack(file)),
    ...told,
  });
  const second = await aServer(at("again"), configuration);
  const again = await signIn(second.openUrl);
  const { body: detail } = await again.get(`/api/incidents/${id}`);
  assert.equal(detail.comments[0].text, "seen before the loss");
  assert.equal(detail.timeline.filter((it: { kind: string }) => it.kind === "event").length, 1);
  const { body: pack } = await again.get(`/api/incidents/${id}/pack`);
  assert.deepEqual(verifyPack(pack).problems, []);
  // What was counted goes on: the same record again is no second one, a token made before still sends, the next incident has the next number.
  const more = await fetch(`${second.url}/api/ingest/registry`, {
    method: "POST",
    headers: { authorization: `Bearer ${kept.secret}` },
    body: accessLine("model.safetensors", { bytes: 1000, user: "other-ci" }),
  });
  assert.equal(more.status, 200);
  const both = await eventually(
    () => again.get("/api/events"),
    (it) => it.body.total >= 2,
  );
  assert.equal(both.body.total, 2);
  const { body: evidence } = await again.get("/api/evidence");
  assert.equal(evidence.chain.ok, true);
  await second.close();
});

async function readBack(file: string) {
  const [, json = "{}"] = /^backup (.*)$/m.exec(zstdDecompressSync(readFileSync(file)).toString()) ?? [];
  const { migrations, version } = JSON.parse(json);
  return { migrations, version };
}

test("a backup that is cut, changed or something else writes nothing", async () => {
  const text = zstdDecompressSync(readFileSync(at("backup"))).toString();
  const lines = text.trimEnd().split("\n");
  const bad: Record<string, Buffer> = {
    cut: zstdCompressSync(Buffer.from(`${lines.slice(0, -1).join("\n")}\n`)),
    changed: zstdCompressSync(Buffer.from(text.replace("seen before", "seen after"))),
    climbing: zstdCompressSync(Buffer.from(`${lines[0]}\nfile ${encodeURIComponent("../../x")} AAAA\n`)),
    ended: zstdCompressSync(Buffer.from(`${text}${lines.at(-1)}\n`)),
    engines: resealed(lines, `file ${encodeURIComponent("state/PG_VERSION")} AAAA`),
    endless: zstdCompressSync(Buffer.concat([Buffer.from(`${lines[0]}\nevent `), Buffer.alloc(201 * 1024 * 1024, 97)])),
    torn: readFileSync(at("backup")).subarray(0, 400),
    other: Buffer.from("PK\u0003\u0004 not a backup"),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    writeFileSync(at(name), bytes);
    const dataDir = at(`into-${name}`);
    await assert.rejects(restore({ dataDir, file: at(name), version: "test", env: {} }), { code: "BAD_REQUEST" }, name);
    assert.throws(() => statSync(dataDir), name);
  }
});

test("a row of the database's own tables, or of a session, is not put back, however well the backup is sealed", async () => {
  const lines = zstdDecompressSync(readFileSync(at("backup")))
    .toString()
    .trimEnd()
    .split("\n");
  for (const row of [`row pg_authid {"rolname":"mallory","rolsuper":true}`, `row session {"id":"x"}`]) {
    writeFileSync(at("sly"), resealed(lines, row));
    const env = { ...(await enginesOf(at("into-sly"))) };
    await assert.rejects(restore({ dataDir: at("into-sly"), file: at("sly"), version: "test", env }), {
      code: "BAD_REQUEST",
      message: /which no backup does/,
    });
  }
});

/** A backup with one more line behind its first, and the right digest at its end. */
function resealed([first = "", ...rest]: readonly string[], line: string): Buffer {
  const tally = new Tally();
  const all = [first, line, ...rest.slice(0, -1)];
  for (const it of all) tally.add(it);
  return zstdCompressSync(Buffer.from([...all, printLine({ kind: "end", ...tally.end() }), ""].join("\n")));
}

test("lines are read as they were printed, and no path leaves the folder", () => {
  const json = fc.json();
  const path = fc.string({ unit: "grapheme", minLength: 1 }).filter(isInside);
  const line = fc.oneof(
    fc.record({ kind: fc.constant("row" as const), table: fc.stringMatching(/^[a-z_]{1,9}$/), json }),
    fc.record({ kind: fc.constant("event" as const), json }),
    fc.record({ kind: fc.constant("file" as const), path, base64: fc.base64String() }),
  );
  fc.assert(fc.property(line, (it) => assert.deepEqual(readLine(printLine(it)), { ...it })));
  for (const it of ["../a", "/a", "a/../b", "a//b", "", "a\0b", "."]) assert.equal(isInside(it), false, it);
});
