import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Process } from "./proc.ts";
import { Story, type Activity, type Sighting } from "./story.ts";

const mb = 1024 * 1024;
const weights = { inode: "1:10", path: "/srv/models/a/model.safetensors", bytes: 500 * mb };

function aProcess(pid: number, name: string): Process {
  const [startedAt, uid] = [pid * 1000, 1001];
  return { key: `${pid}:1`, facts: { pid, startedAt, name, command: [name], uid, user: "mallory", parents: [] } };
}

function tell(sightings: readonly Sighting[], story = aStory()): Activity[] {
  return sightings.flatMap((it) => story.see(it));
}

function aStory(): Story {
  const story = new Story();
  story.watch(weights);
  return story;
}

const opens = (process: Process, file = weights, at = 1): Sighting => {
  return { kind: "open", at, process, file, reads: true, writes: false };
};

test("the first open of weights by a process is told, with what it may have read at most", () => {
  const cat = aProcess(7, "cat");
  const [first, ...rest] = tell([opens(cat), opens(cat)]);
  assert.equal(first?.what, "open");
  assert.equal(first.atMost, 500 * mb);
  assert.equal(rest.length, 0);
});

test("a copy is made from the weights, whatever it is called, and is watched from then on", () => {
  const [cp, zstd] = [aProcess(7, "cp"), aProcess(8, "zstd")];
  const picture = { inode: "1:20", path: "/home/mallory/cat.jpg", bytes: 500 * mb };
  const archive = { inode: "1:30", path: "/home/mallory/x", bytes: 400 * mb };
  const told = tell([
    opens(cp),
    { kind: "written", at: 2, process: cp, file: picture },
    opens(zstd, picture),
    { kind: "written", at: 4, process: zstd, file: archive },
  ]);
  assert.deepEqual(
    told.map((it) => [it.what, it.file.path, it.file.madeFrom]),
    [
      ["open", weights.path, undefined],
      ["write", picture.path, weights.path],
      ["open", picture.path, weights.path],
      ["write", archive.path, weights.path],
    ],
  );
});

const to = { address: "203.0.113.9", port: 443 };

/** Bytes of one connection of a process to the same destination. */
function carried(
  process: Process,
  connection: string,
  bytes: number,
  over: Partial<{ at: number; isOver: boolean }> = {},
) {
  return { kind: "carried", at: 1, key: process.key, peer: to, connection, bytes, isOver: false, ...over } as const;
}

test("bytes of all connections to one place are told together, again as they grow, and the last of them at the end", () => {
  const curl = aProcess(7, "curl");
  const story = aStory();
  tell([opens(curl), { kind: "connected", at: 1, process: curl, peer: to }], story);
  const sent = (sightings: readonly Sighting[]) => tell(sightings, story).map((it) => it.sent);
  assert.deepEqual(sent([carried(curl, "a", 1000)]), [], "a request is not told yet");
  assert.deepEqual(sent([carried(curl, "a", mb)]), [mb]);
  assert.deepEqual(sent([carried(curl, "a", mb * 1.1)]), [], "little more");
  assert.deepEqual(sent([carried(curl, "b", mb)]), [mb * 2.1]);
  assert.deepEqual(sent([carried(curl, "a", mb * 1.5, { isOver: true })]), []);
  assert.deepEqual(sent([carried(curl, "b", mb, { at: 5002 })]), [mb * 2.5], "at rest");
  assert.deepEqual(sent([carried(curl, "b", mb + 5, { at: 5003, isOver: true })]), []);
  const [last] = tell([{ kind: "ended", at: 5004, key: curl.key }], story);
  assert.deepEqual([last?.what, last?.sent, last?.atMost, last?.peer], ["send", mb * 2.5 + 5, 500 * mb, to]);
});

test("a connection that outlives its process is told when it is over, once", () => {
  const curl = aProcess(7, "curl");
  const story = aStory();
  tell([opens(curl), carried(curl, "a", 10), { kind: "ended", at: 2, key: curl.key }], story);
  const told = tell([carried(curl, "a", 77, { isOver: true, at: 3 })], story);
  assert.deepEqual(told.map((it) => it.sent), [77]); // prettier-ignore
});

test("a helper that ends takes nothing back of what was counted, and whoever holds no weights is not told", () => {
  const [curl, other] = [aProcess(7, "curl"), aProcess(8, "apt")];
  const story = aStory();
  tell([opens(curl), carried(curl, "a", mb)], story);
  const [last] = tell([carried(curl, "a", 0, { isOver: true }), { kind: "ended", at: 2, key: curl.key }], story);
  assert.equal(last, undefined);
  assert.deepEqual(tell([carried(other, "b", mb, { isOver: true })], story), []);
});

