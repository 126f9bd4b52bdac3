import { maxHeaderFields } from "../limits.ts";
import { refuse, type Refusal } from "../refusal.ts";

/** What is taken of a request's header fields. */
export interface Head {
  /** The client's key, from whichever field carried it. */
  readonly secret: string | undefined;
  readonly contentType: string | undefined;
  readonly agent: string | undefined;
  /** Proof of work, when a challenge was solved. */
  readonly proof: string | undefined;
  /** Length of the JSON part of a binary tensor request. Source: Open Inference protocol, binary tensor extension. */
  readonly jsonLength: string | undefined;
  /** Fields that go on to the model server, as lines. */
  readonly forward: string;
}

/** What goes on. Everything else stays here: hop-by-hop fields, claimed identities, cookies, whatever nobody asked for. */
const forwarded = new Set([
  "accept",
  "content-type",
  "user-agent",
  "anthropic-version",
  "anthropic-beta",
  "openai-beta",
  "inference-header-content-length",
  "x-amzn-sagemaker-accept",
  "x-amzn-sagemaker-content-type",
  "x-amzn-sagemaker-target-variant",
  "x-amzn-sagemaker-inference-id",
  "idempotency-key",
  "x-request-id",
  "traceparent",
  "tracestate",
]);

/** Fields that may stand once: two of them are two meanings. */
const single = new Set(
  (
    "host authorization x-api-key api-key x-goog-api-key content-type content-length transfer-encoding " +
    "inference-header-content-length x-outweigh-proof content-encoding expect"
  ).split(" "),
);

/** Where clients put their key: in one of these. */
export const credentialFields: readonly string[] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/**
 * Reads the raw header fields, a flat list of names and values.
 * A field that `Connection` nominates is dropped even if it would go on (RFC 9110 §7.6.1).
 */
export function readHead(raw: readonly string[]): Head | Refusal {
  if (raw.length > 2 * maxHeaderFields) return refuse(431, "TOO_MANY_FIELDS", "the request has too many header fields");
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    const known = values.get(name);
    if (known !== undefined) {
      if (single.has(name))
        return refuse(400, "REPEATED_FIELD", `the header field ${name} stands twice`, { telling: true });
      values.set(name, `${known}, ${raw[i + 1] ?? ""}`);
    } else values.set(name, raw[i + 1] ?? "");
  }
  if (values.has("content-encoding") && values.get("content-encoding") !== "identity") {
    return refuse(415, "ENCODED_BODY", "compressed requests are not read; send the body as it is");
  }
  const secret = secretOf(values);
  if (typeof secret === "object") return secret;
  return {
    secret,
    contentType: values.get("content-type"),
    agent: values.get("user-agent"),
    proof: values.get("x-outweigh-proof"),
    jsonLength: values.get("inference-header-content-length"),
    forward: forwardOf(values),
  };
}

function secretOf(values: ReadonlyMap<string, string>): string | undefined | Refusal {
  let secret: string | undefined;
  for (const name of credentialFields) {
    const value = values.get(name);
    if (value === undefined) continue;
    if (secret !== undefined)
      return refuse(400, "TWO_CREDENTIALS", "the request carries two credentials", { telling: true });
    // A scheme that we do not know is a credential that we do not know.
    secret = name === "authorization" ? (/^bearer +(\S+)$/i.exec(value)?.[1] ?? "") : value;
  }
  return secret;
}

/** Nothing here ends a line but we: Node's parser lets no CR and no LF into a value. */
function forwardOf(values: ReadonlyMap<string, string>): string {
  const connection = values.get("connection");
  const nominated =
    connection === undefined || /^(?:keep-alive|close)$/i.test(connection)
      ? undefined
      : new Set(connection.split(",").map((it) => it.trim().toLowerCase()));
  // What comes back compressed could be neither read nor edited.
  let out = "accept-encoding: identity\r\n";
  for (const [name, value] of values) {
    if (forwarded.has(name) && nominated?.has(name) !== true) out += `${name}: ${value}\r\n`;
  }
  return out;
}

/** Fields of an answer that concern this hop alone, or that would name the server behind us. Source: RFC 9110 §7.6.1. */
const dropped = new Set(
  (
    "connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade " +
    "server alt-svc set-cookie strict-transport-security x-powered-by"
  ).split(" "),
);

/** The header fields of an answer as the client gets them, flat. */
export function answerFields(fields: Readonly<Record<string, string | string[] | undefined>>): string[] {
  const nominated = String(fields["connection"] ?? "").toLowerCase();
  const out: string[] = [];
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined || dropped.has(name)) continue;
    if (nominated !== "" && nominated !== "keep-alive" && nominated.split(",").some((it) => it.trim() === name))
      continue;
    if (typeof value === "string") out.push(name, value);
    else for (const it of value) out.push(name, it);
  }
  return out;
}

/** A length as a header field states it: whole bytes, or undefined for anything else. */
export function lengthIn(value: string | string[] | undefined): number | undefined {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
