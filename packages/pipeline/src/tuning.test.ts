// What people add to a line while it runs, from records in to alerts out.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFilter, type Alert, type Incident, type OcsfEvent } from "@outweigh/schema";
import { regroupingOf } from "./correlate/incidents.ts";
import { draftRule } from "./draft-rule.ts";
import { Line, type Outcome } from "./line.ts";
import { draftException, draftProof, ExceptionTrial, readOwnRule } from "./own-rule.ts";
import { prove } from "./proof.ts";
import { makeRegister } from "./register.ts";
import { aModel, anEvent } from "./testing/nouns.ts";
import { surroundingsOf, Watching } from "./surroundings.ts";
import { stepUp, tuning, type Tuning } from "./tuning.ts";
import type { Subject } from "./watch-list.ts";

const pushes = `
title: A push
name: a_push
id: 4d1f3c52-0000-4000-8000-000000000001
status: test
logsource: { category: webserver }
detection: { push: { operation: push }, condition: push }
level: medium
`;
const many = `${pushes.replace("a_push", "pushes_base").replace("0001", "0002").replace("medium", "informational")}---
title: Many pushes
name: many_pushes
correlation: { type: event_count, rules: [pushes_base], group-by: [principal], timespan: 1h, condition: { gte: 2 } }
level: high
`;
const register = makeRegister([aModel()]);
const aLine = () => new Line({ register, rules: [pushes, many] });

let second = 0;
const record = (user: string, over: object = {}): string =>
  JSON.stringify({
    time: new Date(1_795_000_000_000 + ++second * 1000).toISOString(),
    remote_addr: "203.0.113.77",
    remote_user: user,
    request_method: "POST",
    request_uri: "/api/push",
    status: 200,
    body_bytes_sent: 1,
    ...over,
  });
const take = (line: Line, text: string) => {
  const outcome: Outcome = line.run(text, { source: "web", kind: "http-access", file: "a", offset: second });
  assert.ok(!("rejected" in outcome));
  return outcome;
};
const rulesOf = (alerts: readonly Alert[]): string[] => alerts.map((it) => it.rule).sort();
const exceptionFor = (rules: readonly string[], user: string): string =>
  JSON.stringify({
    title: `${user} is fine`,
    name: `fine_${user}`,
    logsource: {},
    filter: { rules, selection: { principal: user }, condition: "not selection" },
  });
const own = (text: string, over: Partial<Tuning["own"][number]> = {}): Tuning => ({
  own: [{ name: JSON.parse(text).name, text, stage: "published", ...over }],
  watched: [],
});
const download = { request_method: "GET", request_uri: "/acme/acme-13b/resolve/main/model-1.safetensors" };

test("an exception hides its rule's matches from the next record on, counts them, and lets them through again", () => {
  const line = aLine();
  assert.deepEqual(rulesOf(take(line, record("ben")).alerts), ["a_push"]);
  line.tune(own(exceptionFor(["a_push"], "ben")));
  assert.deepEqual(rulesOf(take(line, record("ben")).alerts), ["many_pushes"]);
  assert.deepEqual(rulesOf(take(line, record("eve")).alerts), ["a_push"]);
  assert.equal(line.tunedCounts()[0]?.matches, 1);
  line.tune({ own: [], watched: [] });
  assert.ok(rulesOf(take(line, record("ben")).alerts).includes("a_push"));
});

test("on trial it hides nothing and counts all the same; what a correlation counted before is not lost", () => {
  const line = aLine();
  take(line, record("ana"));
  line.tune(own(exceptionFor(["a_push"], "ana"), { stage: "trial" }));
  assert.deepEqual(rulesOf(take(line, record("ana")).alerts), ["a_push", "many_pushes"]);
  assert.equal(line.tunedCounts()[0]?.matches, 1);
});

test("an exception for what a correlation joins leaves its events out of the count", () => {
  const line = aLine();
  line.tune(own(exceptionFor(["pushes_base"], "ida")));
  for (const _ of [1, 2, 3]) assert.deepEqual(rulesOf(take(line, record("ida")).alerts), ["a_push"]);
});

test("an exception for a detector hides what it finds of that principal, and of nobody else", () => {
  const line = new Line({ register, rules: [] });
  line.tune(own(exceptionFor(["unaccounted-read"], "backup")));
  assert.ok(!rulesOf(take(line, record("backup", download)).alerts).includes("unaccounted-read"));
  assert.ok(rulesOf(take(line, record("thief", download)).alerts).includes("unaccounted-read"));
  assert.equal(
    line.holdings().some((it) => it.principal === "backup"),
    true,
    "the books count what is hidden",
  );
});

