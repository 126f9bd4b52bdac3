// A mock model server: it speaks four protocols as their documents say, and answers with canned words. No model is behind it.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface MockModelServer {
  readonly url: string;
  /** Paths that were asked, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Time between two events of a stream, in ms: far enough apart that a proxy which collects them is seen. */
const betweenMs = 15;
const words = ["The", " answer", " is", " 42", "."];

export async function startMockModelServer(): Promise<MockModelServer> {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (it: Buffer) => chunks.push(it));
    req.on("end", () => {
      const path = (req.url ?? "").split("?")[0] ?? "";
      asked.push(path);
      const text = Buffer.concat(chunks).toString();
      const body: Record<string, unknown> = text === "" ? {} : JSON.parse(text);
      answer(path, body, req, res).catch(() => res.destroy());
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(path: string, body: Record<string, unknown>, _: IncomingMessage, res: ServerResponse) {
  const model = String(body["model"] ?? "mock");
  const stream = body["stream"] === true;
  switch (path) {
    case "/v1/chat/completions":
      return stream
        ? sse(res, [...chatChunks(model), "[DONE]"])
        : json(res, chatAnswer(model, body["logprobs"] === true));
    case "/v1/responses":
      return stream ? namedSse(res, responseEvents(model)) : json(res, responseAnswer(model));
    case "/v1/embeddings":
      return json(res, embeddings(model, body));
    case "/v1/messages":
      return stream ? namedSse(res, messageEvents(model)) : json(res, messageAnswer(model));
    case "/api/chat":
      return ndjson(res, ollamaChat(model), body["stream"] !== false);
    case "/api/embed":
      return json(res, {
        model,
        embeddings: [[0.25, -0.5, 1]],
        total_duration: 1,
        load_duration: 1,
        prompt_eval_count: 2,
      });
    case "/v1/completions":
      return json(res, {
        id: "cmpl-1",
        object: "text_completion",
        created: 1,
        model,
        choices: [{ index: 0, text: words.join("") }],
        usage,
      });
    default:
      res.writeHead(404, { "content-type": "application/json" });
      res.end('{"error":"no such route"}');
  }
}

function json(res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value);
  res.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  res.end(body);
}

async function sse(res: ServerResponse, events: readonly (object | string)[]): Promise<void> {
  res.writeHead(200, { "content-type": "text/event-stream" });
  for (const it of events) {
    res.write(`data: ${typeof it === "string" ? it : JSON.stringify(it)}\n\n`);
    await pause();
  }
  res.end();
}

async function namedSse(res: ServerResponse, events: readonly { readonly type: string }[]): Promise<void> {
  res.writeHead(200, { "content-type": "text/event-stream" });
  for (const it of events) {
    res.write(`event: ${it.type}\ndata: ${JSON.stringify(it)}\n\n`);
    await pause();
  }
  res.end();
}

async function ndjson(res: ServerResponse, lines: readonly object[], stream: boolean): Promise<void> {
  if (!stream) return json(res, lines.at(-1));
  res.writeHead(200, { "content-type": "application/x-ndjson" });
  for (const it of lines) {
    res.write(`${JSON.stringify(it)}\n`);
    await pause();
  }
  res.end();
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, betweenMs));
}

const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 };

function chatAnswer(model: string, scored: boolean): object {
  const token = (it: string) => ({
    token: it,
    logprob: -0.25,
    bytes: [...Buffer.from(it)],
    top_logprobs: [{ token: it, logprob: -0.25, bytes: null }],
  });
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model,
    choices: [
      {
        index: 0,
        finish_reason: "stop",
        message: { role: "assistant", content: words.join(""), refusal: null },
        logprobs: scored ? { content: words.map(token), refusal: null } : null,
      },
    ],
    usage,
  };
}

function chatChunks(model: string): object[] {
  const chunk = (delta: object, finish: string | null) => ({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model,
    choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
  });
  return [...words.map((content) => chunk({ role: "assistant", content }, null)), chunk({}, "stop")];
}

function embeddings(model: string, { input, encoding_format: format }: Record<string, unknown>): object {
  const vector = new Float32Array([0.25, -0.5, 1]);
  const count = Array.isArray(input) ? input.length : 1;
  const embedding = format === "base64" ? Buffer.from(vector.buffer).toString("base64") : [...vector];
  return {
    object: "list",
    model,
    data: Array.from({ length: count }, (_, index) => ({ object: "embedding", index, embedding })),
    usage,
  };
}

function responseAnswer(model: string): object {
  return {
    id: "resp_1",
    object: "response",
    created_at: 1,
    status: "completed",
    model,
    output: [
      {
        type: "message",
        id: "msg_1",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: words.join(""), annotations: [] }],
      },
    ],
    usage: { input_tokens: 7, output_tokens: 5, total_tokens: 12 },
  };
}

/** An event of a named stream. */
function named(type: string, fields: object = {}): { readonly type: string } {
  return { type, ...fields };
}

function responseEvents(model: string): { readonly type: string }[] {
  const place = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const item = { type: "message", id: "msg_1", role: "assistant", status: "in_progress", content: [] };
  return [
    named("response.created", { response: { ...responseAnswer(model), status: "in_progress", output: [] } }),
    named("response.output_item.added", { output_index: 0, item }),
    named("response.content_part.added", { ...place, part: { type: "output_text", text: "", annotations: [] } }),
    ...words.map((delta) => named("response.output_text.delta", { ...place, delta })),
    named("response.completed", { response: responseAnswer(model) }),
  ];
}

function messageAnswer(model: string): object {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model,
    content: [{ type: "text", text: words.join("") }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 7, output_tokens: 5 },
  };
}

function messageEvents(model: string): { readonly type: string }[] {
  const message = { ...messageAnswer(model), content: [], stop_reason: null };
  return [
    named("message_start", { message }),
    named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...words.map((text) => named("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
    named("ping"),
    named("content_block_stop", { index: 0 }),
    named("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 5 } }),
    named("message_stop"),
  ];
}

function ollamaChat(model: string): object[] {
  const line = (content: string, done: boolean) => ({
    model,
    created_at: "2026-11-25T00:00:00Z",
    message: { role: "assistant", content },
    done,
  });
  return [
    ...words.map((it) => line(it, false)),
    { ...line(words.join(""), true), done_reason: "stop", prompt_eval_count: 7, eval_count: 5 },
  ];
}
