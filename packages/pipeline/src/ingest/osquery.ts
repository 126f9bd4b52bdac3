import { plainAddress } from "../networks.ts";
import { connectEvent, fileEvent, launchEvent, wordsOf, type HostRecord } from "./host-events.ts";
import { found, joined, numberOf, readAs, readJson, refuse, textOf } from "./json-records.ts";
import { idOf } from "./ocsf.ts";
import { isRecord, skip, type Ingested, type Logsource, type Origin, type Raw, type Source } from "./source.ts";

export const osquery: Source = {
  id: "osquery",
  title: "osquery results (process, file and socket events)",
  cannotSee: [
    "Reads of files, unless file access monitoring is on for the models' folder",
    "Anything between two runs of a query on tables that hold only the present",
    "Which user behind a service, and how many bytes",
    "Queries whose columns name no program, file or connection: they are skipped and counted",
  ],
  requires: [
    "Scheduled queries on process_events or es_process_events, file_events and socket_events, with events switched on",
    "`file_accesses` for the models' folder in file_paths, for reads",
    "Results as single events (`--logger_event_type=true`), to a file or an HTTP endpoint",
  ],
  logsources: [{ product: "osquery", service: "results" }],

  read: (record, from) =>
    readJson(
      record,
      (it) => (Array.isArray(it.data) ? it.data : undefined),
      (value) => one(value, from),
    ),
};

/** One row that was added, or each row of a snapshot. */
function one(value: Raw, from: Origin): Ingested {
  if (value.action === "removed") return skip("a row that went");
  const rows = Array.isArray(value.snapshot) ? value.snapshot.filter(isRecord) : [value.columns];
  if (rows.length === 0) return skip("a snapshot without rows");
  return joined(rows.map((it) => (isRecord(it) ? row(value, it, from) : refuse("columns: expected an object"))));
}

function row(value: Raw, columns: Raw, from: Origin): Ingested {
  const seconds = numberOf(columns, "time") ?? numberOf(value, "unixTime");
  if (seconds === undefined || seconds < 0 || seconds > 8.64e12) return refuse("unixTime: not a time");
  const host = textOf(value, "hostIdentifier") ?? textOf(value, "decorations", "hostname") ?? "unknown";
  const raw = JSON.stringify({ ...value, snapshot: undefined, columns });
  const uid = textOf(columns, "username") ?? textOf(columns, "uid");
  const it: HostRecord = {
    id: idOf("osquery", from.source, textOf(columns, "eid") ?? raw, host),
    from,
    time: Math.round(seconds * 1000),
    product: "osquery",
    uid: textOf(columns, "eid"),
    originalTime: String(seconds),
    raw,
    host,
    user: uid !== undefined && /^\d+$/.test(uid) ? `uid:${uid}` : uid,
    exe: textOf(columns, "path") ?? textOf(columns, "executable"),
    pid: numberOf(columns, "pid"),
    detail: { query: textOf(value, "name") ?? "unknown" },
  };
  const line = textOf(columns, "cmdline") ?? textOf(columns, "cmdline_args");
  const target = textOf(columns, "target_path");
  const address = textOf(columns, "remote_address");
  if (target !== undefined) {
    const operation = fileOperation(textOf(columns, "action") ?? "");
    const file = operation && fileEvent({ ...it, exe: textOf(columns, "executable") }, operation, target);
    return file ? readAs(found(file, columns), files) : skip("a change of a file's attributes");
  }
  if (line !== undefined) {
    return readAs(found(launchEvent(it, wordsOf(line, true), line, textOf(columns, "cwd")), columns), starts);
  }
  if (address !== undefined && address !== "") {
    const to = { address: plainAddress(address), port: numberOf(columns, "remote_port") };
    return readAs(found(connectEvent(it, to), columns), connections);
  }
  return skip("a query that says nothing of programs, files or connections");
}

/** The table's words: OPENED and ACCESSED are reads. */
function fileOperation(action: string): "open" | "write" | "rename" | "delete" | undefined {
  switch (action.toUpperCase()) {
    case "OPENED":
    case "ACCESSED":
      return "open";
    case "CREATED":
    case "UPDATED":
    case "MOVED_TO":
      return "write";
    case "MOVED_FROM":
      return "rename";
    case "DELETED":
      return "delete";
    default:
      return undefined;
  }
}

const results: Logsource = { product: "osquery", service: "results" };
const starts: readonly Logsource[] = [results, { category: "process_creation" }];
const files: readonly Logsource[] = [results, { category: "file_event" }];
const connections: readonly Logsource[] = [results, { category: "network_connection" }];
