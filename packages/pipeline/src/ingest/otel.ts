import { plainAddress } from "../networks.ts";
import { askedOf, llmEvent, llmOperation } from "./llm.ts";
import { found, joined, nameOf, numberOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf } from "./ocsf.ts";
import { attributesOf, nanoTime } from "./otlp.ts";
import { isRecord, printJson, recordsOf, skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** Most spans or log records of one document: the collector's batches hold 8,192 at most by default. */
const maxItems = 20_000;

export const otel: Source = {
  id: "otel",
  title: "OpenTelemetry: spans and logs of generative AI (OTLP)",
  cannotSee: [
    "Who calls, unless the application adds `enduser.id` or `user.id`: the conventions have no attribute for it",
    "Whether probabilities of tokens were asked for, unless an attribute of the server's own says so",
    "Calls that are sampled away, and applications without instrumentation",
    "What was asked and answered: prompts and answers are dropped before anything is kept",
  ],
  requires: [
    "An OTLP/HTTP exporter pointed here, without sampling for spans of generative AI",
    "`enduser.id` on these spans, set where the caller is authenticated",
  ],
  logsources: [{ category: "llm_gateway" }, { category: "llm_gateway", product: "opentelemetry" }],

  holdsContents: true,

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
      { quoting: false },
    ),
};

/** What one document holds: spans, or log records, with what is said once for all of a program's. */
function one(value: Raw, from: Origin): Ingested {
  const items = [
    ...itemsOf(value.resourceSpans, "scopeSpans", "spans"),
    ...itemsOf(value.resourceLogs, "scopeLogs", "logRecords"),
  ];
  if (!Array.isArray(value.resourceSpans) && !Array.isArray(value.resourceLogs)) {
    return refuse("resourceSpans: expected a list, or resourceLogs");
  }
  if (items.length > maxItems) return refuse(`${items.length} spans and logs, at most ${maxItems} are read`);
  if (items.length === 0) return skip("a document without spans and logs");
  return joined(items.map((it) => itemEvent(it, from)));
}

interface Item {
  readonly resource: Raw;
  readonly scope: string | undefined;
  readonly item: Raw;
}

function itemsOf(list: unknown, scopes: string, items: string): Item[] {
  return recordsOf(list).flatMap((it) => {
    const resource = attributesOf(isRecord(it.resource) ? it.resource.attributes : undefined);
    return recordsOf(it[scopes]).flatMap((scope) =>
      recordsOf(scope[items]).map((item) => ({ resource, scope: textOf(scope, "scope", "name"), item })),
    );
  });
}

/** Attributes of the caller's and the answer's words, in the old and the new conventions. */
const contents =
  /^(gen_ai\.(input|output|prompt|completion|system_instructions|tool)(\.|$)|gen_ai\.(input|output)\.messages$|llm\.(prompts|completions|(input|output)_messages)(\.|$)|ai\.(prompt|response\.(text|object|toolCalls))(\.|$)|traceloop\.entity\.(input|output)|(input|output)\.value$)/;

function itemEvent({ resource, scope, item }: Item, from: Origin): Ingested {
  const attributes = attributesOf(item.attributes);
  const call = textOf(attributes, "gen_ai.operation.name");
  const model = textOf(attributes, "gen_ai.request.model") ?? textOf(attributes, "gen_ai.response.model");
  if (model === undefined) return skip("a span or log of something else than a call to a model");
  if (call !== undefined && !/^(chat|text_completion|generate_content|completion|embeddings?|responses)$/.test(call)) {
    return skip("a span of an agent or tool, whose calls to models have spans of their own");
  }
  const time = nanoTime(item.startTimeUnixNano) ?? nanoTime(item.timeUnixNano) ?? nanoTime(item.observedTimeUnixNano);
  if (time === undefined) return refuse("startTimeUnixNano: not a time");
  const raw = Object.fromEntries(Object.entries(attributes).filter(([name]) => !contents.test(name)));
  const text = printJson({ resource, scope, ...without(item), attributes: raw }) ?? "";
  const trace = textOf(item, "traceId");
  const span = textOf(item, "spanId");
  return found(
    llmEvent({
      // A span and the log of its call share these: they count once.
      id: trace && span ? idOf("otel", from.source, trace, span) : idOf("otel", from.source, text),
      from,
      time,
      product: scope ?? "OpenTelemetry",
      uid: span,
      raw: text,
      operation: llmOperation(call, model),
      model,
      provider: textOf(attributes, "gen_ai.provider.name") ?? textOf(attributes, "gen_ai.system") ?? "unknown",
      service: textOf(resource, "service.name") ?? "unknown",
      ...whoIs(attributes, resource),
      failed: failedOf(item, attributes),
      promptTokens:
        numberOf(attributes, "gen_ai.usage.input_tokens") ?? numberOf(attributes, "gen_ai.usage.prompt_tokens"),
      completionTokens:
        numberOf(attributes, "gen_ai.usage.output_tokens") ?? numberOf(attributes, "gen_ai.usage.completion_tokens"),
      detail: { ...askedOf(requested(attributes)), ...(trace !== undefined && { trace }) },
    }),
    raw,
  );
}

/** A span without its attributes and events, which may repeat what people wrote, and a log record without its body. */
function without({ attributes: _attributes, events: _events, body: _body, links: _links, ...rest }: Raw): Raw {
  return rest;
}

/** `gen_ai.request.max_tokens` as `max_tokens`: what the interface calls it. */
function requested(attributes: Raw): Raw {
  const prefix = "gen_ai.request.";
  const entries = Object.entries(attributes).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(
    entries.map(([name, value]) => [name === `${prefix}choice.count` ? "n" : name.slice(prefix.length), value]),
  );
}

/** The user that the application named, else the client's address, else only the program that told of it. */
function whoIs(attributes: Raw, resource: Raw) {
  const user = nameOf(textOf(attributes, "enduser.id") ?? textOf(attributes, "user.id"));
  const client = textOf(attributes, "client.address");
  const address = client === undefined ? undefined : plainAddress(client);
  const agent = textOf(attributes, "user_agent.original");
  const nobody =
    address === undefined ? `service:${textOf(resource, "service.name") ?? "unknown"}` : `anonymous@${address}`;
  return { principal: user ?? nobody, vouched: user !== undefined, address, agent };
}

/** OTLP status: 0 unset, 1 ok, 2 error, also by name. */
function failedOf(item: Raw, attributes: Raw): boolean {
  const code = isRecord(item.status) ? item.status.code : undefined;
  return code === 2 || code === "STATUS_CODE_ERROR" || attributes["error.type"] !== undefined;
}
