import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { decodeOnce, looksLikeWeights } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { commandOf } from "./command.ts";
import { found, joined, problemOf, refuse } from "./json-records.ts";
import { withoutContents } from "./llm.ts";
import { volumesOf } from "./kubernetes-volumes.ts";
import { activity, essentials, idOf, timeOf } from "./ocsf.ts";
import {
  isShallow,
  maxDepth,
  parseJson,
  printJson,
  quote,
  skip,
  type Ingested,
  type Origin,
  type Raw,
  type Source,
} from "./source.ts";

/** Longest document we read, in UTF-16 units, and most events in one list: the webhook sends at most 400 at a time. */
const maxLength = 16 * 1024 * 1024;
const maxEvents = 10_000;
/** Most words of a command that runs in a pod. */
const maxWords = 1000;

/** One event of `audit.k8s.io`, as far as we use it. */
const auditEvent = z.looseObject({
  auditID: z.string().min(1).max(128).optional(),
  stage: z.string().max(64).optional(),
  verb: z.string().min(1).max(64),
  user: z.looseObject({ username: z.string().max(1024).optional() }).prefault({}),
  impersonatedUser: z.looseObject({ username: z.string().max(1024).optional() }).optional(),
  sourceIPs: z.array(z.string().max(256)).max(64).optional(),
  userAgent: z.string().optional(),
  objectRef: z
    .looseObject({
      resource: z.string().max(256).optional(),
      subresource: z.string().max(256).optional(),
      namespace: z.string().max(256).optional(),
      name: z.string().max(512).optional(),
    })
    .prefault({}),
  responseStatus: z.looseObject({ code: z.int().optional() }).optional(),
  requestURI: z.string().optional(),
  /** The object itself, at the level Request: of which pods and claims tell what they mount and copy. */
  requestObject: z.unknown().optional(),
  requestReceivedTimestamp: z.string().optional(),
  stageTimestamp: z.string().optional(),
});
type AuditEvent = z.infer<typeof auditEvent>;

const eventList = z.looseObject({ items: z.array(z.unknown()).max(maxEvents) });

export const kubernetesAudit: Source = {
  id: "kubernetes-audit",
  title: "Kubernetes audit log",
  cannotSee: [
    "What happens inside a pod after a command was started there, and what is typed into a shell",
    "Bytes that leave through exec, attach, cp or port-forward",
    "Requests that the cluster's audit policy leaves out, and calls to the kubelet that pass the API server by",
    "Which volumes a pod mounts, where the policy logs its creation at the level Metadata; what a secret holds, always",
    "Pods that controllers start: who changed the template is in another event",
  ],
  requires: [
    "An audit policy that logs pods/exec, pods/attach and secrets at level Metadata or above",
    "Level Request for the creation and change of pods, workloads, claims and volume snapshots",
    "No rule of level None before these, also for get: newer clients run commands by a get",
  ],
  logsources: [{ product: "kubernetes", service: "audit" }],

  read(record, from) {
    if (record.length > maxLength) return { ok: false, reason: `longer than ${maxLength} characters` };
    const parsed = parseJson(record);
    if ("reason" in parsed) return { ok: false, reason: parsed.reason };
    if (!isShallow(parsed.value)) return { ok: false, reason: `event: nested deeper than ${maxDepth}` };
    const list = eventList.safeParse(parsed.value);
    if (list.success && list.data.items.length === 0) return skip("a list without events");
    return joined((list.success ? list.data.items : [parsed.value]).map((it) => auditRecord(it, from)));
  },
};

/** One event of the audit log, in whatever envelope it came. */
export function auditRecord(it: unknown, from: Origin): Ingested {
  const read = auditEvent.safeParse(it);
  if (!read.success) return problemOf(read.error, "event");
  // A request is told once for each stage; a command that still runs has answered, but is not complete.
  const stage = read.data.stage ?? "ResponseComplete";
  if (stage === "RequestReceived") return skip("a request that was not answered yet");
  const when = read.data.requestReceivedTimestamp ?? read.data.stageTimestamp;
  const time = when === undefined ? from.receivedAt : timeOf(when);
  if (time === undefined) return refuse(`requestReceivedTimestamp: not a time: ${quote(when ?? "")}`);
  const { raw, text } = withoutSecrets(read.data);
  return found(toEvent(read.data, time, from, text), raw);
}

/** Fields of objects that hold secrets, or that repeat an object which does. */
const secret = new Set([
  "data",
  "stringData",
  "binaryData",
  "env",
  "token",
  "managedFields",
  "kubectl.kubernetes.io/last-applied-configuration",
]);