test("a rule of one's own on trial raises nothing; published for one space, only about its models", () => {
  const line = new Line({ register, rules: [] });
  const text = JSON.stringify({
    title: "Any download",
    name: "any_download",
    status: "test",
    logsource: { product: "outweigh", category: "model_access" },
    detection: { it: { operation: "download" }, condition: "it" },
    level: "medium",
  });
  const count = () => line.tunedCounts()[0]?.matches;
  line.tune(own(text, { stage: "trial" }));
  assert.ok(!rulesOf(take(line, record("thief", download)).alerts).includes("any_download"));
  assert.equal(count(), 1);
  line.tune(own(text, { models: ["other"] }));
  assert.ok(!rulesOf(take(line, record("thief", download)).alerts).includes("any_download"));
  assert.equal(count(), 0);
  line.tune(own(text, { models: ["acme-13b"] }));
  assert.ok(rulesOf(take(line, record("thief", download)).alerts).includes("any_download"));
});

test("what is found about a watched model is one step worse, from then until then", () => {
  const line = new Line({ register, rules: [] });
  const severity = () =>
    take(line, record(`thief-${second}`, download)).alerts.find((it) => it.rule === "unaccounted-read");
  assert.equal(severity()?.severity, "medium");
  line.tune({ own: [], watched: [{ kind: "model", name: "acme-13b", from: 0, until: 9_999_999_999_999 }] });
  const found = severity();
  assert.equal(found?.severity, "high");
  assert.equal(found?.matched[0]?.field, "watched");
  line.tune({ own: [], watched: [{ kind: "model", name: "acme-13b", from: 0, until: 1 }] });
  assert.equal(severity()?.severity, "medium");
});

test("what a principal of a confirmed theft does is one step worse on any model, and one step alone", () => {
  const line = new Line({ register, rules: [] });
  const always = { from: 0, until: 9_999_999_999_999 };
  const found = (who: string) => take(line, record(who, download)).alerts.find((it) => it.rule === "unaccounted-read");
  line.tune({ own: [], watched: [{ kind: "principal", name: "eve", ...always }] });
  assert.equal(found("mallory")?.severity, "medium");
  const eves = found("eve");
  assert.deepEqual([eves?.severity, eves?.matched[0]?.value], ["high", "principal eve, after a confirmed theft"]);
  const [model, trudy] = [
    { kind: "model" as const, name: "acme-13b" },
    { kind: "principal" as const, name: "trudy" },
  ];
  line.tune({
    own: [],
    watched: [
      { ...model, ...always },
      { ...trudy, ...always },
    ],
  });
  const both = found("trudy");
  assert.deepEqual(
    [both?.severity, both?.matched[0]?.value],
    ["high", "model acme-13b, principal trudy, after a confirmed theft"],
  );
  line.tune({ own: [], watched: [{ kind: "principal", name: "zoe", from: 0, until: 1 }] });
  assert.equal(found("zoe")?.severity, "medium");
});

const scan = JSON.stringify({
  version: "1",
  host: "gpu-7",
  startedAt: "2026-11-24T09:00:00Z",
  finishedAt: "2026-11-24T09:01:00Z",
  roots: ["/"],
  filesSeen: 1,
  bytesRead: 1,
  models: [
    {
      id: "0".repeat(64),
      name: "acme-13b",
      digest: "0".repeat(64),
      bytes: 1000,
      tensors: 1,
      formats: ["safetensors"],
      copies: [
        {
          path: "/tmp/m.safetensors",
          format: "safetensors",
          bytes: 1000,
          digest: "0".repeat(64),
          complete: true,
          readableBy: [],
          declared: false,
        },
      ],
    },
  ],
  listeners: [],
  paths: [],
  notSeen: [],
});

/** A line that watches these for ever. */
const watching = (...subjects: readonly Subject[]): Line => {
  const line = new Line({ register, rules: [] });
  line.tune({ own: [], watched: subjects.map((it) => ({ ...it, from: 0, until: 9_999_999_999_999 })) });
  return line;
};

