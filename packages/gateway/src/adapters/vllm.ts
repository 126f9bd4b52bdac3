import type { Adapter } from "./adapter.ts";
import { openai, openaiDenied, openaiRoutes } from "./openai.ts";

const engine = "it drives the engine itself";

/**
 * vLLM: the OpenAI routes and its own. Its `--api-key` guards only `/v1`, so everything else is closed here unless named.
 * Source: vLLM's security guide and the routes of its API server.
 */
export const vllm: Adapter = {
  ...openai,
  protocol: "vllm",
  counter: "vllm:request_success_total",
  routes: [
    ...openaiRoutes,
    { method: "POST", path: "/v1/messages", operation: "complete", body: "json", closed: true },
    { method: "POST", path: "/v1/audio/transcriptions", operation: "complete", body: "any", closed: true },
    { method: "POST", path: "/pooling", operation: "embed", body: "json", closed: true },
    { method: "POST", path: "/classify", operation: "predict", body: "json", closed: true },
    { method: "POST", path: "/score", operation: "score", body: "json", closed: true },
    { method: "POST", path: "/v1/score", operation: "score", body: "json", closed: true },
    { method: "POST", path: "/rerank", operation: "score", body: "json", closed: true },
    { method: "POST", path: "/v1/rerank", operation: "score", body: "json", closed: true },
    { method: "POST", path: "/v2/rerank", operation: "score", body: "json", closed: true },
    { method: "POST", path: "/tokenize", operation: "look", body: "json", closed: true },
    { method: "POST", path: "/detokenize", operation: "look", body: "json", closed: true },
    { method: "POST", path: "/invocations", operation: "complete", body: "json", closed: true },
    { method: "GET", path: "/version", operation: "look", body: "none", closed: true },
    { method: "GET", path: "/health", operation: "look", body: "none" },
  ],
  denied: [
    ...openaiDenied,
    { path: "/v1/load_lora_adapter", why: "it loads weights from a path the client names", grave: true },
    { path: "/v1/unload_lora_adapter", why: "it takes weights out of service", grave: true },
    { path: "/generative_scoring", why: "it scores any text a client chooses" },
    { path: "/init_weight_transfer_engine", why: "it opens a way for weights", grave: true },
    { path: "/update_weights", why: "it replaces weights", grave: true },
    { path: "/collective_rpc", why: "it calls any method of the workers", grave: true },
    { path: "/pause", why: engine },
    { path: "/resume", why: engine },
    { path: "/is_paused", why: engine },
    { path: "/sleep", why: engine },
    { path: "/wake_up", why: engine },
    { path: "/is_sleeping", why: engine },
    { path: "/scale_elastic_ep", why: engine },
    { path: "/is_scaling_elastic_ep", why: engine },
    { path: "/abort_requests", why: engine },
    { path: "/reset_prefix_cache", why: engine },
    { path: "/server_info", why: "it tells how the server is set up" },
    { path: "/tokenizer_info", why: "it tells how the server is set up" },
    { path: "/load", why: "it tells how the server is used" },
    { path: "/metrics", why: "it tells how the server is used" },
    { path: "/start_profile", why: engine },
    { path: "/stop_profile", why: engine },
  ],
};
