import { z } from "zod";
import { plainAddress } from "../networks.ts";
import { askedOf, llmEvent, llmOperation, stripped } from "./llm.ts";
import { found, nameOf, numberOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import type { Ingested, Origin, Raw, Source } from "./source.ts";

/** One payload, as far as we use it (LiteLLM, `StandardLoggingPayload`). Times are seconds since 1970 with a fraction. */
const payload = z.looseObject({
  id: z.string().min(1).max(256),
  call_type: z.string().max(128).nullish(),
  model: z.string().max(512).nullish(),
  model_group: z.string().max(512).nullish(),
  custom_llm_provider: z.string().max(128).nullish(),
  status: z.string().max(64).nullish(),
  startTime: z.union([z.number(), z.string()]),
});

/** Fields that hold what people wrote or were answered. */
const contents = new Set([
  "messages",
  "response",
  "input",
  "output",
  "prompt",
  "proxy_server_request",
  "error_str",
  "error_information",
  "requester_metadata",
  "requester_custom_headers",
]);

export const litellm: Source = {
  id: "litellm",
  title: "LiteLLM proxy (standard logging payload)",
  cannotSee: [
    "Calls that go to the model server directly, past the proxy",
    "What was asked and answered: prompts and answers are dropped before anything is kept",
    "Who stands behind a key that several people share; `end_user` is only what the caller claims",
    "Calls whose log entry the proxy dropped, e.g. because the receiver was down",
  ],
  requires: [
    "The generic API callback pointed here, or the S3 callback and its bucket's objects",
    "A virtual key for each caller: the master key names nobody",
  ],
  logsources: [{ category: "llm_gateway" }, { category: "llm_gateway", product: "litellm" }],

  holdsContents: true,

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
      { quoting: false },
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = payload.safeParse(value);
  if (!read.success) return problemOf(read.error, "payload");
  const it = read.data;
  const time = clockOf(it.startTime);
  if (time === undefined) return refuse("startTime: not a time");
  const { raw, text } = stripped(value, contents);
  const meta = value.metadata;
  const model = it.model_group || it.model || "unknown";
  const key = textOf(meta, "user_api_key_hash");
  const name =
    textOf(meta, "user_api_key_user_id") ?? textOf(meta, "user_api_key_alias") ?? textOf(meta, "user_api_key_team_id");
  const address = textOf(meta, "requester_ip_address") ?? textOf(value, "requester_ip_address");
  const client = address === undefined ? undefined : plainAddress(address);
  const known = nameOf(name) ?? (key === undefined ? undefined : `key:${key}`);
  return found(
    llmEvent({
      id: idOf("litellm", from.source, it.id),
      from,
      time,
      product: "LiteLLM",
      principal: known ?? `anonymous@${client ?? "unknown"}`,
      vouched: known !== undefined,
      uid: it.id,
      originalTime: String(it.startTime),
      raw: text,
      operation: llmOperation(it.call_type ?? undefined, model),
      model,
      provider: it.custom_llm_provider || "unknown",
      service: "litellm",
      credential: key,
      address: client,
      agent: textOf(meta, "user_agent"),
      failed: it.status === "success" ? false : it.status === "failure" ? true : undefined,
      promptTokens: numberOf(value, "prompt_tokens"),
      completionTokens: numberOf(value, "completion_tokens"),
      totalTokens: numberOf(value, "total_tokens"),
      detail: {
        ...askedOf(value.model_parameters),
        ...(textOf(value, "end_user") !== undefined && { end_user: textOf(value, "end_user") }),
        ...(textOf(meta, "user_api_key_alias") !== undefined && { key_alias: textOf(meta, "user_api_key_alias") }),
        ...(textOf(meta, "user_api_key_team_id") !== undefined && { team: textOf(meta, "user_api_key_team_id") }),
        ...(value.cache_hit === true && { cached: true }),
      },
    }),
    raw,
  );
}

function clockOf(start: number | string): number | undefined {
  const seconds = typeof start === "number" ? start : /^\d{1,12}(\.\d{1,9})?$/.test(start) ? Number(start) : undefined;
  if (seconds === undefined) return timeOf(String(start));
  const time = Math.round(seconds * 1000);
  return Number.isSafeInteger(time) && time >= 0 ? time : undefined;
}
