/** What the server answers and accepts: the one declaration that server, console and command line share. */
import { z } from "zod";
import { grant, role } from "./account.ts";
import { changingVerbs, hostChange } from "./agent.ts";
import { alert } from "./alert.ts";
import { coalition, gap, holding } from "./book.ts";
import { collectorHealth } from "./collect.ts";
import { modelClass, sourceEntry } from "./config.ts";
import { event } from "./event.ts";
import { eventSummary, partial, pin } from "./hunt.ts";
import { orderTerms, orderVerb } from "./gateway.ts";
import { grouping, watched } from "./grouping.ts";
import { clientKeyRow, clientPoint, clientRow, gatewaySettings } from "./gateway-link.ts";
import { impact } from "./impact.ts";
import { incident, incidentStatus, verdict } from "./incident.ts";
import { permitRow, permitTerms } from "./permit.ts";
import { listener, scannedCopy, theftPath } from "./scan.ts";
import { grade, rests, wayIn } from "./grade.ts";
import { severity } from "./severity.ts";

const time = z.int().nonnegative();

/** Most rows one request may ask for. */
export const maxPage = 500;

/** The query string of every list. `after` is the `next` of the page before, in the same order. */
export const listQuery = z.object({
  filter: z.string().max(2000).default(""),
  /** A column's name, with a dash before it for falling. The list's own order, if absent. */
  sort: z
    .string()
    .regex(/^-?[a-z0-9]{1,32}$/, "expected a column's name, or a dash and a column's name")
    .optional(),
  after: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(maxPage).default(100),
});

function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), total: z.int(), next: z.string().optional() });
}

/** Every error: a code to search for, and what to do. */
export const apiError = z.object({ error: z.string(), message: z.string() });

/**
 * The header that carries a session's key: its second secret, beside the cookie. Cookies of 127.0.0.1 reach every port of it;
 * a key stays with the page's own origin, in `sessionStorage` under this same name.
 */
export const sessionHeader = "x-outweigh-session";

/** What `GET /open` answers to a program; a browser is sent a page that keeps the key. */
export const opened = z.object({ key: z.string() });

export const session = z.object({
  user: z.object({
    id: z.string(),
    name: z.string(),
    /** The highest of its grants. */
    role,
    grants: z.array(grant).default([{ role: "admin" }]),
    /** `link`: whoever has the operator's shell; such a session is nobody's second person. */
    by: z.enum(["link", "password", "provider", "token"]).default("link"),
  }),
  version: z.string(),
});
export type Session = z.infer<typeof session>;

export const sourceHealth = z.object({
  name: z.string(),
  /** As configured; of an `auto` source whose records are all of one kind, that kind. */
  kind: z.string(),
  /** Every kind that its records turned out to be. */
  kinds: z.array(z.string()).default([]),
  /** `waiting`: nothing has arrived yet; `silent`: longer quiet than it said it would be; `failing`: cannot be read. */
  state: z.enum(["sending", "waiting", "silent", "failing"]),
  lastSeenAt: time.optional(),
  lastEventAt: time.optional(),
  records: z.int(),
  /** Events that its records held, each once; and those of them that came within the last 24 h, to the hour. */
  events: z.int(),
  events24h: z.int(),
  rejects: z.int(),
  /** Rejects as a share of all records, 0 to 1; absent while there is no record. */
  rejectShare: z.number().optional(),
  /** The newest rejects, cut to 500 characters each. */
  samples: z.array(z.object({ at: time, offset: z.int(), reason: z.string(), record: z.string() })),
  problem: z.string().optional(),
  /** How far its newest event lay behind the newest record, in ms: how late it tells. */
  lagMs: z.int().nonnegative().optional(),
  /** What fetches or receives its records by itself, if something does. */
  collector: collectorHealth.optional(),
  /**
   * What was checked of its records, for each way on which some came in, the weakest first: since there are grades. `raise` says what
   * would give a better one, where something would.
   */
  grades: z
    .array(
      z.object({
        way: wayIn,
        grade,
        basis: z.string(),
        raise: z.string().optional(),
        records: z.int(),
        lastAt: time,
      }),
    )
    .default([]),
  /** What the source cannot show by design, and what it needs. */
  cannotSee: z.array(z.string()),
  requires: z.array(z.string()),
  gaps: z.array(gap),
});
export type SourceHealth = z.infer<typeof sourceHealth>;

