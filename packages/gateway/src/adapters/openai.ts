import { editJson, put } from "../json/edit.ts";
import {
  noLevers,
  type Adapter,
  type Denied,
  type Levers,
  type Members,
  type Route,
  type Seen,
  type Shown,
  type Taken,
} from "./adapter.ts";
import { at, countOf, isFields, isOn, itemsOf, memberOf, membersIf, numberOf, parse, says, textOf } from "./reading.ts";

/** Parameters by which a client decides the next token, OpenAI's and vLLM's. Each alone is fine; with scores it is a probe. */
const forcingNames = [
  "logit_bias",
  "allowed_token_ids",
  "bad_words",
  "logits_processors",
  "vllm_xargs",
  "structured_outputs",
  "guided_json",
  "guided_regex",
  "guided_choice",
  "guided_grammar",
  "grammar",
  "regex",
  "ebnf",
  "json_schema",
];

export const openaiRoutes: readonly Route[] = [
  { method: "POST", path: "/v1/chat/completions", operation: "complete", body: "json", query: ["api-version"] },
  { method: "POST", path: "/v1/completions", operation: "complete", body: "json", query: ["api-version"] },
  { method: "POST", path: "/v1/responses", operation: "complete", body: "json", query: ["api-version"] },
  { method: "POST", path: "/v1/embeddings", operation: "embed", body: "json", query: ["api-version"] },
  { method: "GET", path: "/v1/models", operation: "look", body: "none" },
  { method: "GET", path: "/v1/models/{model}", operation: "look", body: "none" },
];

export const openaiDenied: readonly Denied[] = [
  { path: "/v1/realtime*", why: "a socket's messages cannot be metered yet" },
  { path: "/v1/batches*", why: "answers of a batch are fetched as a file, past every meter" },
  { path: "/v1/files*", why: "files hold batches and training data" },
  { path: "/v1/fine_tuning*", why: "training on a model's own answers is not a client's business" },
  { path: "/v1/responses/*", why: "stored answers are read past the meters" },
];

/** Chat, completions, responses and embeddings. Source: the OpenAI API reference; vLLM's sampling parameters. */
export const openai: Adapter = {
  protocol: "openai",
  errors: "object",
  credential: ["authorization", "Bearer "],
  routes: openaiRoutes,
  denied: openaiDenied,
  levers: openaiLevers,
  cuts: () => ({
    vectors: [["data", "*", "embedding"]],
    logprobs: [
      put("null", "choices", "*", "logprobs"),
      put("null", "choices", "*", "prompt_logprobs"),
      put("null", "choices", "*", "token_ids"),
      put("null", "choices", "*", "prompt_token_ids"),
      put("null", "prompt_logprobs"),
      put("null", "prompt_token_ids"),
      put("[]", "output", "*", "content", "*", "logprobs"),
      put("[]", "response", "output", "*", "content", "*", "logprobs"),
      put("[]", "item", "content", "*", "logprobs"),
      put("[]", "part", "logprobs"),
      put("[]", "logprobs"),
    ],
    reasoning: [
      put("null", "choices", "*", "message", "reasoning_content"),
      put("null", "choices", "*", "message", "reasoning"),
      put("null", "choices", "*", "delta", "reasoning_content"),
      put("null", "choices", "*", "delta", "reasoning"),
    ],
  }),
  usage: {
    input: /"(?:prompt|input)_tokens"\s*:\s*(\d{1,12})/g,
    output: /"(?:completion|output)_tokens"\s*:\s*(\d{1,12})/g,
  },
  askUsage: askOpenaiUsage,
  isUsage: isOpenaiUsage,
  queries: (_, members) => (members ? Math.max(1, countOf(members, "input")) : 1),
  see: seeOpenai,
};

/** Routes whose streams say their usage only when asked. */
const silentRoutes = new Set(["/v1/chat/completions", "/v1/completions"]);

/** The body with `stream_options.include_usage`; everything else of it stays byte for byte. */
function askOpenaiUsage(body: Buffer, { path }: Route): Buffer | undefined {
  const members = silentRoutes.has(path) ? membersIf(body) : undefined;
  if (!members || !isOn(memberOf(members, "stream"))) return undefined;
  const span = members.at.get("stream_options");
  const options = span && memberOf(members, "stream_options");
  if (isFields(options)) {
    if (isOn(options["include_usage"])) return undefined;
    return editJson(body, [put(JSON.stringify({ ...options, include_usage: true }), "stream_options")]);
  }
  if (span) return editJson(body, [put('{"include_usage":true}', "stream_options")]);
  const at = body.indexOf("{") + 1;
  return Buffer.concat([
    body.subarray(0, at),
    Buffer.from('"stream_options":{"include_usage":true},'),
    body.subarray(at),
  ]);
}

/** The chunk with the usage has no choices. Source: OpenAI's API reference, `stream_options`. */
function isOpenaiUsage(data: Buffer): boolean {
  if (!data.includes('"usage"')) return false;
  const chunk = parse(data);
  const choices = at(chunk, "choices");
  return Array.isArray(choices) && choices.length === 0 && isFields(at(chunk, "usage"));
}

