import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import {
  checkMs,
  headersMs,
  keepAliveMs,
  maxHeaderBytes,
  maxHeaderFields,
  maxRequestsPerConnection,
  requestMs,
} from "../limits.ts";
import { handle } from "./door.ts";
import type { Surroundings } from "./surroundings.ts";

const settings: ServerOptions = {
  insecureHTTPParser: false,
  requireHostHeader: true,
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: headersMs,
  requestTimeout: requestMs,
  connectionsCheckingInterval: checkMs,
  keepAliveTimeout: keepAliveMs,
  noDelay: true,
  keepAlive: true,
};

/**
 * The listening side: Node's strict parser, then our own door. Nothing is upgraded, nothing tunnelled; what the parser refuses is
 * answered with 400 or 431 and closed.
 */
export function makeFront(around: Surroundings): Server {
  const { tls, maxConnections, maxConnectionsPerAddress } = around.policy.section;
  const answer = (req: IncomingMessage, res: ServerResponse) => serve(req, res, around);
  const server: Server = tls
    ? createSecureServer(
        { ...settings, cert: readFileSync(tls.cert), key: readFileSync(tls.key), minVersion: "TLSv1.2" },
        answer,
      )
    : createServer(settings, answer);
  server.maxConnections = maxConnections;
  server.maxHeadersCount = 2 * maxHeaderFields;
  server.maxRequestsPerSocket = maxRequestsPerConnection;
  // Told to go on at once, although the answer may be a refusal: the parser then reads on for the next request.
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => {
    res.writeContinue();
    answer(req, res);
  });
  server.on("connect", (_: IncomingMessage, socket: Socket) => socket.destroy());
  limitAddresses(server, maxConnectionsPerAddress);
  return server;
}

function serve(req: IncomingMessage, res: ServerResponse, around: Surroundings): void {
  if (req.method === "GET" && (req.url === "/-/live" || req.url === "/-/ready")) {
    const ok = req.url === "/-/live" || !around.draining;
    res.writeHead(ok ? 200 : 503, { "content-type": "text/plain", connection: ok ? "keep-alive" : "close" });
    res.end(ok ? "ok\n" : "stopping\n");
    return;
  }
  handle(req, res, around);
}

/** One address must not take all connections. */
function limitAddresses(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (open.get(address) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}

/** Whether nobody listens there. @throws what listening there would. */
export async function assertFree(host: string, port: number): Promise<void> {
  const probe = createServer();
  await listen(probe, host, port);
  await new Promise((done) => probe.close(done));
}

/** Listens. @param reusePort Whether other processes of ours listen there too. @returns The address that it got. */
export async function listen(
  server: Server,
  host: string,
  port: number,
  reusePort = false,
): Promise<{ readonly host: string; readonly port: number }> {
  await new Promise<void>((ready, failed) => {
    server.once("error", failed);
    server.listen({ port, host, reusePort }, () => {
      server.off("error", failed);
      ready();
    });
  });
  const at = server.address();
  if (typeof at !== "object" || at === null) throw new Error("the server has no address");
  return { host: at.address, port: at.port };
}
