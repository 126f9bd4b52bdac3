import { put } from "../json/edit.ts";
import { noLevers, type Adapter, type Levers, type Members, type Route, type Seen, type Taken } from "./adapter.ts";
import { openaiLevers, openai, openaiRoutes } from "./openai.ts";
import { at, isOn, memberOf, nestedIn, numberOf, parse, says, textOf } from "./reading.ts";

/** Ollama: no authentication of its own. Streams unless told not to. Source: its API reference. */
export const ollama: Adapter = {
  protocol: "ollama",
  errors: "text",
  credential: ["authorization", "Bearer "],
  routes: [
    { method: "POST", path: "/api/generate", operation: "complete", body: "json" },
    { method: "POST", path: "/api/chat", operation: "complete", body: "json" },
    { method: "POST", path: "/api/embed", operation: "embed", body: "json" },
    { method: "POST", path: "/api/embeddings", operation: "embed", body: "json" },
    { method: "GET", path: "/api/tags", operation: "look", body: "none" },
    { method: "GET", path: "/api/version", operation: "look", body: "none" },
    ...openaiRoutes,
  ],
  denied: [
    { path: "/api/push", why: "it uploads the weights to a registry the client names", grave: true },
    { path: "/api/pull", why: "it fetches models from a registry the client names", grave: true },
    { path: "/api/create", why: "it makes models out of files the client names", grave: true },
    { path: "/api/copy", why: "it copies models", grave: true },
    { path: "/api/delete", why: "it deletes models", grave: true },
    { path: "/api/blobs/*", why: "it reads and writes the weights' files", grave: true },
    { path: "/api/show", why: "it tells how a model is made" },
    { path: "/api/ps", why: "it tells what runs" },
    { path: "/api/me", why: "it concerns the account of the server" },
    { path: "/api/signout", why: "it concerns the account of the server" },
    { path: "/api/experimental/*", why: "what it does changes between versions" },
  ],
  levers(members: Members, route: Route): Levers {
    if (!route.path.startsWith("/api/")) return openaiLevers(members, route);
    const top = numberOf(members, "top_logprobs") ?? 0;
    const options = nestedIn(members, "options");
    const stream = memberOf(members, "stream");
    return {
      ...noLevers,
      stream: route.operation === "complete" && (stream === undefined || isOn(stream)),
      logprobs: isOn(memberOf(members, "logprobs")) || top > 0 ? top + 1 : 0,
      // "json" only asks for some JSON; a schema can force any token.
      forcing: says(memberOf(members, "format")) && memberOf(members, "format") !== "json" ? ["format"] : [],
      maxTokens: options && numberOf(options, "num_predict"),
    };
  },
  cuts: (route) =>
    route.path.startsWith("/api/")
      ? {
          logprobs: [put("[]", "logprobs")],
          reasoning: [put('""', "thinking"), put('""', "message", "thinking")],
          vectors: [["embeddings", "*"], ["embedding"]],
        }
      : openai.cuts(route),
  usage: {
    input: /"prompt_(?:eval_count|tokens)"\s*:\s*(\d{1,12})/g,
    output: /"(?:eval_count|completion_tokens)"\s*:\s*(\d{1,12})/g,
  },
  see(taken: Taken): Seen | undefined {
    if (!taken.route.path.startsWith("/api/")) return openai.see(taken);
    const asked = parse(taken.request);
    const messages = at(asked, "messages");
    if (Array.isArray(messages)) {
      const said = messages.filter((it) => at(it, "role") === "user");
      const text = textOf(at(said.at(-1), "content"));
      return { depth: Math.max(1, said.length), ...(text !== undefined && { text }) };
    }
    const text = textOf(at(asked, "prompt")) ?? textOf(at(asked, "input"));
    return text === undefined ? undefined : { text, depth: 1 };
  },
};
