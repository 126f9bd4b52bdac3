import type { OcsfEvent } from "@outweigh/schema";
import { looksLikeWeights } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { albLine } from "./http-alb.ts";
import { meaningOf, type Meaning } from "./http-dialects.ts";
import { combinedLine, ginLine, jsonLine, logfmtLine, uvicornLine, type HttpRequest, type Line } from "./http-lines.ts";
import { activity, essentials, fileObject, idOf, timeOf } from "./ocsf.ts";
import { rangeOf } from "./range.ts";
import { withoutSignatures } from "./s3-common.ts";
import {
  isRecord,
  parseJson,
  quote,
  skip,
  textAt,
  type Ingested,
  type Origin,
  type Source,
  type Surroundings,
} from "./source.ts";

/** Longest line we read, in UTF-16 units: servers refuse request heads far below this. */
const maxLineLength = 1024 * 1024;

/** OCSF 1.8.0 class 4002: activity ids by method. */
const methods: ReadonlyMap<string, number> = new Map(
  Object.entries({
    CONNECT: 1,
    DELETE: 2,
    GET: 3,
    HEAD: 4,
    OPTIONS: 5,
    POST: 6,
    PUT: 7,
    TRACE: 8,
  }),
);

export const httpAccess: Source = {
  id: "http-access",
  title: "HTTP access log (nginx, Apache, Envoy, AWS load balancer, uvicorn, gunicorn, OCI registry)",
  cannotSee: [
    "Bodies: prompts, log-probabilities, what an upload holds",
    "Which bytes a partial answer held, in the combined format and in uvicorn's: such reads are upper bounds",
    "Anything but address, path and status in uvicorn's default log: no time, no user, no bytes; Gin's (Ollama) has a time without a zone",
    "Who pulled from an OCI registry: its access line names no user",
    "Whether a user name was checked by anyone, where the proxy that logs it does not authenticate",
    "Where the server compresses answers, a whole file looks shorter than it is",
    "On a server that ignores case, a path in other case than the declared place",
    "Reads that bypass the server, e.g. of the bucket behind MLflow without proxied artifacts or behind a redirect",
  ],
  requires: [
    "nginx: the JSON log_format of the guide, at the proxy that authenticates, with $http_range and $request_id",
    "uvicorn and gunicorn: an access log with a time (a log collector's or Docker's will do)",
    "trustedProxies in outweigh.yml, where clients come through a proxy",
  ],
  logsources: [{ category: "webserver" }],

  read(record, from, around) {
    if (record.length > maxLineLength) return { ok: false, reason: `longer than ${maxLineLength} characters` };
    const line = record.trim();
    if (line === "") return skip("an empty line");
    const { text, time } = unwrap(line);
    const read = readLine(text);
    if (!read) return { ok: false, reason: `no known form of an access line: ${quote(text)}` };
    if ("skipped" in read) return skip(read.skipped);
    return toEvent(read.request, record, time, from, around);
  },
};

function readLine(text: string): Line {
  if (text.startsWith("{")) {
    const parsed = parseJson(text);
    return "value" in parsed ? jsonLine(parsed.value) : undefined;
  }
  return combinedLine(text) ?? albLine(text) ?? uvicornLine(text) ?? ginLine(text) ?? logfmtLine(text) ?? message(text);
}

/** Lines that servers write between requests and that hold none. */
function message(text: string): Line {
  if (/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[\w+\] /.test(text))
    return { skipped: "a message of gunicorn" };
  if (/^(Traceback \(most recent call last\):|File ".*", line \d+|\w+(\.\w+)*(Error|Exception)\b)/.test(text)) {
    return { skipped: "part of a Python traceback" };
  }
  if (
    /^\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d[^ ]* (\[\w+\]|(- )?(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|NOTICE)\b)/.test(
      text,
    )
  ) {
    return { skipped: "a message of the server, not a request" };
  }
  return undefined;
}

