/** OTLP/JSON (opentelemetry-proto 1.x): attributes as plain values, and times in nanoseconds. */
import { isRecord, type Raw } from "./source.ts";

/** Most attributes of one span or log record: OpenTelemetry's own default is 128. */
const maxAttributes = 512;
/** Deepest value that is unpacked; deeper ones are left out. Semantic conventions nest three. */
const maxDepth = 16;

/** Attributes as a plain object. What is no attribute is left out. */
export function attributesOf(list: unknown): Raw {
  if (!Array.isArray(list)) return {};
  return Object.fromEntries(
    list.slice(0, maxAttributes).flatMap((it): [string, unknown][] => {
      if (!isRecord(it) || typeof it.key !== "string") return [];
      const value = valueOf(it.value, maxDepth);
      return value === undefined ? [] : [[it.key, value]];
    }),
  );
}

/** One `AnyValue`. Integers of 64 bits are text in JSON; those beyond 2^53 stay text. */
function valueOf(from: unknown, depth: number): unknown {
  if (!isRecord(from) || depth === 0) return undefined;
  if (typeof from.stringValue === "string") return from.stringValue;
  if (typeof from.boolValue === "boolean") return from.boolValue;
  if (typeof from.doubleValue === "number") return from.doubleValue;
  if (from.intValue !== undefined) return integerOf(from.intValue);
  if (isRecord(from.arrayValue)) {
    const { values } = from.arrayValue;
    return Array.isArray(values) ? values.map((it) => valueOf(it, depth - 1)) : [];
  }
  if (isRecord(from.kvlistValue)) {
    const { values } = from.kvlistValue;
    const pairs = Array.isArray(values) ? values.filter(isRecord) : [];
    return Object.fromEntries(
      pairs.flatMap((it) => (typeof it.key === "string" ? [[it.key, valueOf(it.value, depth - 1)]] : [])),
    );
  }
  return undefined;
}

function integerOf(value: unknown): number | string | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || !/^-?\d{1,20}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Nanoseconds since 1970, as text or number, in ms; undefined for 0, which means "not known", and for anything else. */
export function nanoTime(value: unknown): number | undefined {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,19}$/.test(text)) return undefined;
  const time = Number(BigInt(text) / 1_000_000n);
  return time === 0 ? undefined : time;
}
