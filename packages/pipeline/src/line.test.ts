import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  alert as alertSchema,
  event as eventSchema,
  incident as incidentSchema,
  type ModelEntry,
} from "@outweigh/schema";
import { PipelineError } from "./error.ts";
import { sources } from "./ingest/sources.ts";
import { Line, type From, type Outcome } from "./line.ts";
import { makeRegister } from "./register.ts";
import { recording, rules } from "./testing/recordings.ts";

const models: readonly ModelEntry[] = [
  {
    name: "acme-13b",
    class: "private",
    places: ["hf:acme/acme-13b"],
    readers: ["svc-deploy"],
    files: [1, 2].map((n) => ({ path: `model-${n}.safetensors`, bytes: 1000 })),
  },
  { name: "bait", class: "decoy", places: ["hf:acme/bait"], readers: [], bytes: 10 },
];
const register = makeRegister(models);
const aLine = () => new Line({ register, rules });

let second = 0;
const request = (over: object = {}) => {
  second++;
  return JSON.stringify({
    time: new Date(1_795_000_000_000 + second * 1000).toISOString(),
    remote_addr: "203.0.113.77",
    remote_user: "old-ci",
    request_method: "GET",
    request_uri: "/acme/acme-13b/resolve/main/model-1.safetensors",
    status: 200,
    body_bytes_sent: 1000,
    http_range: "",
    http_user_agent: "huggingface_hub/0.30",
    ...over,
  });
};
const from = (offset: number): From => ({ source: "registry", kind: "http-access", file: "access.log", offset });
const taken = (it: Outcome) => {
  assert.ok(!("rejected" in it), "rejected" in it ? it.rejected : "");
  return it;
};
const second2 = "/acme/acme-13b/resolve/main/model-2.safetensors";

test("a thief takes a model: from the first read to a critical incident that says so with numbers", () => {
  const line = aLine();
  taken(line.run(request({ remote_user: "svc-deploy", remote_addr: "10.1.9.9" }), from(0)));
  const first = taken(line.run(request(), from(1)));
  assert.deepEqual(
    first.alerts.map((it) => [it.rule, it.severity]),
    [["unaccounted-read", "medium"]],
  );
  const last = taken(line.run(request({ request_uri: second2 }), from(2)));
  const [incident] = last.incidents;
  assert.equal(incident?.severity, "critical");
  assert.equal(
    incident?.title,
    "old-ci (from 203.0.113.77) took 100 % of acme-13b, 2 kB; no declared copy accounts for it",
  );
  assert.deepEqual([incident?.principals, incident?.models, incident?.act], [["old-ci"], ["acme-13b"], "obtain"]);
  assert.equal(incident?.id, first.incidents[0]?.id);
  assert.deepEqual(line.coalition()[0], { model: "acme-13b", bytes: 2000, fraction: 1, bound: "exact", readers: 1 });
});

test("a declared reader raises nothing above low, and no incident", () => {
  const line = aLine();
  const outcomes = [undefined, second2].map((uri, i) =>
    taken(
      line.run(
        request({ remote_user: "svc-deploy", remote_addr: "10.1.9.9", ...(uri && { request_uri: uri }) }),
        from(i),
      ),
    ),
  );
  assert.deepEqual(
    outcomes.flatMap((it) => it.alerts.map((one) => [one.rule, one.severity])),
    [["first-reader", "low"]],
  );
  assert.deepEqual(
    outcomes.flatMap((it) => it.incidents),
    [],
  );
});

test("what arrives twice counts once", () => {
  const line = aLine();
  const record = request();
  taken(line.run(record, from(0)));
  const again = taken(line.run(record, from(0)));
  assert.deepEqual([again.events, again.alerts, again.repeats], [[], [], 1]);
  assert.equal(line.holdings()[0]?.bytes, 1000);
});

test("a decoy: one touch, even a refused one", () => {
  const outcome = taken(
    aLine().run(request({ request_uri: "/acme/bait/resolve/main/config.json", status: 403 }), from(0)),
  );
  assert.deepEqual(
    outcome.alerts.map((it) => [it.rule, it.severity]),
    [["decoy-touched", "high"]],
  );
});

test("a silence is a gap and an alert, and grows", () => {
  const line = aLine();
  const first = taken(line.silence("registry", 1000, 7_201_000));
  assert.equal(first.alerts[0]?.summary, "registry sent nothing for 2 h; what happened meanwhile is not known");
  taken(line.silence("registry", 1000, 9_000_000));
  assert.deepEqual(line.gaps(), [{ source: "registry", from: 1000, to: 9_000_000, reason: "silent" }]);
});

test("rejects are counted with their offset and a sample", () => {
  const line = aLine();
  assert.deepEqual(line.run("hello", from(7)), { rejected: 'no known form of an access line: "hello"' });
  const [account] = line.sources();
  assert.deepEqual([account?.records, account?.rejects, account?.samples[0]?.offset], [1, 1, 7]);
});

