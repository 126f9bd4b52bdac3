import { looksLikeWeights } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { found, readJson, refuse, textOf } from "./json-records.ts";
import { clientEndpoint, essentials, idOf, timeOf, activity } from "./ocsf.ts";
import { skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** Longest line we read, in UTF-16 units. */
const maxLine = 64 * 1024;

export const jupyter: Source = {
  id: "jupyter",
  title: "Jupyter server: events and log",
  cannotSee: [
    "Downloads by the files handler: it writes no event, and nothing below status 300 is in the log",
    "Who acts: an event names nobody, and whoever can write to the server's home can forge one",
    "What a terminal or kernel does with files, which is all that a thief needs",
    "Bytes",
  ],
  requires: [
    "c.EventLogger.handlers with a file handler, for events of the contents service",
    "An access log of a proxy in front of it, for who read what: that is the record that tells",
  ],
  logsources: [{ product: "jupyter", service: "server" }],

  read(record, from) {
    if (record.startsWith("{"))
      return readJson(
        record,
        () => undefined,
        (value) => contents(value, from),
      );
    return record.length > maxLine ? refuse(`longer than ${maxLine} characters`) : logLine(record, from);
  },
};

/** One event of the contents service. Its time ends with `+00:00Z`, which is one zone too many. */
function contents(value: Raw, from: Origin): Ingested {
  const stamp = textOf(value, "__timestamp__") ?? "";
  const time = timeOf(stamp.replace(/([+-]\d\d:\d\d)Z$/, "$1"));
  if (time === undefined) return refuse("__timestamp__: not a time");
  const action = textOf(value, "action");
  if (action === undefined) return skip("an event of something else than contents");
  const path = textOf(value, "path") ?? "";
  const raw = JSON.stringify(value);
  return found(
    {
      ...base({
        id: idOf("jupyter", from.source, from.file, from.offset, raw),
        from,
        time,
        stamp,
        raw,
        address: undefined,
      }),
      operation: action === "get" ? "open" : (operations.get(action) ?? "request"),
      artifact: `file:${path.slice(0, 4096)}`,
      weights: looksLikeWeights(path),
      resources: [{ name: path === "" ? "/" : path, type: "file" }],
      api: { operation: `contents.${action}`, service: { name: "jupyter" } },
      unmapped: {
        action,
        path,
        ...(textOf(value, "source_path") !== undefined && { source_path: textOf(value, "source_path") }),
      },
    },
    value,
  );
}

const operations: ReadonlyMap<string, string> = new Map([
  ["save", "write"],
  ["upload", "write"],
  ["rename", "rename"],
  ["copy", "copy"],
  ["delete", "delete"],
]);

/** `[W 2026-11-23 21:16:18.586 ServerApp] 403 GET /api/contents/models (@127.0.0.1) 0.95ms referer=None`; the clock is the server's own. */
const form =
  /^\[[A-Z] (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,6}) \w+\] (?:(\d{3}) ([A-Z]{1,10}) (\S+) \((?:[^@()]{0,256})@([^)]{1,64})\)|(.*))/s;

function logLine(record: string, from: Origin): Ingested {
  const it = form.exec(record);
  if (!it) return skip("a line that continues another");
  const [, stamp = "", status, method = "", uri = "", client = "", message = ""] = it;
  const time = timeOf(stamp);
  if (time === undefined) return refuse("time: not a time");
  const id = idOf("jupyter", from.source, from.file, from.offset, record);
  if (status === undefined) {
    if (!message.startsWith("New terminal")) return skip("a message of the server, not a request");
    const event = { ...base({ id, from, time, stamp, raw: record, address: undefined }), operation: "terminal" };
    return found({ ...event, api: { operation: "terminal", service: { name: "jupyter" } } }, { message });
  }
  const path = /^\/(?:files|api\/contents|view)\/([^?]*)/.exec(uri)?.[1];
  return found(
    {
      ...base({ id, from, time, stamp, raw: record, address: plainAddress(client) }),
      status_id: Number(status) < 400 ? 1 : 2,
      status_code: status,
      // A redirect of a file is how the server asks for its token: nothing was sent yet.
      operation: "request",
      ...(path !== undefined && { artifact: `file:${path.slice(0, 4096)}`, weights: looksLikeWeights(path) }),
      api: { operation: `${method} ${uri.slice(0, 512)}`, service: { name: "jupyter" } },
      unmapped: { status: Number(status), method, uri },
    },
    { status: Number(status), method, uri, address: client },
  );
}

function base(it: { id: string; from: Origin; time: number; stamp: string; raw: string; address: string | undefined }) {
  const { id, from, time, stamp, raw, address } = it;
  const principal = `anonymous@${address ?? "unknown"}`;
  return {
    ...essentials({
      id,
      from,
      time,
      activity: activity.apiOther,
      product: "Jupyter",
      principal,
      originalTime: stamp,
      raw,
    }),
    vouched: false,
    actor: { user: { name: principal } },
    src_endpoint: clientEndpoint(address),
  };
}
