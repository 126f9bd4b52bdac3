// Commands as a person runs them, but for the process: register, check, scan, compare, init.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { generateKeyPairSync } from "node:crypto";
import { documentDigest, documentOf, keyedId, keyId, readSignedScan, signedScanLine } from "@outweigh/evidence";
import { signScan } from "../../../agent/src/scan/signed-scan.ts";
import { safetensors } from "../../../../e2e/world/weights.ts";
import { ALog, aPack, saltKey } from "../../../evidence/src/testing/a-log.ts";
import { run } from "../testing/run.ts";

/** A folder with a model in two shards, and the file for a register. */
function aHost(t: TestContext): { root: string; model: string; config: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "outweigh-commands-")));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "m-00001-of-00002.safetensors"), safetensors("acme", [0, 1]));
  writeFileSync(join(root, "m-00002-of-00002.safetensors"), safetensors("acme", [2, 3]));
  return { root, model: root, config: join(root, "outweigh.yml") };
}

test("register writes digest, files and place; the file is good; the fingerprint is its owner's alone", async (t) => {
  const { model, config, root } = aHost(t);
  const { code, stdout, stderr } = await run(
    "register",
    model,
    "--name",
    "acme",
    "--reader",
    "svc",
    "--config",
    config,
    "--json",
  );
  assert.equal(code, 0, stderr);
  const { model: entry, fingerprint } = JSON.parse(stdout);
  assert.deepEqual(entry.places, [`file:${root}`]);
  assert.deepEqual(
    entry.files.map((it: { path: string }) => it.path),
    ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"],
  );
  assert.equal(
    entry.bytes,
    entry.files.reduce((sum: number, it: { bytes: number }) => sum + it.bytes, 0),
  );
  assert.equal(statSync(fingerprint).mode & 0o077, 0);
  assert.equal(statSync(join(root, ".outweigh", "fingerprint.key")).mode & 0o077, 0);
  assert.equal((await run("check", config)).code, 0);
});

test("register refuses a second model of that name, a wrong class, and a folder without a model", async (t) => {
  const { model, config, root } = aHost(t);
  await run("register", model, "--name", "acme", "--config", config);
  const before = readFileSync(config, "utf8");
  assert.equal((await run("register", model, "--name", "acme", "--config", config)).code, 2);
  assert.equal((await run("register", model, "--name", "b", "--class", "secret", "--config", config)).code, 2);
  assert.equal((await run("register", join(root, ".outweigh"), "--name", "b", "--config", config)).code, 3);
  assert.equal(readFileSync(config, "utf8"), before);
});

test("what was registered is found: declared where it lies, undeclared elsewhere", async (t) => {
  const { model, config } = aHost(t);
  const elsewhere = aHost(t).root;
  await run("register", model, "--name", "acme", "--config", config);
  const one = await run("scan", model, "--config", config, "--json");
  const two = await run("scan", elsewhere, "--config", config, "--json");
  assert.equal(JSON.parse(one.stdout).models[0].copies[0].declared, true);
  assert.equal(two.code, 1);
  assert.equal(JSON.parse(two.stdout).models[0].name, "acme");
});

test("scan --match recognises a rounded copy", async (t) => {
  const { model, config, root } = aHost(t);
  await run("register", model, "--name", "acme", "--config", config);
  const rounded = safetensors("acme", [0, 1, 2, 3], (n) => `w${n}`);
  const start = 8 + Number(rounded.readBigUInt64LE());
  for (let at = start; at < rounded.length; at += 4)
    rounded.writeFloatLE(Math.round(rounded.readFloatLE(at) * 32) / 32, at);
  const suspect = join(root, "holiday.jpg");
  writeFileSync(suspect, rounded);
  const { code, stdout } = await run("scan", suspect, "--config", config, "--match", "--json");
  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).models[0].verdict.model, "acme");
  assert.equal(
    (await run("compare", model, suspect)).code,
    3,
    "the folder holds the suspect too, as another model: name one",
  );
});

test("compare says same tensors in other containers, unrelated for others, and what is wrong with neither", async (t) => {
  const { root } = aHost(t);
  const other = aHost(t);
  const joined = join(other.root, "joined.bin");
  writeFileSync(
    joined,
    safetensors("acme", [3, 1, 0, 2], (n) => `w${n}`),
  );
  const strange = join(aHost(t).root, "strange.bin");
  writeFileSync(strange, safetensors("else", [0, 1, 2, 3]));
  const same = await run("compare", root, joined, "--json");
  assert.deepEqual([same.code, JSON.parse(same.stdout).relation], [1, "same-tensors"]);
  const unrelated = await run("compare", root, strange, "--json");
  assert.deepEqual([unrelated.code, JSON.parse(unrelated.stdout).relation], [0, "unrelated"]);
  assert.equal((await run("compare", root, join(root, ".outweigh-none"))).code, 2);
  assert.equal((await run("compare", root)).code, 2);
});