/** Levers of the OpenAI family; vLLM's and TGI's servers read the same ones. */
export function openaiLevers(members: Members, { path }: Route): Levers {
  if (path.endsWith("/embeddings")) return { ...noLevers, answers: 1 };
  const include = memberOf(members, "include");
  const scoresIncluded =
    Array.isArray(include) && include.some((it) => typeof it === "string" && it.includes("logprobs"));
  const top = many(numberOf(members, "top_logprobs") ?? 0);
  const logprobs = memberOf(members, "logprobs");
  // Completions take a number, where 0 still gives the chosen token's; chat takes a switch.
  const asked =
    typeof logprobs === "number" ? many(logprobs) + 1 : isOn(logprobs) || scoresIncluded || top > 0 ? top + 1 : 0;
  const shown = Math.max(asked, top > 0 ? top + 1 : 0, says(memberOf(members, "return_token_ids")) ? 1 : 0);
  const prompt = memberOf(members, "prompt_logprobs");
  return {
    stream: isOn(memberOf(members, "stream")),
    logprobs: shown,
    promptLogprobs: prompt !== undefined || (isOn(memberOf(members, "echo")) && shown > 0),
    forcing: forcingOf(members),
    answers: Math.max(numberOf(members, "n") ?? 1, numberOf(members, "best_of") ?? 1),
    maxTokens:
      numberOf(members, "max_completion_tokens") ??
      numberOf(members, "max_output_tokens") ??
      numberOf(members, "max_tokens"),
  };
}

/** A negative number asks for the whole vocabulary (vLLM). */
function many(asked: number): number {
  return asked < 0 ? 100_000 : asked;
}

function forcingOf(members: Members): string[] {
  const forcing = forcingNames.filter((it) => members.at.has(it) && says(memberOf(members, it)));
  // A schema with one possible value is a way to force it; so is a tool that must be called.
  const format = memberOf(members, "response_format");
  if (isFields(format) && format["type"] !== "text" && format["type"] !== "json_object")
    forcing.push("response_format");
  const text = at(memberOf(members, "text"), "format", "type");
  if (text !== undefined && text !== "text" && text !== "json_object") forcing.push("text.format");
  const choice = memberOf(members, "tool_choice");
  if (isFields(choice) || choice === "required") forcing.push("tool_choice");
  return forcing;
}

function seeOpenai(taken: Taken): Seen | undefined {
  const asked = parse(taken.request);
  if (!isFields(asked)) return undefined;
  const claimed = textOf(asked["safety_identifier"]) ?? textOf(asked["user"]) ?? textOf(asked["prompt_cache_key"]);
  const bias = says(asked["logit_bias"]) ? JSON.stringify(asked["logit_bias"]) : undefined;
  const { text, depth } = promptOf(asked);
  return {
    depth,
    ...(text !== undefined && { text }),
    ...(claimed !== undefined && { claimed }),
    ...(bias !== undefined && { bias }),
    shown: shownIn(taken, text ?? "", bias),
  };
}

/** The last thing that a person or program said, and how many turns it took to get there. */
function promptOf(asked: Readonly<Record<string, unknown>>): { text: string | undefined; depth: number } {
  const turns = asked["messages"] ?? (Array.isArray(asked["input"]) ? asked["input"] : undefined);
  if (Array.isArray(turns)) {
    const said = turns.filter((it) => at(it, "role") === "user");
    const last = said.length > 0 ? said.at(-1) : turns.at(-1);
    return { text: contentText(isFields(last) ? last["content"] : last), depth: Math.max(1, said.length) };
  }
  const prompt = asked["prompt"] ?? asked["input"];
  const first = Array.isArray(prompt) ? prompt.map((it) => (typeof it === "string" ? it : "")).join("\n") : prompt;
  return { text: textOf(first), depth: 1 };
}

/** The text of a message, plain or in parts. */
export function contentText(content: unknown): string | undefined {
  if (typeof content === "string") return textOf(content);
  if (!Array.isArray(content)) return undefined;
  return textOf(content.map((it) => textOf(at(it, "text")) ?? "").join("\n"));
}

function shownIn(taken: Taken, text: string, bias: string | undefined): Shown[] {
  // Most answers show none, and parsing is the dearest step of watching them.
  if (!taken.answer.includes('"logprob"')) return [];
  const shown: Shown[] = [];
  let position = 0;
  for (const item of itemsOf(taken)) {
    const choices = at(item, "choices");
    for (const choice of Array.isArray(choices) ? choices : []) {
      const content = at(choice, "logprobs", "content");
      for (const token of Array.isArray(content) ? content : []) {
        const top = at(token, "top_logprobs");
        const all = [token, ...(Array.isArray(top) ? top : [])];
        const pairs = all.flatMap((it) => {
          const [name, value] = [at(it, "token"), at(it, "logprob")];
          return typeof name === "string" && typeof value === "number" ? [[name, value] as const] : [];
        });
        shown.push({
          prefix: `${text}\u0000${position++}`,
          bias,
          tokens: pairs.map(([it]) => it),
          logprobs: pairs.map(([, it]) => it),
        });
      }
    }
  }
  return shown;
}