/** What is kept of a record: objects of requests and answers without secrets, everything else as it is. */
function withoutSecrets(it: AuditEvent): { raw: Raw; text: string } {
  const { requestObject, responseObject, ...rest } = it;
  const raw = {
    ...rest,
    ...(requestObject !== undefined && { requestObject: withoutContents(requestObject, secret) }),
    ...(responseObject !== undefined && { responseObject: withoutContents(responseObject, secret) }),
  };
  return { raw, text: printJson(raw) ?? "" };
}

function toEvent(it: AuditEvent, time: number, from: Origin, raw: string): OcsfEvent {
  const { resource = "", subresource, namespace, name } = it.objectRef;
  const address = it.sourceIPs?.[0] === undefined ? undefined : plainAddress(it.sourceIPs[0]);
  const user = it.user.username;
  const nobody = user === undefined || user === "" || user === "system:anonymous";
  const principal = nobody
    ? `anonymous@${address ?? "unknown"}`
    : user.startsWith("anonymous@")
      ? `user:${user}`
      : user;
  const code = it.responseStatus?.code;
  const runs = resource === "pods" && (subresource === "exec" || subresource === "attach");
  const words = runs ? commandWords(it.requestURI) : [];
  const used = subresource === undefined ? volumesOf(resource, it.verb, namespace ?? "", it.requestObject) : undefined;
  const operation = runs ? "exec" : (used?.operation ?? it.verb);
  return {
    ...essentials({
      // One request counts once, at whichever stage it is told first.
      id: idOf("k8s", from.source, ...requestOf(it, raw)),
      from,
      time,
      activity: runs ? activity.apiCreate : (activities.get(it.verb) ?? activity.apiOther),
      product: "Kubernetes",
      principal,
      uid: it.auditID,
      originalTime: it.requestReceivedTimestamp ?? it.stageTimestamp,
      raw,
    }),
    ...(code !== undefined && { status_id: code < 400 ? 1 : 2, status_code: String(code) }),
    operation,
    ...(used && { artifact: used.artifact }),
    ...(runs && namespace !== undefined && { artifact: `k8s:${namespace}` }),
    actor: { user: { name: user ?? principal } },
    src_endpoint: address === undefined ? { name: "unknown" } : { ip: address },
    api: { operation: it.verb, service: { name: "kubernetes" } },
    resources: [
      {
        type: [resource, subresource].filter(Boolean).join("/"),
        // A request for all of a kind names none.
        name: name || "*",
        ...(namespace && { namespace }),
      },
    ],
    ...(it.userAgent !== undefined && { http_request: { user_agent: it.userAgent } }),
    unmapped: {
      resource,
      ...(subresource !== undefined && { subresource }),
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
      ...(it.impersonatedUser?.username !== undefined && { impersonated: it.impersonatedUser.username }),
      ...(used && { inputs: used.inputs, ...(used.copiedTo !== undefined && { copied_to: used.copiedTo }) }),
      ...(words.length > 0 && { command: words.join(" "), sends_files: sendsFiles(words) }),
    },
  };
}

/**
 * What tells a request from others at all of its stages. The id alone does not: a client may send one of its own choice, and
 * a second request under the first one's id would not be counted.
 */
function requestOf({ auditID, verb, user, requestURI, requestReceivedTimestamp }: AuditEvent, raw: string) {
  return auditID === undefined ? [raw] : [auditID, verb, user.username, requestURI, requestReceivedTimestamp];
}

/** The words of the command, which stand in the address whatever the method. */
function commandWords(uri: string | undefined): string[] {
  const query = uri?.split("?", 2)[1] ?? "";
  return query
    .split("&", maxWords)
    .filter((it) => it.startsWith("command="))
    .map((it) => decodeOnce(it.slice("command=".length).replaceAll("+", " ")));
}

/** `kubectl cp` out of a pod runs `tar cf - path` there; a file that is printed leaves the same way. Into a pod it unpacks. */
function sendsFiles(words: readonly string[]): boolean {
  const [tool = ""] = words;
  const script = /(?:^|\/)(?:ba|da|z|a)?sh$/.test(tool) && words[1] === "-c" ? (words[2] ?? "").split(/\s+/) : words;
  const [program = "", ...rest] = script;
  const name = program.slice(program.lastIndexOf("/") + 1);
  if (name === "cat" || name === "base64" || name === "dd" || name === "xxd") return rest.some(looksLikeWeights);
  return name === "tar" && commandOf(script, undefined, undefined)?.kind === "archive";
}

const activities: ReadonlyMap<string, readonly [number, number]> = new Map<string, readonly [number, number]>([
  ["get", activity.apiRead],
  ["list", activity.apiRead],
  ["watch", activity.apiRead],
  ["create", activity.apiCreate],
  ["update", activity.apiUpdate],
  ["patch", activity.apiUpdate],
  ["delete", activity.apiDelete],
  ["deletecollection", activity.apiDelete],
]);
