import { plainAddress } from "../networks.ts";
import { connectEvent, fileEvent, launchEvent, wordsOf, type HostRecord } from "./host-events.ts";
import { at, found, numberOf, readAs, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import {
  isRecord,
  parseJson,
  quote,
  skip,
  type Ingested,
  type Logsource,
  type Origin,
  type Raw,
  type Source,
} from "./source.ts";

export const sysmon: Source = {
  id: "sysmon",
  title: "Sysmon and Windows Security events (JSON)",
  cannotSee: [
    "Reads of files: Sysmon has no such event; Security 4663 has it, only for folders with an audit entry",
    "How many bytes leave, and what a browser sends",
    "Other spellings of a path: Windows ignores case and knows short names, the register does not",
    "Events of other channels, which are skipped and counted",
  ],
  requires: [
    "Sysmon with process creation (1), network connection (3), file creation (11) and deletion (23, 26) on machines with weights",
    "An audit entry (SACL) on the models' folder and the policy Audit File System, for event 4663",
    "Forwarding as JSON: Winlogbeat, Azure Monitor, NXLog, or evtx files turned to JSON",
  ],
  logsources: [
    { product: "windows", service: "sysmon" },
    { product: "windows", service: "security" },
  ],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
    ),
};

/** One event, whichever program wrote it down. */
interface WindowsEvent {
  readonly id: number;
  readonly host: string;
  readonly time: string;
  readonly record: string | undefined;
  readonly data: Raw;
  readonly provider: string;
}

function one(value: Raw, from: Origin): Ingested {
  const it = plain(value);
  if (typeof it === "string") return refuse(it);
  const rules = rulesOf.get(it.id);
  if (!rules) return skip("an event that says nothing of programs, files or connections");
  // Sysmon's own time has no zone and is UTC.
  const stamp = textOf(it.data, "UtcTime") ?? it.time;
  const time = timeOf(stamp) ?? timeOf(it.time);
  if (time === undefined) return refuse(`UtcTime: not a time: ${quote(stamp)}`);
  const raw = JSON.stringify(value);
  const process = textOf(it.data, "Image") ?? textOf(it.data, "ProcessName") ?? textOf(it.data, "NewProcessName");
  const user = textOf(it.data, "User") ?? accountOf(it.data);
  const event = eventOf(it, {
    // A record's number is its channel's; what Azure gives is a batch's id.
    id: idOf("windows", from.source, it.host, it.provider, it.record ?? raw, it.id, stamp),
    from,
    time,
    product: it.provider,
    uid: it.record,
    originalTime: stamp,
    raw,
    host: it.host,
    user: user === undefined || user === "-" ? undefined : user,
    exe: process,
    pid: numberOf(it.data, "ProcessId") ?? hexNumber(textOf(it.data, "NewProcessId") ?? textOf(it.data, "ProcessId")),
    detail: { event_id: it.id },
  });
  if (typeof event === "string") return refuse(event);
  const view = { ...it.data, EventID: it.id, Computer: it.host, Provider_Name: it.provider };
  return event === undefined ? skip("an access that read no data") : readAs(found(event, view), rules);
}

function accountOf(data: Raw): string | undefined {
  const name = textOf(data, "SubjectUserName");
  const domain = textOf(data, "SubjectDomainName");
  return name === undefined ? undefined : domain === undefined || domain === "-" ? name : `${domain}\\${name}`;
}

/** Security events write process ids in hexadecimal. */
function hexNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^0x[0-9a-f]{1,12}$/i.test(text) ? Number(text) : undefined;
}

/** Windows: ReadData, the first bit of an access mask (winnt.h, FILE_READ_DATA). */
const readData = 1n;