/** What container engines put around each line, and the time they vouch for: Docker's JSON files, CRI's prefix. */
function unwrap(line: string): { text: string; time: number | undefined } {
  const cri = /^(\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) [FP] (.*)$/s.exec(line);
  if (cri) return { text: (cri[2] ?? "").trim(), time: timeOf(cri[1] ?? "") };
  if (!line.startsWith('{"log":')) return { text: line, time: undefined };
  const parsed = parseJson(line);
  const value = "value" in parsed ? parsed.value : undefined;
  const log = textAt(value, "log");
  if (log === undefined || !isRecord(value)) return { text: line, time: undefined };
  return { text: log.trim(), time: timeOf(textAt(value, "time") ?? "") };
}

function toEvent(
  it: HttpRequest,
  record: string,
  wrapped: number | undefined,
  from: Origin,
  around: Surroundings,
): Ingested {
  const clock = clockOf(it, wrapped, from);
  if (clock === undefined) return { ok: false, reason: `time: not a time: ${quote(it.originalTime ?? "")}` };
  const { time, basis } = clock;
  const meaning = meaningOf(it.method, it.uri);
  const outcome = outcomeOf(it, meaning);
  const address = addressOf(it, around);
  const who = whoIs(it, address, meaning);
  const event: OcsfEvent = {
    ...essentials({
      id: sameWherever(it, outcome)
        ? idOf("http", record)
        : idOf("http", from.file ?? from.source, from.offset, record),
      from,
      time,
      activity: outcome.activity,
      product: products[it.form],
      principal: who.principal,
      uid: it.requestId,
      originalTime: it.originalTime,
      raw: withoutSignatures(record),
    }),
    ...(it.status !== undefined && { status_id: it.status < 400 ? 1 : 2, status_code: String(it.status) }),
    operation: outcome.operation,
    ...(meaning.artifact !== undefined && { artifact: meaning.artifact }),
    ...(outcome.weights !== undefined && { weights: outcome.weights }),
    ...(!who.vouched && { vouched: false }),
    ...(outcome.bytes !== undefined && { bytes: outcome.bytes }),
    ...(outcome.range && { range: outcome.range }),
    actor: { user: { name: who.principal } },
    src_endpoint: {
      ...(address !== undefined ? { ip: address } : { name: "unknown" }),
      ...(it.port !== undefined && { port: it.port }),
    },
    http_request: {
      http_method: it.method,
      url: { url_string: withoutSignatures(it.uri), ...(it.host !== undefined && { hostname: it.host }) },
      ...(it.agent !== undefined && { user_agent: it.agent }),
    },
    ...(it.status !== undefined && {
      http_response: { code: it.status, ...(it.bytes !== undefined && { body_length: it.bytes }) },
    }),
    ...(it.bytes !== undefined && outcome.activity[0] === 4002 && { traffic: { bytes_out: it.bytes } }),
    api: { operation: `${meaning.dialect}.${outcome.operation}`, service: { name: meaning.dialect } },
    ...(outcome.activity[0] === 6006 && { file: fileObject(meaning.artifact ?? withoutSignatures(it.uri)) }),
    unmapped: {
      dialect: meaning.dialect,
      form: it.form,
      ...meaning.detail,
      ...(basis !== "record" && { time_basis: basis }),
      ...who.claimed,
    },
  };
  return { ok: true, events: [event], raw: [it.raw] };
}

/**
 * Whether a line that is the same in two files is one request. Its request id may be the client's own (X-Request-ID) and its
 * time of whole seconds, so the same line may also be many requests: that is harmless only where all of them sent the same
 * bytes. Pieces of a file that do not say which, and prompts, count each.
 */
function sameWherever({ requestId, method, status }: HttpRequest, { range }: HttpOutcome): boolean {
  if (requestId === undefined || (method !== "GET" && method !== "HEAD")) return false;
  return status !== 206 || range !== undefined;
}

const products: Readonly<Record<HttpRequest["form"], string>> = {
  combined: "HTTP server",
  json: "HTTP server",
  uvicorn: "uvicorn",
  registry: "distribution registry",
  gin: "Gin",
  alb: "Application Load Balancer",
};

/** `record`: the line's own time; `arrival`: we saw it come; `file`: no later than the file was written; `none`: not known at all. */
type TimeBasis = "record" | "arrival" | "file" | "none";

