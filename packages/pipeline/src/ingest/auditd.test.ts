import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import { auditd } from "./auditd.ts";
import { detectKind } from "./sources.ts";

const from = { source: "auditd", offset: 0 };
const around = { trusts: () => false };
const stamp = "msg=audit(1795467996.454:101):";
const hex = (text: string) => Buffer.from(text).toString("hex").toUpperCase();

const call = (number: number, over = "", args = "a0=ffffff9c a1=7f a2=0 a3=0") =>
  `type=SYSCALL ${stamp} arch=c000003e syscall=${number} success=yes exit=3 ${args} items=1 ppid=7 pid=8 auid=1002 uid=0 comm="x" exe="/usr/bin/cp" key="k"${over}`;
const cwd = `type=CWD ${stamp}  cwd="/srv/models"`;
const path = (name: string, mode = "0100644", role = "NORMAL") =>
  `type=PATH ${stamp} item=0 name=${name} inode=1 mode=${mode} nametype=${role}`;
const execve = (...args: string[]) =>
  `type=EXECVE ${stamp} argc=${args.length} ${args.map((it, i) => `a${i}=${it}`).join(" ")}`;

const answer = (...lines: string[]) => auditd.read(lines.join("\n"), from, around);
function read(...lines: string[]): OcsfEvent {
  const it = answer(...lines);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  return eventSchema.parse(it.events[0]);
}
const skipped = (...lines: string[]) => {
  const it = answer(...lines);
  return it.ok && it.events.length === 0 ? it.skipped : undefined;
};

test("an open is a read by the account that logged in, its path joined with the working folder", () => {
  const it = read(call(257), cwd, path('"a/../w.safetensors"'));
  assert.deepEqual(
    [it.type_uid, it.operation, it.artifact, it.weights, it.principal, it.status_id],
    [100102, "open", "file:/srv/models/w.safetensors", true, "uid:1002", 1],
  );
  assert.equal(it.time, 1_795_467_996_454);
});

test("the working folder is written with as many digits as the register has; from another folder only the name is known", () => {
  const artifact = (args: string) => read(call(257, "", args), cwd, path('"w.pt"')).artifact;
  assert.equal(artifact("a0=ffffffffffffff9c a1=1 a2=0"), "file:/srv/models/w.pt");
  assert.equal(artifact("a0=4 a1=1 a2=a0900"), "file:w.pt");
});

test("names and arguments with blanks are hexadecimal without quotes", () => {
  assert.equal(read(call(257), cwd, path(hex("/srv/my model.pt"))).artifact, "file:/srv/my model.pt");
  const it = read(call(59), execve('"bash"', '"-c"', hex("curl -T x")), cwd, path('"/bin/bash"'));
  assert.deepEqual((it.process as { cmd_line: string }).cmd_line, "bash -c curl -T x");
});

test("a long argument comes in pieces over several lines", () => {
  const it = read(
    call(59),
    `type=EXECVE ${stamp} argc=3 a0="cp" a1_len=12 a1[0]=${hex("/m/")}`,
    `type=EXECVE ${stamp} a1[1]=${hex("w.gguf")}`,
    `type=EXECVE ${stamp} a2="/tmp/x.jpg"`,
    cwd,
  );
  assert.equal((it.process as { cmd_line: string }).cmd_line, "cp /m/w.gguf /tmp/x.jpg");
  assert.deepEqual([it.artifact, it.weights], ["file:/m/w.gguf", true]);
});

test("without its arguments a launch is known by its title, and says so", () => {
  const it = read(call(59), `type=PROCTITLE ${stamp} proctitle=${hex("tar\0czf\0x")}`);
  assert.equal((it.process as { cmd_line: string }).cmd_line, "tar czf x");
  assert.equal((it.unmapped as { arguments?: string }).arguments, "lost");
});

test("what only looks, only writes, or opens no file is no read", () => {
  assert.match(skipped(call(191), cwd, path('"w.pt"')) ?? "", /concerns no file/);
  assert.match(skipped(call(257, "", "a0=ffffff9c a1=1 a2=241"), cwd, path('"w.pt"')) ?? "", /cannot read/);
  assert.match(skipped(call(257), cwd) ?? "", /path was lost/);
  assert.match(skipped(call(257), cwd, path('"/dev/null"', "020666")) ?? "", /no regular file/);
  assert.match(skipped(path('"w.pt"')) ?? "", /without a system call/);
  assert.equal(read(call(257), cwd, path('"llama"', "040755")).operation, "list");
});