function eventOf(it: WindowsEvent, host: HostRecord): Parameters<typeof found>[0] | string | undefined {
  const { data } = it;
  const target = textOf(data, "TargetFilename") ?? textOf(data, "ObjectName");
  switch (it.id) {
    case 1:
    case 4688: {
      const line = textOf(data, "CommandLine") ?? host.exe ?? "";
      return launchEvent(host, wordsOf(line), line, textOf(data, "CurrentDirectory"));
    }
    case 3: {
      const address = textOf(data, "DestinationIp");
      if (address === undefined) return "DestinationIp: missing";
      const name = textOf(data, "DestinationHostname");
      const port = numberOf(data, "DestinationPort");
      return connectEvent(host, { address: plainAddress(address), port, name: name === "-" ? undefined : name });
    }
    case 4663: {
      const mask = textOf(data, "AccessMask") ?? "";
      if (!/^0x[0-9a-f]{1,16}$/i.test(mask) || (BigInt(mask) & readData) === 0n) return undefined;
      return target === undefined ? "ObjectName: missing" : fileEvent(host, "open", target);
    }
    default:
      return target === undefined
        ? "TargetFilename: missing"
        : fileEvent(host, it.id === 11 ? "write" : "delete", target);
  }
}

const sysmonLog: Logsource = { product: "windows", service: "sysmon" };
const security: Logsource = { product: "windows", service: "security" };
const starts: readonly Logsource[] = [{ product: "windows", category: "process_creation" }, sysmonLog];
const files: readonly Logsource[] = [{ product: "windows", category: "file_event" }, sysmonLog];
const deletions: readonly Logsource[] = [{ product: "windows", category: "file_delete" }, sysmonLog];

/** Which rules each event is for, by SigmaHQ's categories; what is not here is not read. */
const rulesOf: ReadonlyMap<number, readonly Logsource[]> = new Map<number, readonly Logsource[]>([
  [1, starts],
  [3, [{ product: "windows", category: "network_connection" }, sysmonLog]],
  [11, files],
  [23, deletions],
  [26, deletions],
  [4663, [security]],
  [4688, [{ product: "windows", category: "process_creation" }, security]],
]);

/** The event out of what carries it: evtx as JSON, Winlogbeat, Azure Monitor, or flat as NXLog writes it. Else what is missing. */
function plain(value: Raw): WindowsEvent | string {
  const event = isRecord(value.Event) ? value.Event : undefined;
  if (event) {
    const id = numberOf(event, "System", "EventID") ?? numberOf(event, "System", "EventID", "#text");
    const time =
      textOf(event, "System", "TimeCreated", "#attributes", "SystemTime") ??
      textOf(event, "System", "TimeCreated", "SystemTime");
    const provider = textOf(event, "System", "Provider", "#attributes", "Name");
    return whole(
      id,
      textOf(event, "System", "Computer"),
      time,
      textOf(event, "System", "EventRecordID"),
      event.EventData,
      provider,
    );
  }
  const beat = isRecord(value.winlog) ? value.winlog : undefined;
  if (beat) {
    return whole(
      numberOf(beat, "event_id"),
      textOf(beat, "computer_name"),
      textOf(value, "@timestamp"),
      textOf(beat, "record_id"),
      beat.event_data,
      textOf(beat, "provider_name"),
    );
  }
  const id = numberOf(value, "EventID");
  const host = textOf(value, "Computer") ?? textOf(value, "Hostname");
  const time = textOf(value, "TimeGenerated") ?? textOf(value, "EventTime") ?? textOf(value, "UtcTime");
  const data = value.EventData ?? value;
  return whole(
    id,
    host,
    time,
    textOf(value, "RecordNumber"),
    data,
    textOf(value, "Provider") ?? textOf(value, "SourceName"),
  );
}

function whole(
  id: number | undefined,
  host: string | undefined,
  time: string | undefined,
  record: string | undefined,
  data: unknown,
  provider = "Windows",
): WindowsEvent | string {
  if (id === undefined) return "EventID: missing";
  if (host === undefined) return "Computer: missing";
  const parsed = typeof data === "string" ? parseJson(data) : { value: data };
  const fields = "value" in parsed ? parsed.value : undefined;
  // Some writers keep the XML's `Data` elements, each with its name beside its text.
  const list = at(fields, "Data");
  const named = Array.isArray(list)
    ? Object.fromEntries(
        list.map((it): [string, unknown] => [
          textOf(it, "#attributes", "Name") ?? textOf(it, "@Name") ?? "",
          at(it, "#text"),
        ]),
      )
    : fields;
  return isRecord(named)
    ? { id, host, time: time ?? "", record, data: named, provider }
    : "EventData: expected an object, or JSON that is one";
}
