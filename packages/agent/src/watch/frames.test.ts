import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AgentError } from "./error.ts";
import { FrameReader, type Frame } from "./frames.ts";
import { maxFrameBytes } from "./limits.ts";
import { Proc } from "./proc.ts";

const u32 = (it: number) => Buffer.from(Uint32Array.of(it).buffer);
const u64 = (it: bigint) => Buffer.from(BigUint64Array.of(it).buffer);
const text = (it: string) => {
  const bytes = Buffer.from(it);
  return Buffer.concat([Buffer.from(Uint16Array.of(bytes.length).buffer), bytes]);
};
const framed = (...fields: readonly Buffer[]) => {
  const body = Buffer.concat(fields);
  return Buffer.concat([u32(body.length), body]);
};
const anOpen = (pid: number, path: string, size = 5n) =>
  framed(Buffer.from("o"), u32(pid), u64(7n), u64(65_024n), u64(12n), u64(size), Buffer.from(path));

/** Any text that the helper may write of a process: it is bounded there. */
const said = fc.string({ unit: "binary", maxLength: 1000 }).map((it) => Buffer.from(it).toString("utf8"));

test("what the helper writes reads back, whatever a process and its files are called, in whatever pieces it comes", () => {
  const process = fc.record({
    name: said,
    cgroup: said,
    command: fc.array(
      said.map((it) => it.replaceAll("\0", "")),
      { maxLength: 4 },
    ),
    path: said,
    parents: fc.array(
      fc.tuple(fc.nat(), said).map(([pid, name]) => ({ pid, name })),
      { maxLength: 4 },
    ),
    cuts: fc.array(fc.nat(5000), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(process, ({ name, cgroup, command, path, parents, cuts }) => {
      const bytes = Buffer.concat([
        framed(
          Buffer.from("p"),
          u32(9),
          u64(7n),
          text(name),
          text(command.map((it) => `${it}\0`).join("")),
          u32(1001),
          u32(0xffff_ffff),
          text(cgroup),
          Buffer.of(parents.length),
          ...parents.flatMap((it) => [u32(it.pid), text(it.name)]),
        ),
        anOpen(9, path),
      ]);
      const ends = [...cuts.map((it) => it % bytes.length).toSorted((a, b) => a - b), bytes.length];
      const reader = new FrameReader();
      const frames = ends.flatMap((end, i) => reader.read(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)));
      const words = command.filter((it) => it !== "");
      const expected: Frame[] = [
        { kind: "process", process: { pid: 9, startTicks: 7, name, uid: 1001, command: words, cgroup, parents } },
        { kind: "opened", pid: 9, startTicks: 7, file: { inode: "65024:12", path, bytes: 5 } },
      ];
      assert.deepEqual(frames, expected);
    }),
  );
});

test("any bytes are frames or refused, and nothing is kept beyond one frame", () => {
  const begins = fc.constantFrom("p", "o", "c", "w", "r", "l", "x", "");
  fc.assert(
    fc.property(fc.array(fc.tuple(begins, fc.uint8Array({ maxLength: 300 })), { maxLength: 5 }), (pieces) => {
      const reader = new FrameReader();
      try {
        for (const [kind, rest] of pieces) reader.read(framed(Buffer.from(kind), Buffer.from(rest)));
      } catch (error) {
        assert.ok(error instanceof AgentError && error.code === "BAD_FRAME", String(error));
      }
    }),
  );
  for (const length of [0, maxFrameBytes + 1, 0xffff_ffff])
    assert.throws(() => new FrameReader().read(u32(length)), { code: "BAD_FRAME" });
});

test("a sparse file hides nothing by claiming eight exbibytes", () => {
  const [it] = new FrameReader().read(anOpen(1, "/x", 9_223_372_036_854_775_807n));
  assert.ok(it?.kind === "opened");
  assert.equal(it.file.bytes, Number.MAX_SAFE_INTEGER);
});

test("a process told by the helper is the one that we would have seen", { skip: process.platform !== "linux" }, () => {
  const proc = new Proc();
  const own = proc.process(process.pid);
  const startTicks = Number(own?.key.split(":")[1]);
  const told = proc.told({ pid: process.pid, startTicks, name: "node", command: [], cgroup: "", parents: [] });
  assert.equal(told.key, own?.key);
  assert.equal(told.facts.startedAt, own?.facts.startedAt);
});
