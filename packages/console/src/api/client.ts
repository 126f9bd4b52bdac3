import { apiError } from "@outweigh/schema";
import { isSample } from "../sample/mode.ts";
import { anotherKey, keyHeader } from "./key.ts";

/** Longest wait for an answer, in ms: a hunt over months is slow; a dead server must not look like a slow one. */
const timeoutMs = 60_000;

/** What the server refused or could not do: a code to search for, and what to do. `status` is 0 when no answer came. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

/** A shape of `schema`: what is needed of a zod type to read an answer. */
export interface Shape<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error };
}

/** Reads what lies at an address of the API. @throws {ApiError} */
export async function read<T>(shape: Shape<T>, path: string, signal?: AbortSignal): Promise<T> {
  return answer(shape, path, { signal: within(signal) });
}

/** Sends a person's decision. @throws {ApiError} */
export async function send<T>(shape: Shape<T>, path: string, body: unknown): Promise<T> {
  return answer(shape, path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: within(),
  });
}

/** For answers whose body is of no use: the noun is read again anyway. */
export const anything: Shape<unknown> = { safeParse: (data) => ({ success: true, data }) };

function within(signal?: AbortSignal): AbortSignal {
  const late = AbortSignal.timeout(timeoutMs);
  return signal ? AbortSignal.any([signal, late]) : late;
}

interface Asked extends RequestInit {
  readonly headers?: Readonly<Record<string, string>>;
}

/** A long answer that is read as it comes. @throws {ApiError} */
export async function follow(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const response = await good(path, { signal });
  if (!response.body) throw new ApiError("NO_ANSWER", "the server answered without a body", response.status);
  return response.body;
}

/** Hands a file of the API to the browser to keep: a link alone would carry the cookie without the key. @throws {ApiError} */
export async function keep(path: string, name: string): Promise<void> {
  const response = await good(path, { signal: within() });
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then; a minute is kind to a slow disk.
  setTimeout(() => URL.revokeObjectURL(url), timeoutMs);
}

async function answer<T>(shape: Shape<T>, path: string, init: Asked): Promise<T> {
  const response = await good(path, init);
  const known = shape.safeParse(await bodyOf(response));
  if (known.success) return known.data;
  const cause = known.error;
  throw new ApiError(
    "UNKNOWN_ANSWER",
    "the server answered in a shape that this page does not know: load the page again, for it may be older than the server",
    response.status,
    { cause },
  );
}

/** Where a 401 is about what was typed, not about the session. */
const doors = /^\/api\/(sign-in|invitations)/;

/** An answer that is not an error. Of a session that ended, another tab may know the next one. */
async function good(path: string, init: Asked): Promise<Response> {
  const first = await reached(path, init);
  const response =
    first.status === 401 && !doors.test(path) && (await anotherKey()) ? await reached(path, init) : first;
  if (response.ok) return response;
  const said = apiError.safeParse(await bodyOf(response));
  if (said.success) throw new ApiError(said.data.error, said.data.message, response.status);
  throw new ApiError(`HTTP_${response.status}`, `the server answered ${response.status}`, response.status);
}

async function reached(path: string, init: Asked): Promise<Response> {
  // The sample asks nobody: not even the key is read.
  if (isSample) return (await import("../sample/sample.ts")).sampleAnswer(path, init);
  try {
    const headers = { ...init.headers, ...(await keyHeader()) };
    return await fetch(path, { credentials: "same-origin", ...init, headers });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    if (cause instanceof DOMException && cause.name === "TimeoutError") {
      throw new ApiError("NO_ANSWER", `the server did not answer within ${timeoutMs / 1000} s`, 0, { cause });
    }
    throw new ApiError("NOT_REACHED", "no answer: is the server running?", 0, { cause });
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
