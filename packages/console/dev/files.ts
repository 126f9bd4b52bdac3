// The built console as the real server hands it out: under the same policy.
import { createReadStream, existsSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { extname, join } from "node:path";

const dist = join(import.meta.dirname, "..", "dist");
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".html": "text/html; charset=utf-8",
};

/** The policy of the real server: nothing inline, nothing from elsewhere, no text turned into code or markup. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** Answers with a built file; every address that names none is a place in the console. */
export function file(path: string, response: ServerResponse): void {
  const name = /^\/(?:assets\/)?[\w.-]+\.\w+$/.test(path) ? path : "/index.html";
  const at = join(dist, name);
  const headers = {
    "content-type": types[extname(name)] ?? "application/octet-stream",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
  };
  if (!existsSync(at)) {
    response.writeHead(404, headers);
    response.end();
  } else {
    response.writeHead(200, headers);
    createReadStream(at).pipe(response);
  }
}
