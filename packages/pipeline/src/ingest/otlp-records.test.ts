import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { otel } from "./otel.ts";
import { maxOtlpItems, otlpBodies, otlpRecords, type OtlpItem } from "./otlp-records.ts";

const from = { source: "spans", offset: 0 };
const sorted = (items: Iterable<OtlpItem>) => {
  const all = [...items];
  return {
    records: all.flatMap((it) => (it && "record" in it ? [it.record] : [])),
    refused: all.flatMap((it) => (it && "refused" in it ? [it.refused] : [])),
  };
};
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const call = [
  text("gen_ai.request.model", "acme-13b"),
  text("enduser.id", "ana"),
  { key: "gen_ai.usage.output_tokens", value: { intValue: "7" } },
  { key: "gen_ai.request.stop_sequences", value: { arrayValue: { values: [{ stringValue: "the secret" }] } } },
  text("gen_ai.input.messages", "the secret"),
  text("gen_ai.prompt.0.content", "the secret"),
  text("llm.input_messages.0.message.content", "the secret"),
  text("ai.prompt.messages", "the secret"),
  text("my.own.attribute", "the secret"),
];
const span = (attributes: unknown, over: object = {}) => ({
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  name: "the secret",
  startTimeUnixNano: "1795426320250000000",
  attributes,
  events: [{ attributes: [text("gen_ai.event.content", "the secret")] }],
  status: { code: 1, message: "the secret" },
  ...over,
});
const document = (...spans: unknown[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [text("service.name", "assistant"), text("process.command_line", "the secret")] },
      scopeSpans: [{ scope: { name: "openai", version: "1" }, spans }],
    },
  ],
});
const logs = (...logRecords: unknown[]) => ({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });

test("each call becomes a record of its own, with nothing in it that people wrote", () => {
  const { records, refused } = sorted(otlpRecords(document(span(call), span(call)), from));
  assert.deepEqual([records.length, refused], [2, []]);
  assert.doesNotMatch(records.join(), /secret/);
  const read = otel.read(records[0] ?? "", from, { trusts: () => false });
  assert.ok(read.ok);
  const [event] = read.events;
  assert.deepEqual(
    [event?.class_uid, event?.principal, event?.artifact, event?.tokens],
    [6003, "ana", "llm:acme-13b", 7],
  );
});

test("a log of a call is one too, without its body", () => {
  const log = { timeUnixNano: "1795426320250000000", attributes: call, body: { stringValue: "the secret" } };
  const { records } = sorted(otlpRecords(logs(log), from));
  assert.equal(records.length, 1);
  assert.doesNotMatch(records.join(), /secret/);
});

test("other spans are left out, and what is broken is refused with its reason", () => {
  assert.deepEqual(sorted(otlpRecords(document(span([text("http.route", "/")])), from)), { records: [], refused: [] });
  const { records, refused } = sorted(
    otlpRecords(document(span(call, { startTimeUnixNano: "soon" }), span(call)), from),
  );
  assert.deepEqual([records.length, refused], [1, ["startTimeUnixNano: not a time"]]);
});

test("bodies of log records are records of any kind, one on each line", () => {
  const body = (value: object) => ({ body: value });
  const kv = { kvlistValue: { values: [{ key: "rule", value: { stringValue: "x" } }] } };
  assert.deepEqual(sorted(otlpBodies(logs(body({ stringValue: "a\nb" }), body(kv), {}, body({ stringValue: "" })))), {
    records: ["a b", '{"rule":"x"}'],
    refused: ["body: a log record without one", "body: a log record without one"],
  });
});

test("any JSON gives records and reasons", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      for (const it of [a, document(a, span(b)), logs(a, { body: b }), { resourceSpans: a, resourceLogs: b }]) {
        for (const record of [...sorted(otlpRecords(it, from)).records, ...sorted(otlpBodies(it)).records]) {
          assert.equal(typeof record, "string");
          assert.doesNotMatch(record, /\n/);
        }
      }
    }),
  );
});

test("of one request so many items are taken, and no more is kept than so much", () => {
  const lines = Array.from({ length: maxOtlpItems + 2 }, () => ({ body: { stringValue: "x" } }));
  const { records, refused } = sorted(otlpBodies(logs(...lines)));
  assert.deepEqual([records.length, refused.length], [maxOtlpItems, 2]);
  const long = Array.from({ length: 40 }, () => ({ body: { stringValue: "x".repeat(1024 * 1024) } }));
  assert.deepEqual([sorted(otlpBodies(logs(...long))).records.length], [16]);
});
