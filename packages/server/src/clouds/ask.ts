// One GET to the address that was configured, and to nobody else: no redirect is followed, every answer is bounded, all that is asked is kept.
import { request as plain } from "node:http";
import { request as secure } from "node:https";
import { maxAsked, type Asked } from "@outweigh/schema";
import { answerMs, maxAnswerBytes } from "./limits.ts";

/** An answer that is of use, or why there is none. */
export type Answer = { readonly text: string } | { readonly problem: string };

type Headers = Readonly<Record<string, string>>;

interface AskerOptions {
  readonly cloud: string;
  /** Where all that is asked lies below. */
  readonly base: string;
  /** What vouches for us: the same each time, or made for each address. */
  readonly headers: Headers | ((url: URL) => Promise<Headers>);
  readonly ca?: string | undefined;
  readonly asked: Asked[];
  readonly signal: AbortSignal;
}

export class Asker {
  readonly #options: AskerOptions;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  /** @param path Below the base, with its query. Whatever is in it cannot lead to another host. */
  async get(path: string): Promise<Answer> {
    const { cloud, base, asked, headers } = this.#options;
    const url = new URL(`${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`);
    if (asked.length >= maxAsked) return { problem: `more than ${maxAsked} requests` };
    const { status, ...answer } = await this.#send(url, typeof headers === "function" ? await headers(url) : headers);
    const told = { cloud, method: "GET" as const, url: String(url).slice(0, 2048) };
    const problem = "problem" in answer ? answer.problem.slice(0, 500) : undefined;
    asked.push({ ...told, ...(status !== undefined && { status }), ...(problem !== undefined && { problem }) });
    return answer;
  }

  #send(url: URL, headers: Headers): Promise<Answer & { readonly status?: number }> {
    const { ca, signal } = this.#options;
    return new Promise((done) => {
      const fail = (problem: string, status?: number) => done({ problem, ...(status !== undefined && { status }) });
      const send = url.protocol === "https:" ? secure : plain;
      const outgoing = send(
        url,
        {
          method: "GET",
          headers: { ...headers, "user-agent": "outweigh" },
          signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
          ...(ca !== undefined && { ca }),
        },
        (response) => {
          const { statusCode: status = 0 } = response;
          if (status >= 300 && status < 400) {
            response.destroy();
            return fail("it sends elsewhere: that is not followed", status);
          }
          const pieces: Buffer[] = [];
          let bytes = 0;
          response.on("data", (piece: Buffer) => {
            bytes += piece.length;
            if (bytes <= maxAnswerBytes) return void pieces.push(piece);
            response.destroy();
            fail(`its answer is longer than ${maxAnswerBytes} bytes`, status);
          });
          response.on("error", (error) => fail(`its answer broke off: ${error.message}`, status));
          response.on("end", () => {
            if (status !== 200) return fail(`it answers ${status}`, status);
            done({ text: Buffer.concat(pieces).toString("utf8"), status });
          });
        },
      );
      outgoing.on("error", (error) => fail(error.name === "TimeoutError" ? "no answer in time" : error.message));
      outgoing.end();
    });
  }
}
