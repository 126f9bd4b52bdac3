// Systems outside, played by us: small servers that answer as their vendors document it, over real HTTP.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The secret that every system here asks for. It must never be seen anywhere else. */
export const outsideSecret = "hush-hush-hush";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One system outside, and what can go wrong with it. */
export interface Outside {
  readonly url: string;
  /** All that it was asked. */
  readonly asked: Request[];
  /** The next request that changes something is done, and its answer lost. */
  loseNext(): void;
  /** From now on, everything that changes something is forbidden; or is not any more. */
  forbid(it: boolean): void;
  close(): Promise<void>;
}

interface OutsideOptions {
  answer(request: Request): Reply;
  /** What it says when it forbids. */
  readonly forbidden: Reply;
}

export async function outside({ answer, forbidden }: OutsideOptions): Promise<Outside> {
  const asked: Request[] = [];
  let isLost = false;
  let isForbidden = false;
  const server = createServer((message, response) => {
    const pieces: Buffer[] = [];
    message.on("data", (it: Buffer) => pieces.push(it));
    message.once("end", () => {
      const { pathname, searchParams } = new URL(message.url ?? "/", "http://outside");
      const { method = "GET", headers } = message;
      const request = {
        method,
        path: pathname,
        query: searchParams,
        headers,
        body: Buffer.concat(pieces).toString("utf8"),
      };
      asked.push(request);
      const isChange = method !== "GET" && method !== "HEAD";
      if (isChange && isForbidden) return send(response, forbidden);
      const reply = answer(request);
      if (isChange && isLost) {
        isLost = false;
        return message.socket.destroy();
      }
      return send(response, reply);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    loseNext: () => (isLost = true),
    forbid: (it) => (isForbidden = it),
    close: () => closed(server),
  };
}

function send(response: ServerResponse, { status, body = "", type = "application/json", headers = {} }: Reply): void {
  response.writeHead(status, { "content-type": type, ...headers }).end(body);
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}

export const json = (status: number, body: unknown): Reply => ({ status, body: JSON.stringify(body) });

/** Whether a request carries the secret as GitHub, Hugging Face and Jira want it. */
export function isSignedIn({ headers }: Request): boolean {
  return headers.authorization === `Bearer ${outsideSecret}`;
}
