import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { Line, makeRegister } from "@outweigh/pipeline";
import { aDigestChain, aDigestKey, logName, sha256 } from "../../../pipeline/src/testing/a-digest-chain.ts";
import { main } from "../main.ts";
import { Terminal } from "../terminal.ts";
import { replayFiles } from "./replay-files.ts";

const key = aDigestKey();

/** A log file with one read of a model's weights by somebody whom nobody declared. */
function aLog(hour: number, user: string): Buffer {
  const record = {
    eventVersion: "1.11",
    eventTime: `2026-11-24T0${hour}:01:00Z`,
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    awsRegion: "us-east-1",
    sourceIPAddress: "203.0.113.7",
    userIdentity: { type: "IAMUser", arn: `arn:aws:iam::111122223333:user/${user}`, userName: user },
    requestParameters: { bucketName: "acme-models", key: "acme-13b/a.safetensors" },
    additionalEventData: { bytesTransferredOut: 1000 },
    eventID: `e-${hour}-${user}`,
    eventType: "AwsApiCall",
  };
  return Buffer.from(JSON.stringify({ Records: [record] }));
}

const hours = [0, 1, 2].map((hour) => [{ name: logName(hour), bytes: aLog(hour, "ana") }]);
const chain = aDigestChain(hours, key);

/** A folder as `aws s3 sync` makes it, in which `change` did something. */
function aCopy(t: TestContext, change: (files: Map<string, Buffer>) => void = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-digests-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = new Map<string, Buffer>(hours.flat().map(({ name, bytes }) => [basename(name), bytes]));
  for (const it of chain) files.set(basename(it.object), it.bytes);
  files.set(`${basename(chain[2]?.object ?? "")}.signature`, Buffer.from(`${chain[2]?.signature}\n`));
  change(files);
  mkdirSync(join(folder, "logs"));
  for (const [name, bytes] of files)
    writeFileSync(join(folder, "logs", name), name.endsWith(".gz") ? gzipSync(bytes) : bytes);
  writeFileSync(join(folder, "keys.json"), key.listed);
  return folder;
}

async function replayed(folder: string, ...more: string[]) {
  writeFileSync(join(folder, "outweigh.yml"), "models: []\n");
  let stdout = "";
  const out = { write: (it: string) => (stdout += it) };
  const quiet = { write: () => undefined };
  const terminal = new Terminal({ stdout: out, stderr: quiet, isTerminal: false, colour: false, now: () => 0 });
  const config = ["--config", join(folder, "outweigh.yml")];
  const status = await main(["replay", join(folder, "logs"), "--json", ...config, ...more], terminal);
  const { grades, digests, sources } = JSON.parse(stdout);
  return { status, grades, ...digests, sources: sources.length };
}

const keys = (folder: string) => ["--digest-keys", join(folder, "keys.json")];
const problems = (it: { problems: { code: string; file: string }[] }) =>
  it.problems.map(({ code, file }) => [code, basename(file)]);
const graded = (signed: number, plain: number) => ({ signed, authenticated: 0, plain, ungraded: 0 });

test("log files that a chain of digests vouches for are signed; without keys they are plain, as any file is", async (t) => {
  const folder = aCopy(t);
  const checked = await replayed(folder, ...keys(folder));
  assert.deepEqual([checked.grades, checked.signed, checked.vouched, checked.sources], [graded(3, 0), 3, 3, 3]);
  assert.deepEqual([checked.status, checked.problems, checked.accounts], [0, [], ["111122223333"]]);
  const unchecked = await replayed(folder);
  assert.deepEqual([unchecked.grades, unchecked.signed, unchecked.sources], [graded(0, 3), 0, 3]);
});

test("a forged line, a log file that is gone, one that was put in and a lost digest are named, and the rest stays signed", async (t) => {
  const [log0, log1] = [basename(logName(0)), basename(logName(1))];
  const digest = (i: number) => basename(chain[i]?.object ?? "");
  const put = basename(logName(1, 30));
  for (const [change, found, grades] of [
    [(it: Map<string, Buffer>) => it.set(log1, aLog(1, "eve")), [["LOG_CHANGED", log1]], graded(2, 1)],
    // The one that was delivered lies beside it, under another name.
    [
      (it: Map<string, Buffer>) => it.set(log1, aLog(1, "eve")).set(`kept-${log0}`, aLog(1, "ana")),
      [["LOG_CHANGED", log1]],
      graded(3, 1),
    ],
    [(it: Map<string, Buffer>) => it.delete(log0), [["LOG_MISSING", log0]], graded(2, 0)],
    [(it: Map<string, Buffer>) => it.set(put, aLog(1, "eve")), [["LOG_NOT_NAMED", put]], graded(3, 1)],
    // The lost one held the signature of the one before it.
    [
      (it: Map<string, Buffer>) => it.delete(digest(1)),
      [
        ["DIGEST_NOT_SIGNED", digest(0)],
        ["DIGEST_LOST", digest(1)],
      ],
      graded(1, 2),
    ],
  ] as const) {
    const folder = aCopy(t, change);
    const { status, ...it } = await replayed(folder, ...keys(folder));
    assert.deepEqual([status, problems(it), it.grades], [1, found, grades]);
  }
});

test("the last digest without the signature of its metadata vouches for nothing, which is no fault", async (t) => {
  const last = basename(chain[2]?.object ?? "");
  const folder = aCopy(t, (it) => it.delete(`${last}.signature`));
  const { status, ...it } = await replayed(folder, ...keys(folder));
  assert.deepEqual([status, problems(it), it.grades], [0, [["DIGEST_NOT_SIGNED", last]], graded(2, 1)]);
});

test("what lies in the place of a signature and is none, as a pipe that nobody writes to, is not read", async (t) => {
  const last = basename(chain[2]?.object ?? "");
  const folder = aCopy(t, (it) => it.delete(`${last}.signature`));
  const place = join(folder, "logs", `${last}.signature`);
  assert.equal(spawnSync("mkfifo", [place]).status, 0);
  const { status, ...it } = await replayed(folder, ...keys(folder));
  assert.deepEqual([status, problems(it), it.grades], [0, [["DIGEST_NOT_SIGNED", last]], graded(2, 1)]);
});

test("a file that is another one by the time it is read is not told as signed", async (t) => {
  const folder = aCopy(t);
  const [path, writtenAt] = [join(folder, "logs", basename(logName(0))), 0];
  const line = new Line({ register: makeRegister([]), rules: [] });
  const read = (bytes: Buffer) => {
    const signal = new AbortController().signal;
    return replayFiles([{ path, writtenAt, bytes: 1 }], line, {
      signal,
      vouched: new Map([[path, sha256(bytes)]]),
      onOutcome: () => undefined,
    });
  };
  assert.equal((await read(aLog(0, "ana"))).files.length, 1);
  await assert.rejects(read(aLog(0, "eve")), { code: "FAILED", message: /was changed after its digest was checked/ });
  writeFileSync(path, gzipSync(aLog(0, "ana")).subarray(0, -20));
  await assert.rejects(read(aLog(0, "ana")), { code: "FAILED" });
});
