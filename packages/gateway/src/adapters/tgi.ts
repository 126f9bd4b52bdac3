import { put } from "../json/edit.ts";
import { noLevers, type Adapter, type Levers, type Members, type Route, type Seen, type Taken } from "./adapter.ts";
import { openai, openaiDenied, openaiLevers, openaiRoutes } from "./openai.ts";
import { at, isOn, memberOf, nestedIn, numberOf, parse, says, textOf } from "./reading.ts";

const generate = (path: string): Route => ({ method: "POST", path, operation: "complete", body: "json" });

/** Hugging Face Text Generation Inference. Source: its OpenAPI document. */
export const tgi: Adapter = {
  protocol: "tgi",
  counter: "tgi_request_success",
  errors: "text",
  credential: ["authorization", "Bearer "],
  routes: [
    generate("/"),
    generate("/generate"),
    generate("/generate_stream"),
    generate("/models/{model}"),
    { method: "POST", path: "/embed", operation: "embed", body: "json" },
    { method: "GET", path: "/health", operation: "look", body: "none" },
    { method: "POST", path: "/tokenize", operation: "look", body: "json", closed: true },
    { method: "POST", path: "/invocations", operation: "complete", body: "json", closed: true },
    ...openaiRoutes,
  ],
  denied: [
    ...openaiDenied,
    { path: "/chat_tokenize", why: "it tells how the server reads text" },
    { path: "/info", why: "it tells how the server is set up" },
    { path: "/metrics", why: "it tells how the server is used" },
  ],
  levers(members: Members, route: Route): Levers {
    if (route.path.startsWith("/v1/")) return openaiLevers(members, route);
    const parameters = nestedIn(members, "parameters");
    const stream = route.path === "/generate_stream" || isOn(memberOf(members, "stream"));
    // A stream carries the chosen tokens' scores whether anybody asked or not.
    const streamed = { ...noLevers, stream, logprobs: stream ? 1 : 0, ...(stream && { unasked: true as const }) };
    if (!parameters) return streamed;
    const top = numberOf(parameters, "top_n_tokens") ?? 0;
    const asked = isOn(memberOf(parameters, "details")) || top > 0;
    return {
      ...(asked ? { ...noLevers, stream, logprobs: top + 1 } : streamed),
      promptLogprobs: isOn(memberOf(parameters, "decoder_input_details")),
      forcing: says(memberOf(parameters, "grammar")) ? ["grammar"] : [],
      answers: numberOf(parameters, "best_of") ?? 1,
      maxTokens: numberOf(parameters, "max_new_tokens"),
    };
  },
  cuts: (route) =>
    route.path.startsWith("/v1/")
      ? openai.cuts(route)
      : {
          logprobs: [
            // Every streamed item carries its token's score, whether asked for or not.
            put("0", "token", "logprob"),
            put("null", "top_tokens"),
            ...detailsFrom("details"),
            ...detailsFrom("*", "details"),
          ],
          ...(route.operation === "embed" && { vectors: [["*"]] }),
        },
  usage: {
    input: /"(?:prompt_tokens|input_length)"\s*:\s*(\d{1,12})/g,
    output: /"(?:completion_tokens|generated_tokens)"\s*:\s*(\d{1,12})/g,
  },
  see(taken: Taken): Seen | undefined {
    if (taken.route.path.startsWith("/v1/")) return openai.see(taken);
    const text = textOf(at(parse(taken.request), "inputs"));
    return text === undefined ? undefined : { text, depth: 1 };
  },
};

/** Scores below `details`, of an object or of each element of a list. */
function detailsFrom(...path: string[]) {
  return [
    put("0", ...path, "tokens", "*", "logprob"),
    put("[]", ...path, "prefill"),
    put("[]", ...path, "top_tokens"),
    put("null", ...path, "best_of_sequences"),
  ];
}
