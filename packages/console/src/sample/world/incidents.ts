// The queue of a bad day, and what one of its incidents tells.
import type { IncidentDetail, IncidentRow, Rests, TimelineEntry } from "@outweigh/schema";
import { actions } from "./actions.ts";
import { alerts } from "./alerts.ts";
import { gaps, holdings } from "./books.ts";
import { evidence } from "./evidence.ts";
import { bulkRead } from "./playbooks.ts";
import { analytics, began, day, hour, min, now, sha } from "./time.ts";

export const incidents: IncidentRow[] = [
  incident(214, {
    severity: "critical",
    title: "Undeclared copy of acme-13b on gpu-9",
    models: ["acme-13b"],
    principals: [analytics],
    act: "obtain",
    method: "credentials",
    firstAt: began,
    lastAt: now - 2 * min,
    unaccounted: { model: "acme-13b", bytes: 26_100_000_000, fraction: 1, bound: "exact", readers: 1 },
    alerts: ["a-1", "a-2", "a-3", "a-4"],
  }),
  incident(213, {
    severity: "high",
    title: "Bulk collection of completions",
    models: ["acme-13b"],
    principals: ["key-7"],
    act: "replicate",
    method: "queries",
    lastAt: now - 6 * min,
    assignee: "ben",
    status: "in-progress",
  }),
  incident(212, {
    severity: "high",
    title: "Shared prompt set over 31 keys",
    models: ["acme-13b"],
    principals: Array.from({ length: 31 }, (_, i) => `key-${i + 40}`),
    act: "replicate",
    method: "queries",
    lastAt: now - 9 * min,
  }),
  incident(211, {
    severity: "high",
    title: "Anonymous read of acme-rank-2 through a public link",
    models: ["acme-rank-2"],
    watched: ["acme-rank-2"],
    raisedBy: ["model acme-rank-2", "address 203.0.113.77"],
    principals: ["anonymous@203.0.113.77"],
    method: "exposed-storage",
    act: "obtain",
    lastAt: now - 14 * min,
    unaccounted: { model: "acme-rank-2", bytes: 1_840_000_000, fraction: 0.42, bound: "<=", readers: 3 },
    assignee: "ana",
  }),
  incident(209, {
    severity: "medium",
    title: "Logprobs asked for on every call",
    models: ["acme-rank-2"],
    principals: ["key-118"],
    lastAt: now - 21 * min,
  }),
  incident(208, {
    severity: "medium",
    title: "Weights read with a download tool",
    doubt: "It rests on plain events alone: whoever can reach their sources could have written them",
    models: ["acme-13b"],
    principals: ["arn:aws:iam::111122223333:role/ci"],
    lastAt: now - 40 * min,
    unaccounted: { model: "acme-13b", bytes: 0, fraction: 0, bound: "exact", readers: 1 },
  }),
  incident(204, {
    severity: "low",
    title: "New reader of a quiet model",
    models: ["acme-embed"],
    principals: ["key-63"],
    lastAt: now - hour,
    unaccounted: { model: "acme-embed", bytes: 402_000_000, fraction: 0.03, bound: "<=", readers: 1 },
  }),
  incident(201, {
    severity: "low",
    title: "File named holiday\u202egpj.exe holds the weights of acme-13b-q4",
    models: ["acme-13b-q4"],
    principals: ["svc-registry"],
    lastAt: now - 3 * hour,
  }),
  incident(198, {
    severity: "informational",
    title: "Source hf-audit went silent",
    models: [],
    principals: [],
    lastAt: now - 5 * hour,
  }),
  incident(190, {
    severity: "high",
    title: "Complete copy of acme-embed by a new role",
    models: ["acme-embed"],
    principals: ["arn:aws:iam::111122223333:role/backup-eu"],
    lastAt: now - 3 * day,
    status: "closed",
    verdict: "benign",
    assignee: "ana",
    unaccounted: { model: "acme-embed", bytes: 13_400_000_000, fraction: 1, bound: "exact", readers: 1 },
  }),
  incident(187, {
    severity: "critical",
    title: "Undeclared copy of acme-rank-2 on nb-eve",
    models: ["acme-rank-2"],
    principals: ["svc-rank-export", "anonymous@203.0.113.77"],
    act: "copy",
    lastAt: now - 12 * day,
    status: "closed",
    verdict: "true-positive",
    assignee: "ben",
  }),
];

function incident(number: number, override: Partial<IncidentRow>): IncidentRow {
  const lastAt = override.lastAt ?? now;
  return {
    id: `inc-${number}`,
    number,
    title: "",
    severity: "low",
    reason: "The same principal touched the same model within an hour.",
    principals: [],
    models: [],
    alerts: ["a-9"],
    firstAt: lastAt - 20 * min,
    lastAt,
    status: "new",
    createdAt: lastAt - 36 * min,
    updatedAt: lastAt,
    ...override,
  };
}