test("a path that leads nowhere is wrong use, in the same words whatever the command", async (t) => {
  const { root, config } = aHost(t);
  const none = join(root, "none");
  for (const args of [
    ["verify", none],
    ["compare", root, none],
    ["compare", none, root],
    ["compare", root, root, "--base", none],
    ["replay", none],
    ["check", none],
    ["register", none, "--name", "a", "--config", config],
    ["rules", "test", none],
    ["init", "--from", none, "--config", config],
    ["replay", root, "--config", none],
    ["replay", root, "--rules", none],
  ]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, /there is no file or folder .*none: check the path/, args.join(" "));
    assert.doesNotMatch(stderr, /ENOENT/);
  }
  const { code, stderr } = await run("verify", root);
  assert.deepEqual([code, /is a folder: name a file/.test(stderr)], [2, true]);
});

test("a command that does not exist is answered with the one that was meant", async () => {
  for (const [typed, meant] of [
    [["rules", "tst"], /no command "rules tst"; did you mean "rules test" or /],
    [["rules"], /did you mean "rules test" or "rules import"/],
    [["token", "crate"], /did you mean "token create" or "token list"/],
    [["replya", "x.log"], /did you mean "replay"\?/],
    [["nonsense"], /outweigh --help lists all/],
  ] as const) {
    const { code, stderr } = await run(...typed);
    assert.equal(code, 2);
    assert.match(stderr, meant);
  }
});

