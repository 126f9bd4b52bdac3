import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gatewayUpstream, type GatewayProtocol } from "@outweigh/schema";
import { membersOf } from "../json/spans.ts";
import { RouteTable, upstreamOf } from "../policy/routes.ts";
import { adapters } from "./adapters.ts";
import type { Levers, Route, Taken } from "./adapter.ts";

const protocols = Object.values(adapters);

function routeOf(protocol: GatewayProtocol, path: string): Route {
  const found = adapters[protocol].routes.find((it) => it.path === path);
  assert.ok(found, `${protocol} has no ${path}`);
  return found;
}

function levers(protocol: GatewayProtocol, path: string, body: object): Levers {
  const text = Buffer.from(JSON.stringify(body));
  return adapters[protocol].levers({ body: text, at: membersOf(text) }, routeOf(protocol, path));
}

function taken(
  protocol: GatewayProtocol,
  path: string,
  request: unknown,
  answer: unknown,
  over: Partial<Taken> = {},
): Taken {
  const bytes = (it: unknown) =>
    Buffer.isBuffer(it) ? it : Buffer.from(typeof it === "string" ? it : JSON.stringify(it));
  return {
    route: routeOf(protocol, path),
    requestJson: undefined,
    answerJson: undefined,
    request: bytes(request),
    answer: bytes(answer),
    streamed: undefined,
    output: undefined,
    features: undefined,
    ...over,
  };
}

for (const it of protocols) {
  test(`${it.protocol}: no route is both open and denied, and every denial says why`, () => {
    const settings = gatewayUpstream.parse({
      name: "a",
      protocol: it.protocol,
      url: "http://127.0.0.1:1",
      open: it.routes.flatMap((one) => (one.closed ? [one.path] : [])),
    });
    const table = new RouteTable([upstreamOf(settings, {})]);
    for (const route of it.routes) {
      const path = route.path.replaceAll(/\{\w+\}/g, "x");
      assert.equal(table.find(route.method, path).kind, "served", `${route.method} ${path}`);
    }
    for (const { path, why } of it.denied) {
      assert.ok(why.length > 10);
      const asked = path.replaceAll(/\{\w+\}/g, "x").replace("*", "");
      for (const method of ["GET", "POST", "DELETE"])
        assert.notEqual(table.find(method, asked).kind, "served", `${method} ${asked}`);
    }
  });

  test(`${it.protocol}: whatever a client and a server write, reading it gives something or nothing, and never throws`, () => {
    const texts = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((one) => `data: ${one}\n\n`),
    );
    const streams = fc.constantFrom(undefined, "sse" as const, "ndjson" as const);
    fc.assert(
      fc.property(
        fc.constantFrom(...it.routes),
        texts,
        texts,
        streams,
        fc.option(fc.nat(40), { nil: undefined }),
        (route, request, answer, streamed, json) => {
          it.see({
            ...taken(it.protocol, it.routes[0]?.path ?? "", request, answer),
            route,
            streamed,
            requestJson: json,
            answerJson: json,
          });
        },
      ),
      { numRuns: 200 },
    );
  });
}

test("routes that are closed by default open by name alone, and never those that are denied", () => {
  const settings = { name: "a", protocol: "vllm", url: "http://127.0.0.1:1" };
  const closed = new RouteTable([upstreamOf(gatewayUpstream.parse(settings), {})]);
  const open = new RouteTable([
    upstreamOf(gatewayUpstream.parse({ ...settings, open: ["/score", "/update_weights"] }), {}),
  ]);
  assert.equal(closed.find("POST", "/score").kind, "nothing");
  assert.equal(open.find("POST", "/score").kind, "served");
  assert.equal(open.find("POST", "/update_weights").kind, "denied");
});

test("two upstreams under one mount are a mistake; under mounts of their own each is found by it", () => {
  const upstream = (name: string, mount: string) =>
    upstreamOf(gatewayUpstream.parse({ name, protocol: "openai", url: "http://127.0.0.1:1/base", mount }), {});
  assert.throws(() => new RouteTable([upstream("a", "/"), upstream("b", "/")]), /a and b/);
  const found = new RouteTable([upstream("a", "/"), upstream("b", "/two")]).find("POST", "/two/v1/chat/completions");
  assert.ok(found.kind === "served" && found.served.upstream.name === "b" && found.path === "/v1/chat/completions");
});

