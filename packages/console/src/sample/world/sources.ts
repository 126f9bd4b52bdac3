// Who sends: well, silent, mixed and torn.
import type { SourceHealth, TokenRow } from "@outweigh/schema";
import { gaps } from "./books.ts";
import { day, hour, min, now } from "./time.ts";

/** `share` of all records came in that way: all of them, where it is the only one. */
type Graded = Omit<SourceHealth["grades"][number], "records" | "lastAt"> & { readonly share?: number };

const byTls = "send it over TLS with a client certificate: tls with clientCa in outweigh.yml";

/** What was checked of each source's records, the weakest first. */
const graded: Readonly<Record<string, readonly Graded[]>> = {
  cloudtrail: [{ way: "bucket", grade: "authenticated", basis: "fetched from its bucket, over TLS" }],
  registry: [
    { way: "udp", grade: "plain", basis: "sent over UDP", raise: byTls, share: 0.25 },
    {
      way: "client-certificate",
      grade: "authenticated",
      basis: "sent over TLS with a client's certificate",
      share: 0.75,
    },
  ],
  "hf-audit": [{ way: "token", grade: "authenticated", basis: "sent with a token of its source" }],
  scan: [{ way: "agent-key", grade: "signed", basis: "in a report signed by the key of its host's agent" }],
  logs: [
    {
      way: "file",
      grade: "plain",
      basis: "read from a watched file",
      raise: "send it to /api/ingest with a token of its source, or over TLS with a client certificate",
    },
  ],
};

export const sources: SourceHealth[] = [
  {
    ...source("cloudtrail", "cloudtrail", "sending", 1_104_220, [
      "Reads inside the instance's own VPC endpoint without data events",
      "Bytes of a ranged read: only how many, not which",
    ]),
    lagMs: 5 * min,
    collector: {
      way: "bucket",
      at: "s3://acme-logs/AWSLogs/111122223333/CloudTrail/{yyyy}/{mm}/{dd}/",
      position: "AWSLogs/111122223333/CloudTrail/2026/11/24/0905Z_x.json.gz",
      lastPollAt: now - 20_000,
      lastOkAt: now - 20_000,
      taken: 8_204,
      digests: { held: 24, upTo: "2026-11-24T09:00:00Z" },
      waiting: 1,
      shed: [],
      lastError: {
        at: now - 2 * min,
        message: "AWSLogs/0900Z_y.json.gz: it cannot be unpacked: unexpected end of file",
      },
      failing: [
        {
          object: "AWSLogs/111122223333/CloudTrail/2026/11/24/0900Z_y.json.gz",
          attempts: 2,
          nextAt: now + 3 * min,
          reason: "it cannot be unpacked: unexpected end of file",
        },
      ],
    },
  },
  {
    ...source("registry", "http-access", "sending", 84_112, ["Who is behind a shared token"]),
    collector: {
      way: "syslog",
      at: "tls 10.0.0.5:6514, udp 10.0.0.5:5514",
      taken: 252_377,
      waiting: 0,
      shed: [{ reason: "from an address that is not allowed", count: 3 }],
      failing: [],
    },
  },
  source("mlflow", "http-access", "sending", 11_004, ["Downloads straight from the artifact store"]),
  {
    ...source("hf-audit", "http-access", "silent", 412, ["Downloads: this log has none"]),
    lastSeenAt: now - 3 * hour,
    gaps: [{ source: "hf-audit", from: now - 3 * hour, reason: "nothing for 3 h, it says 15 min at most" }, ...gaps],
  },
  {
    ...source("logs", "auto", "sending", 8_112, [
      "cloudtrail: Reads of objects, unless data events are on",
      "http-access: Bodies: prompts, log-probabilities, what an upload holds",
    ]),
    kinds: ["cloudtrail", "http-access"],
    records: 24_377,
    rejects: 9_750,
    rejectShare: 0.4,
    samples: [
      {
        at: now - 2 * min,
        offset: 4_102_133,
        reason: "no source reads records like this: set the source's kind in outweigh.yml",
        record: "level=info msg=started",
      },
    ],
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
    kinds: [kind],
    state,
    lastSeenAt: now - 4000,
    lastEventAt: now - 9000,
    records: events24h * 3 + 41,
    events: events24h * 3,
    events24h,
    rejects: name === "registry" ? 2 : 0,
    rejectShare: name === "registry" ? 2 / (events24h * 3 + 41) : 0,
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
    grades: (graded[name] ?? graded["logs"] ?? []).map(({ share = 1, ...it }) => ({
      ...it,
      records: Math.round((events24h * 3 + 41) * share),
      lastAt: now - 4000,
    })),
  };
}

export const tokens: TokenRow[] = [
  { name: "registry", source: "registry", createdAt: now - 12 * day, createdBy: "ana", lastUsedAt: now - min },
  { name: "registry-eu", source: "registry", createdAt: now - 2 * day, createdBy: "bo" },
  { name: "gpu-9", source: "scan", createdAt: now - 40 * day, createdBy: "ana", lastUsedAt: now - 3 * hour },
];
