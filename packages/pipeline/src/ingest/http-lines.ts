/** The forms in which programs write one request to a log, each read into the same few fields. */
import { plainAddress } from "../networks.ts";
import { bytesOf, timeOf } from "./ocsf.ts";
import { isRecord, textAt, type Raw } from "./source.ts";

/** One request as a log tells it. What the form does not tell is absent. */
export interface HttpRequest {
  readonly form: "combined" | "json" | "uvicorn" | "registry" | "gin" | "alb";
  readonly time?: number;
  readonly originalTime?: string;
  readonly address?: string;
  readonly port?: number;
  readonly user?: string;
  readonly method: string;
  /** As the client sent it: undecoded. */
  readonly uri: string;
  readonly status?: number;
  /** Bytes of the answer's body. */
  readonly bytes?: number;
  readonly range?: string;
  readonly agent?: string;
  readonly forwardedFor?: string;
  readonly host?: string;
  readonly requestId?: string;
  readonly raw: Raw;
}

/** A request, or why the line holds none although it is not broken, or undefined: not one of these forms. */
export type Line = { readonly request: HttpRequest } | { readonly skipped: string } | undefined;

const months = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** `23/Nov/2026:21:12:48 +0000`, the time of Apache's and nginx's common format, in ms since 1970. */
function commonTime(text: string): number | undefined {
  const it = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/.exec(text);
  const month = it ? months.indexOf(it[2] ?? "") : -1;
  if (!it || month < 0 || month % 3 !== 0) return undefined;
  return timeOf(`${it[3]}-${String(month / 3 + 1).padStart(2, "0")}-${it[1]}T${it[4]}${it[5]}:${it[6]}`);
}

/**
 * Common and combined format, as Apache, nginx, gunicorn and the distribution registry write it. Read from the quotes outwards:
 * writers escape a quote inside a field, so the first bare one starts the request, whatever a user name pretends to be.
 */
export function combinedLine(line: string): Line {
  const quoteAt = line.indexOf(' "');
  if (quoteAt < 0) return undefined;
  const head = line.slice(0, quoteAt);
  const bracket = head.lastIndexOf("[");
  if (bracket < 0 || !head.endsWith("]")) return undefined;
  const originalTime = head.slice(bracket + 1, -1);
  const time = commonTime(originalTime);
  if (time === undefined) return undefined;
  const who = identities(head.slice(0, bracket).trimEnd());
  if (!who) return undefined;

  const request = quoted(line, quoteAt + 1);
  if (!request) return undefined;
  const rest = /^ (\d{3}|-) (\d+|-)/.exec(line.slice(request.end));
  if (!rest) return undefined;
  const referer = quoted(line, request.end + rest[0].length + 1);
  const agent = referer && quoted(line, referer.end + 1);
  const { method, uri } = requestLine(request.text);
  const [, status = "-", bytes = "-"] = rest;
  return {
    request: requestFields("combined", {
      time,
      originalTime,
      ...who,
      method,
      uri,
      status: status === "-" ? undefined : Number(status),
      bytes: bytes === "-" ? (status === "-" ? undefined : 0) : bytesOf(bytes),
      agent: meaning(agent?.text),
      referer: meaning(referer?.text),
    }),
  };
}

/** `address ident user`, with the virtual host first where Apache's vhost format puts it. A user may hold spaces. */
function identities(text: string): { address: string; user: string | undefined } | undefined {
  const parts = text.split(" ");
  const first = parts[0] ?? "";
  const shifted = /^[\w.-]+:\d+$/.test(first) && /^[\d.]+$|:/.test(parts[1] ?? "") ? parts.slice(1) : parts;
  const [address = "", , ...user] = shifted;
  if (address === "" || shifted.length < 3) return undefined;
  return { address: plainAddress(address), user: meaning(user.join(" ")) };
}

/** The quoted field that starts at `at`, unescaped, and the offset after its closing quote. */
function quoted(line: string, at: number): { text: string; end: number } | undefined {
  if (line[at] !== '"') return undefined;
  for (let i = at + 1; i < line.length; i++) {
    if (line[i] === "\\") i++;
    else if (line[i] === '"') return { text: unescape(line.slice(at + 1, i)), end: i + 1 };
  }
  return undefined;
}

function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, it: string) =>
    it.length === 3 ? String.fromCharCode(Number.parseInt(it.slice(1), 16)) : it,
  );
}

function requestLine(text: string): { method: string; uri: string } {
  const space = text.indexOf(" ");
  const method = space < 0 ? text : text.slice(0, space);
  // What came over the wire may be no HTTP at all: then there is no method, and the bytes are all there is to say.
  if (!/^[A-Z]{1,20}$/.test(method)) return { method: "-", uri: text };
  return { method, uri: text.slice(space + 1).replace(/ HTTP\/[\d.]+$/, "") };
}

