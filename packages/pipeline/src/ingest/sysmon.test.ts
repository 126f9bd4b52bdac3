import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { wordsOf } from "./host-events.ts";
import { sysmon } from "./sysmon.ts";

const start = {
  UtcTime: "2026-11-24 09:00:00.123",
  ProcessId: "4242",
  Image: "C:\\Tools\\rclone.exe",
  CommandLine: '"C:\\Tools\\rclone.exe" copy "D:\\models\\acme 13b\\model.safetensors" mega:x',
  CurrentDirectory: "C:\\Users\\eve\\",
  User: "ACME\\eve",
};
/** The same event as four programs write it down; written by us. */
const shapes = (id: number, data: object) => [
  {
    Event: {
      System: {
        Provider: { "#attributes": { Name: "Microsoft-Windows-Sysmon" } },
        EventID: id,
        Computer: "ws5",
        EventRecordID: 7,
        TimeCreated: { "#attributes": { SystemTime: "2026-11-24T09:00:00.2Z" } },
      },
      EventData: data,
    },
  },
  {
    "@timestamp": "2026-11-24T09:00:00.2Z",
    winlog: {
      event_id: id,
      computer_name: "ws5",
      record_id: 7,
      provider_name: "Microsoft-Windows-Sysmon",
      event_data: data,
    },
  },
  {
    TimeGenerated: "2026-11-24T09:00:00.2Z",
    Computer: "ws5",
    EventID: id,
    Provider: "Microsoft-Windows-Sysmon",
    EventData: JSON.stringify(data),
  },
  { EventID: id, Hostname: "ws5", SourceName: "Microsoft-Windows-Sysmon", ...data },
];

test("a program that was started, in every writing: who, which program, which files", () => {
  for (const record of shapes(1, start)) {
    const it = onlyEvent(sysmon, record);
    assert.deepEqual(
      [it.principal, it.operation, it.time],
      ["ACME\\eve", "launch", Date.UTC(2026, 10, 24, 9, 0, 0, 123)],
    );
    assert.deepEqual(
      [it.artifact, it.weights, Object(it.unmapped).tool_kind],
      ["file:D:/models/acme 13b/model.safetensors", true, "upload"],
    );
    assert.deepEqual(Object(it.device).hostname, "ws5");
  }
});

test("files that were written, deleted and read, and connections", () => {
  const of = (id: number, data: object) => onlyEvent(sysmon, shapes(id, { ...start, ...data })[0]);
  const TargetFilename = "E:\\OneDrive\\w.gguf";
  assert.deepEqual(
    [of(11, { TargetFilename }).operation, of(11, { TargetFilename }).artifact],
    ["write", "file:E:/OneDrive/w.gguf"],
  );
  assert.equal(of(23, { TargetFilename }).operation, "delete");
  const access = {
    ObjectName: "D:\\models\\w.gguf",
    AccessMask: "0x1",
    ProcessName: "C:\\x.exe",
    SubjectUserName: "eve",
    SubjectDomainName: "ACME",
    User: undefined,
  };
  assert.deepEqual([of(4663, access).operation, of(4663, access).principal], ["open", "ACME\\eve"]);
  assert.match(whyNot(sysmon, shapes(4663, { ...access, AccessMask: "0x80" })[0]), /read no data/);
  const it = of(3, { DestinationIp: "203.0.113.9", DestinationPort: "443", DestinationHostname: "mega.example" });
  assert.deepEqual(
    [it.operation, it.dst_endpoint],
    ["connect", { ip: "203.0.113.9", port: 443, hostname: "mega.example" }],
  );
});

test("each event is for the rules of its category alone", () => {
  const read = readWith(sysmon, shapes(11, { ...start, TargetFilename: "C:\\x" })[0]);
  assert.ok(read.ok);
  assert.deepEqual(read.as?.[0], [
    { product: "windows", category: "file_event" },
    { product: "windows", service: "sysmon" },
  ]);
  assert.equal(read.raw[0]?.EventID, 11);
});

test("words of a command line, with quotes of both systems", () => {
  assert.deepEqual(wordsOf('a "b c" d\\e'), ["a", "b c", "d\\e"]);
  assert.deepEqual(wordsOf("a 'b c' \"d e\"", true), ["a", "b c", "d e"]);
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (line, single) =>
      wordsOf(line, single).every((it) => typeof it === "string"),
    ),
  );
});

test("what is wrong or of no use is said", () => {
  assert.match(whyNot(sysmon, shapes(13, start)[0]), /says nothing of/);
  assert.match(whyNot(sysmon, shapes(11, start)[0]), /^TargetFilename: missing/);
  assert.match(whyNot(sysmon, { EventID: 1, UtcTime: "x" }), /^Computer: missing/);
  assert.match(whyNot(sysmon, { EventID: 1, Computer: "c", EventData: "{" }), /^EventData: /);
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(1, 3, 11, 4663), (it, id) =>
      shapes(id, { Image: it, CommandLine: it, TargetFilename: it, AccessMask: it }).every(
        (record) => typeof readWith(sysmon, record).ok === "boolean",
      ),
    ),
  );
});

test("a workstation's recording of others is read whole", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "windows-sysmon/otrf_sysmon_log4shell_java_serialized.ndjson"), "utf8")
    .trim()
    .split("\n");
  const answers = rows.map((it) => readWith(sysmon, it));
  assert.deepEqual(
    answers.filter((it) => !it.ok),
    [],
  );
  assert.ok(answers.filter((it) => it.ok && it.events.length > 0).length > 10);
});
