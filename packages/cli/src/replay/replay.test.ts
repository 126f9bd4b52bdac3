import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Line, makeRegister } from "@outweigh/pipeline";
import fc from "fast-check";
import { Terminal } from "../terminal.ts";
import { main } from "../main.ts";
import { findLogFiles } from "./files.ts";
import { beginningOf } from "./open-log.ts";
import { replayFiles } from "./replay-files.ts";

const signal = new AbortController().signal;

function aFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "outweigh-replay-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** An access line at a minute of one hour. */
const get = (minute: number, path = "/acme/acme-13b/resolve/main/model.safetensors", user = "mallory", bytes = 1000) =>
  `203.0.113.7 - ${user} [24/Nov/2026:09:${String(minute).padStart(2, "0")}:00 +0000] "GET ${path} HTTP/1.1" 200 ${bytes} "-" "curl/8.5"\n`;

const newLine = () => new Line({ register: makeRegister([]), rules: [] });
const fileOf = (path: string) => findLogFiles([path])[0] ?? assert.fail("no file");

async function read(path: string) {
  const { files } = await replayFiles([fileOf(path)], newLine(), { signal, onOutcome: () => undefined });
  return files[0] ?? assert.fail("no answer");
}

test("plain, gzip and zstd files are told by content, and give the same", async (t) => {
  const folder = aFolder(t);
  const text = get(1) + get(2);
  const variants = { "a.log": Buffer.from(text), "b.log": gzipSync(text), "c.txt": zstdCompressSync(text) };
  for (const [name, bytes] of Object.entries(variants)) {
    writeFileSync(join(folder, name), bytes);
    const { file: _, ...it } = await read(join(folder, name));
    const time = Date.UTC(2026, 10, 24, 9, 1);
    assert.deepEqual(
      it,
      {
        kind: "http-access",
        records: 2,
        rejects: [],
        rejected: 0,
        events: 2,
        skipped: 0,
        unordered: 0,
        first: time,
        last: time + 60_000,
      },
      name,
    );
  }
});

test("a broken line is a reject with its offset, and costs itself alone", async (t) => {
  const path = join(aFolder(t), "access.log");
  writeFileSync(path, get(1) + '{"broken\n' + get(2));
  const it = await read(path);
  assert.deepEqual([it.events, it.rejected, it.rejects[0]?.offset], [2, 1, get(1).length]);
});

test("a packed file that ends too early gives what could be read, and says so", async (t) => {
  const path = join(aFolder(t), "access.log.gz");
  const packed = gzipSync(Array.from({ length: 5000 }, (_, i) => get(i % 60, `/files/${i * 7919}.bin`)).join(""), {
    level: 1,
  });
  writeFileSync(path, packed.subarray(0, packed.length - 1000));
  const it = await read(path);
  assert.ok(it.events > 1000 && it.events < 5000, String(it.events));
  assert.ok(it.rejects.some(({ reason }) => reason.includes("cannot be read from here on")));
});

test("what no source recognises is said, not guessed", async (t) => {
  const path = join(aFolder(t), "notes.txt");
  writeFileSync(path, "dear diary\n");
  assert.deepEqual(
    [(await read(path)).kind, (await read(path)).rejects],
    ["unknown", [{ offset: 0, reason: "no source recognises it" }]],
  );
});

test("folders are read with everything below, links in them are not followed", (t) => {
  const folder = aFolder(t);
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  writeFileSync(join(folder, "a", "b", "x.log"), get(1));
  symlinkSync("/etc/passwd", join(folder, "a", "link.log"));
  assert.deepEqual(
    findLogFiles([folder]).map((it) => it.path),
    [join(folder, "a", "b", "x.log")],
  );
  assert.throws(() => findLogFiles([join(folder, "none")]), { name: "CliError", code: "USAGE" });
});

test("a file begins when its first event happened", async (t) => {
  const path = join(aFolder(t), "access.log");
  writeFileSync(path, get(7) + get(9));
  assert.equal(await beginningOf(fileOf(path)), Date.UTC(2026, 10, 24, 9, 7));
});

