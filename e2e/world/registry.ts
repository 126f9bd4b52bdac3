// A model registry as a team would put it up: static files behind tokens, byte ranges, and nginx's JSON access log.
import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** Path → bytes, e.g. `/acme/acme-13b/resolve/main/model.safetensors`. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Token → the user it was given to. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Where the access log goes, one JSON object a line. */
  readonly log: string;
  /** The address a client seems to come from: the world has one machine but many networks. */
  readonly addressOf?: (user: string) => string;
}

export async function startRegistry({ files, tokens, log, addressOf }: RegistryOptions): Promise<Registry> {
  const server = createServer((request, response) => {
    const user = tokens.get((request.headers.authorization ?? "").replace(/^Bearer /, ""));
    const body = files.get(new URL(request.url ?? "/", "http://registry").pathname);
    const { status, sent } = answer(request, response, user === undefined ? undefined : body, user !== undefined);
    const line = {
      time: new Date().toISOString(),
      remote_addr: (user && addressOf?.(user)) ?? request.socket.remoteAddress,
      remote_user: user ?? "",
      request_method: request.method,
      request_uri: request.url,
      status,
      body_bytes_sent: sent,
      http_range: request.headers.range ?? "",
      http_user_agent: request.headers["user-agent"] ?? "",
      request_id: `${process.pid}-${Math.random().toString(16).slice(2)}`,
    };
    appendFileSync(log, `${JSON.stringify(line)}\n`);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, body: Buffer | undefined, known: boolean) {
  const finish = (status: number, bytes: Buffer, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-length": String(bytes.length), ...headers });
    response.end(request.method === "HEAD" ? undefined : bytes);
    return { status, sent: request.method === "HEAD" ? 0 : bytes.length };
  };
  if (!known) return finish(401, Buffer.from("no valid token\n"));
  if (!body) return finish(404, Buffer.from("not found\n"));

  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  if (!range) return finish(200, body);
  const start = Number(range[1]);
  const end = Math.min(Number(range[2]), body.length - 1);
  return finish(206, body.subarray(start, end + 1), { "content-range": `bytes ${start}-${end}/${body.length}` });
}