/** Names that proxies give the fields of their JSON logs: nginx as our guide sets it, nginx's own, Envoy, Traefik, Caddy. */
const names = {
  time: ["time", "time_iso8601", "ts", "msec", "timestamp", "@timestamp", "start_time", "StartUTC", "time_local"],
  address: ["remote_addr", "client_ip", "downstream_remote_address", "ClientHost", "remote_ip", "clientip"],
  user: ["remote_user", "user", "ClientUsername", "user_id"],
  method: ["request_method", "method", "RequestMethod"],
  uri: ["request_uri", "uri", "path", "RequestPath"],
  status: ["status", "response_code", "DownstreamStatus"],
  bytes: ["body_bytes_sent", "bytes_sent_body", "DownstreamContentSize", "bytes_sent", "size"],
  range: ["http_range", "range"],
  agent: ["http_user_agent", "user_agent", "request_User-Agent"],
  forwardedFor: ["http_x_forwarded_for", "x_forwarded_for", "request_X-Forwarded-For"],
  host: ["host", "authority", "RequestHost", "http_host"],
  requestId: ["request_id", "x_request_id", "RequestID"],
} as const;

/** A request as one JSON object. */
export function jsonLine(value: unknown): Line {
  if (!isRecord(value)) return undefined;
  if ("http.request.method" in value) return registryFields(value);
  // Caddy puts the request one level down, its headers one further, each a list.
  const source = isRecord(value.request) ? { ...value, ...headersOf(value.request), ...value.request } : value;
  const pick = (field: keyof typeof names): string | undefined => {
    for (const name of names[field]) {
      const text = textAt(source, name);
      if (text !== undefined) return text;
    }
    return undefined;
  };
  const method = pick("method");
  const uri = pick("uri");
  const originalTime = pick("time");
  if (method === undefined || uri === undefined) {
    const isMessage = "msg" in value || "message" in value;
    return isMessage && "level" in value ? { skipped: "a message of the server, not a request" } : undefined;
  }
  const status = Number(pick("status"));
  return {
    request: requestFields("json", {
      time:
        originalTime === undefined
          ? undefined
          : (timeOf(originalTime) ?? commonTime(originalTime) ?? epochTime(originalTime)),
      originalTime,
      ...client(pick("address")),
      user: meaning(pick("user")),
      method,
      uri,
      status: Number.isInteger(status) ? status : undefined,
      bytes: bytesOf(pick("bytes")),
      range: meaning(pick("range")),
      agent: meaning(pick("agent")),
      forwardedFor: meaning(pick("forwardedFor")),
      host: pick("host"),
      requestId: pick("requestId"),
      raw: value,
    }),
  };
}

/** The headers we use, of a log that keeps them as lists. */
function headersOf({ headers }: Raw): Raw {
  if (!isRecord(headers)) return {};
  const first = (name: string) => (Array.isArray(headers[name]) ? headers[name][0] : undefined);
  return {
    http_user_agent: first("User-Agent"),
    http_range: first("Range"),
    http_x_forwarded_for: first("X-Forwarded-For"),
  };
}

/** Seconds since 1970 with a fraction, or ms, as logs write them. Undefined for what is neither: 2001 to 2286. */
function epochTime(text: string): number | undefined {
  if (!/^\d{10}(\.\d{1,9})?$|^\d{13}$/.test(text)) return undefined;
  return text.length === 13 && !text.includes(".") ? Number(text) : Math.round(Number(text) * 1000);
}

/** The registry's own log: of the lines about one request only the last says how it ended. */
function registryFields(value: Raw): Line {
  const message = textAt(value, "msg") ?? "";
  const method = textAt(value, "http.request.method");
  const uri = textAt(value, "http.request.uri");
  if (method === undefined || uri === undefined || !message.startsWith("response completed")) {
    return { skipped: "a line of the registry's application log that is not the end of a request" };
  }
  const originalTime = textAt(value, "time");
  return {
    request: requestFields("registry", {
      time: originalTime === undefined ? undefined : timeOf(originalTime),
      originalTime,
      ...client(textAt(value, "http.request.remoteaddr")),
      user: meaning(textAt(value, "auth.user.name")),
      method,
      uri,
      status: bytesOf(textAt(value, "http.response.status")),
      bytes: bytesOf(textAt(value, "http.response.written")),
      agent: meaning(textAt(value, "http.request.useragent")),
      host: textAt(value, "http.request.host"),
      requestId: textAt(value, "http.request.id"),
      raw: value,
    }),
  };
}

/** Longest logfmt line we read, in UTF-16 units: the registry's longest hold an upload's state of about 1 kB. */
const maxLogfmtLength = 64 * 1024;

