import { request } from "node:http";
import { Readable } from "node:stream";

/** What is sent, beside its address. */
export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Reply = Pick<Response, "ok" | "status" | "headers" | "body">;

/**
 * Asks once; no redirection is followed. What goes in the clear stays on this machine, secret and all, and goes through no proxy: `fetch`
 * would take the environment's (NODE_USE_ENV_PROXY) or the program's.
 */
export function send(url: URL, sent: Sent): Promise<Reply> {
  return url.protocol === "http:" ? sendPastProxies(url, sent) : fetchOnce(url, sent);
}

function fetchOnce(url: URL, { method = "GET", headers = {}, body, signal }: Sent): Promise<Reply> {
  return fetch(url, { method, headers, body: body ?? null, signal: signal ?? null, redirect: "manual" });
}

function sendPastProxies(url: URL, { method = "GET", headers = {}, body, signal }: Sent): Promise<Reply> {
  return new Promise((done, failed) => {
    signal?.throwIfAborted();
    // Node's global agent alone takes the environment's proxies.
    const asked = request(url, { method, headers, agent: false });
    let open: { destroy(reason: Error): unknown } = asked;
    const stop = () => open.destroy(reasonOf(signal));
    signal?.addEventListener("abort", stop);
    asked.on("close", () => signal?.removeEventListener("abort", stop));
    asked.on("error", failed);
    asked.on("response", (answer) => {
      // Whoever reads it is told the reason, not that the connection broke.
      open = answer;
      try {
        const { statusCode: status = 0, rawHeaders: raw } = answer;
        const headers = new Headers();
        for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] ?? "", raw[i + 1] ?? "");
        done({ ok: status >= 200 && status < 300, status, headers, body: Readable.toWeb(answer) });
      } catch (error) {
        asked.destroy();
        failed(error);
      }
    });
    asked.end(body);
  });
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