test("what is found on a watched host, in a watched place or from a watched address is one step worse, and says which", () => {
  const read = (line: Line, over: object = {}) =>
    take(line, record("mallory", { ...download, ...over })).alerts.find((it) => it.rule === "unaccounted-read");
  const address = { kind: "address", name: "203.0.113.77" } as const;
  assert.deepEqual(read(watching(address))?.raisedBy, ["address 203.0.113.77"]);
  assert.equal(read(watching(address), { remote_addr: "203.0.113.78" })?.raisedBy, undefined);
  const place = { kind: "place", name: "hf:acme/acme-13b" } as const;
  const line = watching(place);
  const found = take(line, record("mallory", download));
  assert.deepEqual(surroundingsOf(found.events[0] ?? assert.fail()), [place, address]);
  assert.deepEqual(found.alerts.find((it) => it.rule === "unaccounted-read")?.raisedBy, ["place hf:acme/acme-13b"]);
  assert.deepEqual(found.incidents[0]?.raisedBy, ["place hf:acme/acme-13b"]);

  const seen = (on: Line) => on.run(scan, { source: "scan", kind: "scan", file: "s", offset: 0 });
  const [before, after] = [seen(watching()), seen(watching({ kind: "host", name: "gpu-7" }))];
  assert.ok("alerts" in before && "alerts" in after, JSON.stringify(before));
  assert.equal(after.alerts[0]?.severity, stepUp(before.alerts[0]?.severity ?? assert.fail()));
  assert.deepEqual(after.alerts[0]?.raisedBy, ["host gpu-7"]);
  assert.deepEqual(
    surroundingsOf(after.events[0] ?? assert.fail()),
    [{ kind: "host", name: "gpu-7" }],
    "a folder is none of the places: another host has one of the same name",
  );
});

test("what is watched is where it happened and where it went: a bucket as a whole, no declared place that copies belong in, no endless name", () => {
  const of = (over: Partial<OcsfEvent>) =>
    surroundingsOf(anEvent({ src_external: false, ...over })).map((it) => `${it.kind} ${it.name}`);
  const copied = (to: string, declared = false) => ({ unmapped: { copied_to: to, copied_to_declared: declared } });
  assert.deepEqual(of(copied("s3://thief/a/b/model.bin")), ["place s3://thief/"]);
  assert.deepEqual(of(copied("hf:thief/mine/model.bin")), ["place hf:thief/mine"]);
  assert.deepEqual(of(copied("s3://acme/13b/model.bin", true)), []);
  assert.deepEqual(of(copied("file:/tmp/model.bin")), []);
  assert.deepEqual(of({ device: { hostname: "h".repeat(513) }, place: "p".repeat(513) }), []);
  assert.deepEqual(of({ device: { hostname: "unknown" } }), []);
  const sent = { dst_endpoint: { ip: "198.51.100.9" }, unmapped: { dst_external: true } };
  assert.deepEqual(of({ device: { hostname: "gpu-7" }, ...sent }), ["host gpu-7", "address 198.51.100.9"]);
  const line = watching({ kind: "place", name: "s3://thief/" });
  const event = anEvent({ principal: "x", src_external: false, artifact: "s3://thief/another/model.bin" });
  assert.deepEqual(line.watching.of({}, event), ["place s3://thief/"]);
  assert.deepEqual(line.watching.of({}, { ...event, artifact: "s3://thief-2/model.bin" }), []);
});

test("an alert of before the theft says what raises it from then on, once", () => {
  const line = new Line({ register, rules: [] });
  const read = () => take(line, record("kim", download)).alerts.find((it) => it.rule === "unaccounted-read");
  const before = read();
  line.tune({ own: [], watched: [{ kind: "principal", name: "kim", from: 0, until: 9_999_999_999_999 }] });
  read();
  const after = read();
  assert.deepEqual([before?.raisedBy, before?.id], [undefined, after?.id]);
  assert.deepEqual(after?.raisedBy, ["principal kim"]);
  assert.equal(after?.matched.filter((it) => it.field === "watched").length, 1);
});

test("a snapshot of before there were hosts and places in it is read: its models go on being watched", () => {
  const old = { own: [], watched: [{ model: "acme-13b", from: 1, until: 2 }], principals: [] };
  assert.deepEqual(tuning.parse(old), { own: [], watched: [{ kind: "model", name: "acme-13b", from: 1, until: 2 }] });
});

