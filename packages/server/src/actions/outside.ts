// How actions speak HTTP to what a connection names: to that address or nowhere, for so long, and with so much heard.
import type { Connection } from "@outweigh/schema";
import { secretFrom, type Env } from "../env.ts";
import { ServerError } from "../error.ts";
import { fieldIn, parseJson } from "../values.ts";

/** How long one answer may take, in ms. */
export const answerMs = 10_000;
/** Most that is read of an answer, in bytes: a hundred deploy keys or a long issue have a tenth of it. */
const maxAnswerBytes = 1024 * 1024;
/** Longest that the other side's own words may be, in characters. */
const maxWords = 300;

export interface Asked {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The whole address, made of the configuration's and of checked names alone. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** The address itself is a secret. */
  readonly secretUrl?: boolean;
}

/** Any status but a redirect: what it means is the caller's to say. Our own secrets are taken out of the text. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  /** Undefined for what is no JSON. */
  readonly json: unknown;
}

/** The value of a `${NAME}`. @throws {ServerError} ACTION_REFUSED where the environment has it not. */
export function secretOf(reference: string, env: Env): string {
  return secretFrom(env, reference, refusal);
}

/**
 * Asks once. Redirects are not followed, nothing is asked again: whoever asks looks whether it was done.
 *
 * @throws {ServerError} ACTION_REFUSED for no answer in time, one that is too long, and a redirect. Its text names the connection alone,
 * never the address: some are secrets.
 */
export async function ask({ name }: Pick<Connection, "name">, asked: Asked): Promise<Answered> {
  const { method = "GET", url, headers = {}, json, secretUrl = false } = asked;
  // Before it stands in a header: an error that quotes it would be logged.
  if (/[^\x20-\x7e]/.test(headers["authorization"]?.trim() ?? ""))
    throw refusal(`the secret of ${name} holds characters that no token has`);
  let status: number;
  let text: string;
  try {
    const answer = await fetch(url, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(answerMs),
      headers: {
        accept: "application/json",
        "user-agent": "outweigh",
        ...(json !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    status = answer.status;
    const secrets = [...secretsOf(headers["authorization"]), ...(secretUrl ? partsOf(url) : [])];
    text = withoutSecrets(await readBounded(answer), secrets);
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    // Not the cause's text: it may quote the address with whatever secret stands in it.
    throw refusal(`${name} was not reached, or did not answer within ${answerMs / 1000} s`, cause);
  }
  if (status >= 300 && status < 400)
    throw refusal(`${name} answers with a redirect (${status}), which is not followed: was it renamed?`);
  return { status, text, json: parseJson(text) };
}

/** What the other side says is wrong, cut, on one line. */
export function wordsOf({ json, text }: Answered): string {
  const said = [fieldIn(json, "message"), fieldIn(json, "error"), fieldIn(json, "errorMessages")].flat();
  const words = said.find((it) => typeof it === "string" && it !== "");
  return plainLine(typeof words === "string" ? words : text);
}

/** Somebody else's text as one short line without control characters. */
export function plainLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .trim()
    .slice(0, maxWords);
}

/** Why an action cannot be done, as a sentence for people. */
export function refusal(why: string, cause?: unknown): ServerError {
  return new ServerError("ACTION_REFUSED", why, cause === undefined ? undefined : { cause });
}

/** Whoever gives back what it was sent must not have it shown or put on record, whichever way JSON writes it. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return text;
  return secrets.reduce((it, hidden) => it.replaceAll(hidden, "[secret]"), plainJson(text));
}

/** JSON as we write it: `\/` and `\u0041` are `/` and `A`. What is none stays as it is. */
function plainJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function secretsOf(authorization: string | undefined): string[] {
  const [scheme, secret] = authorization?.split(" ") ?? [];
  if (secret === undefined || secret === "") return [];
  if (scheme !== "Basic") return [secret];
  const pair = Buffer.from(secret, "base64").toString("utf8");
  const password = pair.slice(pair.indexOf(":") + 1);
  return [secret, ...(password === "" ? [] : [password])];
}

/** The longest first. A path of one character is no secret. */
function partsOf(url: string): string[] {
  const { pathname, search } = new URL(url);
  return [url, pathname + search, pathname, search].filter((it) => it.length > 1);
}

async function readBounded(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let read = 0;
  for await (const piece of answer.body ?? []) {
    read += piece.length;
    if (read > maxAnswerBytes) throw refusal(`an answer was longer than ${maxAnswerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
