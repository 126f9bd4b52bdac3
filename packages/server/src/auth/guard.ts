// What every request must pass before a route sees it: it was meant for us, and no foreign page sent it.
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../error.ts";
import { bearerOf } from "./tokens.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** A route for programs: they show a token and have no cookie that another page could misuse. */
    forPrograms?: boolean;
  }
}

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * The names under which browsers reach us: on this machine, and by the proxy's address that the configuration names. Any other `Host`
 * means that a foreign name was pointed at us.
 */
export function allowedHosts(port: number, url?: string): ReadonlySet<string> {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  return new Set(url === undefined ? own : [...own, new URL(url).host]);
}

const nobodys = Buffer.from(JSON.stringify({ error: "NOT_SIGNED_IN", message: "nobody has this token" }));

/**
 * Refuses requests with a token that nobody has before anything else is done for them: no route, no error, no log. A flood of them
 * costs a digest each.
 */
export function refuseUnknown(app: FastifyInstance, isKnown: (secret: string) => boolean): void {
  app.addHook("onRequest", (request, reply, next) => {
    const secret = bearerOf(request.headers.authorization);
    if (secret === undefined || isKnown(secret)) return next();
    reply.hijack();
    reply.raw.writeHead(401, {
      "content-type": "application/json; charset=utf-8",
      "content-length": nobodys.length,
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'",
      "x-content-type-options": "nosniff",
      // A body that comes with it is not read.
      ...(!safeMethods.has(request.method) && { connection: "close" }),
    });
    reply.raw.end(nobodys, () => {
      if (!safeMethods.has(request.method)) request.raw.socket.destroySoon();
    });
  });
}

/** Checks `Host`, `Origin`, `Sec-Fetch-Site` and the content type. `hosts` is asked per request: the port is known only after listening. */
export function guard(app: FastifyInstance, hosts: () => ReadonlySet<string>): void {
  app.addHook("onRequest", async (request) => {
    const allowed = hosts();
    if (!allowed.has(request.headers.host ?? "")) {
      throw new ServerError("FORBIDDEN", `this server does not answer to the host "${short(request.headers.host)}"`);
    }
    const { origin } = request.headers;
    if (origin !== undefined && !isOwn(origin, allowed)) {
      throw new ServerError("FORBIDDEN", `requests of pages from "${short(origin)}" are not accepted`);
    }
    // No column holds it, and no name has it: asked for is what nobody means.
    if (request.url.includes("%00")) throw new ServerError("BAD_REQUEST", "the address holds a NUL");
    if (!mayFetch(request)) throw new ServerError("FORBIDDEN", "another site's page sent this");
    if (safeMethods.has(request.method)) return;
    checkWrite(request, origin);
  });
}

/**
 * Browsers say whose page asks (Fetch Metadata). Of foreign pages, also those of other ports here, only a person's click on
 * a link is answered: their images and scripts would use up the requests that our own pages may make in a minute.
 */
function mayFetch({ method, headers }: FastifyRequest): boolean {
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") return true;
  return method === "GET" && headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
}

/** A request that changes something comes from our own page, and says so; or from a program. */
function checkWrite(request: FastifyRequest, origin: string | undefined): void {
  if (request.routeOptions.config.forPrograms) return;
  // No page of another origin can send this header without asking, and with it no cookie counts.
  if (/^Bearer /i.test(request.headers.authorization ?? "")) return;
  if (origin === undefined) throw new ServerError("FORBIDDEN", "a request that changes something needs an Origin");
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
  if (hasBody && !/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
    throw new ServerError("BAD_REQUEST", "expected content-type application/json");
  }
}

function isOwn(origin: string, hosts: ReadonlySet<string>): boolean {
  const [, scheme, host = ""] = /^(https?):\/\/(.+)$/.exec(origin) ?? [];
  // In the clear on this machine alone: a page of http://outweigh.example may be anybody's.
  const isNear = /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(host);
  return hosts.has(host) && (scheme === "http") === isNear;
}

function short(text: string | undefined): string {
  return (text ?? "").slice(0, 100);
}
