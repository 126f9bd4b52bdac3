/** What one OTLP export request brings, as records that each stand alone and hold nothing that people wrote. */
import { isRecord, printJson, recordsOf, type Origin, type Raw } from "./source.ts";
import { attributesOf } from "./otlp.ts";
import { otel } from "./otel.ts";

/** Most spans or log records of one request: the collector's batches hold 8,192 at most by default. */
export const maxOtlpItems = 50_000;
/** Most attributes of a resource that are kept. */
const maxResourceAttributes = 32;
/** Longest text of an attribute that is kept, in UTF-16 units: names of models, users and addresses are shorter. */
const maxText = 512;
/** And longest name of one: the conventions' longest has 45. */
const maxName = 128;
/** Most that is kept of one request, in UTF-16 units: each record repeats its resource, so a small request could become a large one. */
const maxKept = 16 * 1024 * 1024;

/** What is kept of a span's attributes: of generative AI what a reader could use, and who is where. Anything else may be a prompt. */
const kept =
  /^(gen_ai\.(operation\.name|provider\.name|system|conversation\.id|output\.type|agent\.(id|name)|(request|response|usage|token)\..+)|(enduser|user|client|server|network|session)\..+|user_agent\.original|error\.type|http\.(request\.method|response\.status_code))$/;
const keptOfResource = /^(service|deployment|host|k8s|cloud|container)\..+$/;

/** A record, why there is none, or nothing: a span of something else than a call to a model is neither kept nor refused. */
export type OtlpItem = { readonly record: string } | { readonly refused: string } | undefined;

/** One document for each span or log record of a call to a model, for the source `otel`. One at a time, so that others get their turn. */
export function* otlpRecords(document: unknown, from: Origin): Generator<OtlpItem> {
  let items = 0;
  let size = 0;
  for (const list of [spans, logs]) {
    for (const it of itemsOf(document, list)) {
      const made = ++items > maxOtlpItems ? tooMany : recordOf(it, list, from);
      if (made && "record" in made && (size += made.record.length) > maxKept) yield tooLong;
      else yield made;
    }
  }
}

/** A request that brought no call to a model: whoever sent it is alive. */
export const otlpSignOfLife = '{"resourceSpans":[]}';

/** The bodies of log records, one a record: lines of a log that a collector reads from files. */
export function* otlpBodies(document: unknown): Generator<OtlpItem> {
  let items = 0;
  let size = 0;
  for (const { item } of itemsOf(document, logs)) {
    const made = ++items > maxOtlpItems ? tooMany : lineOf(item);
    if ("record" in made && (size += made.record.length) > maxKept) yield tooLong;
    else yield made;
  }
}

const tooMany = { refused: `more than ${maxOtlpItems} items in one request` };
const tooLong = { refused: "more than is kept of one request: send fewer at a time" };

function recordOf({ resource, scope, item }: Item, list: Lists, from: Origin): OtlpItem {
  const kept = withoutContents(item);
  if (kept === undefined) return undefined;
  const scopes = [{ scope, [list.items]: [kept] }];
  const record = printJson({ [list.resources]: [{ resource, [list.scopes]: scopes }] }) ?? "";
  const read = otel.read(record, from, { trusts: () => false });
  if (!read.ok) return { refused: read.reason };
  return read.events.length === 0 ? undefined : { record };
}

function lineOf(item: Raw): { readonly record: string } | { readonly refused: string } {
  const { body } = attributesOf([{ key: "body", value: item.body }]);
  const text = typeof body === "string" ? body : body === undefined ? "" : (printJson(body) ?? "");
  // What a line quotes must not begin another record.
  const record = text.replace(/[\r\n\0]+/g, " ").trim();
  return record === "" ? { refused: "body: a log record without one" } : { record };
}

interface Lists {
  readonly resources: "resourceSpans" | "resourceLogs";
  readonly scopes: "scopeSpans" | "scopeLogs";
  readonly items: "spans" | "logRecords";
}

const spans: Lists = { resources: "resourceSpans", scopes: "scopeSpans", items: "spans" };
const logs: Lists = { resources: "resourceLogs", scopes: "scopeLogs", items: "logRecords" };

interface Item {
  readonly resource: object;
  readonly scope: object;
  readonly item: Raw;
}

function* itemsOf(document: unknown, { resources, scopes, items }: Lists): Generator<Item> {
  for (const it of recordsOf(isRecord(document) ? document[resources] : undefined)) {
    const attributes = chosen(isRecord(it.resource) ? it.resource.attributes : undefined, keptOfResource);
    const resource = { attributes: attributes.slice(0, maxResourceAttributes) };
    for (const scoped of recordsOf(it[scopes])) {
      const name = isRecord(scoped.scope) && typeof scoped.scope.name === "string" ? scoped.scope.name : undefined;
      const scope = name === undefined ? {} : { name: name.slice(0, maxText) };
      for (const item of recordsOf(scoped[items])) yield { resource, scope, item };
    }
  }
}

/** A span or log record of a call to a model with what is kept of it; undefined for any other. */
function withoutContents(item: Raw): object | undefined {
  const attributes = chosen(item.attributes, kept);
  const isCall = attributes.some(({ key }) => key === "gen_ai.request.model" || key === "gen_ai.response.model");
  if (!isCall) return undefined;
  const { traceId, spanId, parentSpanId, kind, startTimeUnixNano, endTimeUnixNano, timeUnixNano } = item;
  const { observedTimeUnixNano, severityNumber } = item;
  const times = { startTimeUnixNano, endTimeUnixNano, timeUnixNano, observedTimeUnixNano };
  const status = isRecord(item.status) ? { code: plain(item.status.code) } : undefined;
  const said = { traceId, spanId, parentSpanId, kind, ...times, severityNumber };
  const scalars = Object.fromEntries(
    Object.entries(said).flatMap(([name, it]) => (plain(it) === undefined ? [] : [[name, it]])),
  );
  return { ...scalars, ...(status && { status }), attributes };
}

/** Attributes of these names whose values are numbers, switches and short texts. */
function chosen(list: unknown, names: RegExp): { key: string; value: Raw }[] {
  return recordsOf(list).flatMap((it) => {
    if (typeof it.key !== "string" || it.key.length > maxName || !names.test(it.key) || !isRecord(it.value)) return [];
    const { stringValue, intValue, doubleValue, boolValue } = it.value;
    const scalars = { stringValue, intValue, doubleValue, boolValue };
    const [found] = Object.entries(scalars).filter(([, value]) => plain(value) !== undefined);
    return found ? [{ key: it.key, value: { [found[0]]: found[1] } }] : [];
  });
}

function plain(value: unknown): string | number | boolean | undefined {
  if (typeof value === "string") return value.length <= maxText ? value : undefined;
  return typeof value === "number" || typeof value === "boolean" ? value : undefined;
}
