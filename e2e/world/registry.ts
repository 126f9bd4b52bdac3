// A model registry as a team would put it up: static files behind tokens, byte ranges, and nginx's JSON access log.
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export interface Registry {
  readonly url: string;
  /** Bytes of a repository's files that one user got so far, also of those that are under way. */
  sentTo(user: string, repository: string): number;
  close(): Promise<void>;
}

interface RegistryOptions {
  /** Path → bytes, e.g. `/acme/acme-13b/resolve/main/model.safetensors`. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Token → the user it was given to. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Where the access log goes, one JSON object a line. */
  readonly log: string;
  /** The address a client seems to come from: the world has one machine but many networks. */
  readonly addressOf?: (user: string) => string;
  /** How fast one answer is sent to a user, in bytes a second; as fast as it goes where undefined. */
  readonly paceOf?: (user: string, path: string) => number | undefined;
}

/** The one revision of every repository here. */
const revision = "0123456789abcdef0123456789abcdef01234567";

export async function startRegistry({ files, tokens, log, addressOf, paceOf }: RegistryOptions): Promise<Registry> {
  const totals = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const user = tokens.get((request.headers.authorization ?? "").replace(/^Bearer /, ""));
    const path = new URL(request.url ?? "/", "http://registry").pathname;
    const answer = user === undefined ? refusal : answerTo(files, path, request);
    const pace = user === undefined ? undefined : paceOf?.(user, path);
    const sent = await send(request, response, answer, pace, (bytes) => {
      const key = `${user} ${path.split("/resolve/")[0]}`;
      totals.set(key, (totals.get(key) ?? 0) + bytes);
    });
    // As nginx does: at the end of a request, however it ended.
    const line = {
      time: new Date().toISOString(),
      remote_addr: (user && addressOf?.(user)) ?? request.socket.remoteAddress,
      remote_user: user ?? "",
      request_method: request.method,
      request_uri: request.url,
      status: answer.status,
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
    sentTo: (user, repository) => totals.get(`${user} /${repository}`) ?? 0,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const refusal: Answer = { status: 401, body: Buffer.from("no valid token\n"), headers: {} };
const nothing: Answer = { status: 404, body: Buffer.from("not found\n"), headers: { "x-error-code": "EntryNotFound" } };

function answerTo(files: RegistryOptions["files"], path: string, request: IncomingMessage): Answer {
  const asked = /^\/api\/models\/([^/]+\/[^/]+)(?:\/(revision|tree)\/[^/]+)?$/.exec(path);
  if (asked?.[1] !== undefined) return described(files, asked[1], asked[2] === "tree");
  // A client that asked for a branch goes on with the revision it was told.
  const body = files.get(path.replace(`/resolve/${revision}/`, "/resolve/main/"));
  if (!body) return nothing;
  const etag = createHash("sha256").update(body).digest("hex");
  const headers = { etag: `"${etag}"`, "x-repo-commit": revision, "accept-ranges": "bytes" };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (!range) return { status: 200, body, headers };
  const start = Number(range[1]);
  const end = Math.min(range[2] ? Number(range[2]) : body.length, body.length - 1);
  const part = body.subarray(start, end + 1);
  return { status: 206, body: part, headers: { ...headers, "content-range": `bytes ${start}-${end}/${body.length}` } };
}

/** What the hub says of a repository, or the list of its files, as far as its client needs it. */
function described(files: RegistryOptions["files"], repository: string, asTree: boolean): Answer {
  const start = `/${repository}/resolve/main/`;
  const found = [...files]
    .filter(([it]) => it.startsWith(start))
    .map(([it, body]) => ({ path: it.slice(start.length), body }));
  if (found.length === 0) return nothing;
  const siblings = found.map((it) => ({ rfilename: it.path }));
  const tree = found.map(({ path, body }) => {
    const oid = createHash("sha256").update(body).digest("hex");
    const lfs = body.length > 10_000 ? { lfs: { oid, size: body.length, pointerSize: 132 } } : {};
    return { type: "file", path, size: body.length, oid: oid.slice(0, 40), ...lfs };
  });
  const whole = {
    _id: "1",
    id: repository,
    modelId: repository,
    sha: revision,
    private: true,
    siblings,
    tags: [],
    downloads: 0,
    likes: 0,
  };
  const body = Buffer.from(JSON.stringify(asTree ? tree : whole));
  return { status: 200, body, headers: { "content-type": "application/json" } };
}

/** Sends an answer, slowly if wanted. @returns How many bytes of its body went out. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers }: Answer,
  bytesPerSecond: number | undefined,
  onSent: (bytes: number) => void,
): Promise<number> {
  response.writeHead(status, { "content-length": String(body.length), ...headers });
  if (request.method === "HEAD") {
    response.end();
    return 0;
  }
  const slice = bytesPerSecond === undefined ? body.length : Math.ceil(bytesPerSecond / 20);
  let sent = 0;
  for (; sent < body.length && !response.destroyed;) {
    const piece = body.subarray(sent, sent + slice);
    response.write(piece);
    sent += piece.length;
    onSent(piece.length);
    if (bytesPerSecond !== undefined) await pause(50);
  }
  response.end();
  return sent;
}