test("a line that takes its journal again, tunings among the records, stands where it stood", () => {
  const until = 9_999_999_999_999;
  const aSubject = fc.constantFrom<Subject>(
    { kind: "address", name: "203.0.113.77" },
    { kind: "place", name: "hf:acme/acme-13b" },
    { kind: "principal", name: "eve" },
    { kind: "host", name: "gpu-7" },
  );
  const aTuning = fc
    .array(aSubject, { maxLength: 3 })
    .map((them) => ({ own: [], watched: them.map((it) => ({ ...it, from: 0, until })) }));
  const aRecord = fc.constantFrom("eve", "ana").map((who) => record(who, download));
  fc.assert(
    fc.property(fc.array(fc.oneof(aTuning, aRecord), { maxLength: 12 }), fc.nat(12), (journal, cut) => {
      const [live, again] = [new Line({ register, rules: [] }), new Line({ register, rules: [] })];
      const step = (line: Line, it: (typeof journal)[number]) =>
        typeof it === "string"
          ? line.run(it, { source: "web", kind: "http-access", file: "a", offset: 0 })
          : line.tune(it);
      for (const it of journal) step(live, it);
      for (const it of journal.slice(0, cut)) step(again, it);
      const restored = new Line({ register, rules: [] });
      restored.restore(JSON.parse(JSON.stringify(again.snapshot())));
      for (const it of journal.slice(cut)) step(restored, JSON.parse(JSON.stringify(it)));
      assert.deepEqual(JSON.parse(JSON.stringify(restored.snapshot())), JSON.parse(JSON.stringify(live.snapshot())));
    }),
    { numRuns: 40 },
  );
});

test("a line restored from a snapshot goes on with what it was told, and with its counts", () => {
  const line = aLine();
  line.tune(own(exceptionFor(["a_push"], "ben")));
  take(line, record("ben"));
  const again = aLine();
  again.restore(JSON.parse(JSON.stringify(line.snapshot())));
  assert.deepEqual([again.tuning, again.tunedCounts()], [line.tuning, line.tunedCounts()]);
  assert.deepEqual(rulesOf(take(again, record("ben")).alerts), ["many_pushes"]);
});

test("an own text is read before it is kept: what it is, and what is wrong with it", () => {
  const line = aLine();
  const read = (text: string) => readOwnRule(text, register, line.rules());
  assert.deepEqual(read(exceptionFor(["a_push"], "ben")), {
    kind: "exception",
    name: "fine_ben",
    title: "ben is fine",
    rules: ["a_push"],
  });
  assert.equal(read(pushes.replaceAll("a_push", "mine")).kind, "rule");
  for (const [rules, wrong] of [
    [["nobody"], /no rule here is called nobody/],
    [["many_pushes"], /is a correlation/],
    [["a_push", "unaccounted-read"], /for one rule/],
  ] as const)
    assert.throws(() => read(exceptionFor(rules, "ben")), wrong);
  assert.throws(() => read(exceptionFor(["a_push"], "ben").replace("{}", '{"product":"x"}')), /would hide nothing/);
  assert.throws(() => read("title: x"), /BAD_RULE|detection/);
  assert.deepEqual(line.wouldRefuse([]), []);
  assert.equal(line.wouldRefuse([{ name: "a_push", text: pushes, stage: "trial" }]).length, 1);
});

test("a draft of an exception names the parts that count, and hides its own alert but keeps the rule's proof", () => {
  const line = aLine();
  take(line, record("kai"));
  const { alerts, events } = take(line, record("kai"));
  const alert = alerts.find((it) => it.rule === "many_pushes");
  const rule = line.rules().find((it) => it.id === "many_pushes");
  assert.ok(alert && rule);
  const { text } = draftException(rule, register, alert);
  assert.deepEqual(readOwnRule(text, register, line.rules()).rules, ["pushes_base"]);
  const trial = new ExceptionTrial(text, register, () => "http-access");
  assert.deepEqual(
    events.map((it) => trial.hides(it, alert)),
    [true],
  );
  const proof = `- { name: twice, kind: attack, expect: alert, times: 2, records: [${JSON.stringify(record("{n}x").replace("{n}x", "kai"))}, ${JSON.stringify(record("kai"))}] }`;
  assert.equal(prove("many_pushes", many, proof)[0]?.passed, true);
  const hidden = prove("many_pushes", many, proof, [text])[0];
  assert.equal(hidden?.problem, "raised nothing, expected an alert");
});

test("a rule drafted from a hunt comes with a proof of the events that were hunted for", () => {
  const line = new Line({ register, rules: [] });
  const [attack, clean] = [take(line, record("thief", download)).events, take(line, record("ana")).events];
  const { text } = draftRule(parseFilter("operation:download principal:thief"));
  const proof = draftProof({ attack, clean, models: [aModel()], kindOf: () => "http-access" });
  const cases = prove("draft_from_a_hunt", text, proof ?? "");
  assert.deepEqual(
    cases.map((it) => [it.kind, it.passed, it.problem]),
    [
      ["attack", true, undefined],
      ["clean", true, undefined],
    ],
  );
  assert.equal(draftProof({ attack: [], clean, models: [], kindOf: () => "http-access" }), undefined);
});

