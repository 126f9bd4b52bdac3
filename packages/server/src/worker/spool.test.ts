import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { aFolder } from "../testing/a-server.ts";
import { Spool, type SpoolPosition } from "./spool.ts";

const all = { records: 1_000_000, bytes: 1_000_000_000 };

const nowhere = new Map<string, unknown>();

async function opened(t: TestContext) {
  const folder = aFolder("spool");
  const spool = await Spool.open(folder.path, nowhere);
  t.after(async () => {
    await spool.close();
    folder.remove();
  });
  return { spool, path: folder.path };
}

const send = (spool: Spool, source: string, text: string) =>
  spool.append({ source, body: Buffer.from(text), at: 1, way: "token" });

const segmentsIn = (path: string) => readdirSync(path).filter((it) => it.endsWith(".log"));

async function drain(spool: Spool, portion = all) {
  const batches = [];
  for (let it = await spool.read(portion); it; it = await spool.read(portion)) batches.push(it);
  return batches;
}

const records = (batches: Awaited<ReturnType<typeof drain>>) =>
  batches.flatMap((it) => it.records.map((r) => r.record));
const at = (spool: Spool, position: SpoolPosition) => new Map([[spool.stream, position]]);

test("gives back what was sent, source by source, in order", async (t) => {
  const { spool } = await opened(t);
  await send(spool, "a", "one\ntwo\n");
  await send(spool, "b", "three");
  const batches = await drain(spool);
  assert.deepEqual(
    batches.map((it) => it.source),
    ["a", "b"],
  );
  assert.deepEqual(records(batches), ["one", "two", "three"]);
  assert.equal(await spool.read(all), undefined);
});

test("what was read and never stored is read again, also when nothing was ever stored", async (t) => {
  const { spool } = await opened(t);
  await send(spool, "a", "one\ntwo\n");
  assert.deepEqual(records(await drain(spool)), ["one", "two"]);
  spool.restore(nowhere);
  assert.deepEqual(records(await drain(spool)), ["one", "two"]);
});

test("many requests at once share syncs and lose nothing", async (t) => {
  const { spool, path } = await opened(t);
  await Promise.all(Array.from({ length: 200 }, (_, i) => send(spool, "a", `line ${i}\n`)));
  await spool.close();
  const again = await Spool.open(path, nowhere);
  t.after(() => again.close());
  assert.deepEqual(records(await drain(again)).length, 200);
});

test("reading goes on exactly at any position, whatever the portions", async (t) => {
  const { spool } = await opened(t);
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  for (let i = 0; i < 50; i += 10) await send(spool, "a", `${lines.slice(i, i + 10).join("\n")}\n`);
  const positions: ReadonlyMap<string, unknown>[] = [at(spool, { segment: 1, block: 0 })];
  for (const it of await drain(spool, { records: 3, bytes: 10 })) positions.push(it.positions);
  for (const [i, it] of positions.entries()) {
    spool.restore(it);
    assert.deepEqual(records(await drain(spool)), lines.slice(i * 10), `from position ${i}`);
  }
});

test("records of a request have the same places whenever it is read, and under a key whenever it is sent", async (t) => {
  const { spool } = await opened(t);
  const body = Buffer.from("one\ntwo\n");
  await spool.append({ source: "a", body, at: 1, way: "token", key: "k1" });
  await spool.append({ source: "a", body, at: 2, way: "token", key: "k1" });
  const [first, second] = await drain(spool);
  const places = (it: typeof first) => it?.records.map(({ file, offset }) => [file, offset]);
  assert.deepEqual(places(first), places(second));
  assert.deepEqual(places(first), [
    ["key:k1", 0],
    ["key:k1", 4],
  ]);
});

test("a block that a crash cut off was never acknowledged: it goes, and what comes next is whole", async (t) => {
  const { spool, path } = await opened(t);
  await send(spool, "a", "kept\n");
  await spool.close();
  const file = join(path, "000000000001.log");
  const whole = readFileSync(file);
  for (const cut of [1, 20, whole.length - 1]) {
    writeFileSync(file, Buffer.concat([whole, whole.subarray(0, cut)]));
    const again = await Spool.open(path, nowhere);
    await send(again, "a", "after\n");
    assert.deepEqual(records(await drain(again)), ["kept", "after"], `cut at ${cut}`);
    await again.close();
  }
});

test("acknowledged bytes that the disk damaged are said, not passed over", async (t) => {
  const { spool, path } = await opened(t);
  await send(spool, "a", "first\n");
  await spool.close();
  const file = join(path, "000000000001.log");
  const damaged = readFileSync(file);
  damaged[damaged.length - 2] = 0x58;
  writeFileSync(file, damaged);
  writeFileSync(join(path, "000000000002.log"), "");
  const again = await Spool.open(path, nowhere);
  again.restore(at(again, { segment: 1, block: 0 }));
  t.after(() => again.close());
  await send(again, "a", "second\n");
  const batches = await drain(again);
  assert.deepEqual(records(batches), ["second"]);
  assert.match(batches[0]?.rejects[0]?.reason ?? "", /bytes of the spool are damaged/);
});

test("what is stored is deleted, segment by segment, and never what is not", async (t) => {
  const { spool, path } = await opened(t);
  const line = `${"x".repeat(1024 * 1024 - 1)}\n`;
  for (let i = 0; i < 70; i++) await send(spool, "a", line);
  assert.equal(segmentsIn(path).length, 2);
  const batches = await drain(spool);
  const last = batches.at(-1);
  assert.ok(last);
  await spool.release((batches[0] ?? last).positions);
  assert.equal(segmentsIn(path).length, 2, "nothing of the first segment may go yet");
  await spool.release(last.positions);
  assert.deepEqual(segmentsIn(path), ["000000000002.log"]);
  assert.ok(spool.waitingBytes < 64 * 1024 * 1024);
});

test("any bytes after the last whole block are cut away, and any bytes sent come back as records or rejects", async (t) => {
  const { spool, path } = await opened(t);
  await send(spool, "a", "kept\n");
  await spool.close();
  const file = join(path, "000000000001.log");
  const length = readFileSync(file).length;
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      async (junk, body) => {
        truncateSync(file, length);
        appendFileSync(file, junk);
        const again = await Spool.open(path, nowhere);
        await again.append({ source: "b", body: Buffer.from(body), at: 1, way: "token" });
        const [first, ...rest] = await drain(again);
        await again.close();
        assert.deepEqual(
          first?.records.map((it) => it.record),
          ["kept"],
        );
        assert.deepEqual(new Set(rest.map((it) => it.source)), new Set(["b"]));
      },
    ),
    { numRuns: 50 },
  );
});

test("positions of another spool mean nothing here: a database may outlive the folder", async (t) => {
  const [first, second] = [await opened(t), await opened(t)];
  await send(first.spool, "a", "one\ntwo\nthree\n");
  const [batch] = await drain(first.spool);
  assert.ok(batch);
  await send(second.spool, "a", "four\n");
  second.spool.restore(batch.positions);
  const [other] = await drain(second.spool);
  assert.deepEqual(
    other?.records.map((it) => it.record),
    ["four"],
  );
  assert.notEqual(other?.records[0]?.file, batch.records[0]?.file);
});