test("verify names the incident of a pack that holds by its title, and says no title of one that does not", async (t) => {
  const { root } = aHost(t);
  const [good, bad, untitled] = ["good", "bad", "untitled"].map((it) => join(root, `${it}.pack`)) as [
    string,
    string,
    string,
  ];
  const pack = aPack();
  const title = /"title":\{"salt":"[^"]+","value":"([^"]+)"/.exec(pack)?.[1] ?? assert.fail("the pack has no title");
  writeFileSync(good, pack);
  writeFileSync(bad, pack.replace(title, "all is well"));
  writeFileSync(untitled, aPack({ redact: (kind, _, field) => kind === "incident" && field === "title" }));
  const holds = await run("verify", good);
  assert.deepEqual([holds.code, holds.stdout.split("\n")[1]?.trim()], [0, title]);
  assert.equal(JSON.parse((await run("verify", good, "--json")).stdout).title, title);
  const forged = await run("verify", bad);
  assert.deepEqual([forged.code, /all is well/.test(forged.stdout)], [1, false]);
  assert.equal((await run("verify", untitled)).code, 0);
});

test("verify names an incident by its own id where a pack shows it, else by the keyed one", async (t) => {
  const { root } = aHost(t);
  const name = keyedId(saltKey, "incident", "incident-7");
  const incident = documentOf("incident", name, { id: "incident-7", title: "A copy left" }, saltKey);
  const log = new ALog();
  const entries = [log.add("incident-opened", { records: [documentDigest(incident)] })];
  const whole = { incident, alerts: [], events: [], entries, checkpoints: [log.sign()], entryHashes: [log.head.last] };
  for (const [shown, redact] of [
    ["incident-7", () => false],
    [name, (_kind: string, _id: string, field: string) => field === "id"],
  ] as const) {
    const file = join(root, `${shown}.pack`);
    writeFileSync(file, aPack({ ...whole, redact }));
    const { code, stdout } = await run("verify", file);
    assert.deepEqual([code, /incident (\S+):/.exec(stdout)?.[1]], [0, shown]);
  }
});

test("init proposes a register and never overwrites one", async (t) => {
  const { root } = aHost(t);
  const config = join(root, "new.yml");
  assert.equal((await run("init", root, "--config", config)).code, 0);
  assert.equal((await run("check", config)).code, 0);
  const before = readFileSync(config, "utf8");
  assert.equal((await run("init", root, "--config", config)).code, 2);
  assert.equal(readFileSync(config, "utf8"), before);
});

test("--json is one object on stdout, also for what goes wrong", async () => {
  const { code, stdout, stderr } = await run("scan", "/no/such/folder", "--json");
  assert.equal(code, 2);
  assert.deepEqual(Object.keys(JSON.parse(stdout)), ["error", "message"]);
  assert.match(stderr, /no such file or folder/);
});

test("a mistake in the configuration stops every command, with all its lines", async (t) => {
  const { config, root } = aHost(t);
  writeFileSync(config, "servers: {}\nmodels: 7\n");
  const { code, stderr } = await run("scan", root, "--config", config);
  assert.equal(code, 2);
  assert.match(stderr, /:1:1: servers: there is no such key[^]*:2:9: models: /);
  assert.equal(existsSync(join(root, ".outweigh")), false);
});

test("a scan made by hand is signed, holds, and no longer does once a bit of it is another", async (t) => {
  const { root } = aHost(t);
  const { privateKey } = generateKeyPairSync("ed25519");
  const keyFile = join(root, "scan.key");
  writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
  const scanned = await run("scan", root, "--sign", keyFile);
  const file = join(root, "scan.signed.json");
  writeFileSync(file, scanned.stdout);
  const signer = /signed by (ed25519:[0-9a-f]{32})/.exec(scanned.stderr)?.[1] ?? "none";
  const good = await run("verify", file, "--key", signer);
  assert.equal(good.code, 0, good.stdout);
  assert.match(good.stdout, /holds\n {3}scan of /);
  writeFileSync(file, scanned.stdout.replace("startedAt", "startedAT"));
  assert.equal((await run("verify", file, "--key", signer)).code, 1);

  writeFileSync(keyFile, "s3cr3t");
  const bad = await run("scan", root, "--sign", keyFile);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /no private Ed25519 key in PEM/);
  assert.doesNotMatch(bad.stderr, /s3cr3t/);
});

test("verify accepts an agent's signed scan from the key that is named, and no other or changed one", async (t) => {
  const { root } = aHost(t);
  const at = "2026-11-26T00:00:00.000Z";
  const counts = { filesSeen: 0, bytesRead: 0, models: [], listeners: [], paths: [], notSeen: [] };
  const report = { version: "0", host: "gpu-1", startedAt: at, finishedAt: at, roots: ["/"], ...counts };
  const text = signedScanLine(signScan(report, generateKeyPairSync("ed25519").privateKey));
  const read = readSignedScan(Buffer.from(text));
  assert.ok("key" in read);
  const file = join(root, "scan.signed.json");
  writeFileSync(file, text);
  const good = await run("verify", file, "--key", keyId(read.key), "--json");
  assert.equal(good.code, 0);
  assert.deepEqual(JSON.parse(good.stdout), {
    ok: true,
    kind: "scan",
    signer: keyId(read.key),
    host: "gpu-1",
    finishedAt: at,
  });
  assert.equal((await run("verify", file, "--key", `ed25519:${"0".repeat(32)}`)).code, 1);
  writeFileSync(file, text.replace("gpu-1", "gpu-2"));
  const changed = await run("verify", file);
  assert.equal(changed.code, 1);
  assert.match(changed.stdout, /it was changed/);
});

test("a cloud that does not answer stands among what a scan did not see", async (t) => {
  const { root, config } = aHost(t);
  // Port 1 of this machine: nobody listens there.
  const cloud = "{ kind: kubernetes, name: away, server: 'https://127.0.0.1:1', token: '${OUTWEIGH_TEST_CLOUD}' }";
  writeFileSync(config, `clouds: [${cloud}]\n`);
  process.env["OUTWEIGH_TEST_CLOUD"] = "t";
  t.after(() => delete process.env["OUTWEIGH_TEST_CLOUD"]);
  const { stdout } = await run("scan", root, "--config", config, "--json");
  const report: { notSeen: readonly { what: string; why: string }[] } = JSON.parse(stdout);
  const told = report.notSeen.filter((it) => it.what === "configuration of the cloud away");
  assert.equal(told.length, 1);
  assert.match(told[0]?.why ?? "", /^nothing was answered: https:\/\/127\.0\.0\.1:1\/.*: /);
});

test("check says how a configuration begins where there is none, and nothing of the kind of a file that was named", async (t) => {
  const { root } = aHost(t);
  const here = process.cwd();
  process.chdir(root);
  t.after(() => process.chdir(here));
  const none = await run("check");
  assert.deepEqual([none.code, /no outweigh\.yml here: outweigh init/.test(none.stderr)], [2, true], none.stderr);
  assert.match((await run("check", "other.yml")).stderr, /no file or folder other\.yml/);
});