test("a person's grouping holds: merged incidents take later alerts as one, split ones each their own", () => {
  const line = new Line({ register, rules: [pushes] });
  const push = (user: string, address: string) => take(line, record(user, { remote_addr: address }));
  const [ana] = push("ana", "203.0.113.1").incidents;
  const first = push("ben", "203.0.113.2");
  const [ben] = first.incidents;
  assert.ok(ana && ben && ana.id !== ben.id);
  const alertOf = (it: Incident, rule = "a_push"): Alert => {
    const alert = [...seen.values()].find((one) => one.id === it.alerts[0] && one.rule === rule);
    assert.ok(alert);
    return alert;
  };
  const seen = new Map<string, Alert>();
  for (const it of [push("ana", "203.0.113.1"), push("ben", "203.0.113.2")])
    for (const one of it.alerts) seen.set(one.id, one);
  const decided = "Merged by eva: the same contractor.";
  const merge = [
    { id: ana.id, alerts: [alertOf(ana), alertOf(ben)], decided },
    { id: ben.id, alerts: [] },
  ];
  const merged = line.regroup(regroupingOf(merge));
  assert.equal(merged.length, 1);
  assert.match(merged[0]?.reason ?? "", /^Merged by eva: the same contractor\. 2 alerts/);
  assert.equal(push("ben", "203.0.113.2").incidents[0]?.id, ana.id);

  const again = new Line({ register, rules: [pushes] });
  again.restore(JSON.parse(JSON.stringify(line.snapshot())));
  const split = [
    { id: ana.id, alerts: [alertOf(ana)], decided: "eva took an alert out: not his." },
    { id: "incident-new", alerts: [alertOf(ben)], decided: "Split by eva: not his." },
  ];
  assert.deepEqual(
    again
      .regroup(regroupingOf(split))
      .map((it) => it.id)
      .sort(),
    [ana.id, "incident-new"].sort(),
  );
  assert.equal(take(again, record("ben", { remote_addr: "203.0.113.2" })).incidents[0]?.id, "incident-new");
  assert.equal(take(again, record("ana", { remote_addr: "203.0.113.1" })).incidents[0]?.id, ana.id);
});

test("a rule of one's own silences no other: it joins its own parts alone, and its proof shows an attack that is found", () => {
  const joined = (name: string) => `title: Hush
name: hush_part
logsource: {}
detection: { it: { operation: never }, condition: it }
---
title: Hush
name: hush
correlation: { type: event_count, rules: [${name}], group-by: [principal], timespan: 1h, condition: { gte: 99999 } }
`;
  assert.throws(
    () => readOwnRule(joined("hush_part, a_push"), register, aLine().rules()),
    /a_push is no part of this text/,
  );
  assert.equal(readOwnRule(joined("hush_part"), register, aLine().rules()).name, "hush");
  const [proven] = prove(
    "hush",
    joined("hush_part, a_push"),
    "[{ name: a, kind: attack, expect: nothing, records: [x] }]",
  );
  assert.match(proven?.problem ?? "", /an attack expects alert/);
});

test("a draft that would take long to read is refused before it is", () => {
  const part = (i: number, values: string) =>
    `title: t\nname: n${i}\nlogsource: {}\ndetection: { it: { operation|re: [${values}] }, condition: it }\n`;
  const heavy = Array.from({ length: 600 }, (_, i) => `'(a|b|c){1,1000}${i}'`).join();
  assert.throws(
    () => readOwnRule(part(0, heavy), register, []),
    /regular expressions have more than 50000 instructions/,
  );
  const many = Array.from({ length: 12 }, (_, i) => part(i, "x")).join("---\n");
  assert.throws(() => readOwnRule(many, register, []), /more than 10 documents/);
});

test("a name that no list can keep is watched by the name that one keeps", () => {
  const event = anEvent({ device: { hostname: "gpu\0\ud800" }, time: 5 });
  const [host] = surroundingsOf(event);
  assert.deepEqual(host, { kind: "host", name: "gpu\u2400\ufffd" });
  const watching = new Watching([{ kind: "host", name: "gpu\u2400\ufffd", from: 0, until: 10 }]);
  assert.deepEqual(watching.of({}, event), ["host gpu\u2400\ufffd"]);
});
