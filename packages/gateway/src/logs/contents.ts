// What people wrote and were answered, where a log of model calls holds it: read for detectors that look at it in memory, never kept.
import { at, isFields, textOf, type Fields } from "../adapters/reading.ts";
import { parsed } from "../json/parsed.ts";

/** One call's words, in OpenAI's form. */
export interface Contents {
  /** What names the call in its record; undefined where a record is one call. */
  readonly uid: string | undefined;
  readonly request: Buffer;
  readonly answer: Buffer;
}

/** Most calls of one record. */
const maxCalls = 20_000;
const nothing: Buffer = Buffer.alloc(0);

/** The contents of all calls in a record; empty where it holds none. Never throws. */
export function contentsOf(kind: string, record: string): Contents[] {
  const read = readers[kind];
  if (!read) return [];
  try {
    const value: unknown = JSON.parse(record);
    const list = Array.isArray(value) ? value : [value];
    return list.slice(0, maxCalls).flatMap((it) => read(it));
  } catch {
    return [];
  }
}

const readers: Readonly<Record<string, ((value: unknown) => Contents[]) | undefined>> = {
  litellm: (it) => one(textOf(at(it, "id")), requestOf(it, at(it, "model_parameters")), at(it, "response")),
  bedrock: (it) => {
    const body = at(it, "input", "inputBodyJson");
    return one(textOf(at(it, "requestId")), requestOf(body, body), undefined);
  },
  otel: (it) => spansOf(it).flatMap((span) => spanContents(span)),
};

/** A request with words in it, or undefined. */
function requestOf(body: unknown, parameters: unknown): Fields | undefined {
  const messages = at(body, "messages");
  const prompt = textOf(at(body, "prompt")) ?? textOf(at(body, "inputText")) ?? textOf(at(body, "input"));
  const bias = at(parameters, "logit_bias");
  const more = isFields(bias) ? { logit_bias: bias } : {};
  // LiteLLM puts the text of a completion where the messages of a chat stand.
  if (Array.isArray(messages) && messages.length > 0) return { ...more, messages };
  const text = prompt ?? textOf(messages);
  return text === undefined ? undefined : { ...more, prompt: text };
}

function one(uid: string | undefined, request: Fields | undefined, answer: unknown): Contents[] {
  if (!request) return [];
  return [
    {
      uid,
      request: Buffer.from(JSON.stringify(request)),
      answer:
        answer === undefined ? nothing : Buffer.from(typeof answer === "string" ? answer : JSON.stringify(answer)),
    },
  ];
}

function spansOf(document: unknown): unknown[] {
  const below = (value: unknown, name: string): unknown[] => {
    const list = at(value, name);
    return Array.isArray(list) ? list.slice(0, maxCalls) : [];
  };
  return ["Spans", "Logs"].flatMap((it) =>
    below(document, `resource${it}`).flatMap((resource) =>
      below(resource, `scope${it}`).flatMap((scope) => below(scope, it === "Spans" ? "spans" : "logRecords")),
    ),
  );
}

/** Messages under the current names and the two older ones. Source: OpenTelemetry semantic conventions for generative AI, OpenLLMetry. */
function spanContents(span: unknown): Contents[] {
  const values = new Map<string, string>();
  const attributes = at(span, "attributes");
  for (const it of Array.isArray(attributes) ? attributes.slice(0, 512) : []) {
    const [key, value] = [at(it, "key"), at(it, "value", "stringValue")];
    if (typeof key === "string" && typeof value === "string") values.set(key, value);
  }
  const whole = values.get("gen_ai.input.messages") ?? values.get("gen_ai.prompt") ?? values.get("input.value");
  const messages = whole === undefined ? numbered(values) : parsed(whole);
  const request = Array.isArray(messages)
    ? requestOf({ messages: messages.map(withContent) }, undefined)
    : requestOf({ prompt: whole }, undefined);
  return one(textOf(at(span, "spanId")), request, undefined);
}

/** `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, and so on. */
function numbered(values: ReadonlyMap<string, string>): unknown[] | undefined {
  const messages: { role: string; content: string }[] = [];
  for (let i = 0; values.has(`gen_ai.prompt.${i}.content`); i++) {
    const role = values.get(`gen_ai.prompt.${i}.role`) ?? "user";
    messages.push({ role, content: values.get(`gen_ai.prompt.${i}.content`) ?? "" });
  }
  return messages.length > 0 ? messages : undefined;
}

/** A message of parts, as the conventions have it, with its text where OpenAI's interface has it. */
function withContent(message: unknown): unknown {
  const parts = at(message, "parts");
  if (!Array.isArray(parts)) return message;
  return { role: at(message, "role"), content: parts.map((it) => textOf(at(it, "content")) ?? "").join("\n") };
}
