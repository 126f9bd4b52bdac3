import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { aFolder } from "../testing/a-server.ts";
import { Tail } from "./tail.ts";
import { isRotated, matches } from "./watched.ts";

const all = { records: 1_000_000, bytes: 1_000_000_000 };

/** A tail with what a worker does: looks, reads, keeps the positions. */
class Watched {
  readonly positions = new Map<string, unknown>();
  readonly rejects: string[] = [];
  tail: Tail;
  readonly #paths: readonly string[];

  constructor(...paths: string[]) {
    this.#paths = paths;
    this.tail = this.#open();
  }

  /** What is new. */
  async read(): Promise<string[]> {
    const records: string[] = [];
    this.rejects.push(...(await this.tail.look()).map((it) => it.reason));
    for (let it = await this.tail.read(all); it; it = await this.tail.read(all)) {
      records.push(...it.records.map((r) => r.record));
      this.rejects.push(...it.rejects.map((r) => r.reason));
      for (const [stream, position] of it.positions) {
        if (position === undefined) this.positions.delete(stream);
        else this.positions.set(stream, JSON.parse(JSON.stringify(position)));
      }
    }
    return records;
  }

  restart(): void {
    this.tail.close();
    this.tail = this.#open();
  }

  #open(): Tail {
    const tail = new Tail("test", this.#paths, this.positions);
    for (const [stream, position] of tail.begin()) this.positions.set(stream, position);
    return tail;
  }
}

function watched(t: TestContext, ...names: string[]) {
  const folder = aFolder("tail");
  const at = (name: string) => join(folder.path, name);
  const it = new Watched(...names.map(at));
  // Time passes when the test says so.
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  t.after(() => {
    it.tail.close();
    folder.remove();
  });
  return { it, at };
}

test("reads a file as it grows, whole lines alone", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\ntw");
  assert.deepEqual(await it.read(), ["one"]);
  appendFileSync(at("access.log"), "o\nthree\n");
  assert.deepEqual(await it.read(), ["two", "three"]);
  assert.deepEqual(await it.read(), []);
});

test("goes on where it was after a restart", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\ntwo\nthr");
  await it.read();
  it.restart();
  appendFileSync(at("access.log"), "ee\n");
  assert.deepEqual(await it.read(), ["three"]);
});

test("reads a log that is rotated by renaming to its end, then the new one", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\n");
  await it.read();
  appendFileSync(at("access.log"), "two\n");
  renameSync(at("access.log"), at("access.log.1"));
  appendFileSync(at("access.log.1"), "three\n");
  writeFileSync(at("access.log"), "four\n");
  assert.deepEqual(await it.read(), ["two", "three", "four"]);
});

test("misses nothing when it was not running while a log was rotated, more than once", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\n");
  await it.read();
  it.tail.close();
  appendFileSync(at("access.log"), "two\n");
  renameSync(at("access.log"), at("access.log.2"));
  writeFileSync(at("access.log.1"), "three\n");
  writeFileSync(at("access.log"), "four\n");
  it.restart();
  assert.deepEqual((await it.read()).toSorted(), ["four", "three", "two"]);
});

test("takes no notice of what a log held and rotated away before it was watched", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log.1"), "history\n");
  const before = new Date(Date.now() - 3_600_000);
  utimesSync(at("access.log.1"), before, before);
  writeFileSync(at("access.log"), "one\n");
  assert.deepEqual(await it.read(), ["one"]);
});

test("a log that is copied and emptied is read on from its start", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\ntwo\n");
  await it.read();
  copyFileSync(at("access.log"), at("copy.log"));
  truncateSync(at("access.log"));
  appendFileSync(at("access.log"), "six\n");
  assert.deepEqual(await it.read(), ["six"]);
  assert.deepEqual(it.rejects, []);
});

test("a file that was replaced by a longer one is another file", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\ntwo\n");
  await it.read();
  writeFileSync(at("access.log"), "other\nlines\nthan\nbefore\n");
  assert.deepEqual(await it.read(), ["other", "lines", "than", "before"]);
});

test("says how much was removed before it could be read", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\nhalf a line");
  await it.read();
  truncateSync(at("access.log"));
  await it.read();
  assert.deepEqual(it.rejects, ["11 bytes were removed before they were read"]);
});

test("reads packed files whole, once they are finished", async (t) => {
  const { it, at } = watched(t, "logs");
  mkdirSync(at("logs/2026/11"), { recursive: true });
  writeFileSync(at("logs/2026/11/trail.json.gz"), gzipSync('{"Records":[{"a":1},{"a":2}]}'));
  assert.deepEqual(await it.read(), [], "it may still be written");
  t.mock.timers.tick(500);
  assert.deepEqual(await it.read(), ['{"a":1}', '{"a":2}']);
  it.restart();
  t.mock.timers.tick(500);
  assert.deepEqual(await it.read(), []);
});

