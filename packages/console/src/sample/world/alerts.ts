// Claims with the events that they rest on.
import type { AlertDetail, AlertRow } from "@outweigh/schema";
import { events } from "./events.ts";
import { bulkRead, exposure } from "./playbooks.ts";
import { rules } from "./rules.ts";
import { analytics, began, min, now } from "./time.ts";

export const alerts: AlertRow[] = [
  alert("a-1", {
    rule: "weights_read_with_download_tool",
    title: "Weights read with a download tool",
    summary: "role/analytics read acme-13b from s3://acme-models/acme-13b/ with curl, 48 times in 11 min.",
    severity: "medium",
    firstAt: began + 2 * min,
    lastAt: began + 13 * min,
    count: 48,
    matched: [
      { field: "operation", value: "download" },
      { field: "http_request.user_agent", value: "[curl/8.5.0]" },
      { field: "src_endpoint.ip", value: "203.0.113.9" },
    ],
    techniques: ["AML.T0035", "T1213"],
  }),
  alert("a-2", {
    rule: "unaccounted-read",
    title: "Read of a protected model that nobody declared",
    summary: "role/analytics read acme-13b, and the register does not allow it.",
    severity: "low",
    firstAt: began + 2 * min,
    lastAt: began + 2 * min,
    matched: [{ field: "principal", value: analytics }],
    techniques: ["AML.T0035", "T1530"],
  }),
  alert("a-3", {
    rule: "complete-copy",
    title: "Complete copy of a model, accounted for by nobody",
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
    title: "Copy of a model outside every declared place",
    summary: "gpu-9:/home/dev/m.gguf holds the weights of acme-13b. No place of the register covers it.",
    severity: "critical",
    firstAt: began + 35 * min,
    lastAt: began + 36 * min,
    again: 1,
    matched: [
      { field: "artifact", value: "file:/home/dev/m.gguf" },
      { field: "verdict.relation", value: "same-tensors" },
    ],
    techniques: ["AML.T0048.004"],
  }),
  ...Array.from({ length: 37 }, (_, i) =>
    alert(`a-${i + 9}`, {
      rule: ["new-network", "segmented-download", "s3_bucket_opened_to_everyone", "weights_bulk_read"][i % 4] ?? "x",
      title:
        [
          "Declared reader reads from a network never seen for it",
          "Weights fetched in pieces",
          "Bucket with a model opened to everyone",
          "Many files of weights read in a short time",
        ][i % 4] ?? "",
      summary: "It was seen more often than the rule allows.",
      severity: (["informational", "low", "low", "medium", "high"] as const)[i % 5] ?? "low",
      principal: i % 3 === 0 ? `key-${i + 60}` : `arn:aws:iam::111122223333:role/${["ci", "serve", "batch"][i % 3]}`,
      model: ["acme-13b", "acme-rank-2", "acme-embed"][i % 3],
      firstAt: now - (i + 2) * 31 * min,
      lastAt: now - (i + 1) * 29 * min,
      count: (i * 37) % 900 || 1,
      ...(i % 7 === 3 && { rests: { signed: 0, authenticated: 0, plain: 30, ungraded: 0 } }),
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
    rests: { signed: 0, authenticated: 30, plain: 0, ungraded: 0 },
    matched: [],
    techniques: [],
    playbook: "weights-read",
    ...(/^a-[1-4]$/.test(id) && { incident: "inc-214", incidentNumber: 214 }),
    ...override,
  };
}

const ruleText = `title: Weights read with a download tool
name: weights_read_with_download_tool
status: test
logsource: { product: outweigh, category: model_access }
detection:
  read:
    operation: download
    weights: true
    status_id: 1
  tool:
    http_request.user_agent|startswith: [curl/, '[curl/', Wget, '[Wget', rclone/]
  reader:
    principal|expand: '%known_readers%'
  condition: read and tool and not reader
level: medium
`;

export function alertDetail(it: AlertRow): AlertDetail {
  const known = rules.find((one) => one.id === it.rule);
  return {
    alert: it,
    events: events.filter((one) => one.principal.endsWith("role/analytics")).slice(0, 30),
    rests: it.rests,
    rule: {
      id: it.rule,
      kind: known?.kind ?? "sigma",
      ...(known?.kind !== "detector" && { text: ruleText }),
      blindspots: known?.blindspots ?? [],
    },
    playbook: it.rule.includes("bucket") ? exposure : bulkRead,
  };
}