test("the same system call has other numbers on other processors and for 32-bit programs", () => {
  const on = (arch: string, number: number) =>
    read(call(number).replace("c000003e", arch), cwd, path('"/m/w.pt"')).operation;
  assert.equal(on("40000003", 295), "open");
  assert.equal(on("c00000b7", 56), "open");
});

test("the enriched format gives names; a node tells hosts apart; a service acts as itself", () => {
  const enriched = '\u001dARCH=x86_64 SYSCALL=openat AUID="ana" UID="root"';
  assert.equal(read(call(257, enriched), cwd, path('"/m/w.pt"')).principal, "ana");
  const onHost = [call(257, enriched), cwd, path('"/m/w.pt"')].map((it) => `node=gpu-1 ${it}`);
  assert.equal(read(...onHost).principal, "ana@gpu-1");
  assert.equal(read(call(257).replace("auid=1002", "auid=4294967295"), cwd, path('"/m/w.pt"')).principal, "uid:0");
});

test("a connection says where to, and one that does not wait is no failure", () => {
  const to = (saddr: string) => read(call(42), `type=SOCKADDR ${stamp} saddr=${saddr}`).dst_endpoint;
  assert.deepEqual(to("02000050CB0071090000000000000000DEAD"), { ip: "203.0.113.9", port: 80 });
  assert.deepEqual(to(`0A0001BB00000000${"20010DB8".padEnd(31, "0")}100000000`), {
    ip: "2001:db8:0:0:0:0:0:1",
    port: 443,
  });
  assert.match(skipped(call(42), `type=SOCKADDR ${stamp} saddr=01002F7661722F`) ?? "", /within this host/);
  const waiting = call(42).replace("success=yes exit=3", "success=no exit=-115");
  assert.equal(read(waiting, `type=SOCKADDR ${stamp} saddr=02000050CB007109`).status_id, 1);
});

test("a rename of weights to another kind of name is a disguise", () => {
  const it = read(call(82), cwd, path('"w.gguf"', "0100644", "DELETE"), path('"x.txt"', "0100644", "CREATE"));
  assert.deepEqual([it.operation, it.artifact], ["rename", "file:/srv/models/w.gguf"]);
  assert.equal((it.unmapped as { disguised?: boolean }).disguised, true);
});

test("rules written for auditd see its own fields, decoded, and launches as process creation", () => {
  const it = answer(call(59), execve('"curl"', hex("-T x")), cwd, path('"/usr/bin/curl"'));
  const [raw] = it.ok ? it.raw : [];
  assert.deepEqual([raw?.type, raw?.a0, raw?.a1], [["SYSCALL", "EXECVE", "CWD", "PATH"], "curl", "-T x"]);
  assert.deepEqual([raw?.Image, raw?.CommandLine, raw?.CurrentDirectory], ["/usr/bin/cp", "curl -T x", "/srv/models"]);
});

test("lines of several events are no event, nor is anything else", () => {
  assert.equal(answer(call(257), cwd.replace(":101", ":102")).ok, false);
  assert.equal(answer("hello").ok, false);
  assert.equal(detectKind(`${call(257)}\n${cwd}`), "auditd");
});

test("never throws, whatever the fields hold, and every event it gives is one", () => {
  const any = (text: string) => {
    const it = auditd.read(text, from, around);
    if (it.ok) for (const event of it.events) eventSchema.parse(event);
    if (it.ok) assert.equal(it.raw.length, it.events.length);
  };
  fc.assert(fc.property(fc.string({ unit: "binary" }), any));
  const type = fc.constantFrom("SYSCALL", "EXECVE", "PATH", "CWD", "SOCKADDR", "PROCTITLE", "X");
  const name = fc.constantFrom(
    "syscall",
    "arch",
    "a0",
    "a1",
    "a1[0]",
    "name",
    "cwd",
    "saddr",
    "auid",
    "exe",
    "items",
    "mode",
    "argc",
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("59", "257", "42", "82", "c000003e", '"', "(null)", "2F", "0A00", '"x', "-1"),
  );
  const line = fc
    .tuple(type, fc.array(fc.tuple(name, value)))
    .map(([it, fields]) => `type=${it} ${stamp} ${fields.map(([a, b]) => `${a}=${b}`).join(" ")}`);
  fc.assert(fc.property(fc.array(line, { maxLength: 6 }), (lines) => any(lines.join("\n"))));
});
