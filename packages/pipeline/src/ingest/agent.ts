import { activityRecord, type ActivityRecord, type OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { looksLikeWeights } from "../artifact.ts";
import { isDisguised } from "./command.ts";
import { activity, essentials, fileObject } from "./ocsf.ts";
import { parseJson, skip, type Ingested, type Source } from "./source.ts";

/** Longest line we read, in UTF-16 units: a process with all its parents and the longest paths fits. */
const maxLineLength = 256 * 1024;

/** What the server says of a request it refused in an agent's name. */
const refused = z.strictObject({
  refused: z.literal(1),
  id: z.string().max(200),
  host: z.string().max(256),
  agent: z.string().max(256),
  time: z.int().nonnegative(),
  why: z.string().max(500),
});

/** A sign of life: nothing happened, and the host is seen. */
const alive = z.strictObject({
  alive: z.literal(1),
  id: z.string().max(200),
  host: z.string().max(256),
  time: z.int().nonnegative(),
  tier: z.string().max(8),
});

export const agent: Source = {
  id: "agent",
  title: "Agent on a host",
  cannotSee: [
    "Weights that no scan of this host has found, and files that do not come from found ones",
    "How many bytes were read, and without the helper how many were sent: what is told is the most that it can have been",
    "With the helper, bytes over UDP, over a connection that ended within a moment, and of containers with a network of their own",
    "On tiers T0 and T1, programs that start and end between two looks, a quarter of a second apart",
    "On tier T2, the path of a program that ended at once, and pipes and connections shorter than a look",
    "On tier T0, the files and connections of other users' processes",
    "Reads through a mapping that was made before the agent started, and through a hard link under another file system",
    "Disks behind iSCSI, NVMe over fabrics and the like, which look as if they were in the host; what is done with a disk elsewhere",
    "Weights that leave as an answer to a connection from outside, as a serving program's answers do",
    "Whatever root does to the agent; its silence is seen",
  ],
  requires: ["outweigh agent run on the host; for tier T2 its helper, with the right CAP_SYS_ADMIN at its start"],
  logsources: [
    { product: "outweigh", service: "agent" },
    { product: "linux", category: "file_access" },
  ],

  read(record, from) {
    if (record.length > maxLineLength) return { ok: false, reason: `longer than ${maxLineLength} characters` };
    const parsed = parseJson(record);
    if ("reason" in parsed) return { ok: false, reason: parsed.reason };
    const line = z.union([activityRecord, refused, alive]).safeParse(parsed.value);
    if (!line.success) {
      const [issue] = line.error.issues;
      return { ok: false, reason: `${issue?.path.join(".") || "line"}: ${issue?.message ?? "not a line of an agent"}` };
    }
    if ("alive" in line.data) return skip("a sign of life");
    const event =
      "activity" in line.data ? toEvent(line.data, from.source, record) : toRefusal(line.data, from.source, record);
    return { ok: true, events: [event], raw: [{ ...line.data }] } satisfies Ingested;
  },
};

/** What was done, in OCSF's and in our words. */
const as = {
  open: { activity: activity.fileSystemOpen, operation: "open" },
  write: { activity: activity.fileSystemCreate, operation: "write" },
  rename: { activity: activity.fileSystemRename, operation: "rename" },
  send: { activity: activity.traffic, operation: "send" },
} as const;

function toEvent(line: ActivityRecord, source: string, record: string): OcsfEvent {
  const { host, time, what, process: by, file, renamedTo, atMost, sent, peer, onto } = line;
  const who = by.login ?? by.user ?? (by.uid === undefined ? "unknown" : `uid:${by.uid}`);
  // What was made from weights is booked under their name: the register knows that one.
  const weights = file.madeFrom ?? file.path;
  const to = what === "write" ? file.path : renamedTo;
  // Whoever mounts for himself alone may call any disk what a declared place is called: what the host has nowhere is declared nowhere.
  const declarable = onto ? onto.path : to;
  const disguised =
    to !== undefined &&
    isDisguised({
      kind: "copy",
      tool: what,
      inputs: [looksLikeWeights(weights) ? weights : "w.safetensors"],
      outputs: [to],
    });
  return {
    ...essentials({
      id: `agent:${line.id}`,
      from: { source, offset: 0 },
      time,
      activity: as[what].activity,
      product: "Outweigh agent",
      principal: `${who}@${host}`,
      raw: record,
    }),
    status_id: 1,
    operation: as[what].operation,
    artifact: `file:${weights}`,
    weights: true,
    actor: {
      user: { ...(by.user !== undefined && { name: by.user }), uid: String(by.uid ?? "unknown") },
      process: {
        pid: by.pid,
        name: by.name,
        cmd_line: by.command.join(" "),
        ...(by.exe !== undefined && { file: fileObject(by.exe) }),
        ...(by.startedAt !== undefined && { created_time: by.startedAt }),
        ...(by.container !== undefined && {
          container: { uid: by.container, ...(by.pod && { pod_uuid: by.pod.uid }) },
        }),
        ancestry: by.parents.map(({ pid, name }) => ({ pid, cmd_line: name })),
      },
    },
    device: { hostname: host, type_id: 0 },
    file: fileObject(file.path, { size: file.bytes }),
    ...(renamedTo !== undefined && { file_result: fileObject(renamedTo) }),
    ...(peer && { dst_endpoint: { ip: peer.address, port: peer.port } }),
    unmapped: {
      sensor: line.sensor,
      person: by.login !== undefined,
      ...(by.pod && { pod: podText(by.pod) }),
      ...(by.exe !== undefined && { exe: by.exe }),
      ...(file.madeFrom !== undefined && { made_from: `file:${file.madeFrom}` }),
      ...(atMost !== undefined && { at_most: atMost }),
      ...(sent !== undefined && { sent }),
      ...(to !== undefined && { tool_kind: "copy", outputs: [`file:${to}`], disguised }),
      ...(declarable !== undefined && { copied_to: `file:${declarable}` }),
      ...(onto && { onto: { mount: onto.mount, kind: onto.kind, type: onto.type, source: onto.source } }),
    },
  };
}

/** `ml/serve-0`; its UID where the host does not say what it is called. */
function podText({ uid, namespace, name }: NonNullable<ActivityRecord["process"]["pod"]>): string {
  return namespace === undefined || name === undefined ? uid : `${namespace}/${name}`;
}

/** Somebody used an agent's name without being it, or the agent was copied or set back. */
function toRefusal(line: z.infer<typeof refused>, source: string, record: string): OcsfEvent {
  return {
    ...essentials({
      id: `agent:${line.id}`,
      from: { source, offset: 0 },
      time: line.time,
      activity: activity.apiOther,
      product: "Outweigh",
      principal: `agent:${line.host}`,
      raw: record,
    }),
    status_id: 2,
    operation: "refuse",
    api: { operation: "report" },
    actor: { app_name: "outweigh agent" },
    device: { hostname: line.host, type_id: 0 },
    src_endpoint: { hostname: line.host },
    unmapped: { agent: line.agent, why: line.why },
  };
}
