// Calls of somebody who is new here, as typed: what is said must name what to do.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

const program = join(import.meta.dirname, "..", "bin", "outweigh.js");

function call(t: TestContext, args: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-main-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" });
}

test("help with a command's name is that command's help", (t) => {
  const { status, stdout } = call(t, ["help", "rules", "test"]);
  assert.equal(status, 0);
  assert.match(stdout, /^outweigh rules test \[DIR\]/);
  assert.equal(call(t, ["help", "nonsense"]).status, 2);
});

test("a register without a name asks for it in words", (t) => {
  const { status, stderr } = call(t, ["register", "."]);
  assert.equal(status, 2);
  assert.match(stderr, /--name NAME/);
});

test("a folder without rules has not passed", (t) => {
  const { status, stderr } = call(t, ["rules", "test", "."]);
  assert.equal(status, 2);
  assert.match(stderr, /there is no rule/);
});

test("a path behind --scan and --logs belongs to neither", (t) => {
  const { status, stderr } = call(t, ["up", "--logs", "a", "--scan", "b", "c"]);
  assert.equal(status, 2);
  assert.match(stderr, /--scan c or --logs c/);
});

test("a read at no declared place is told apart from an empty register", (t) => {
  const line =
    '10.0.0.5 - ana [25/Nov/2026:09:00:00 +0000] "GET /a/b/resolve/main/m.safetensors HTTP/1.1" 200 5 "-" "x"\n';
  const register = "models:\n  - { name: b, class: private, bytes: 5, places: [s3://b/] }\n";
  const declared = call(t, ["replay", "access.log"], { "access.log": line, "outweigh.yml": register }).stdout;
  assert.match(declared, /add that address to its\s+places/);
  assert.doesNotMatch(declared, /Without a register/);
  assert.match(call(t, ["replay", "access.log"], { "access.log": line }).stdout, /Without a register/);
});

test("help of a thing that has several commands lists them", (t) => {
  for (const args of [
    ["token", "--help"],
    ["help", "token"],
  ]) {
    const { status, stdout } = call(t, args);
    assert.equal(status, 0);
    assert.match(stdout, /token create .*\n.*token list/);
    assert.doesNotMatch(stdout, /agent/);
  }
  assert.equal(call(t, ["token"]).status, 2);
  assert.match(call(t, ["gateway", "--help"]).stdout, /^outweigh gateway\n/);
});

test("a replay in which nothing is recognised has failed: it does not say that there was no incident", (t) => {
  const { status, stdout } = call(t, ["replay", "notes.txt"], { "notes.txt": "buy milk\n" });
  assert.equal(status, 3);
  assert.match(stdout, /Nothing was read/);
  assert.doesNotMatch(stdout, /No incident/);
});

test("a file that is no pack is said to be none, in one line", (t) => {
  const { status, stdout } = call(t, ["verify", "notes.txt"], { "notes.txt": "buy\nmilk\nand\nbread\n" });
  assert.equal(status, 1);
  assert.match(stdout, /^notes\.txt is no pack: it is text of another kind\n/);
  assert.doesNotMatch(stdout, /incident unknown|BAD_LINE/);
});

test("a file that is given in the place of a pack is called what it seems to be", (t) => {
  const page = "<!doctype html>\n<html></html>";
  const checkpoint = {
    origin: "a",
    size: 1,
    root: "0".repeat(64),
    time: 1,
    key: "0".repeat(64),
    signature: "0".repeat(128),
  };
  const files: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a.pdf": ["%PDF-1.4\n", /printed as PDF, which proves nothing/],
    "a.html": [page, /a report as a page/],
    "a.stix.json": ['{\n  "type": "bundle",\n  "id": "x"\n}', /an export as STIX/],
    "a.csv": ["time,source,principal,operation\r\n", /an export of events as CSV/],
    "a.ndjson": ['{"class_uid":2005}\n', /an export as OCSF/],
    "a.json": ["[1]", /JSON of another kind/],
    empty: ["", /it is empty/],
    "a.zip": ["PK\u0003\u0004", /a zip archive/],
    "known.json": [JSON.stringify(checkpoint), /a checkpoint: give it with --known/],
  };
  const contents = Object.fromEntries(Object.entries(files).map(([name, [text]]) => [name, text]));
  const names = Object.keys(files);
  const said = names.map((name) => call(t, ["verify", name, "--json"], contents));
  for (const [i, { status, stdout }] of said.entries()) {
    assert.equal(status, 1);
    assert.match(JSON.parse(stdout).seems, files[names[i] ?? ""]?.[1] ?? assert.fail(), names[i]);
  }
});

test("an export without a format asks for one in words", (t) => {
  const { status, stderr } = call(t, ["export", "1"]);
  assert.equal(status, 2);
  assert.match(stderr, /--as ocsf, --as stix, --as csv/);
});

test("a token that is too short to be one is refused before anybody is asked", (t) => {
  const { status, stderr } = call(t, ["agent", "enrol", "http://127.0.0.1:1", "--token", "x", "--data", "agent"]);
  assert.equal(status, 2);
  assert.match(stderr, /outweigh agent token/);
});

test("an empty log is no fault", (t) => {
  const { status, stdout } = call(t, ["replay", "access.log"], { "access.log": "" });
  assert.equal(status, 0);
  assert.doesNotMatch(stdout, /rejected/);
});

test("a log that is not there is named before the server waits for it", (t) => {
  const { status, stderr } = call(t, ["up", "--logs", "nope.log", "--data", "file"], { file: "not a folder" });
  assert.equal(status, 3);
  assert.match(stderr, /nope\.log is not there: it is read once it appears/);
});
