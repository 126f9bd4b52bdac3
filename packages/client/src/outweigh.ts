import { ask, isObject, open, parsed, reached, unknownAnswer, type Manners } from "./ask.ts";
import type { Answer, Call, Item, ListPath, PathOf, Shape } from "./call.ts";
import { ApiError } from "./error.ts";
import { messagesOf } from "./messages.ts";

/** Which server is asked, as whom, and how. */
export interface Options extends Partial<Manners> {
  /** `https://outweigh.example`; in the clear on this machine alone, for a secret goes there. */
  readonly url: string;
  /** What `outweigh token create` printed. */
  readonly token?: string | undefined;
  /** Sent with every request: a session's, where there is no token. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

interface Ending {
  /** Ends it; what waits for an answer then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The API of a server, as its own description tells it. Answers are typed by it, and not checked: a server that is trusted with a token is
 * trusted with its answers. Whatever it shows was written by others, suspects among them: show it as text.
 *
 * Every call throws an {ApiError} for every answer but a good one.
 */
export interface Api {
  get<Path extends PathOf<"get">>(path: Path, ...call: Call<Path, "get">): Promise<Answer<Path, "get">>;
  /** Sends a body as JSON; one that is a text, records for example, as it is. */
  post<Path extends PathOf<"post">>(path: Path, ...call: Call<Path, "post">): Promise<Answer<Path, "post">>;
  /** Every row of a list, in the list's order. A page is asked for when the rows before it are gone through; `limit` is its length. */
  each<Path extends ListPath>(path: Path, ...call: Call<Path, "get">): AsyncGenerator<Item<Path>, void>;
  /**
   * What changes from now on: the noun, and mostly which; what it is now has to be read. Ends when the server ends it, because the asker
   * may hear less than before or is signed out; NOT_REACHED where the connection breaks. Then listen again, and read anew.
   */
  live(ending?: Ending): AsyncGenerator<Shape["Change"], void>;
}

/** What a call may hold, whatever its address. */
interface Given extends Ending {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** @throws {TypeError} for an address that is none, or to which no secret may go. */
export function outweigh(options: Options): Api {
  const origin = originOf(options.url);
  const headers = {
    ...options.headers,
    ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
  };
  const call = async (method: string, path: string, { body, signal, ...it }: Given = {}): Promise<unknown> => {
    const sent = bodyOf(body);
    const init = {
      method,
      headers: { ...headers, ...sent?.headers },
      body: sent?.text,
      signal,
    };
    return (await ask(addressOf(origin, path, it), init, options)).answer;
  };
  const api = {
    get: (path: string, it?: Given) => call("GET", path, it),
    post: (path: string, it?: Given) => call("POST", path, it),
    async *each(path: string, it: Given = {}) {
      for (let after: unknown = it.query?.["after"]; ;) {
        const page = await call("GET", path, { ...it, query: { ...it.query, after } });
        if (!isObject(page) || !Array.isArray(page["items"])) throw unknownAnswer("no page of a list");
        yield* page["items"];
        // The same place again would be asked for without end.
        if (page["next"] === undefined || page["next"] === after) return;
        after = page["next"];
      }
    },
    async *live({ signal }: Ending = {}) {
      const url = new URL("/api/live", origin);
      const init = { headers, signal };
      const stream = messagesOf(await open(url, init, options));
      try {
        for (;;) {
          const { done, value } = await reached(url, init, () => stream.next());
          if (done) return;
          const change = parsed(value);
          if (!isObject(change)) throw unknownAnswer("a message that is no change");
          yield change;
        }
      } finally {
        await stream.return();
      }
    },
  };
  // The edge of types: they are the description's, by which the server answers.
  return api as unknown as Api;
}

function originOf(text: string): string {
  const { protocol, hostname, origin, pathname } = new URL(text);
  const isNear = hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
  if (pathname === "/" && (protocol === "https:" || (protocol === "http:" && isNear))) return origin;
  throw new TypeError(`${JSON.stringify(text)}: expected https://HOST, or http://127.0.0.1:PORT on this machine`);
}

/** Every name in the address is filled with a value, which can be no more than one step of it. */
function addressOf(origin: string, path: string, { path: names = {}, query = {} }: Given): URL {
  // Without a slash it would lengthen the server's name, or take its place.
  if (!path.startsWith("/")) throw new ApiError("BAD_REQUEST", `${JSON.stringify(path)} is no address of the API`, 0);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(names, name) ? names[name] : undefined;
    // Encoded or not, a URL takes dots for a step up; half a character cannot be encoded.
    if (typeof value !== "string" || ["", ".", ".."].includes(value) || !value.isWellFormed())
      throw new ApiError(
        "BAD_REQUEST",
        `${path}: ${name} is ${JSON.stringify(value) ?? "missing"}, expected a name`,
        0,
      );
    return encodeURIComponent(value);
  });
  const url = new URL(origin + filled);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

function bodyOf(
  body: unknown,
): { readonly headers: Readonly<Record<string, string>>; readonly text: string } | undefined {
  if (body === undefined) return undefined;
  if (typeof body === "string") return { headers: { "content-type": "application/x-ndjson" }, text: body };
  return { headers: { "content-type": "application/json" }, text: JSON.stringify(body) };
}
