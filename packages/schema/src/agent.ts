// What an agent and its server say to each other, and how each is sure of the other.
import { z } from "zod";
import { activityRecord } from "./activity.ts";
import { watched } from "./grouping.ts";
import { scanReport } from "./scan.ts";

/** Most lines of activity in one report, and most bytes of a report, an agent's or a scan's: one of a large host fits. */
export const maxReportLines = 1000;
export const maxReportBytes = 64 * 1024 * 1024;

const time = z.int().nonnegative();
const short = z.string().max(256);
/** An Ed25519 public key: SubjectPublicKeyInfo in DER, base64. */
const publicKey = z.base64().length(60);

/** What an agent can see: `T0` looks at `/proc`, `T1` at every process and file there, `T2` is told by the kernel. */
export const agentTier = z.enum(["T0", "T1", "T2"]);

/** The facts of a host that its page shows. */
export const hostFacts = z.strictObject({
  name: short,
  system: short,
  kernel: short,
  arch: short,
  /** The agent's own version and user. */
  version: short,
  user: short,
});
export type HostFacts = z.infer<typeof hostFacts>;

export const enrolBody = z.strictObject({ token: z.string().min(16).max(128), publicKey, host: hostFacts });
export const enrolAnswer = z.strictObject({ agent: short, serverKey: publicKey });
export type EnrolAnswer = z.infer<typeof enrolAnswer>;

/** What an agent keeps of its enrolment, in a file for its owner alone. */
export const agentIdentity = z.strictObject({
  server: z.url({ protocol: /^https?$/ }),
  agent: short,
  /** Its own private key: PKCS #8 in PEM. */
  key: z.string(),
  serverKey: publicKey,
});

/** A list of facts that may be asked of a host: closed, read-only. */
export const factLists = [
  "processes",
  "connections",
  "weights",
  "mounts",
  "accounts",
  "gpus",
  "schedules",
  "system",
] as const;
const factList = z.enum(factLists);
export type FactList = z.infer<typeof factList>;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

/** Longest that connections are blocked, in minutes: a week. */
const maxBlockMinutes = 7 * 24 * 60;

/** Whose connections to outside are blocked. */
export const egressOf = z.discriminatedUnion("of", [
  z.strictObject({ of: z.literal("uid"), uid: z.int().min(1).max(4_294_967_294) }),
  /** A group of processes, as `/proc/PID/cgroup` names it. */
  z.strictObject({
    of: z.literal("cgroup"),
    path: z.string().regex(/^\/[\w.@:/-]{1,1000}$/, "expected a path of a cgroup"),
  }),
  z.strictObject({ of: z.literal("host") }),
]);
export type EgressOf = z.infer<typeof egressOf>;

/** An order that changes a host. An agent does it only if who started it said so. */
export const hostChange = z.discriminatedUnion("verb", [
  /** Moves a file that holds weights to where its readers do not come. */
  z.strictObject({ verb: z.literal("quarantine-file"), path: z.string().startsWith("/").max(4096), sha256 }),
  /** Holds a process, or ends it. `process` names it for good, as the fact `key` does; its program must be the one with this digest. */
  z.strictObject({
    verb: z.literal("stop-process"),
    process: z.string().regex(/^[1-9]\d{0,9}:\d{1,20}$/, "expected the fact key of a process"),
    program: sha256,
    how: z.enum(["hold", "end"]),
  }),
  /** Drops connections that processes of this host open, until it expires by itself. */
  z.strictObject({ verb: z.literal("block-egress"), whose: egressOf, minutes: z.int().min(1).max(maxBlockMinutes) }),
]);
export type HostChange = z.infer<typeof hostChange>;

/** What an agent may be asked to do. Nothing else exists: there is no shell. */
export const order = z.discriminatedUnion("verb", [
  z.strictObject({ verb: z.literal("scan"), roots: z.array(z.string().startsWith("/").max(4096)).max(100) }),
  z.strictObject({ verb: z.literal("stop-scan") }),
  z.strictObject({ verb: z.literal("collect"), lists: z.array(factList).min(1).max(factLists.length) }),
  ...hostChange.options,
  /** Takes an order back that changed the host. */
  z.strictObject({ verb: z.literal("undo"), order: short }),
]);
export type Order = z.infer<typeof order>;

/** Verbs that change a host. */
export const changingVerbs = ["quarantine-file", "stop-process", "block-egress"] as const;
export type ChangingVerb = (typeof changingVerbs)[number];

/** What an agent keeps of an order that changed its host: all that looking at it and taking it back needs. */
export const quarantined = z.strictObject({
  from: z.string(),
  to: z.string(),
  dev: z.number(),
  ino: z.number(),
  size: z.int(),
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
  modifiedAt: z.number(),
  sha256,
});
export type Quarantined = z.infer<typeof quarantined>;

export const stoppedProcess = z.strictObject({
  pid: z.int().positive(),
  key: z.string(),
  program: sha256,
  how: z.enum(["hold", "end"]),
});
export type StoppedProcess = z.infer<typeof stoppedProcess>;

export const blockedEgress = z.strictObject({
  table: z.string().regex(/^outweigh_[0-9a-f]{24}$/),
  whose: egressOf,
  minutes: z.int().positive(),
});
export type BlockedEgress = z.infer<typeof blockedEgress>;

/** How far a scan is. */
export const scanProgress = z.strictObject({
  phase: z.enum(["walking", "looking", "hashing"]),
  files: z.int().nonnegative(),
  candidates: z.int().nonnegative(),
  done: z.int().nonnegative(),
  startedAt: time,
});