test("several files are read first and taken in order of time", () => {
  const early = request();
  const late = request({ request_uri: second2 });
  const line = aLine();
  const read = [line.read(late, from(0)), line.read(early, from(1))];
  assert.ok(read[0]?.ok && read[1]?.ok && read[0].events[0]!.time > read[1].events[0]!.time);
  taken(line.take(read[1], from(1)));
  assert.equal(taken(line.take(read[0], from(0))).incidents[0]?.severity, "critical");
  assert.deepEqual(line.losses(), { states: 0, alerts: 0, late: 0, groups: 0 });
});

test("a record that claims to come from the future happened when it arrived", () => {
  const arrived = 1_795_000_000_000;
  const record = request({ time: "2099-01-01T00:00:00Z" });
  const [event] = taken(aLine().run(record, { ...from(0), receivedAt: arrived })).events;
  assert.equal(event?.time, arrived);
  const [read] = taken(aLine().run(record, { ...from(0), seenAt: arrived })).events;
  assert.equal(read?.time, arrived, "nobody saw it arrive, but it was read then");
});

test("a rule that cannot be used is refused by name, and the others work", () => {
  const broken = "title: Broken\nname: broken\nlogsource: { category: webserver }\ndetection: { condition: nothing }\n";
  const line = new Line({ register, rules: [...rules, broken, rules[0] ?? ""] });
  const [unreadable, twice] = line.refused();
  assert.match(unreadable?.reason ?? "", /^document 1, line 4, detection/);
  assert.match(twice?.reason ?? "", /is also what/);
  assert.equal(line.refused().length, 2);
  assert.ok(line.rules().some((it) => it.id === "mlflow_path_traversal"));
});

/** All lines of a recording, as the line gets them. */
const recorded = recording("lab-mlflow-http/nginx_access_json.log").toString().trim().split("\n").slice(0, 90);
const live = (line: Line, records: readonly string[], offset: number) =>
  records.map((it, i) => line.run(it, from(offset + i)));

test("the same records give the same outcome, cut and restored at any point", () => {
  const whole = live(aLine(), recorded, 0);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: recorded.length }), (at) => {
      const before = aLine();
      const first = live(before, recorded.slice(0, at), 0);
      const state: unknown = JSON.parse(JSON.stringify(before.snapshot()));
      const after = aLine();
      after.restore(state);
      assert.deepEqual([...first, ...live(after, recorded.slice(at), at)], whole);
    }),
    { numRuns: 12 },
  );
});

test("a snapshot is what was, not what becomes of it", () => {
  const line = aLine();
  live(line, recorded.slice(0, 30), 0);
  const snapshot = line.snapshot();
  const before = JSON.stringify(snapshot);
  live(line, recorded.slice(30), 30);
  assert.equal(JSON.stringify(snapshot), before);
});

test("a rule that waits for the register says what to write there", () => {
  const text = `
title: Reads by declared readers
name: declared_reads
id: 11111111-2222-4333-8444-555555555555
logsource: { product: outweigh, category: model_access }
detection:
    selection:
        principal|expand: '%known_readers%'
    condition: selection
level: low
`;
  const [refused] = new Line({ register: makeRegister([]), rules: [text] }).refused();
  assert.match(
    refused?.reason ?? "",
    /nobody is declared as a reader yet: write readers: \[NAME\] under a model in outweigh\.yml/,
  );
});

test("what is no snapshot is refused with a code", () => {
  for (const state of [undefined, {}, { version: 2 }, { ...(aLine().snapshot() as object), recent: 7 }]) {
    assert.throws(
      () => aLine().restore(state),
      (error) => error instanceof PipelineError && error.code === "BAD_STATE",
    );
  }
});

test("whatever the record, there is an answer, and all its nouns are what schema says", () => {
  const line = aLine();
  let offset = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.json(),
        fc
          .dictionary(
            fc.constantFrom("remote_user", "request_uri", "status", "body_bytes_sent", "http_range", "remote_addr"),
            fc.jsonValue(),
          )
          .map(request),
      ),
      fc.constantFrom(...sources.map((it) => it.id)),
      (record, kind) => {
        const outcome = line.run(record, { source: "x", kind, offset: offset++ });
        if ("rejected" in outcome) return;
        for (const it of outcome.events) eventSchema.parse(it);
        for (const it of outcome.alerts) alertSchema.parse(it);
        for (const it of outcome.incidents) incidentSchema.parse(it);
      },
    ),
  );
});

test("silence of a source of a model's reads stands beside what was read, also across a restart", () => {
  const models: ModelEntry[] = [{ name: "acme-13b", class: "private", places: ["s3://acme/13b/"], readers: [] }];
  const register = makeRegister(models);
  const record = JSON.stringify({
    eventID: "e1",
    eventTime: "2026-11-24T09:00:00Z",
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    userIdentity: { type: "IAMUser", arn: "arn:aws:iam::1:user/eve" },
    requestParameters: { bucketName: "acme", key: "13b/m.safetensors" },
  });
  const line = new Line({ register, rules: [] });
  line.silence("trail", 1_000, 61_000);
  assert.equal(line.coalition()[0]?.blindMs, undefined);
  line.run(record, { source: "trail", kind: "cloudtrail", offset: 0 });
  assert.equal(line.coalition()[0]?.blindMs, 60_000);
  const again = new Line({ register, rules: [] });
  again.restore(JSON.parse(JSON.stringify(line.snapshot())));
  assert.deepEqual(again.coalition(), line.coalition());
});