/** `time="…" level=info msg="response completed" http.request.method=GET …`: the registry's text form. */
export function logfmtLine(line: string): Line {
  if (!/^time="?[^ ]+ level=\w+ /.test(line) || line.length > maxLogfmtLength) return undefined;
  const value: Record<string, string> = Object.create(null);
  for (const [, name = "", quotedText, bare] of line.matchAll(/(?<![\w.])([\w.]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)) {
    value[name] = quotedText === undefined ? (bare ?? "") : unescape(quotedText);
  }
  return registryFields({ ...value });
}

/** uvicorn's default form, which tells address, request and status only. */
export function uvicornLine(line: string): Line {
  const level = /^(INFO|WARNING|ERROR|DEBUG|CRITICAL|TRACE):\s+/.exec(line);
  if (!level) return undefined;
  const it = /^(\S+) - "([A-Z]{1,20}) (\S+) HTTP\/[\d.]+" (\d{3})\b/.exec(line.slice(level[0].length));
  if (!it) return { skipped: "a message of the server, not a request" };
  const [, from = "", method = "", uri = "", status = ""] = it;
  return { request: requestFields("uvicorn", { ...client(from), method, uri, status: Number(status) }) };
}

/** Ollama and other servers on Gin: `[GIN] 2026/01/20 - 23:15:37 | 200 | 32.7s | 10.0.0.9 | POST "/api/push"`. Its time has no zone; read as UTC. */
export function ginLine(line: string): Line {
  const at = line.indexOf("[GIN] ");
  if (at < 0 || at > 200) return undefined;
  const it =
    /^(\d{4})\/(\d\d)\/(\d\d) - (\d\d:\d\d:\d\d) \| +(\d{3}) \| +\S+ \| +(\S+) \| ([A-Z]{1,20}) +"([^"]*)"/.exec(
      line.slice(at + 6),
    );
  if (!it) return { skipped: "a message of the server, not a request" };
  const [, year, month, day, clock, status = "", address = "", method = "", uri = ""] = it;
  const originalTime = `${year}-${month}-${day}T${clock}Z`;
  return {
    request: requestFields("gin", {
      time: timeOf(originalTime),
      originalTime,
      ...client(address),
      method,
      uri,
      status: Number(status),
    }),
  };
}

/** `address:port`, with brackets around IPv6 or without. Port 0 is uvicorn's sign for "a proxy told me". */
function client(text: string | undefined): { address?: string; port?: number } {
  if (text === undefined) return {};
  const it = /^(\[[^\]]+\]|[^:]+|.*:[^:]*):(\d{1,5})$/.exec(text);
  if (!it || (text.includes("::") && !text.startsWith("["))) return { address: plainAddress(text) };
  const [, address = "", port = ""] = it;
  return { address: plainAddress(address.replace(/^\[|\]$/g, "")), ...(Number(port) > 0 && { port: Number(port) }) };
}

/** Undefined for the ways in which logs say "nothing". */
function meaning(text: string | undefined): string | undefined {
  return text === undefined || text === "" || text === "-" ? undefined : text;
}

type Loose = { [K in keyof Omit<HttpRequest, "form" | "raw">]?: HttpRequest[K] | undefined };

/** Drops what is undefined, and gives the raw view under the names that Sigma's webserver rules use. */
export function requestFields(
  form: HttpRequest["form"],
  it: Loose & { method: string; uri: string; referer?: string | undefined; raw?: Raw },
): HttpRequest {
  const { raw, referer, method, uri, ...rest } = it;
  const question = uri.indexOf("?");
  const query = question < 0 ? "" : uri.slice(question + 1);
  return {
    ...defined(rest),
    form,
    method,
    uri,
    raw: {
      ...raw,
      "cs-method": method,
      "c-uri": uri,
      "cs-uri": uri,
      "cs-uri-stem": question < 0 ? uri : uri.slice(0, question),
      "cs-uri-query": query,
      "c-uri-query": query,
      ...(it.status !== undefined && { "sc-status": it.status }),
      ...(it.bytes !== undefined && { "sc-bytes": it.bytes }),
      ...(it.address !== undefined && { "c-ip": it.address }),
      ...(it.user !== undefined && { "cs-username": it.user }),
      ...(it.agent !== undefined && { "cs-user-agent": it.agent, "c-useragent": it.agent }),
      ...(referer !== undefined && { "cs-referer": referer }),
    },
  };
}

/** Without what is undefined. Every line comes through here: no lists are made on the way. */
function defined<Of extends object>(it: Of): { [Name in keyof Of]?: Exclude<Of[Name], undefined> } {
  const known: { [Name in keyof Of]?: Exclude<Of[Name], undefined> } = {};
  for (const name in it) {
    const value = it[name];
    if (isDefined(value)) known[name] = value;
  }
  return known;
}

function isDefined<Value>(value: Value): value is Exclude<Value, undefined> {
  return value !== undefined;
}
