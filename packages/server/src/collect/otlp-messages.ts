// The messages of OTLP 1.x that we read (opentelemetry-proto: common, resource, trace and logs v1), and those that we answer with.
import type { Field, Fields } from "./protobuf.ts";

function fields(of: Readonly<Record<number, Field>>): Fields {
  return new Map(Object.entries(of).map(([number, it]) => [Number(number), it]));
}

const anyValue: () => Fields = () => value;
const keyValue = fields({ 1: { name: "key", type: "text" }, 2: { name: "value", type: anyValue } });
const value = fields({
  1: { name: "stringValue", type: "text" },
  2: { name: "boolValue", type: "switch" },
  3: { name: "intValue", type: "long" },
  4: { name: "doubleValue", type: "double" },
  5: { name: "arrayValue", type: fields({ 1: { name: "values", type: anyValue, isList: true } }) },
  6: { name: "kvlistValue", type: fields({ 1: { name: "values", type: keyValue, isList: true } }) },
  7: { name: "bytesValue", type: "bytes" },
});
const attributes: Field = { name: "attributes", type: keyValue, isList: true };
const resource: Field = { name: "resource", type: fields({ 1: attributes }) };
const scope: Field = { name: "scope", type: fields({ 1: { name: "name", type: "text" } }) };

const span = fields({
  1: { name: "traceId", type: "id" },
  2: { name: "spanId", type: "id" },
  4: { name: "parentSpanId", type: "id" },
  6: { name: "kind", type: "integer" },
  7: { name: "startTimeUnixNano", type: "time" },
  8: { name: "endTimeUnixNano", type: "time" },
  9: attributes,
  15: { name: "status", type: fields({ 3: { name: "code", type: "integer" } }) },
});
const logRecord = fields({
  1: { name: "timeUnixNano", type: "time" },
  2: { name: "severityNumber", type: "integer" },
  5: { name: "body", type: anyValue },
  6: attributes,
  9: { name: "traceId", type: "id" },
  10: { name: "spanId", type: "id" },
  11: { name: "observedTimeUnixNano", type: "time" },
});

function request(resources: string, scopes: string, items: Field): Fields {
  const scoped = fields({ 1: scope, 2: items });
  const each = fields({ 1: resource, 2: { name: scopes, type: scoped, isList: true } });
  return fields({ 1: { name: resources, type: each, isList: true } });
}

/** `ExportTraceServiceRequest` and `ExportLogsServiceRequest`. */
export const requests = {
  traces: request("resourceSpans", "scopeSpans", { name: "spans", type: span, isList: true }),
  logs: request("resourceLogs", "scopeLogs", { name: "logRecords", type: logRecord, isList: true }),
};

/** A response with what was rejected: `partial_success = { rejected = 1, error_message = 2 }` in field 1. Empty when nothing was. */
export function responseBytes(rejected: number, message: string): Buffer {
  if (rejected === 0) return Buffer.alloc(0);
  const partial = Buffer.concat([Buffer.from([0x08]), varint(rejected), field(2, Buffer.from(message))]);
  return field(1, partial);
}

/** `google.rpc.Status = { code = 1, message = 2 }`: what OTLP answers with when it takes nothing. */
export function statusBytes(code: number, message: string): Buffer {
  return Buffer.concat([Buffer.from([0x08]), varint(code), field(2, Buffer.from(message))]);
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  return Buffer.from([...bytes, left]);
}
