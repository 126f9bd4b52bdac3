import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOf, onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { attributesOf, nanoTime } from "./otlp.ts";
import { otel } from "./otel.ts";

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const whole = (key: string, intValue: string | number) => ({ key, value: { intValue } });

const chat = [
  text("gen_ai.operation.name", "chat"),
  text("gen_ai.provider.name", "vllm"),
  text("gen_ai.request.model", "acme-13b"),
  whole("gen_ai.request.max_tokens", "256"),
  whole("gen_ai.request.choice.count", 3),
  whole("gen_ai.usage.input_tokens", "100"),
  whole("gen_ai.usage.output_tokens", 200),
  text("gen_ai.input.messages", "the secret question"),
  text("enduser.id", "Ana@acme.example"),
];
const span = (attributes: unknown, over: object = {}) => ({
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  name: "chat acme-13b",
  startTimeUnixNano: "1795426320250000000",
  endTimeUnixNano: "1795426321250000000",
  attributes,
  status: {},
  ...over,
});
/** In the shape of OTLP/JSON; written by us. */
const spans = (...list: readonly object[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [text("service.name", "assistant")] },
      scopeSpans: [{ scope: { name: "openai" }, spans: list }],
    },
  ],
});
const logs = (...list: readonly object[]) => ({
  resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ logRecords: list }] }],
});

test("a span of a call names model, tokens and the user that the application set", () => {
  const it = onlyEvent(otel, spans(span(chat)));
  assert.deepEqual(
    [it.principal, it.operation, it.artifact, it.tokens],
    ["ana@acme.example", "complete", "llm:acme-13b", 300],
  );
  assert.deepEqual([it.time, Object(it.unmapped).max_tokens, Object(it.unmapped).n], [1795426320250, 256, 3]);
  assert.doesNotMatch(JSON.stringify(readWith(otel, spans(span(chat)))), /secret/);
});

test("the older names are read, and a server that names no operation", () => {
  const old = [
    text("gen_ai.system", "vllm"),
    text("gen_ai.response.model", "acme-13b"),
    whole("gen_ai.usage.prompt_tokens", 7),
    whole("gen_ai.usage.completion_tokens", 5),
    text("client.address", "203.0.113.77"),
  ];
  const it = onlyEvent(otel, spans(span(old)));
  assert.deepEqual([it.principal, it.vouched, it.tokens], ["anonymous@203.0.113.77", false, 12]);
  assert.equal(onlyEvent(otel, spans(span(old.slice(0, 2)))).principal, "service:assistant");
});

test("the log of a call is the same event as its span", () => {
  const log = {
    timeUnixNano: "1795426320250000000",
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    eventName: "gen_ai.client.inference.operation.details",
    body: { stringValue: "the secret question" },
    attributes: chat,
  };
  assert.equal(onlyEvent(otel, logs(log)).id, onlyEvent(otel, spans(span(chat))).id);
  assert.doesNotMatch(JSON.stringify(readWith(otel, logs(log))), /secret/);
});

test("spans of other things are left out, and what is broken does not cost the rest", () => {
  const http = span([text("http.request.method", "GET")]);
  assert.match(whyNot(otel, spans(http)), /something else/);
  assert.match(
    whyNot(otel, spans(span([text("gen_ai.operation.name", "execute_tool"), text("gen_ai.request.model", "m")]))),
    /agent or tool/,
  );
  const read = readWith(otel, spans(http, span(chat, { startTimeUnixNano: "soon" }), span(chat)));
  assert.ok(read.ok);
  assert.deepEqual([read.events.length, read.refused], [1, ["startTimeUnixNano: not a time"]]);
  assert.equal(eventsOf(otel, { resourceSpans: [] }).length, 0);
  assert.match(whyNot(otel, {}), /^resourceSpans: /);
  assert.equal(onlyEvent(otel, spans(span(chat, { status: { code: 2 } }))).status_id, 2);
});

test("attributes of every type become plain values, and times lose their nanoseconds", () => {
  const nested = {
    kvlistValue: {
      values: [{ key: "a", value: { arrayValue: { values: [{ boolValue: true }, { doubleValue: 1.5 }] } } }],
    },
  };
  assert.deepEqual(attributesOf([{ key: "k", value: nested }, whole("big", "9223372036854775807"), 3]), {
    k: { a: [true, 1.5] },
    big: "9223372036854775807",
  });
  assert.deepEqual(
    [nanoTime("1795426320250999999"), nanoTime("0"), nanoTime("x"), nanoTime(-1)],
    [1795426320250, undefined, undefined, undefined],
  );
});

test("any JSON in its places gives an answer", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const documents = [
        spans(span(a)),
        { resourceSpans: a },
        { resourceLogs: [{ scopeLogs: b }] },
        spans(span([{ key: a, value: b }])),
      ];
      return documents.every((it) => typeof readWith(otel, it).ok === "boolean");
    }),
  );
});
