/** What the logs of gateways and model servers share: one call to a language model, whoever tells of it. */
import type { OcsfEvent } from "@outweigh/schema";
import { llmAddress } from "../artifact.ts";
import { at, numberOf } from "./json-records.ts";
import { activity, clientEndpoint, essentials, type Essentials } from "./ocsf.ts";
import { isRecord, type Raw } from "./source.ts";

/** One call, as far as its source says. Counts are tokens. */
interface LlmCall extends Omit<Essentials, "activity"> {
  readonly operation: "complete" | "embed" | "request";
  /** The name the caller asked for. */
  readonly model: string;
  readonly provider: string;
  /** Who served it, e.g. the gateway's name. */
  readonly service: string;
  readonly vouched: boolean;
  readonly credential?: string | undefined;
  readonly address?: string | undefined;
  readonly agent?: string | undefined;
  readonly failed: boolean | undefined;
  readonly promptTokens?: number | undefined;
  readonly completionTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  /** What the caller asked for beyond words, from `askedOf`, and what else the source says. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** OCSF 1.8.0: API activity with the profile `ai_operation`. The prompt and the answer are never part of it. */
export function llmEvent(call: LlmCall): OcsfEvent {
  const { operation, model, provider, service, vouched, credential, address, agent, failed, detail } = call;
  const { promptTokens, completionTokens, totalTokens, ...rest } = call;
  const total = countOf(totalTokens) ?? sumOf(countOf(promptTokens), countOf(completionTokens));
  const asks = operation === "request" ? activity.apiOther : activity.apiCreate;
  const base = essentials({ ...rest, activity: asks });
  return {
    ...base,
    metadata: { ...base.metadata, profiles: ["ai_operation"] },
    ...(failed !== undefined && { status_id: failed ? 2 : 1 }),
    operation,
    artifact: llmAddress(model),
    ...(credential !== undefined && { credential }),
    ...(!vouched && { vouched: false }),
    ...(total !== undefined && { tokens: total }),
    actor: { user: { uid: call.principal, ...(credential !== undefined && { credential_uid: credential }) } },
    src_endpoint: clientEndpoint(address),
    api: { operation, service: { name: service } },
    ai_model: { name: model, ai_provider: provider },
    message_context: {
      service: { name: service },
      ...(countOf(promptTokens) !== undefined && { prompt_tokens: countOf(promptTokens) }),
      ...(countOf(completionTokens) !== undefined && { completion_tokens: countOf(completionTokens) }),
      ...(total !== undefined && { total_tokens: total }),
    },
    ...(agent !== undefined && { http_request: { user_agent: agent } }),
    unmapped: detail,
  };
}

/** Most tokens that one call is believed to have had: beyond, a record lies, and sums over a window would too. */
const maxTokens = 100_000_000;

function countOf(value: number | undefined): number | undefined {
  return value === undefined || !Number.isInteger(value) || value < 0 || value > maxTokens ? undefined : value;
}

function sumOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

/**
 * What a caller asked for, under the names of OpenAI's interface, whatever its source calls it: how many probabilities, how
 * many tokens, how many biases on single tokens. These tell collecting a model's distribution from asking for an answer.
 */
export function askedOf(parameters: unknown): Readonly<Record<string, number | boolean>> {
  const asked: Record<string, number | boolean> = {};
  for (const [name, paths] of spelled) {
    const value = firstNumber(parameters, paths);
    if (value !== undefined) asked[name] = value;
  }
  // OpenAI's older interface gives the number as `logprobs`, the newer one a switch and `top_logprobs`; true alone is 1.
  const probabilities = at(parameters, "logprobs");
  if (asked.top_logprobs === undefined && typeof probabilities === "number") asked.top_logprobs = probabilities;
  if (asked.top_logprobs === undefined && probabilities === true) asked.top_logprobs = 1;
  const bias = at(parameters, "logit_bias");
  if (isRecord(bias) || Array.isArray(bias)) asked.logit_bias = Object.keys(bias).length;
  if (at(parameters, "stream") === true) asked.stream = true;
  return asked;
}

function firstNumber(from: unknown, paths: readonly (readonly string[])[]): number | undefined {
  for (const path of paths) {
    const value = numberOf(from, ...path);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Our names, and where each interface puts the same. */
const spelled: readonly (readonly [name: string, paths: readonly (readonly string[])[]])[] = [
  ["top_logprobs", [["top_logprobs"], ["responseLogprobs"], ["top_n_tokens"]]],
  ["prompt_logprobs", [["prompt_logprobs"]]],
  [
    "max_tokens",
    [
      ["max_tokens"],
      ["max_completion_tokens"],
      ["max_output_tokens"],
      ["inferenceConfig", "maxTokens"],
      ["maxTokens"],
      ["max_gen_len"],
    ],
  ],
  ["n", [["n"], ["choice.count"], ["best_of"]]],
  ["temperature", [["temperature"], ["inferenceConfig", "temperature"]]],
];

/** What stands where text of a person stood. */
const omitted = "…";

/**
 * A record without prompts and answers, which we do not keep: whatever stands at one of these names, however deep, is replaced,
 * text by a mark, everything else too. `contents` are field names.
 */
export function withoutContents(value: unknown, contents: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((it) => withoutContents(it, contents));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, it]) => [name, contents.has(name) ? omitted : withoutContents(it, contents)]),
  );
}

/** The same for one record, as text and as an object. */
export function stripped(value: Raw, contents: ReadonlySet<string>): { raw: Raw; text: string } {
  const clean = withoutContents(value, contents);
  const raw = isRecord(clean) ? clean : {};
  return { raw, text: JSON.stringify(raw) };
}

/** `complete` or `embed`, by the name that a gateway gives the call, else by the model's. */
export function llmOperation(call: string | undefined, model: string): "complete" | "embed" {
  return /embed/i.test(call ?? model) ? "embed" : "complete";
}
