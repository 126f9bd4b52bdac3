import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { hash, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../error.ts";

/** Longest order in bytes. */
const maxBodyBytes = 16 * 1024;

/** What the admin endpoint can do. */
export interface AdminDesk {
  status(): object;
  clients(): readonly object[];
  orders(): readonly object[];
  /** @param unknown Whether it may be about a principal that nobody knows here. @throws {GatewayError} BAD_ORDER */
  apply(order: unknown, unknown: boolean): Promise<object>;
  /** @throws {GatewayError} BAD_ORDER */
  undo(id: string, by: string): Promise<object>;
  /** @throws {GatewayError} BAD_CONFIG, BAD_KEY_FILE: then the old ones hold. */
  reload(): Promise<object>;
  /** The server is elsewhere now. @throws {GatewayError} BAD_CONFIG */
  moveServer(to: unknown): object;
}

/**
 * The endpoint for the owner of the gateway: on loopback alone, behind a token that lies in the data folder. Everything that
 * clients send goes to another port.
 */
export function makeAdmin(desk: AdminDesk, token: string): Server {
  const server = createServer(
    { maxHeaderSize: 8 * 1024, headersTimeout: 5_000, requestTimeout: 10_000 },
    (req, res) => {
      answer(req, desk, token).then(
        ([status, body]) => send(res, status, body),
        (error: unknown) => send(res, ...explain(error)),
      );
    },
  );
  server.maxConnections = 64;
  return server;
}

async function answer(req: IncomingMessage, desk: AdminDesk, token: string): Promise<[number, object]> {
  // A page in somebody's browser may send requests here, but no bearer; a rebound name would show in Host.
  const host = (req.headers.host ?? "").replace(/:\d+$/, "");
  if (!["127.0.0.1", "localhost", "[::1]"].includes(host))
    return [403, { error: "BAD_HOST", message: "expected this machine's own address" }];
  const sent = /^Bearer (\S+)$/.exec(req.headers.authorization ?? "")?.[1] ?? "";
  if (!timingSafeEqual(hash("sha256", sent, "buffer"), hash("sha256", token, "buffer"))) {
    return [
      401,
      { error: "NOT_SIGNED_IN", message: "expected the token of the data folder's file admin.token as a bearer" },
    ];
  }
  const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
  const order = /^\/orders\/([A-Za-z0-9_.:-]{1,128})$/.exec(pathname)?.[1];
  if (req.method === "DELETE" && order !== undefined)
    return [200, await desk.undo(order, searchParams.get("by") ?? "admin")];
  switch (`${req.method} ${pathname}`) {
    case "GET /status":
      return [200, desk.status()];
    case "GET /clients":
      return [200, { clients: desk.clients() }];
    case "GET /orders":
      return [200, { orders: desk.orders() }];
    case "POST /orders":
      return [201, await desk.apply(await readJson(req), searchParams.get("unknown") === "yes")];
    case "POST /server":
      return [200, desk.moveServer(await readJson(req))];
    case "POST /reload":
      return [200, await desk.reload()];
    default:
      return [404, { error: "NO_SUCH_ROUTE", message: "there is no such route" }];
  }
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    length += bytes.length;
    if (length > maxBodyBytes) throw new GatewayError("BAD_ORDER", `longer than ${maxBodyBytes} bytes`);
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new GatewayError("BAD_ORDER", "not JSON");
  }
}

function explain(error: unknown): [number, object] {
  // What was asked stands, and is not in force everywhere.
  const isHalf = error instanceof GatewayError && error.code === "BAD_STATE";
  if (error instanceof GatewayError) return [isHalf ? 500 : 400, { error: error.code, message: error.message }];
  return [500, { error: "INTERNAL", message: "something went wrong in the gateway" }];
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { "content-type": "application/json" });
  res.end(JSON.stringify(body));
}