function clockOf(
  it: HttpRequest,
  wrapped: number | undefined,
  from: Origin,
): { time: number; basis: TimeBasis } | undefined {
  if (it.time !== undefined) return { time: it.time, basis: "record" };
  if (it.originalTime !== undefined) return undefined;
  if (wrapped !== undefined) return { time: wrapped, basis: "record" };
  if (from.receivedAt !== undefined) return { time: from.receivedAt, basis: "arrival" };
  if (from.writtenAt !== undefined) return { time: from.writtenAt, basis: "file" };
  return { time: 0, basis: "none" };
}

/** The client's address: the last one in X-Forwarded-For that no trusted proxy wrote about itself. */
function addressOf(it: HttpRequest, around: Surroundings): string | undefined {
  if (it.address === undefined || it.forwardedFor === undefined || !around.trusts(it.address)) return it.address;
  const hops = it.forwardedFor.split(",", maxHops).map((hop) => plainAddress(hop.trim()));
  return hops.findLast((hop) => !around.trusts(hop)) ?? hops[0] ?? it.address;
}

/** Most entries of X-Forwarded-For looked at: a client may send thousands. */
const maxHops = 64;

/** Who the log names. A name beside 401 is only claimed; an OCI access line and uvicorn's name nobody by design. */
function whoIs(it: HttpRequest, address: string | undefined, { dialect }: Meaning) {
  const anonymous = `anonymous@${address ?? "unknown"}`;
  if (it.user !== undefined && it.status !== 401) {
    const forged = it.user.startsWith("anonymous@");
    return { principal: forged ? `user:${it.user}` : it.user, vouched: true, claimed: {} };
  }
  const vouched = it.form !== "uvicorn" && it.form !== "gin" && it.form !== "alb" && dialect !== "oci";
  return { principal: anonymous, vouched, claimed: it.user === undefined ? {} : { claimed_user: it.user } };
}

interface HttpOutcome {
  readonly operation: string;
  readonly activity: readonly [number, number];
  readonly weights?: boolean | undefined;
  readonly bytes?: number | undefined;
  readonly range?: { readonly start: number; readonly end: number } | undefined;
}

/** Smallest blob of a registry that may hold weights, in bytes: manifests and configurations are kilobytes, adapters megabytes. */
const minBlobBytes = 256 * 1024;

/** What became of the request: which operation really happened, and which bytes went out. */
function outcomeOf(it: HttpRequest, meaning: Meaning): HttpOutcome {
  const { operation, artifact = "", dialect } = meaning;
  // 304: nothing was sent. A redirect of a file sends it elsewhere: it was granted, and how much was taken is not seen here.
  const asked = operation === "download" && it.status === 304 ? "stat" : operation;
  const redirected = asked === "download" && it.status !== undefined && it.status >= 300 && it.status < 400;
  if (redirected && dialect === "plain") return { operation: "redirect", activity: http(it.method) };
  const bytes = asked === "download" && !redirected ? it.bytes : undefined;
  const blob = dialect === "oci" && asked === "download";
  const weights = blob ? (it.bytes === undefined ? undefined : it.bytes >= minBlobBytes) : looksLikeWeights(artifact);
  return {
    operation: asked,
    activity: activityOf(asked, dialect, it, weights),
    weights: artifact === "" || (redirected && blob) ? undefined : weights,
    bytes,
    range: bytes === undefined || (it.status ?? 400) >= 400 ? undefined : sent(it, bytes),
  };
}

/** 200 sends from the start, however much; 206 what was asked for; else not known. */
function sent(it: HttpRequest, bytes: number) {
  if (it.status === 200) return { start: 0, end: bytes };
  return it.status === 206 && it.range !== undefined ? rangeOf(it.range, bytes) : undefined;
}

function activityOf(operation: string, dialect: Meaning["dialect"], it: HttpRequest, weights: boolean | undefined) {
  if (operation === "complete" || operation === "embed") return activity.apiCreate;
  if (dialect === "plain" && weights !== true) return http(it.method);
  switch (operation) {
    case "download":
    case "manifest":
      return activity.fileDownload;
    case "upload":
      return activity.fileUpload;
    case "delete":
      return activity.fileDelete;
    default:
      return http(it.method);
  }
}

function http(method: string): readonly [number, number] {
  return [4002, methods.get(method) ?? 99];
}