test("whatever connections do, each told sum is more than the one before, and never more than they carried", () => {
  const one = fc.record({ id: fc.constantFrom("a", "b", "c"), more: fc.nat({ max: 400_000 }), isOver: fc.boolean() });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 40 }), (steps) => {
      const [curl, story] = [aProcess(7, "curl"), aStory()];
      tell([opens(curl)], story);
      const open = new Map<string, number>();
      let [all, before] = [0, 0];
      for (const [at, { id, more, isOver }] of steps.entries()) {
        const bytes = (open.get(id) ?? 0) + more;
        all += more;
        open.set(id, isOver ? 0 : bytes);
        for (const it of tell([carried(curl, id, bytes, { isOver, at })], story)) {
          assert.ok(it.sent !== undefined && it.sent > before && it.sent <= all);
          before = it.sent;
        }
      }
    }),
  );
});

test("pieces count together: a split is seen although no piece is large", () => {
  const split = aProcess(7, "split");
  const pieces = Array.from({ length: 30 }, (_, i) => ({ inode: `1:${100 + i}`, path: `/tmp/x${i}`, bytes: mb }));
  const written = pieces.map((file): Sighting => ({ kind: "written", at: 3, process: split, file }));
  const paths = new Set(
    tell([opens(split), ...written])
      .filter((it) => it.what === "write")
      .map((it) => it.file.path),
  );
  assert.equal(paths.size, 30);
});

test("weights go through a pipe to the program that sends them", () => {
  const [tar, ssh] = [aProcess(7, "tar"), aProcess(8, "ssh")];
  const peer = { address: "203.0.113.9", port: 22 };
  const told = tell([
    opens(tar),
    { kind: "pipe", at: 2, from: tar, to: ssh },
    { kind: "connected", at: 3, process: ssh, peer },
    { kind: "connected", at: 4, process: ssh, peer },
  ]);
  assert.deepEqual(
    told.map((it) => [it.what, it.process.name]),
    [
      ["open", "tar"],
      ["send", "ssh"],
    ],
  );
  assert.deepEqual(told[1]?.peer, peer);
});

test("who took weights from a pipe is told by the name of what it became", () => {
  const [tar, shell] = [aProcess(7, "tar"), aProcess(8, "sh")];
  const zstd = { key: shell.key, facts: { ...shell.facts, name: "zstd", command: ["zstd"] } };
  const archive = { inode: "1:20", path: "/tmp/x", bytes: 400 * mb };
  const told = tell([
    opens(tar),
    { kind: "pipe", at: 2, from: tar, to: shell },
    { kind: "written", at: 3, process: zstd, file: archive },
  ]);
  assert.deepEqual(
    told.map((it) => [it.what, it.process.name]),
    [
      ["open", "tar"],
      ["write", "zstd"],
    ],
  );
});

test("a server's log is not made from the weights it serves", () => {
  const server = aProcess(7, "vllm");
  const log = { inode: "1:20", path: "/var/log/vllm.log", bytes: 20 * mb };
  const told = tell([opens(server), { kind: "written", at: 2, process: server, file: log }]);
  assert.deepEqual(
    told.map((it) => it.what),
    ["open"],
  );
});

test("another name for watched weights is told once, and a deleted file has no new name", () => {
  const [a, b] = [aProcess(7, "a"), aProcess(8, "b")];
  const renamed = { ...weights, path: "/tmp/holiday.jpg" };
  const deleted = { ...weights, path: "/tmp/holiday.jpg (deleted)" };
  const told = tell([opens(a, renamed), opens(b, renamed), opens(b, deleted)]);
  assert.deepEqual(
    told.filter((it) => it.what === "rename").map((it) => [it.file.path, it.renamedTo]),
    [[weights.path, renamed.path]],
  );
});

test("who never read weights never appears, whatever it writes and wherever it connects", () => {
  const files = fc.record({
    inode: fc.integer({ min: 11, max: 40 }).map((it) => `1:${it}`),
    path: fc.string(),
    bytes: fc.nat(),
  });
  const process = fc.integer({ min: 1, max: 5 }).map((pid) => aProcess(pid, "p"));
  const at = fc.nat();
  const sighting = fc.oneof(
    fc.record({
      kind: fc.constant("open" as const),
      at,
      process,
      file: files,
      reads: fc.boolean(),
      writes: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("written" as const), at, process, file: files }),
    fc.record({ kind: fc.constant("pipe" as const), at, from: process, to: process }),
    fc.record({
      kind: fc.constant("connected" as const),
      at,
      process,
      peer: fc.constant({ address: "192.0.2.1", port: 1 }),
    }),
  );
  fc.assert(fc.property(fc.array(sighting, { maxLength: 100 }), (it) => assert.deepEqual(tell(it), [])));
});