test("rotated files are read in the order of time; the books see one reader with all of the model", async (t) => {
  const folder = aFolder(t);
  writeFileSync(
    join(folder, "outweigh.yml"),
    "models:\n  - name: acme-13b\n    class: private\n    places: [hf:acme/acme-13b]\n    readers: [svc]\n    files: [{ path: model.safetensors, bytes: 1000 }]\n",
  );
  writeFileSync(join(folder, "access.log"), get(30));
  writeFileSync(join(folder, "access.log.1"), get(10, undefined, "svc"));
  let stdout = "";
  const out = { write: (it: string) => (stdout += it) };
  const quiet = { write: () => undefined };
  const terminal = new Terminal({ stdout: out, stderr: quiet, isTerminal: false, colour: false, now: () => 0 });
  const args = [
    "replay",
    join(folder, "access.log"),
    join(folder, "access.log.1"),
    "--config",
    join(folder, "outweigh.yml"),
    "--json",
  ];
  assert.equal(await main(args, terminal), 1);
  const answer = JSON.parse(stdout);
  assert.deepEqual(
    answer.sources.map((it: { file: string }) => it.file),
    [join(folder, "access.log.1"), join(folder, "access.log")],
  );
  assert.equal(answer.sources[0].first, "2026-11-24T09:10:00.000Z");
  assert.ok(answer.sources[0].cannotSee.length > 0);
  const of = (name: string) => answer.custody.find((it: { principal: string }) => it.principal === name);
  assert.deepEqual([of("svc").declared, of("mallory").declared, of("mallory").complete], [true, false, true]);
  assert.equal(answer.coalition[0].readers, 1);
  assert.equal(answer.incidents[0].severity, "critical");
  assert.match(answer.incidents[0].firstAt, /^2026-11-24T09:30:00\.000Z$/);
  // Files that are given prove nothing: in JSON and in words, beside each title.
  const doubts = [...answer.incidents, ...answer.alerts].map((it: { doubt?: string }) => it.doubt);
  assert.equal(new Set(doubts).size, 1);
  assert.match(doubts[0] ?? "", /^It rests on plain events alone/);
  stdout = "";
  await main(args.slice(0, -1), terminal);
  assert.match(stdout, /2026-11-24 09:30.* · in doubt\n/);
  assert.equal(stdout.match(/in doubt: It rests on plain events alone/g)?.length, 1);
});

/** Minutes at which each file has a record, in its order; answers with the minutes in which the line took them. */
async function replayed(t: TestContext, files: readonly (readonly number[])[]) {
  const folder = aFolder(t);
  const paths = files.map((minutes, i) => {
    const path = join(folder, `${i}.log`);
    writeFileSync(path, minutes.map((it, k) => get(it, `/f/${i}-${k}.bin`)).join(""));
    return fileOf(path);
  });
  const taken: number[] = [];
  const answer = await replayFiles(paths, newLine(), {
    signal,
    onOutcome: (it) =>
      taken.push(...("events" in it ? it.events.map(({ time }) => new Date(time).getUTCMinutes()) : [])),
  });
  return { taken, ...answer };
}

test("files that overlap in time are read side by side, the oldest record next", async (t) => {
  const { taken, files } = await replayed(t, [
    [1, 4, 9],
    [20, 30],
    [2, 3, 25],
  ]);
  assert.deepEqual(taken, [1, 2, 3, 4, 9, 20, 25, 30]);
  assert.deepEqual(
    files.map((it) => [it.file.at(-5), it.unordered]),
    [
      ["0", 0],
      ["2", 0],
      ["1", 0],
    ],
  );
});

test("however ordered records lie in files, the line takes them in the order of time, each once", async (t) => {
  const minutes = fc.array(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(minutes, { minLength: 1, maxLength: 6 }), async (files) => {
      const sorted = files.map((it) => it.toSorted((a, b) => a - b));
      const { taken } = await replayed(t, sorted);
      assert.deepEqual(
        taken,
        sorted.flat().sort((a, b) => a - b),
      );
    }),
    { numRuns: 30 },
  );
});

test("a file whose own records are out of order is taken as it is, and said to be", async (t) => {
  const { taken, files } = await replayed(t, [
    [5, 1, 6],
    [3, 4],
  ]);
  assert.deepEqual(
    taken.toSorted((a, b) => a - b),
    [1, 3, 4, 5, 6],
  );
  assert.deepEqual(
    files.map((it) => it.unordered),
    [0, 1],
  );
});
