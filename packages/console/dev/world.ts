// A made-up organisation on a bad day: what the fixture server answers. Shapes are checked against the schema on start.
import { createHash } from "node:crypto";
import type {
  ActionRow,
  AlertDetail,
  AlertRow,
  CopyRow,
  EvidencePage,
  IncidentDetail,
  IncidentRow,
  ModelDetail,
  ModelRow,
  OcsfEvent,
  Overview,
  PlaybookText,
  RuleRow,
  Session,
  SourceHealth,
  TimelineEntry,
} from "@outweigh/schema";

const min = 60_000;
const hour = 60 * min;
const day = 24 * hour;

/** The moment at which the made-up day is looked at. */
export const now = Date.now();
const began = now - 62 * min;

const sha = (text: string) => createHash("sha256").update(text).digest("hex");
const analytics = "arn:aws:iam::111122223333:role/analytics";

export const session: Session = { user: { id: "u1", name: "ana", role: "admin" }, version: "0.1.0" };

const bulkRead: PlaybookText = {
  id: "weights-read",
  title: "Weights were read by somebody who may not",
  sections: [
    {
      heading: "What it means",
      text: "A principal that the register does not allow has read so much of a model that it may hold all of it. The bytes are gone from custody until a declared copy accounts for them.",
    },
    {
      heading: "Theft or work",
      text: "Ask who owns the principal. Work looks like this too:\n\n- a new deployment that nobody registered\n- a backup job with a borrowed role\n- a migration between buckets",
    },
    {
      heading: "What to do",
      text: "1. Revoke the key of the principal, or narrow its role to nothing.\n2. Quarantine the file if a scan found it.\n3. Ask who owns the host, *before* you close.\n4. If it was work, declare the place in `outweigh.yml` and run `outweigh check`.",
    },
    {
      heading: "What it does not see",
      text: "Reads that bypass the bucket: a snapshot, a mounted volume, a memory dump.",
    },
  ],
};

const exposure: PlaybookText = {
  id: "exposed-storage",
  title: "Storage was opened to others",
  sections: [
    {
      heading: "What it means",
      text: "A bucket or a file that holds weights can be read by more than its register says.",
    },
    { heading: "Theft or work", text: "Look for a change ticket at the same minute." },
    { heading: "What to do", text: "1. Close it: take the grant back.\n2. List who read meanwhile." },
    { heading: "What it does not see", text: "Reads over a signed address after the grant was taken back." },
  ],
};

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
    title: "Weights listed by a scripted client",
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

