import { ApiError } from "./error.ts";
import { send, type Reply, type Sent } from "./send.ts";

/** How a server is asked. */
export interface Manners {
  /** Longest wait for a whole answer, of a stream for its beginning, in ms. */
  readonly answerMs: number;
  /** How long a server that says that it is busy, and did nothing, is asked again, in ms. */
  readonly patienceMs: number;
}

/** A pack of a large incident takes seconds; a server that is busy is so for seconds. */
const [usualAnswerMs, usualPatienceMs] = [60_000, 30_000];

/** From one time that a busy server is asked to the next, in ms. */
const againMs = 500;

/** Longest answer that is read, in bytes: JavaScript holds no text twice as long. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** A whole answer: of JSON what it tells, of anything else the text; undefined for none. */
export interface Heard {
  readonly headers: Headers;
  readonly answer: unknown;
}

/**
 * Asks, again while the server says that it is busy, and reads the whole answer. No redirection is followed: what is shown to one server
 * is shown to no other.
 *
 * @throws {ApiError} for every answer but a good one. The signal's reason, once it is aborted.
 */
export async function ask(url: URL, init: Sent, manners: Partial<Manners> = {}): Promise<Heard> {
  const { answerMs = usualAnswerMs, patienceMs = usualPatienceMs } = manners;
  for (const until = performance.now() + patienceMs; ; await pause(init.signal)) {
    const { answer, text } = await reached(url, init, async (signal) => {
      const answer = await send(url, { ...init, signal: either(signal, AbortSignal.timeout(answerMs)) });
      return { answer, text: await textOf(answer) };
    });
    if (answer.ok) return { headers: answer.headers, answer: toldBy(answer, text) };
    const error = refusal(answer, text);
    if (error.code !== "BUSY" || performance.now() > until) throw error;
  }
}

/** Asks for a stream. @throws {ApiError} as `ask`. */
export async function open(
  url: URL,
  init: Sent,
  manners: Partial<Manners> = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { answerMs = usualAnswerMs } = manners;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("no answer in time", "TimeoutError")), answerMs);
  try {
    return await reached(url, init, async (signal) => {
      const answer = await send(url, { ...init, signal: either(signal, late.signal) });
      if (answer.ok && answer.body) return answer.body;
      throw refusal(answer, await textOf(answer));
    });
  } finally {
    // A stream lasts as long as it is read.
    clearTimeout(timer);
  }
}

/** What keeps an answer from coming becomes an error of ours. */
export async function reached<T>(
  url: URL,
  { signal }: Pick<Sent, "signal">,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await work(signal ?? undefined);
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    signal?.throwIfAborted();
    if (cause instanceof DOMException && cause.name === "TimeoutError")
      throw new ApiError("NO_ANSWER", `the server at ${url.origin} did not answer in time`, 0, { cause });
    throw new ApiError("NOT_REACHED", `the server at ${url.origin} does not answer: is it running?`, 0, { cause });
  }
}

function either(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal ? AbortSignal.any([signal, other]) : other;
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((done) => setTimeout(done, againMs));
  signal?.throwIfAborted();
}

async function textOf({ body, status }: Reply): Promise<string> {
  if (!body) return "";
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxAnswerBytes)
      throw new ApiError("UNKNOWN_ANSWER", `the server answered more than ${maxAnswerBytes} bytes`, status);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function toldBy({ headers }: Reply, text: string): unknown {
  if (!/^application\/json\s*(;|$)/i.test(headers.get("content-type") ?? "")) return text === "" ? undefined : text;
  const told = parsed(text);
  if (told === undefined) throw unknownAnswer("no JSON");
  return told;
}

export function unknownAnswer(what: string): ApiError {
  return new ApiError("UNKNOWN_ANSWER", `the server answered ${what}`, 200);
}

/** Longest words of a refusal that are repeated, in UTF-16 units: the server's are a sentence. */
const maxWords = 4000;

/** An error in the server's words; of one that is not the API, what can be said. */
function refusal({ status }: Reply, text: string): ApiError {
  const said = parsed(text);
  const { error, message } = isObject(said) ? said : {};
  if (typeof error === "string" && /^[A-Z][A-Z_]{0,63}$/.test(error) && typeof message === "string")
    return new ApiError(error, message.slice(0, maxWords), status);
  return new ApiError(`HTTP_${status}`, `the server answered ${status}`, status);
}

/** The value that a text of JSON tells; undefined if it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(it: unknown): it is Readonly<Record<string, unknown>> {
  return typeof it === "object" && it !== null;
}