test("a packed file that is cut off counts what it held, and waits for the rest", async (t) => {
  const { it, at } = watched(t, "logs");
  mkdirSync(at("logs"));
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i * 7919}`);
  const packed = gzipSync(`${lines.join("\n")}\n`);
  writeFileSync(at("logs/a.gz"), packed.subarray(0, packed.length / 2));
  await it.read();
  t.mock.timers.tick(500);
  const first = await it.read();
  assert.ok(first.length > 0 && first.length < lines.length);
  writeFileSync(at("logs/a.gz"), packed);
  await it.read();
  t.mock.timers.tick(1500);
  assert.deepEqual([...first, ...(await it.read())], lines);
});

test("a log that is packed after its rotation is not read again", async (t) => {
  const { it, at } = watched(t, "access.log");
  writeFileSync(at("access.log"), "one\n");
  await it.read();
  renameSync(at("access.log"), at("access.log.1"));
  writeFileSync(at("access.log"), "two\n");
  await it.read();
  // gzip writes the packed file first, and removes the other when it is done.
  writeFileSync(at("access.log.1.gz"), gzipSync(readFileSync(at("access.log.1"))));
  await it.read();
  rmSync(at("access.log.1"));
  await it.read();
  t.mock.timers.tick(500);
  assert.deepEqual(await it.read(), []);
  it.restart();
  await it.read();
  t.mock.timers.tick(500);
  assert.deepEqual(await it.read(), []);
});

test("follows no link inside a folder, and waits for no pipe", async (t) => {
  const { it, at } = watched(t, "logs");
  mkdirSync(at("logs"));
  writeFileSync(at("secret"), "secret\n");
  symlinkSync(at("secret"), at("logs/link.log"));
  symlinkSync(at("logs"), at("logs/loop"));
  execFileSync("mkfifo", [at("logs/pipe.log")]);
  writeFileSync(at("logs/a.log"), "a\n");
  assert.deepEqual(await it.read(), ["a"]);
});

test("a path that cannot be read is a problem, and none when it can again", async (t) => {
  const { it, at } = watched(t, "missing/access.log");
  await it.read();
  assert.match(it.tail.problem ?? "", /ENOENT/);
  mkdirSync(at("missing"));
  writeFileSync(at("missing/access.log"), "one\n");
  assert.deepEqual(await it.read(), ["one"]);
  assert.equal(it.tail.problem, undefined);
});

test("a file that is read through two paths counts once", async (t) => {
  const { it, at } = watched(t, "logs", "logs/*.log");
  mkdirSync(at("logs"));
  writeFileSync(at("logs/a.log"), "a\n");
  assert.deepEqual(await it.read(), ["a"]);
});

test("stars match within a name, and rotated files are told from others", () => {
  assert.deepEqual(
    ["access.log", "a.log", ".log", "access.log.1"].map((name) => matches("*.log", name)),
    [true, true, true, false],
  );
  assert.equal(isRotated("/var/log/*.log", "/var/log/a.log.1"), true);
  assert.equal(isRotated("/var/log/*.log", "/var/log/a.log"), false);
  assert.equal(isRotated("/var/log", "/var/log/sub/a.log.1"), false);
});

test("matching agrees with a regular expression", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 8 });
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      const expression = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
      assert.equal(matches(pattern, name), expression.test(name));
    }),
  );
});

test("whatever is done to a log between looks, each line is read once", async (t) => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("write" as const), lines: fc.integer({ min: 1, max: 4 }), cut: fc.boolean() }),
    fc.record({ do: fc.constantFrom("rotate" as const, "look" as const, "restart" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      t.mock.timers.reset();
      const { it, at } = watched(t, "access.log");
      const read: string[] = [];
      let written = 0;
      let rotations = 0;
      writeFileSync(at("access.log"), "");
      for (const now of steps) {
        if (now.do === "write") {
          const text = Array.from({ length: now.lines }, () => `line ${written++}\n`).join("");
          appendFileSync(at("access.log"), text.slice(0, now.cut ? 3 : 0));
          if (now.cut) read.push(...(await it.read()));
          appendFileSync(at("access.log"), text.slice(now.cut ? 3 : 0));
        } else if (now.do === "rotate") {
          for (let n = rotations++; n >= 1; n--) renameSync(at(`access.log.${n}`), at(`access.log.${n + 1}`));
          renameSync(at("access.log"), at("access.log.1"));
          writeFileSync(at("access.log"), "");
        } else if (now.do === "restart") it.restart();
        else read.push(...(await it.read()));
      }
      read.push(...(await it.read()));
      it.tail.close();
      const wanted = Array.from({ length: written }, (_, i) => `line ${i}`);
      assert.deepEqual([read.toSorted(), it.rejects], [wanted.toSorted(), []]);
    }),
    { numRuns: 60 },
  );
});