/** An order as the server signs it: for one agent, once, until it expires. */
export const orderText = z.strictObject({ id: short, agent: short, issuedAt: time, expiresAt: time, order });
export type OrderText = z.infer<typeof orderText>;
/** `text` is the JSON of an `orderText`, exactly as signed. */
const signedOrder = z.strictObject({ text: z.string().max(512 * 1024), signature: z.string().max(128) });
export type SignedOrder = z.infer<typeof signedOrder>;

/** Facts as they were read, list by list; each list cut at its limit says so. */
export const facts = z.strictObject({
  at: time,
  lists: z.array(
    z.strictObject({
      list: factList,
      rows: z.array(z.record(z.string().max(64), z.union([z.string().max(8192), z.number(), z.boolean()]))).max(20_000),
      /** What could not be read, or was cut. */
      notSeen: z.array(z.string().max(500)).max(100),
    }),
  ),
});
export type Facts = z.infer<typeof facts>;

export const orderResult = z.strictObject({
  id: short,
  state: z.enum(["done", "failed", "refused"]),
  message: z.string().max(2000).optional(),
  scan: scanReport.optional(),
  facts: facts.optional(),
});
export type OrderResult = z.infer<typeof orderResult>;

export const agentHealth = z.strictObject({
  tier: agentTier,
  watchedFiles: z.int().nonnegative(),
  /** Lines that were dropped because the spool was full, since the agent started. */
  dropped: z.int().nonnegative(),
  /** Lines that wait to be sent. */
  waiting: z.int().nonnegative(),
  rssBytes: z.int().nonnegative(),
  /** What fails or is missed at the moment, each a sentence. */
  problems: z.array(z.string().max(500)).max(50),
  /** Of the scan that runs; absent: none does. */
  scan: scanProgress.optional(),
  /** Which changes of the host it does when it is asked. */
  may: z.array(z.enum(changingVerbs)).max(changingVerbs.length).optional(),
});
export type AgentHealth = z.infer<typeof agentHealth>;

/** A scan's result as the host's agent signed it: `report` is the JSON of a scan report, exactly as signed. */
const signedReport = z.strictObject({
  key: sha256,
  signature: z.string().regex(/^[0-9a-f]{128}$/, "expected 128 hexadecimal digits"),
  report: z.string().max(maxReportBytes),
});

export const agentReport = z.strictObject({
  sentAt: time,
  health: agentHealth,
  lines: z.array(activityRecord).max(maxReportLines),
  /** Of agents that did not sign it apart from the request. */
  scan: scanReport.optional(),
  signedScan: signedReport.optional(),
  results: z.array(orderResult).max(20),
});
export type AgentReport = z.infer<typeof agentReport>;

export const reportAnswer = z.strictObject({ orders: z.array(signedOrder).max(20) });
export type ReportAnswer = z.infer<typeof reportAnswer>;

/** The headers that carry who sends, the number of the request, and the signature of `signedText`. */
export const agentHeaders = {
  agent: "outweigh-agent",
  counter: "outweigh-counter",
  signature: "outweigh-signature",
} as const;

/**
 * What an agent signs of a request. A signature holds for one path, one body and one number, which only rises.
 *
 * @param bodyDigest SHA-256 of the body, in hexadecimal.
 */
export function signedText(path: string, counter: number, bodyDigest: string): string {
  return `outweigh agent request 1\n${path}\n${counter}\n${bodyDigest}`;
}

// What people see of hosts, and ask of them.

export const hostRow = z.object({
  id: z.string(),
  name: z.string(),
  system: z.string(),
  /** `waiting`: enrolled, has not reported yet; `silent`: what happens there is not known. */
  state: z.enum(["reporting", "waiting", "silent", "revoked"]),
  tier: agentTier.optional(),
  watchedFiles: z.int().optional(),
  dropped: z.int().optional(),
  enrolledAt: time,
  enrolledBy: z.string(),
  lastSeenAt: time.optional(),
  problems: z.array(z.string()),
  scan: scanProgress.optional(),
  may: z.array(z.enum(changingVerbs)).optional(),
  /** Watched after a confirmed theft. */
  watched: watched.optional(),
});
export type HostRow = z.infer<typeof hostRow>;

export const hostPage = z.object({ items: z.array(hostRow), total: z.int(), next: z.string().optional() });

const hostOrder = z.object({
  id: z.string(),
  order,
  by: z.string(),
  reason: z.string(),
  at: time,
  expiresAt: time,
  state: z.enum(["waiting", "done", "failed", "refused"]),
  doneAt: time.optional(),
  message: z.string().optional(),
  facts: facts.optional(),
  incident: z.string().optional(),
});
export type HostOrder = z.infer<typeof hostOrder>;

export const hostDetail = z.object({
  host: hostRow,
  facts: hostFacts,
  /** The source that its activity is read as. */
  source: z.string(),
  orders: z.array(hostOrder),
});
export type HostDetail = z.infer<typeof hostDetail>;

/** A token that enrols one host, once, until it expires. It is told here and never again. */
export const enrolment = z.object({ token: z.string(), expiresAt: time });
export type Enrolment = z.infer<typeof enrolment>;

const reason = z.string().trim().min(1).max(2000);
export const reasonBody = z.strictObject({ reason });
export const orderRequestBody = z.strictObject({ order, reason, incident: z.string().max(200).optional() });
