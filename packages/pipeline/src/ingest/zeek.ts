import type { OcsfEvent } from "@outweigh/schema";
import { looksLikeWeights } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { found, numberOf, readAs, readJson, refuse, textOf } from "./json-records.ts";
import { activity, bytesOf, essentials, idOf, timeOf } from "./ocsf.ts";
import { skip, type Ingested, type Logsource, type Origin, type Raw, type Source } from "./source.ts";

export const zeek: Source = {
  id: "zeek",
  title: "Zeek logs as JSON (conn, http, ssl, smb_files)",
  cannotSee: [
    "People: a connection is a machine's",
    "What is inside encrypted connections: only how much, and to which name",
    "Traffic that does not pass the sensor, and what it dropped",
    "Its tab-separated logs, whose columns are named once at the top of a file: they must be written as JSON",
  ],
  requires: [
    "LogAscii::use_json=T, or the json-streaming-logs package",
    "A sensor where traffic leaves the network of the machines that hold weights",
  ],
  logsources: [{ product: "zeek" }],

  read(record, from) {
    if (record.startsWith("#")) return skip("a line about a tab-separated log's columns");
    return readJson(
      record,
      () => undefined,
      (value) => one(value, from),
    );
  },
};

/** A field by its name in either writing: `id.orig_h` is one name with a dot in it, or `id_orig_h`. */
function text(value: Raw, name: string): string | undefined {
  return textOf(value, name) ?? textOf(value, name.replaceAll(".", "_"));
}

function number(value: Raw, name: string): number | undefined {
  return numberOf(value, name) ?? numberOf(value, name.replaceAll(".", "_"));
}

function one(value: Raw, from: Origin): Ingested {
  const log = textOf(value, "_path") ?? textOf(value, "@stream") ?? guess(value);
  const rules = logsources.get(log ?? "");
  if (log === undefined || !rules) return skip("a log of Zeek that says nothing of bytes or names");
  const stamp = textOf(value, "ts") ?? "";
  const time = /^\d{1,11}(\.\d{1,9})?$/.test(stamp) ? Math.round(Number(stamp) * 1000) : timeOf(stamp);
  if (time === undefined) return refuse("ts: not a time");
  const from_ = text(value, "id.orig_h");
  const to = text(value, "id.resp_h");
  if (from_ === undefined || to === undefined) return refuse("id.orig_h: missing, or id.resp_h");
  const raw = JSON.stringify(value);
  const base = {
    id: idOf("zeek", from.source, log, textOf(value, "uid") ?? "", raw),
    from,
    time,
    product: "Zeek",
    principal: `host:${plainAddress(from_)}`,
    uid: textOf(value, "uid"),
    originalTime: stamp,
    raw,
  };
  const ends = {
    vouched: false,
    src_endpoint: endpoint(from_, number(value, "id.orig_p")),
    dst_endpoint: endpoint(to, number(value, "id.resp_p"), textOf(value, "server_name") ?? textOf(value, "host")),
  };
  return readAs(found({ ...logged(log, value, base), ...ends }, value), rules);
}

/** Without a name of the log its fields tell: Zeek's own JSON writer gives none. */
function guess(value: Raw): string | undefined {
  if ("conn_state" in value) return "conn";
  if ("method" in value && "uri" in value && "trans_depth" in value) return "http";
  if ("server_name" in value && "cipher" in value) return "ssl";
  return typeof value.action === "string" && value.action.startsWith("SMB::FILE_") ? "smb_files" : undefined;
}

function endpoint(ip: string, port: number | undefined, name?: string) {
  return { ip: plainAddress(ip), ...(port !== undefined && { port }), ...(name !== undefined && { hostname: name }) };
}

type Base = Omit<Parameters<typeof essentials>[0], "activity">;

function logged(log: string, value: Raw, base: Base): OcsfEvent {
  switch (log) {
    case "http":
      return http(value, base);
    case "smb_files":
      return smb(value, base);
    default: {
      const sent = bytesOf(numberOf(value, "orig_bytes"));
      const got = bytesOf(numberOf(value, "resp_bytes"));
      const name = textOf(value, "server_name");
      return {
        ...essentials({ ...base, activity: activity.traffic }),
        operation: log === "conn" ? "traffic" : "connect",
        ...((sent ?? got) !== undefined && {
          traffic: { ...(sent !== undefined && { bytes_out: sent }), ...(got !== undefined && { bytes_in: got }) },
        }),
        unmapped: {
          log,
          ...(sent !== undefined && { sent_bytes: sent }),
          ...(name !== undefined && { server_name: name }),
          ...(textOf(value, "service") !== undefined && { service: textOf(value, "service") }),
        },
      };
    }
  }
}

/** OCSF 1.8.0 class 4002: activity ids by method. */
const methods: ReadonlyMap<string, number> = new Map([
  ["DELETE", 2],
  ["GET", 3],
  ["HEAD", 4],
  ["OPTIONS", 5],
  ["POST", 6],
  ["PUT", 7],
]);

function http(value: Raw, base: Base): OcsfEvent {
  const method = textOf(value, "method") ?? "-";
  const status = numberOf(value, "status_code");
  const sent = bytesOf(numberOf(value, "request_body_len"));
  const got = bytesOf(numberOf(value, "response_body_len"));
  const uri = textOf(value, "uri") ?? "";
  return {
    ...essentials({ ...base, activity: [4002, methods.get(method) ?? 99] }),
    ...(status !== undefined && { status_id: status < 400 ? 1 : 2, status_code: String(status) }),
    // What passed is what a client of ours did elsewhere: no read of our own places, which their own servers log.
    operation: "traffic",
    http_request: {
      http_method: method,
      url: { url_string: uri, ...(textOf(value, "host") !== undefined && { hostname: textOf(value, "host") }) },
      ...(textOf(value, "user_agent") !== undefined && { user_agent: textOf(value, "user_agent") }),
    },
    ...(status !== undefined && { http_response: { code: status, ...(got !== undefined && { body_length: got }) } }),
    unmapped: {
      log: "http",
      ...(sent !== undefined && { sent_bytes: sent }),
      names_weights: looksLikeWeights(uri.split("?", 1)[0] ?? ""),
    },
  };
}

function smb(value: Raw, base: Base): OcsfEvent {
  const path = `${textOf(value, "path") ?? ""}\\${textOf(value, "name") ?? ""}`.replaceAll("\\", "/");
  return {
    ...essentials({ ...base, activity: activity.traffic }),
    operation: textOf(value, "action") === "SMB::FILE_OPEN" ? "open" : "traffic",
    artifact: `file:${path.slice(0, 4096)}`,
    weights: looksLikeWeights(path),
    unmapped: { log: "smb_files", action: textOf(value, "action") ?? "unknown" },
  };
}

const everything: Logsource = { product: "zeek" };

/** SigmaHQ's names of Zeek's logs. */
const logsources: ReadonlyMap<string, readonly Logsource[]> = new Map(
  ["conn", "http", "ssl", "smb_files"].map((it) => [it, [{ product: "zeek", service: it }, everything]]),
);