export const alerts: AlertRow[] = [
  alert("a-1", {
    rule: "weights_listed_by_script",
    title: "Weights listed by a scripted client",
    summary: "role/analytics listed s3://acme-models/acme-13b/ 3 times with aws-cli within 40 s.",
    severity: "medium",
    firstAt: began,
    lastAt: began + 40_000,
    count: 3,
    matched: [
      { field: "api.operation", value: "ListObjectsV2" },
      { field: "http_request.user_agent", value: "[aws-cli/2.15.0 Python/3.11]" },
      { field: "src_endpoint.ip", value: "203.0.113.9" },
    ],
    techniques: ["AML.T0007", "T1619"],
  }),
  alert("a-2", {
    rule: "first_read_by_new_principal",
    title: "First read by a principal that never read this model",
    summary: "role/analytics read acme-13b for the first time in 90 days of events.",
    severity: "low",
    firstAt: began + 2 * min,
    lastAt: began + 2 * min,
    matched: [{ field: "principal", value: analytics }],
    techniques: ["AML.T0035", "T1530"],
  }),
  alert("a-3", {
    rule: "unaccounted-read",
    title: "Complete copy that no declared copy accounts for",
    summary:
      "role/analytics read 48 of 48 shards (26.1 GB, all of acme-13b) in 11 min. No declared copy accounts for them.",
    severity: "critical",
    firstAt: began + 2 * min,
    lastAt: began + 13 * min,
    count: 48,
    techniques: ["AML.T0025", "T1567.002"],
  }),
  alert("a-4", {
    rule: "undeclared-copy",
    title: "Undeclared copy found by a scan",
    summary: "gpu-9:/home/dev/m.gguf holds the weights of acme-13b. No place of the register covers it.",
    severity: "critical",
    firstAt: began + 35 * min,
    lastAt: began + 35 * min,
    matched: [
      { field: "artifact", value: "file:/home/dev/m.gguf" },
      { field: "verdict.relation", value: "same-tensors" },
    ],
    techniques: ["AML.T0048.004"],
  }),
  ...Array.from({ length: 37 }, (_, i) =>
    alert(`a-${i + 9}`, {
      rule:
        ["token_used_from_new_network", "range_reads_by_tool", "bucket_opened_to_public", "bulk-read"][i % 4] ?? "x",
      title:
        [
          "Token used from a new network",
          "Ranged reads with a tool where an SDK is usual",
          "Bucket opened to the public",
          "Bulk read",
        ][i % 4] ?? "",
      summary: "It was seen more often than the rule allows.",
      severity: (["informational", "low", "low", "medium", "high"] as const)[i % 5] ?? "low",
      principal: i % 3 === 0 ? `key-${i + 60}` : `arn:aws:iam::111122223333:role/${["ci", "serve", "batch"][i % 3]}`,
      model: ["acme-13b", "acme-rank-2", "acme-embed"][i % 3],
      firstAt: now - (i + 2) * 31 * min,
      lastAt: now - (i + 1) * 29 * min,
      count: (i * 37) % 900 || 1,
      ...(i % 2 === 0 && { incident: "inc-213", incidentNumber: 213 }),
    }),
  ),
];

function alert(id: string, override: Partial<AlertRow>): AlertRow {
  return {
    id,
    rule: "rule",
    title: "",
    summary: "",
    severity: "low",
    firstAt: now,
    lastAt: now,
    principal: analytics,
    model: "acme-13b",
    act: "obtain",
    method: "credentials",
    events: ["e-1", "e-2", "e-3"],
    count: 1,
    matched: [],
    techniques: [],
    playbook: "weights-read",
    ...(/^a-[1-4]$/.test(id) && { incident: "inc-214", incidentNumber: 214 }),
    ...override,
  };
}

/** One read of a shard, as CloudTrail would have recorded it. */
function read(i: number, at: number, role: string, shard: number): OcsfEvent {
  const key = `acme-13b/model-${String(shard).padStart(5, "0")}-of-00048.safetensors`;
  const outside = role === "analytics";
  return {
    id: `e-${i}`,
    source: "cloudtrail",
    time: at,
    class_uid: 6005,
    category_uid: 6,
    activity_id: 1,
    type_uid: 600_501,
    severity_id: 1,
    status_id: i % 41 === 40 ? 2 : 1,
    metadata: { version: "1.8.0", product: { name: "CloudTrail", vendor_name: "AWS" } },
    principal: `arn:aws:iam::111122223333:role/${role}`,
    credential: `ASIA${role.toUpperCase()}`,
    model: "acme-13b",
    place: "s3://acme-models/acme-13b/",
    part: key.slice(9),
    artifact: `s3://acme-models/${key}`,
    operation: "download",
    weights: true,
    vouched: true,
    bytes: 543_750_000,
    src_external: outside,
    src_endpoint: { ip: outside ? "203.0.113.9" : `10.0.3.${(i % 200) + 2}` },
    http_request: { user_agent: outside ? "[aws-cli/2.15.0 Python/3.11]" : "aws-sdk-go-v2/1.30" },
    api: { operation: "GetObject", service: { name: "s3.amazonaws.com" } },
    raw_data: JSON.stringify({
      eventVersion: "1.11",
      eventName: "GetObject",
      userIdentity: { type: "AssumedRole", arn: `arn:aws:sts::111122223333:assumed-role/${role}/${role}-session` },
      sourceIPAddress: outside ? "203.0.113.9" : "10.0.3.4",
      requestParameters: { bucketName: "acme-models", key },
      additionalEventData: { bytesTransferredOut: 543_750_000 },
    }),
  };
}

