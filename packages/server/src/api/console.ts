// The console's files, and the headers that keep foreign scripts out of it.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import helmet from "@fastify/helmet";
import statics from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

/** What the built page holds where a nonce belongs. */
const noncePlaceholder = "__CSP_NONCE__";
/** A page that creates script-like values itself says so, and then nothing else may: `<meta name="trusted-types" content="names">`. */
const trustedTypesMark = /<meta name="trusted-types" content="([\w -]*)"/;

const withoutConsole = `<!doctype html><meta charset="utf-8"><title>Outweigh</title>
<p>The server runs; the console was not built. <code>npm run build</code> builds it. The API is at <code>/api</code>.</p>`;

/**
 * Serves the built console from a folder: hashed files for ever, the page anew each time with its own nonce. It is read anew too:
 * a console that is built under a running server has other files, which the page of before does not name.
 */
export async function serveConsole(app: FastifyInstance, folder: string | undefined): Promise<void> {
  const page = async () =>
    folder === undefined ? undefined : await readFile(join(folder, "index.html"), "utf8").catch(() => undefined);
  await app.register(helmet, {
    contentSecurityPolicy: false, // Set below: the page's has a nonce.
    hsts: false, // Plain http on loopback.
    crossOriginEmbedderPolicy: true,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
  app.addHook("onSend", async (_, reply) => {
    if (!reply.hasHeader("content-security-policy")) reply.header("content-security-policy", policyOf({}));
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    reply.header("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  });

  if (folder !== undefined && (await page()) !== undefined) {
    await app.register(statics, {
      root: join(folder, "assets"),
      prefix: "/assets/",
      immutable: true,
      maxAge: "365d",
      index: false,
      dotfiles: "ignore",
    });
    await app.register(statics, {
      root: folder,
      prefix: "/",
      index: false,
      wildcard: false,
      decorateReply: false,
      dotfiles: "ignore",
      globIgnore: ["index.html", "assets/**"],
    });
  }
  const send = async (reply: FastifyReply) => sendPage(reply, await page());
  app.get("/", (_, reply) => send(reply));
  // Every other path is a place in the console, as long as a browser asks for a page.
  app.setNotFoundHandler(async (request, reply) => {
    const wantsPage = request.method === "GET" && /text\/html/.test(request.headers.accept ?? "");
    if (wantsPage && !/^\/(api|assets)\//.test(request.url)) return send(reply);
    return reply.code(404).send({ error: "NOT_FOUND", message: "there is nothing here" });
  });
}

function sendPage(reply: FastifyReply, page: string | undefined): FastifyReply {
  const nonce = randomBytes(16).toString("base64");
  const text = page?.replaceAll(noncePlaceholder, nonce);
  const trusted = text === undefined ? undefined : trustedTypesMark.exec(text)?.[1];
  return reply
    .code(text === undefined ? 503 : 200)
    .type("text/html; charset=utf-8")
    .header("content-security-policy", policyOf({ nonce, trusted }))
    .send(text ?? withoutConsole);
}

/** Scripts and fetches from here alone; styles from here or with this answer's nonce; nothing else, no frames, no forms elsewhere. */
function policyOf({ nonce, trusted }: { readonly nonce?: string; readonly trusted?: string | undefined }): string {
  const rules = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${nonce === undefined ? "" : ` 'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  if (trusted !== undefined) rules.push("require-trusted-types-for 'script'", `trusted-types ${trusted || "'none'"}`);
  return rules.join("; ");
}