/** What the frame around every page shows. */
export const overview = z.object({
  openIncidents: z.int(),
  alerts: z.int(),
  models: z.int(),
  sources: z.int(),
  hosts: z.int(),
  /** Clients of the gateways that report. */
  clients: z.int().default(0),
  rules: z.int(),
  actions: z.int(),
  sending: z.int(),
  events24h: z.int(),
  lastAlertAt: time.optional(),
  silent: z.array(z.string()),
  booksBalanced: z.int(),
  booksTotal: z.int(),
  scan: z.object({
    state: z.enum(["none", "running", "done", "failed"]),
    finishedAt: time.optional(),
    message: z.string().optional(),
  }),
});
export type Overview = z.infer<typeof overview>;

export const incidentRow = incident.extend({
  /** Short and stable, for people: `INC-214`. */
  number: z.int().positive(),
  status: incidentStatus,
  verdict: verdict.optional(),
  assignee: z.string().optional(),
  createdAt: time,
  updatedAt: time,
  /** What the books say of its first model: bytes nobody accounts for. */
  unaccounted: coalition.optional(),
  /** The models of it that are watched after a confirmed theft. */
  watched: z.array(z.string()).optional(),
  /** What must be said beside its title: that nobody who proved who they are sent an event of it, or that this is not known. */
  doubt: z.string().optional(),
});
export type IncidentRow = z.infer<typeof incidentRow>;
export const incidentPage = page(incidentRow);

