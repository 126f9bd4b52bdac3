// What a scan and a replay do to the machine, as the kernel saw it: they open nothing for writing and make no connection.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { safetensors } from "../e2e/world/weights.ts";

const program = join(import.meta.dirname, "..", "packages", "cli", "bin", "outweigh.js");
const hasStrace = spawnSync("strace", ["-c", "true"]).status === 0;
const skip = hasStrace ? false : "strace is not here, or may not trace";

/** Calls that change files or reach others. */
const watched =
  "open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat," +
  "truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,setxattr,fsetxattr,socket,connect,bind,listen,sendto,sendmsg";

/** A terminal or a hole that swallows: writing there changes nothing. */
const harmless = /^"\/dev\/(?:null|tty)"/;

function trace(
  t: TestContext,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): string[] {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-strace-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "trace");
  const options = ["-f", "-qq", "-e", `trace=${watched}`, "-o", file];
  const { status, stderr } = spawnSync("strace", [...options, process.execPath, program, ...args], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  assert.ok(status === 0 || status === 1, `ended with ${status}: ${stderr}`);
  return readFileSync(file, "utf8").split("\n");
}

/** Calls that succeeded or were tried, other than opening for reading. */
function acts(lines: readonly string[]): string[] {
  return lines.filter((line) => {
    const [, call = "", rest = ""] = /^\d+\s+(\w+)\((.*)$/.exec(line) ?? [];
    if (call === "") return false;
    if (!call.startsWith("open")) return true;
    return /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(rest) && !harmless.test(rest.replace(/^AT_FDCWD, /, ""));
  });
}

function aHost(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-host-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "home"));
  writeFileSync(join(folder, "home", "holiday.jpg"), safetensors("acme-13b", [0, 1]));
  writeFileSync(join(folder, "note.txt"), "nothing to see");
  return folder;
}

test("a scan opens nothing for writing and reaches nobody", { skip }, (t) => {
  const host = aHost(t);
  const lines = trace(t, ["scan", host, "--json"], host);
  assert.ok(
    lines.some((it) => it.includes("holiday.jpg")),
    "the trace does not show the scan",
  );
  assert.deepEqual(acts(lines), []);
});

test("so does a scan that looks for theft paths in exported configuration, and in this host's own", { skip }, (t) => {
  const host = aHost(t);
  const exported = join(host, "exported", "s3", "acme");
  mkdirSync(exported, { recursive: true });
  const statement = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::acme/*" };
  writeFileSync(join(exported, "policy.json"), JSON.stringify({ Statement: [statement] }));
  writeFileSync(
    join(host, "exported", "link.txt"),
    "https://acme.s3.amazonaws.com/m?X-Amz-Signature=00&X-Amz-Expires=9\n",
  );
  const config = join(host, "outweigh.yml");
  writeFileSync(config, "models: [{ name: acme, class: private, places: ['s3://acme/'], readers: [svc] }]\n");
  const args = ["scan", join(host, "home"), "--posture", join(host, "exported"), "--config", config, "--json"];
  const lines = trace(t, args, host);
  for (const it of ["policy.json", "/etc/passwd", "/etc/sudoers.d"])
    assert.ok(
      lines.some((line) => line.includes(it)),
      `the trace does not show ${it}`,
    );
  assert.deepEqual(acts(lines), []);
});

test("a scan that may ask a cloud reaches the address that was configured, and nobody else", { skip }, (t) => {
  const host = aHost(t);
  const config = join(host, "outweigh.yml");
  writeFileSync(
    config,
    "models: [{ name: acme, class: private, places: ['hf:acme/acme'] }]\n" +
      "clouds: [{ kind: huggingface, name: hub, token: '${HUB_TOKEN}', endpoint: 'http://127.0.0.1:9' }]\n",
  );
  const lines = trace(t, ["scan", join(host, "home"), "--config", config, "--json"], host, { HUB_TOKEN: "t0ken" });
  const done = acts(lines);
  const connected = done.filter((it) => it.includes(" connect("));
  assert.ok(connected.length > 0 && connected.every((it) => it.includes("sin_port=htons(9)")), connected.join("\n"));
  const changed = done.filter((it) => !/ (?:connect|socket)\(/.test(it) || /AF_INET6|SOCK_DGRAM/.test(it));
  assert.deepEqual(changed, []);
});

test("so does a replay", { skip }, (t) => {
  const host = aHost(t);
  const log = join(host, "access.log");
  writeFileSync(
    log,
    '203.0.113.7 - - [24/Nov/2026:09:00:00 +0000] "GET /files/m.safetensors HTTP/1.1" 200 10 "-" "curl/8"\n',
  );
  const lines = trace(t, ["replay", log, "--json"], host);
  assert.ok(
    lines.some((it) => it.includes("access.log")),
    "the trace does not show the replay",
  );
  assert.deepEqual(acts(lines), []);
});