const chat = "/v1/chat/completions";
const cases: readonly (readonly [GatewayProtocol, string, object, Partial<Levers>])[] = [
  ["openai", chat, { logprobs: true, top_logprobs: 5 }, { logprobs: 6 }],
  ["openai", chat, { logprobs: false }, { logprobs: 0 }],
  ["openai", chat, { logprobs: "true" }, { logprobs: 1 }],
  ["openai", chat, { top_logprobs: 3 }, { logprobs: 4 }],
  ["openai", chat, { logprobs: true, top_logprobs: -1 }, { logprobs: 100_001 }],
  ["openai", chat, { return_token_ids: true }, { logprobs: 1 }],
  ["openai", chat, { n: 4, best_of: 9 }, { answers: 9 }],
  ["openai", chat, { max_tokens: 7, max_completion_tokens: 9 }, { maxTokens: 9 }],
  ["openai", chat, { logit_bias: {} }, { forcing: [] }],
  ["openai", chat, { logit_bias: { 1: 2 }, response_format: { type: "json_object" } }, { forcing: ["logit_bias"] }],
  ["openai", chat, { tool_choice: "required" }, { forcing: ["tool_choice"] }],
  ["openai", chat, { tool_choice: "auto" }, { forcing: [] }],
  ["openai", "/v1/completions", { logprobs: 0 }, { logprobs: 1, promptLogprobs: false }],
  ["openai", "/v1/completions", { logprobs: 0, echo: true }, { promptLogprobs: true }],
  ["openai", "/v1/responses", { include: ["message.output_text.logprobs"], top_logprobs: 2 }, { logprobs: 3 }],
  ["vllm", chat, { prompt_logprobs: 0 }, { promptLogprobs: true }],
  ["anthropic", "/v1/messages", { stream: true, max_tokens: 5 }, { stream: true, maxTokens: 5, logprobs: 0 }],
  ["ollama", "/api/chat", {}, { stream: true }],
  [
    "ollama",
    "/api/generate",
    { stream: false, logprobs: true, format: { type: "object" } },
    { stream: false, logprobs: 1, forcing: ["format"] },
  ],
  ["ollama", "/api/chat", { format: "json", options: { num_predict: 3 } }, { forcing: [], maxTokens: 3 }],
  ["tgi", "/generate", { parameters: { details: true, top_n_tokens: 5 } }, { logprobs: 6 }],
  ["tgi", "/generate", { parameters: { decoder_input_details: true } }, { promptLogprobs: true }],
  ["tgi", "/generate", { parameters: { grammar: { type: "regex", value: "a" } } }, { forcing: ["grammar"] }],
  ["tgi", "/generate_stream", { inputs: "a" }, { logprobs: 1, unasked: true }],
  ["open-inference", "/v2/models/{model}/generate", { parameters: { details: true } }, { logprobs: 1 }],
];
for (const [protocol, path, body, expected] of cases) {
  test(`${protocol} ${path}: the levers of ${JSON.stringify(body)}`, () => {
    const found = levers(protocol, path, body);
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name as keyof Levers], value, name);
  });
}

test("chat: the last turn, its depth, and what log-probabilities were shown", () => {
  const request = {
    messages: [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      { role: "user", content: [{ type: "text", text: "c" }] },
    ],
    user: "u-7",
  };
  const answer = {
    choices: [{ logprobs: { content: [{ token: "x", logprob: -1, top_logprobs: [{ token: "y", logprob: -2 }] }] } }],
  };
  const seen = adapters.openai.see(taken("openai", chat, request, answer));
  assert.deepEqual([seen?.text, seen?.depth, seen?.claimed], ["c", 2, "u-7"]);
  assert.deepEqual(seen?.shown, [{ prefix: "c\u00000", bias: undefined, tokens: ["x", "y"], logprobs: [-1, -2] }]);
});

test("chat, streamed: scores of each event count, in order", () => {
  const event = (token: string) =>
    `data: ${JSON.stringify({ choices: [{ logprobs: { content: [{ token, logprob: -1 }] } }] })}\n\n`;
  const seen = adapters.openai.see(
    taken("openai", chat, { messages: [] }, `${event("a")}${event("b")}data: [DONE]\n\n`, { streamed: "sse" }),
  );
  assert.deepEqual(
    seen?.shown?.map((it) => it.tokens),
    [["a"], ["b"]],
  );
});