/** The thief's reads and the serving role's: as many events as a list must bear. */
export const events: OcsfEvent[] = Array.from({ length: 10_000 }, (_, i) =>
  i < 48 ? read(i, began + 2 * min + i * 13_900, "analytics", i + 1) : read(i, now - i * 8000, "serve", (i % 48) + 1),
).sort((a, b) => b.time - a.time);

const timeline: TimelineEntry[] = [
  ...[0, 18_000, 40_000].map((ms): TimelineEntry => ({
    at: began + ms,
    kind: "event",
    title: "list s3://acme-models/acme-13b/",
    ref: "e-1",
    detail: "aws-cli/2.15.0 from 203.0.113.9",
  })),
  { at: began + 41_000, kind: "alert", title: "weights_listed_by_script", severity: "medium", ref: "a-1" },
  { at: began + 2 * min, kind: "alert", title: "first_read_by_new_principal", severity: "low", ref: "a-2" },
  ...Array.from({ length: 48 }, (_, i): TimelineEntry => ({
    at: began + 2 * min + i * 13_900,
    kind: "event",
    title: "download a shard",
    ref: `e-${i}`,
  })),
  {
    at: began + 13 * min + 10_000,
    kind: "alert",
    title: "unaccounted-read",
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

const holdings = [
  {
    model: "acme-13b",
    principal: analytics,
    bytes: 26_100_000_000,
    fraction: 1,
    bound: "exact",
    declared: false,
    complete: true,
  },
  {
    model: "acme-13b",
    principal: "arn:aws:iam::111122223333:role/ci",
    bytes: 3_100_000_000,
    fraction: 0.119,
    bound: "<=",
    declared: false,
    complete: false,
  },
  {
    model: "acme-13b",
    principal: "arn:aws:iam::111122223333:role/serve",
    bytes: 26_100_000_000,
    fraction: 1,
    bound: "exact",
    declared: true,
    complete: true,
  },
  {
    model: "acme-13b",
    principal: "arn:aws:iam::111122223333:role/eval",
    bytes: 12_000_000_000,
    fraction: 0.46,
    bound: "<=",
    declared: true,
    complete: false,
  },
] as const;

const gaps = [
  { source: "hf-audit", from: began + 16 * min, to: began + 31 * min, reason: "nothing for 15 min, it says 5 at most" },
];

export const rules: RuleRow[] = [
  rule("unaccounted-read", "detector", "Complete copy that no declared copy accounts for", "critical", 3, [
    "Reads that a source does not log, such as a snapshot of a volume",
    "A copy inside a declared place by a declared reader",
  ]),
  rule("undeclared-copy", "detector", "Undeclared copy found by a scan", "critical", 1, ["Hosts without an agent"]),
  rule("bulk-read", "detector", "Bulk read", "high", 10, ["A thief who stays below the limit for a day"]),
  rule("weights_listed_by_script", "sigma", "Weights listed by a scripted client", "medium", 12, [
    "A client that lies about its user agent",
  ]),
  rule("first_read_by_new_principal", "sigma", "First read by a principal that never read this model", "low", 4, []),
  rule("token_used_from_new_network", "sigma", "Token used from a new network", "low", 10, [
    "A thief behind the same proxy",
  ]),
  rule("range_reads_by_tool", "sigma", "Ranged reads with a tool where an SDK is usual", "low", 9, []),
  rule("bucket_opened_to_public", "sigma", "Bucket opened to the public", "high", 9, [
    "Grants by another account's policy",
  ]),
  rule("source-silent", "detector", "A source went silent", "informational", 1, []),
];

function rule(
  id: string,
  kind: RuleRow["kind"],
  title: string,
  level: RuleRow["level"],
  n: number,
  blindspots: string[],
): RuleRow {
  return {
    id,
    kind,
    title,
    level,
    status: n > 9 ? "stable" : "experimental",
    techniques: ["AML.T0025", "T1530"],
    blindspots,
    playbook: "weights-read",
    alerts: n,
    lastAlertAt: now - n * 7 * min,
  };
}

export const sources: SourceHealth[] = [
  source("cloudtrail", "cloudtrail", "sending", 1_104_220, [
    "Reads inside the instance's own VPC endpoint without data events",
    "Bytes of a ranged read: only how many, not which",
  ]),
  source("registry", "http-access", "sending", 84_112, ["Who is behind a shared token"]),
  source("mlflow", "http-access", "sending", 11_004, ["Downloads straight from the artifact store"]),
  {
    ...source("hf-audit", "http-access", "silent", 412, ["Downloads: this log has none"]),
    lastSeenAt: now - 3 * hour,
    gaps: [{ source: "hf-audit", from: now - 3 * hour, reason: "nothing for 3 h, it says 15 min at most" }, ...gaps],
  },
  {
    ...source("scan", "scan", "sending", 3, ["Files that this user cannot read", "Weights encrypted at rest"]),
    requires: ["Read access to the folders it is pointed at"],
  },
];

function source(
  name: string,
  kind: string,
  state: SourceHealth["state"],
  events24h: number,
  cannotSee: string[],
): SourceHealth {
  return {
    name,
    kind,
    state,
    lastSeenAt: now - 4000,
    lastEventAt: now - 9000,
    records: events24h * 3 + 41,
    events: events24h * 3,
    events24h,
    rejects: name === "registry" ? 2 : 0,
    samples:
      name === "registry"
        ? [
            {
              at: now - 50 * min,
              offset: 88_201_114,
              reason: "not a line of this log: expected a time in brackets",
              record: '203.0.113.9 - - "GET /models \u001b[31mHTTP/1.1" 200 12',
            },
          ]
        : [],
    cannotSee,
    requires: kind === "cloudtrail" ? ["Data events for the bucket (off by default)"] : [],
    gaps: [],
  };
}

export const models: ModelRow[] = [
  model("acme-13b", {
    class: "private",
    undeclaredCopies: 1,
    exposedCopies: 1,
    copies: 4,
    readers: 5,
    balanced: false,
    openIncidents: 5,
    coalition: { model: "acme-13b", bytes: 26_100_000_000, fraction: 1, bound: "<=", readers: 2 },
  }),
  model("acme-rank-2", {
    class: "private",
    bytes: 4_380_000_000,
    copies: 2,
    readers: 4,
    balanced: false,
    openIncidents: 2,
    coalition: { model: "acme-rank-2", bytes: 1_840_000_000, fraction: 0.42, bound: "<=", readers: 3 },
  }),
  model("acme-13b-q4", {
    class: "delta",
    bytes: 7_900_000_000,
    copies: 1,
    readers: 1,
    balanced: true,
    formats: ["gguf"],
  }),
  model("acme-embed", { class: "private", bytes: 13_400_000_000, copies: 2, readers: 2, balanced: true }),
  model("canary-7b", { class: "decoy", bytes: 14_000_000_000, copies: 1, readers: 0, formats: ["safetensors"] }),
  model("base-8b", { class: "base", bytes: 16_100_000_000, copies: 6, readers: 11, balanced: true }),
  {
    ...model("9f86d081884c", { bytes: 548_000_000, copies: 1, formats: ["pytorch"] }),
    registered: false,
    class: undefined,
    owner: undefined,
  },
];

function model(name: string, override: Partial<ModelRow>): ModelRow {
  return {
    name,
    registered: true,
    class: "private",
    owner: "ml-platform",
    value: 4_200_000,
    digest: sha(name),
    bytes: 26_100_000_000,
    tensors: 363,
    formats: ["safetensors"],
    copies: 0,
    undeclaredCopies: 0,
    exposedCopies: 0,
    readers: 0,
    openIncidents: 0,
    ...override,
  };
}

const copies: CopyRow[] = [
  copy("c-1", {
    host: "gpu-9",
    path: "/home/dev/m.gguf",
    format: "gguf",
    declared: false,
    readableBy: ["other", "group:ml"],
  }),
  copy("c-2", { host: "gpu-1", path: "/srv/models/acme-13b/model-00001-of-00048.safetensors", declared: true }),
  copy("c-3", {
    host: "gpu-2",
    path: "/srv/models/acme-13b/model-00001-of-00048.safetensors",
    declared: true,
    readableBy: ["group:ml"],
  }),
  copy("c-4", {
    host: "gpu-2",
    path: "model.safetensors",
    container: "/var/lib/docker/overlay2/1f/merged/app.tar",
    declared: false,
    state: "quarantined",
  }),
];

function copy(id: string, override: Partial<CopyRow>): CopyRow {
  return {
    id,
    model: "acme-13b",
    host: "gpu-1",
    path: "/srv/models/acme-13b",
    format: "safetensors",
    bytes: 26_100_000_000,
    digest: sha("acme-13b"),
    complete: true,
    readableBy: [],
    firstSeenAt: now - 40 * day,
    lastSeenAt: now - 26 * min,
    state: "present",
    ...override,
  };
}

export const actions: ActionRow[] = [
  action("act-1", {
    verb: "notify",
    target: "soc-webhook",
    title: "Tell soc-webhook of INC-214",
    undoable: false,
    at: began + 50 * min,
  }),
  action("act-2", {
    title: "Move /home/eve/old/acme-embed.bin (13.4 GB) to quarantine on gpu-4",
    target: "c-7",
    at: now - 2 * day,
    incident: "inc-190",
    incidentNumber: 190,
  }),
  action("act-3", {
    title: "Move /tmp/x.safetensors (548 MB) to quarantine on gpu-4",
    target: "c-8",
    at: now - 3 * day,
    state: "failed",
    problem: "the file changed after the preview: 548.1 MB now, 548.0 MB then",
    undoable: false,
  }),
  action("act-4", {
    title: "Move /srv/stage/acme-rank-2.onnx (4.4 GB) to quarantine on gpu-1",
    target: "c-9",
    at: now - 9 * day,
    state: "undone",
    undoneAt: now - 8 * day,
    undoable: false,
  }),
];

function action(id: string, override: Partial<ActionRow>): ActionRow {
  const at = override.at ?? now;
  return {
    id,
    verb: "quarantine-file",
    target: "",
    title: "",
    incident: "inc-214",
    incidentNumber: 214,
    state: "verified",
    by: "ana",
    reason: "not a declared copy",
    at,
    verifiedAt: at + 900,
    undoable: true,
    ...override,
  };
}

const entries = [
  ["line", "incident-created", "opened INC-214: the same principal and model within an hour"],
  ["ana", "incident-assigned", "assigned INC-214 to ana"],
  ["ana", "action-previewed", "previewed: tell soc-webhook of INC-214"],
  ["ana", "action-applied", "told soc-webhook of INC-214: the thief's role is still active"],
  ["ana", "action-verified", "verified: soc-webhook answered 200"],
  ["ben", "incident-status", "set INC-213 to in progress"],
  ["ana", "incident-closed", "closed INC-190 as benign: the backup job was new, its role is declared now"],
] as const;

export const evidence: EvidencePage = {
  items: Array.from({ length: 140 }, (_, i) => {
    const [by, kind, text] = entries[i % entries.length] ?? entries[0];
    return { seq: 140 - i, at: now - i * 17 * min, by, kind, text, hash: sha(`entry ${140 - i}`), subject: "inc-214" };
  }),
  total: 140,
  chain: { ok: true, entries: 140, checkedAt: now - 40_000 },
};

export const overview: Overview = {
  openIncidents: incidents.filter((it) => it.status !== "closed").length,
  alerts: alerts.length,
  models: models.length,
  sources: sources.length,
  rules: rules.length,
  actions: actions.length,
  sending: 4,
  events24h: 1_199_751,
  lastAlertAt: now - 2 * min,
  silent: ["hf-audit"],
  booksBalanced: 3,
  booksTotal: 5,
  scan: { state: "done", finishedAt: now - 26 * min },
};

export function incidentDetail(it: IncidentRow): IncidentDetail {
  const theft = it.number === 214;
  return {
    incident: it,
    story: theft
      ? "role/analytics listed the weight bucket with a script and read 48 of 48 shards (26.1 GB, all of acme-13b) in 11 min. No declared copy accounts for them. 22 min later the same weights were found on host gpu-9, at /home/dev/m.gguf, in a place that the register does not declare."
      : `${it.principals[0] ?? "Nobody"} did what the alerts say, ${it.alerts.length} times, on ${it.models[0] ?? "no model"}.`,
    alerts: theft ? alerts.slice(0, 4) : alerts.slice(4, 6),
    timeline: theft ? timeline : timeline.slice(0, 4),
    entities: [
      { kind: "principal", name: analytics, events: 51 },
      { kind: "model", name: "acme-13b", events: 51 },
      { kind: "place", name: "s3://acme-models/acme-13b/", events: 51 },
      { kind: "address", name: "203.0.113.9", events: 51 },
      { kind: "credential", name: "ASIAANALYTICS", events: 51 },
      { kind: "user-agent", name: "[aws-cli/2.15.0 Python/3.11]", events: 51 },
      { kind: "artifact", name: "file:/home/dev/m.gguf", events: 1 },
    ],
    holdings: [...holdings],
    gaps,
    playbooks: [bulkRead],
    options: [
      { verb: "quarantine-file", target: "c-1", label: "Quarantine m.gguf on gpu-9" },
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

const ruleText = `title: Weights listed by a scripted client
name: weights_listed_by_script
status: experimental
logsource:
    product: aws
    service: cloudtrail
detection:
    selection:
        api.operation: ListObjectsV2
        http_request.user_agent|contains: [curl, aws-cli, python-requests]
    condition: selection
level: medium
`;

export function alertDetail(it: AlertRow): AlertDetail {
  const known = rules.find((one) => one.id === it.rule);
  return {
    alert: it,
    events: events.filter((one) => one.principal.endsWith("role/analytics")).slice(0, 30),
    rule: {
      id: it.rule,
      kind: known?.kind ?? "sigma",
      ...(known?.kind !== "detector" && { text: ruleText }),
      blindspots: known?.blindspots ?? [],
    },
    playbook: it.rule.includes("bucket") ? exposure : bulkRead,
  };
}

export function modelDetail(it: ModelRow): ModelDetail {
  return {
    model: it,
    places: ["s3://acme-models/acme-13b/", "file:/srv/models/acme-13b", "hf:acme/acme-13b"],
    allowedReaders: ["arn:aws:iam::111122223333:role/serve", "arn:aws:iam::111122223333:role/eval", "svc-deploy*"],
    copies: it.name === "acme-13b" ? copies : it.copies > 0 ? copies.slice(1, 2) : [],
    holdings: it.name === "acme-13b" ? [...holdings] : [],
    ...(it.coalition && { coalition: it.coalition }),
    gaps,
    incidents: incidents.filter((one) => one.models.includes(it.name)),
    paths: [
      {
        model: it.name,
        steps: [
          {
            from: "any local user",
            to: "/home/dev/m.gguf",
            how: "the file can be read by everybody",
            basis: "verified",
            proof: "mode 0644",
          },
          {
            from: "/home/dev/m.gguf",
            to: "the network",
            how: "a server on 0.0.0.0:8000 hands out /home/dev",
            basis: "inferred",
          },
        ],
        fix: "chmod 0600 /home/dev/m.gguf",
      },
    ],
    listeners: [
      {
        address: "0.0.0.0",
        port: 8000,
        process: "python3",
        product: "http.server",
        authenticated: false,
        basis: "verified",
      },
      {
        address: "127.0.0.1",
        port: 11_434,
        process: "ollama",
        product: "Ollama",
        authenticated: "unknown",
        basis: "inferred",
      },
    ],
  };
}