/** One line of an incident's timeline, oldest first. */
export const timelineEntry = z.object({
  at: time,
  to: time.optional(),
  kind: z.enum(["event", "alert", "gap", "action"]),
  title: z.string(),
  severity: severity.optional(),
  /** The id of the event, alert or action. */
  ref: z.string().optional(),
  detail: z.string().optional(),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

export const entity = z.object({
  kind: z.enum(["principal", "model", "place", "address", "artifact", "credential", "user-agent"]),
  name: z.string(),
  events: z.int(),
});
export type Entity = z.infer<typeof entity>;

/** All that an action can do: a closed list. */
export const actionVerb = z.enum([
  ...changingVerbs,
  "make-private",
  "revoke-deploy-keys",
  "notify",
  "open-ticket",
  "publish-rule",
  "open-capture",
  "permit",
  ...orderVerb.options,
]);
export type ActionVerb = z.infer<typeof actionVerb>;

/** A thing that could be done now, offered on the incident page. */
export const actionOption = z.object({
  verb: actionVerb,
  target: z.string(),
  label: z.string(),
  /** Of a change of a host: exactly which. */
  terms: z.object({ order: hostChange }).optional(),
});
export type ActionOption = z.infer<typeof actionOption>;

/** Who has to agree to an action. */
export const approval = z.enum(["person", "two-people"]);
export type Approval = z.infer<typeof approval>;

export const actionPreview = z.object({
  verb: actionVerb,
  /** A copy's id, or `host:` and an agent's id; a place's address; a connection's name; a client's id for orders to the gateway. */
  target: z.string(),
  /** "Move /home/dev/holiday.bin (1.2 GB) to quarantine". */
  title: z.string(),
  effects: z.array(z.string()),
  /** Why it cannot be done, if so. */
  refused: z.string().optional(),
  undoable: z.boolean(),
  /** Who has to agree: `person`, one of the role lead; `two-people`, another than who proposed it. */
  approval: approval.default("person"),
  /** How long it stays, in ms; then it is undone by itself. Absent: it cannot be undone. */
  lasts: z.int().positive().optional(),
  /** Sent back when applying: what was agreed to is what is done. */
  digest: z.string(),
});
export type ActionPreview = z.infer<typeof actionPreview>;

export const actionRow = z.object({
  id: z.string(),
  verb: actionVerb,
  target: z.string(),
  title: z.string(),
  incident: z.string().optional(),
  incidentNumber: z.int().optional(),
  /** `pending` waits for somebody who agrees; `lapsed`: nobody did in time, or it was no longer what was proposed. */
  state: z.enum(["pending", "running", "verified", "failed", "undone", "declined", "lapsed"]),
  by: z.string(),
  reason: z.string(),
  at: time,
  /** What would be or was done, as previewed. */
  effects: z.array(z.string()).default([]),
  approval: approval.default("person"),
  /** What was agreed to, to the letter: sent back when approving. */
  digest: z.string().default(""),
  /** Until when a pending one can be approved. */
  decideBy: time.optional(),
  /** Who agreed or declined, when it was not who proposed it. */
  decidedBy: z.string().optional(),
  decidedAt: time.optional(),
  decidedReason: z.string().optional(),
  verifiedAt: time.optional(),
  /** What a look at the real thing showed last. */
  seen: z.string().optional(),
  undoneAt: time.optional(),
  undoneBy: z.string().optional(),
  undoneReason: z.string().optional(),
  /** When it ends by itself: everything that can be undone does. */
  endsAt: time.optional(),
  undoable: z.boolean(),
  problem: z.string().optional(),
});
export type ActionRow = z.infer<typeof actionRow>;
export const actionPage = page(actionRow);

/** What asking an agent answers; `action`, where it changes the host: who must agree, the policy says. */
export const orderAnswer = z.object({ id: z.string(), action: actionRow.optional() });

export const comment = z.object({ at: time, by: z.string(), text: z.string() });

/** One entry of the evidence log as people read it. */
export const activityEntry = z.object({
  seq: z.int(),
  at: time,
  by: z.string(),
  kind: z.string(),
  /** "assigned to ana", "closed as true positive: confirmed with the owner". */
  text: z.string(),
  hash: z.string(),
});
export type ActivityEntry = z.infer<typeof activityEntry>;

export const alertRow = alert.extend({
  incident: z.string().optional(),
  incidentNumber: z.int().optional(),
  /** Of its events, how many of each grade; absent where that was not counted. */
  rests: rests.optional(),
});
export type AlertRow = z.infer<typeof alertRow>;
export const alertPage = page(alertRow);

export const playbookText = z.object({
  id: z.string(),
  title: z.string(),
  /** The four headings of a playbook with their Markdown text. */
  sections: z.array(z.object({ heading: z.string(), text: z.string() })),
});
export type PlaybookText = z.infer<typeof playbookText>;

export const alertDetail = z.object({
  alert: alertRow,
  events: z.array(event),
  /** Of these events, how many of each grade. */
  rests: rests.optional(),
  rule: z.object({
    id: z.string(),
    kind: z.enum(["sigma", "detector"]),
    text: z.string().optional(),
    blindspots: z.array(z.string()),
  }),
  playbook: playbookText.optional(),
  partial,
});
export type AlertDetail = z.infer<typeof alertDetail>;

export const incidentDetail = z.object({
  incident: incidentRow,
  /** What happened, in one to three sentences with numbers. */
  story: z.string(),
  alerts: z.array(alertRow),
  /** Of the events that its alerts list, how many of each grade. */
  rests: rests.optional(),
  timeline: z.array(timelineEntry),
  entities: z.array(entity),
  holdings: z.array(holding),
  gaps: z.array(gap),
  pins: z.array(pin).default([]),
  impact,
  playbooks: z.array(playbookText),
  options: z.array(actionOption),
  actions: z.array(actionRow),
  /** What people decided of how its alerts stand together, the latest first. */
  groupings: z.array(grouping).default([]),
  comments: z.array(comment),
  activity: z.array(activityEntry),
  partial,
});
export type IncidentDetail = z.infer<typeof incidentDetail>;

export const clientDetail = z.object({
  client: clientRow,
  /** Oldest first. */
  points: z.array(clientPoint),
  actions: z.array(actionRow),
  incidents: z.array(incidentRow),
  keys: z.array(clientKeyRow),
  /** The models of its gateway, with what an answer of each may tell at each position of the dial. */
  models: gatewaySettings.shape.models,
  contact: z.string(),
});
export type ClientDetail = z.infer<typeof clientDetail>;

export const eventPage = page(event).extend({ partial });

/** What a page of its own tells of: anything that acts or is acted on, beside models and hosts. */
export const entityKind = z.enum(["principal", "address", "credential", "place"]);
export type EntityKind = z.infer<typeof entityKind>;

// An ARN of 2,048 characters does not fit into a path: the name stands in the query.
export const entityQuery = z.object({ kind: entityKind, name: z.string().min(1).max(2048) });

/** All that is known of a principal, an address, a key or a place. */
export const entityDetail = z.object({
  kind: entityKind,
  name: z.string(),
  /** All its events, by what was done. */
  summary: eventSummary,
  /** What its events name beside it, field by field. */
  beside: z.array(eventSummary.pick({ by: true, values: true, different: true })),
  /** Of a principal: what it holds, and which models the register lets it read. */
  holdings: z.array(holding),
  mayRead: z.array(z.string()),
  /** The latest alerts and incidents that name it; only principals are named by them. */
  alerts: z.array(alertRow),
  incidents: z.array(incidentRow),
  /** When sources that told of it were not seen. */
  gaps: z.array(gap),
  /** Watched after a confirmed theft. */
  watched: watched.optional(),
});
export type EntityDetail = z.infer<typeof entityDetail>;

export const copyRow = scannedCopy.extend({
  id: z.string(),
  model: z.string().optional(),
  host: z.string(),
  firstSeenAt: time,
  lastSeenAt: time,
  state: z.enum(["present", "quarantined", "gone"]),
});
export type CopyRow = z.infer<typeof copyRow>;

export const modelRow = z.object({
  /** The name in the register, or the digest's first 12 digits for a model that is not registered. */
  name: z.string(),
  registered: z.boolean(),
  class: modelClass.optional(),
  owner: z.string().optional(),
  value: z.number().optional(),
  digest: z.string().optional(),
  bytes: z.int().optional(),
  tensors: z.int().optional(),
  formats: z.array(z.string()),
  copies: z.int(),
  /** Copies outside every declared place; only for registered models. */
  undeclaredCopies: z.int(),
  /** Copies that other local users can read. */
  exposedCopies: z.int(),
  readers: z.int(),
  coalition: coalition.optional(),
  /** True when all bytes read are accounted for by declared copies. Absent when nothing was read or it is not registered. */
  balanced: z.boolean().optional(),
  openIncidents: z.int(),
  /** Watched after a confirmed theft. */
  watched: watched.optional(),
});
export type ModelRow = z.infer<typeof modelRow>;
export const modelPage = page(modelRow);

export const modelDetail = z.object({
  model: modelRow,
  places: z.array(z.string()),
  allowedReaders: z.array(z.string()),
  copies: z.array(copyRow),
  holdings: z.array(holding),
  coalition: coalition.optional(),
  gaps: z.array(gap),
  incidents: z.array(incidentRow),
  paths: z.array(theftPath),
  listeners: z.array(listener),
  /** Permits to take it out, the latest first; those that ended too. */
  permits: z.array(permitRow).default([]),
});
export type ModelDetail = z.infer<typeof modelDetail>;

export const sourcePage = page(sourceHealth);

export const ruleRow = z.object({
  id: z.string(),
  kind: z.enum(["sigma", "detector"]),
  title: z.string(),
  level: severity,
  status: z.string(),
  techniques: z.array(z.string()),
  blindspots: z.array(z.string()),
  playbook: z.string(),
  alerts: z.int(),
  lastAlertAt: time.optional(),
  /** Exceptions for it that are on trial or published, and how many matches the published ones hid. */
  exceptions: z.int().default(0),
  hidden: z.int().default(0),
});
export type RuleRow = z.infer<typeof ruleRow>;
export const rulePage = page(ruleRow).extend({
  /** A file of Sigma is one rule, of one part or several, as `outweigh rules test` counts them. */
  inUse: z.object({ rules: z.int(), parts: z.int().optional(), detectors: z.int() }).optional(),
  /** Rules that cannot be used, and why: what they look for is not seen. */
  refused: z.array(z.object({ rule: z.string(), reason: z.string() })).default([]),
});
export type RulePage = z.infer<typeof rulePage>;

export const evidenceRow = activityEntry.extend({ subject: z.string().optional() });
export const evidencePage = page(evidenceRow).extend({
  /** Whether the whole chain was recomputed and holds, as of `checkedAt`. */
  chain: z.object({ ok: z.boolean(), entries: z.int(), checkedAt: time, problem: z.string().optional() }),
});
export type EvidencePage = z.infer<typeof evidencePage>;

/** Where the evidence log stood at a time, signed: what one keeps elsewhere to hold later packs against. */
export const evidenceCheckpoint = z.object({
  origin: z.string(),
  size: z.int().nonnegative(),
  root: z.string(),
  time,
  key: z.string(),
  signature: z.string(),
});
export type EvidenceCheckpoint = z.infer<typeof evidenceCheckpoint>;

// What people send.
const reason = z.string().trim().min(1).max(2000);
export const assignBody = z.strictObject({ assignee: z.string().min(1).max(128).nullable() });
export const statusBody = z
  .strictObject({ status: incidentStatus, verdict: verdict.optional(), reason: z.string().max(2000).default("") })
  .refine((it) => it.status !== "closed" || (it.verdict !== undefined && it.reason.trim() !== ""), {
    message: "closing needs a verdict and a reason",
  });
export const commentBody = z.strictObject({ text: z.string().trim().min(1).max(10_000) });
/** What a person settles beside the target: how long and how strongly, for orders to the gateway; the order itself, for a host. */
export const actionTerms = orderTerms.extend({ order: hostChange.optional(), permit: permitTerms.optional() });
export type ActionTerms = z.infer<typeof actionTerms>;
export const previewBody = z.strictObject({
  incident: z.string().optional(),
  verb: actionVerb,
  target: z.string().max(512),
  terms: actionTerms.optional(),
});
export const applyBody = previewBody.extend({ digest: z.string(), reason });
export const undoBody = z.strictObject({ reason });
export const approveBody = z.strictObject({ digest: z.string(), reason });

/** What a program shows instead of a person's session. The secret is told once, when it is made; nobody keeps it. */
export const tokenRow = z.object({
  /** Unique, and no secret. */
  name: z.string(),
  /** The one source whose records it may send; or, of one that asks, none. */
  source: z.string().optional(),
  /** Of one that sends scans: the host whose scans they are. */
  host: z.string().optional(),
  /** What it may ask for, and where. */
  grant: grant.optional(),
  createdAt: time,
  createdBy: z.string(),
  /** To about a minute. */
  lastUsedAt: time.optional(),
  expiresAt: time.optional(),
});
export type TokenRow = z.infer<typeof tokenRow>;
export const tokenPage = page(tokenRow);
/** Longest life of a token that asks, in days; one that sends lives until it is revoked, unless told otherwise. */
export const maxTokenDays = 366;
export const tokenBody = z
  .strictObject({
    name: sourceEntry.shape.name.optional(),
    source: sourceEntry.shape.name.optional(),
    /** Needed for a source of scans: whose they are. A scan of a host replaces the one before. */
    host: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,252}$/, "expected a host's name: letters, digits and ._- alone")
      .optional(),
    grant: grant.extend({ role: role.exclude(["admin"]) }).optional(),
    days: z.int().min(1).max(maxTokenDays).optional(),
  })
  .refine((it) => (it.source === undefined) !== (it.grant === undefined), "expected either a source or a role")
  .refine((it) => it.source !== undefined || it.name !== undefined, {
    path: ["name"],
    message: "a token that asks needs a name",
  });
export const newToken = z.object({ token: tokenRow, secret: z.string() });
export type NewToken = z.infer<typeof newToken>;

/** The answer to `POST /api/ingest/:source`: what is counted here as accepted is on disk. */
export const ingestAnswer = z.object({
  accepted: z.int(),
  rejected: z.int(),
  rejects: z.array(z.object({ line: z.int(), reason: z.string() })),
});
export type IngestAnswer = z.infer<typeof ingestAnswer>;

/** A message of `GET /api/live` (server-sent events): something of this noun changed; read it again. */
export const change = z.object({
  noun: z.enum([
    "incident",
    "alert",
    "model",
    "source",
    "action",
    "evidence",
    "scan",
    "host",
    "client",
    "event",
    "rule",
    "watch",
  ]),
  id: z.string().optional(),
});
export type Change = z.infer<typeof change>;