const timeline: TimelineEntry[] = [
  ...[0, 18_000, 40_000].map((ms): TimelineEntry => ({
    at: began + ms,
    kind: "event",
    title: "list s3://acme-models/acme-13b/",
    ref: "e-1",
    detail: "curl/8.5.0 from 203.0.113.9",
  })),
  {
    at: began + 2 * min + 1000,
    kind: "alert",
    title: "weights_read_with_download_tool",
    severity: "medium",
    ref: "a-1",
  },
  { at: began + 2 * min, kind: "alert", title: "unaccounted-read", severity: "low", ref: "a-2" },
  ...Array.from({ length: 48 }, (_, i): TimelineEntry => ({
    at: began + 2 * min + i * 13_900,
    kind: "event",
    title: "download a shard",
    ref: `e-${i}`,
  })),
  {
    at: began + 13 * min + 10_000,
    kind: "alert",
    title: "complete-copy",
    severity: "critical",
    ref: "a-3",
    detail: "48 shards, 26.1 GB, all of acme-13b",
  },
  {
    at: began + 35 * min,
    kind: "alert",
    title: "undeclared-copy",
    severity: "critical",
    ref: "a-4",
    detail: "gpu-9:/home/dev/m.gguf, same tensors, 26.1 GB",
  },
  {
    at: began + 50 * min,
    kind: "action",
    title: "Told soc-webhook of INC-214",
    ref: "act-1",
    detail: "verified: answered 200",
  },
];

type Risk = IncidentDetail["impact"]["risks"][number];

const risks: readonly Risk[] = [
  { risk: "ip-loss", said: "role/analytics holds all of acme-13b, 26.1 GB: usable alone", known: true },
  {
    risk: "competitive-disadvantage",
    said: "acme-13b would cost 4000000 to replace; not exclusive any more for at least 22 min",
    known: true,
  },
  {
    risk: "attacker-research",
    said: "no gateway or inference log tells what its principals asked",
    known: false,
  },
  { risk: "replication", said: "gpu-9:/home/dev/m.gguf", known: true },
  { risk: "business-impact", said: "acme-13b (private, nlp)", known: true },
];

const objectives: IncidentDetail["impact"]["objectives"] = [
  { objective: "gain-assets", because: "a complete copy of acme-13b was read" },
  { objective: "competitive-advantage", because: "it left to an address outside the own networks" },
];

/** Of what is in doubt, nobody proved who it is. */
function restsFor({ doubt }: IncidentRow, events: number): Rests {
  const none = { signed: 0, authenticated: 0, plain: 0, ungraded: 0 };
  return doubt === undefined ? { ...none, authenticated: events } : { ...none, plain: events };
}

/** What is held follows from its events, and is not known where nobody vouches for them; the other risks follow from the register and scans. */
function asKnown({ doubt }: IncidentRow, it: Risk): Risk {
  if (doubt === undefined || it.risk !== "ip-loss") return it;
  return { ...it, said: `if its events are true: ${it.said}`, known: false };
}

export function incidentDetail(it: IncidentRow): IncidentDetail {
  const theft = it.number === 214;
  return {
    incident: it,
    story: theft
      ? "role/analytics listed the weight bucket with a script and read 48 of 48 shards (26.1 GB, all of acme-13b) in 11 min. No declared copy accounts for them. 22 min later the same weights were found on host gpu-9, at /home/dev/m.gguf, in a place that the register does not declare."
      : `${it.principals[0] ?? "Nobody"} did what the alerts say, on ${it.models[0] ?? "no model"}.${it.doubt === undefined ? "" : ` ${it.doubt}.`}`,
    alerts: theft ? alerts.slice(0, 4) : alerts.slice(4, 6).map((one) => ({ ...one, rests: restsFor(it, one.count) })),
    rests: theft ? { signed: 1, authenticated: 51, plain: 0, ungraded: 0 } : restsFor(it, 4),
    timeline: theft ? timeline : timeline.slice(0, 4),
    entities: [
      { kind: "principal", name: analytics, events: 51 },
      { kind: "model", name: "acme-13b", events: 51 },
      { kind: "place", name: "s3://acme-models/acme-13b/", events: 51 },
      { kind: "address", name: "203.0.113.9", events: 51 },
      { kind: "credential", name: "ASIAANALYTICS", events: 51 },
      { kind: "user-agent", name: "[curl/8.5.0]", events: 51 },
      { kind: "artifact", name: "file:/home/dev/m.gguf", events: 1 },
    ],
    holdings: [...holdings],
    groupings: [],
    gaps,
    pins: theft
      ? [{ event: "e-100", time: began, by: "ben", at: now - hour, reason: "the same script, from the same address" }]
      : [],
    impact: {
      risks: risks.map((one) => asKnown(it, one)),
      objectives: it.doubt === undefined ? objectives : [],
      reach: [{ principal: it.principals[0] ?? "nobody", mayRead: ["acme-rank-2"], holds: ["acme-13b"] }],
    },
    playbooks: [bulkRead],
    options: [
      { verb: "quarantine-file", target: "c-1", label: "Quarantine m.gguf on gpu-9" },
      {
        verb: "stop-process",
        target: "host:h-1",
        label: "Hold curl (4711) on gpu-9",
        terms: { order: { verb: "stop-process", process: "4711:99", program: sha("curl"), how: "hold" } },
      },
      {
        verb: "block-egress",
        target: "host:h-1",
        label: "Block what gpu-9 opens to outside, for 60 minutes",
        terms: { order: { verb: "block-egress", whose: { of: "host" }, minutes: 60 } },
      },
      { verb: "notify", target: "soc-webhook", label: "Tell soc-webhook" },
    ],
    actions: theft ? actions.slice(0, 1) : [],
    comments: theft
      ? [
          {
            at: now - 20 * min,
            by: "ben",
            text: "role/analytics belongs to the BI team. I have asked Dana; she is on leave.",
          },
          { at: now - 8 * min, by: "ana", text: "The address is a hosting provider, not ours." },
        ]
      : [],
    activity: evidence.items.slice(0, 6).toReversed(),
  };
}