test("open inference: rows, the named outputs, and labels of the classification extension", () => {
  const request = { inputs: [{ name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] }] };
  const probs = { name: "p", datatype: "FP32", shape: [2, 2], data: [0.25, 0.75, 1, 0] };
  const logits = { name: "z", datatype: "FP32", shape: [2, 2], data: [9, 8, 7, 6] };
  const infer = "/v2/models/{model}/infer";
  const both = adapters["open-inference"].see(
    taken("open-inference", infer, request, { outputs: [logits, probs] }, { features: "z" }),
  );
  assert.deepEqual(both, {
    inputs: [
      [1, 2],
      [3, 4],
    ],
    features: [
      [9, 8],
      [7, 6],
    ],
    probabilities: [
      [0.25, 0.75],
      [1, 0],
    ],
  });
  const labels = { name: "c", datatype: "BYTES", shape: [2, 1], data: ["0.75:1:cat", "1.0:0:dog"] };
  assert.deepEqual(
    adapters["open-inference"].see(taken("open-inference", infer, request, { outputs: [labels] }))?.labels,
    [1, 0],
  );
});

test("open inference: binary tensors are read where they stand", () => {
  const json = Buffer.from(
    JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } }] }),
  );
  const data = Buffer.alloc(8);
  data.writeFloatLE(1.5, 0);
  data.writeFloatLE(-2, 4);
  const seen = adapters["open-inference"].see(
    taken(
      "open-inference",
      "/v2/models/{model}/infer",
      Buffer.concat([json, data]),
      { outputs: [] },
      { requestJson: json.length },
    ),
  );
  assert.deepEqual(seen?.inputs, [[1.5, -2]]);
});

test("open inference: a tensor for the detectors alone is taken out of binary answers, header, data and length", () => {
  const header = Buffer.from(
    JSON.stringify({
      outputs: [
        { name: "p", datatype: "FP32", shape: [1, 1], parameters: { binary_data_size: 4 } },
        { name: "secret", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } },
        { name: "q", datatype: "INT32", shape: [1, 1], parameters: { binary_data_size: 4 } },
      ],
    }),
  );
  const data = Buffer.from([1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3]);
  const cut = adapters["open-inference"]
    .cuts(routeOf("open-inference", "/v2/models/{model}/infer"))
    .binary?.(
      { body: Buffer.concat([header, data]), jsonLength: header.length },
      { to: { dial: "full", decimals: 2 }, classes: undefined, output: undefined, features: "secret" },
    );
  assert.ok(cut);
  assert.ok(!cut.body.includes("secret"));
  assert.deepEqual([...cut.body.subarray(cut.jsonLength)], [1, 1, 1, 1, 3, 3, 3, 3]);
});

test("tensorflow serving, mlflow, torchserve and sagemaker: rows and probabilities in each one's shape", () => {
  const rows = [
    [1, 2],
    [3, 4],
  ];
  const probs = [
    [0.5, 0.5],
    [0.25, 0.75],
  ];
  const expected = { inputs: rows, probabilities: probs };
  assert.deepEqual(
    adapters["tf-serving"].see(
      taken("tf-serving", "/v1/models/{model}:predict", { instances: rows }, { predictions: probs }),
    ),
    expected,
  );
  for (const body of [
    { dataframe_split: { columns: ["a", "b"], data: rows } },
    {
      dataframe_records: [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
    },
    { inputs: rows },
    "a,b\n1,2\n3,4\n",
  ]) {
    assert.deepEqual(adapters.mlflow.see(taken("mlflow", "/invocations", body, { predictions: probs })), expected);
    assert.equal(
      adapters.mlflow.queries?.(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), undefined) ?? 0,
      typeof body === "string" ? 3 : 2,
    );
  }
  assert.deepEqual(
    adapters.sagemaker.see(taken("sagemaker", "/endpoints/{model}/invocations", { instances: rows }, probs)),
    expected,
  );
  const one = adapters.torchserve.see(
    taken("torchserve", "/predictions/{model}", { data: [1, 2] }, { dog: 0.25, cat: 0.75 }),
  );
  assert.deepEqual(one, { inputs: [[1, 2]], probabilities: [[0.75, 0.25]] });
});
