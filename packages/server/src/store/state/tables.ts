// What PostgreSQL holds, as Kysely sees it. Times are ms since 1970.
import type { Checkpoint, Entry, Head } from "@outweigh/evidence";
import type {
  AgentHealth,
  Alert,
  Facts,
  Gap,
  GatewayAsk,
  GatewayFacts,
  GatewayResult,
  Grant,
  HostFacts,
  Order,
  OwnCheck,
  Rests,
  ActionTerms,
  ScanReport,
  ScanRun,
  ScannedCopy,
} from "@outweigh/schema";
import type { ColumnType, Generated, JSONColumnType } from "kysely";
import type { Held } from "../groupings.ts";

export interface Tables {
  incident: IncidentTable;
  comment: CommentTable;
  alert: AlertTable;
  action: ActionTable;
  source: SourceTable;
  gap: GapTable;
  position: PositionTable;
  line: LineTable;
  journal: JournalTable;
  scan: ScanTable;
  copy: CopyTable;
  evidence: EvidenceTable;
  checkpoint: CheckpointTable;
  log: LogTable;
  session: SessionTable;
  account: AccountTable;
  invitation: InvitationTable;
  token: TokenTable;
  agent: AgentTable;
  enrolment: EnrolmentTable;
  agent_order: AgentOrderTable;
  collected: CollectedTable;
  listed: ListedTable;
  gateway: GatewayTable;
  gateway_ask: GatewayAskTable;
  client_point: ClientPointTable;
  hunt: HuntTable;
  pin: PinTable;
  grouping: GroupingTable;
  watch: WatchTable;
  permit: PermitTable;
  own_rule: OwnRuleTable;
  control_state: ControlStateTable;
  scan_run: ScanRunTable;
  scan_schedule: ScanScheduleTable;
  signed_scan: SignedScanTable;
  told: ToldTable;
}

/** The line says what it is (all columns of `Incident`); people say what comes of it (status, verdict, assignee). */
export interface IncidentTable {
  id: string;
  number: Generated<number>;
  title: string;
  /** 1 to 5. */
  severity: number;
  reason: string;
  act: string | null;
  method: string | null;
  principals: string[];
  models: string[];
  raised_by: Generated<string[]>;
  alerts: string[];
  first_at: number;
  last_at: number;
  status: string;
  verdict: string | null;
  assignee: string | null;
  /** The incident that holds what this one held. */
  merged_into: Generated<string | null>;
  /** Null while it is open, and of what was closed before this was noted. */
  closed_at: Generated<number | null>;
  created_at: number;
  updated_at: number;
}

interface CommentTable {
  id: Generated<number>;
  incident: string;
  at: number;
  by: string;
  text: string;
}

export interface AlertTable {
  id: string;
  incident: string | null;
  rule: string;
  severity: number;
  principal: string | null;
  model: string | null;
  act: string | null;
  method: string | null;
  first_at: number;
  last_at: number;
  /** With on what it rests, as far as that was counted. */
  body: JSONColumnType<Alert & { rests?: Rests }>;
}

export interface ActionTable {
  id: string;
  verb: string;
  target: string;
  title: string;
  incident: string | null;
  state: string;
  by: string;
  reason: string;
  at: number;
  verified_at: number | null;
  undone_at: number | null;
  undone_by: string | null;
  undone_reason: string | null;
  /** When it ends by itself. */
  ends_at: number | null;
  undoable: boolean;
  problem: string | null;
  /** What undoing needs to know. */
  record: JSONColumnType<object>;
  effects: ColumnType<string[], string | undefined, string>;
  approval: Generated<string>;
  digest: Generated<string>;
  /** How long it stays once it is done, in ms; and whether whoever does it ends it then. */
  lasts: number | null;
  ends_itself: Generated<boolean>;
  /** What a person settled of it, for orders to gateways and hosts. */
  terms: JSONColumnType<ActionTerms> | null;
  decide_by: number | null;
  decided_by: string | null;
  decided_at: number | null;
  decided_reason: string | null;
  /** What a look at the real thing showed last. */
  seen: string | null;
}

interface SourceTable {
  name: string;
  body: JSONColumnType<object>;
}

interface GapTable {
  source: string;
  from_at: number;
  to_at: number | null;
  body: JSONColumnType<Gap>;
}

/** How far a stream of a source has been read: always as of the same moment as `line`. */
interface PositionTable {
  stream: string;
  body: JSONColumnType<object>;
}

/** The detectors' state, one row. */
interface LineTable {
  id: number;
  at: number;
  body: string;
}

/** What the line took since `line` was written: one row per batch, in order. Text, because NUL and half pairs must survive. */
interface JournalTable {
  id: Generated<number>;
  body: string;
}

interface ScanTable {
  host: string;
  at: number;
  report: JSONColumnType<ScanReport>;
}

export interface CopyTable {
  id: string;
  host: string;
  path: string;
  digest: string;
  model: string | null;
  state: string;
  first_seen: number;
  last_seen: number;
  body: JSONColumnType<ScannedCopy>;
}

/** `entry` is what counts; the other columns are there to find it by. */
interface EvidenceTable {
  seq: number;
  at: number;
  by: string;
  kind: string;
  subject: string | null;
  text: string;
  hash: string;
  entry: JSONColumnType<Entry>;
}

interface CheckpointTable {
  size: number;
  at: number;
  body: JSONColumnType<Checkpoint>;
}

/** The end of the evidence log, one row: whoever appends locks it. */
interface LogTable {
  id: number;
  head: JSONColumnType<Head>;
}

interface SessionTable {
  /** SHA-256 of both of a session's secrets: a stolen database signs nobody in. */
  id: string;
  user: string;
  created_at: number;
  expires_at: number;
  /** How the person signed in: `link`, `password` or `provider`. */
  by: Generated<string>;
}

/** People who sign in by name. Never removed: evidence names them. */
export interface AccountTable {
  name: string;
  grants: JSONColumnType<Grant[]>;
  state: string;
  /** argon2id in PHC form; null until the invitation is used, and of whom a provider vouches for. */
  password: string | null;
  /** The authenticator's secret, encrypted with a key of the data folder. */
  totp: string | null;
  /** The last step whose code was used: each is good once. */
  totp_step: Generated<number>;
  /** SHA-256 of the recovery codes that are left. */
  recovery: Generated<string[]>;
  /** Issuer and subject of whom a provider vouches for. */
  subject: string | null;
  /** In small letters: by it, two accounts are known to be one person's. */
  address: string | null;
  created_at: number;
  created_by: string;
  last_seen_at: number | null;
}

/** `id` is the SHA-256 of what the link holds. */
interface InvitationTable {
  id: string;
  account: string;
  totp: string;
  expires_at: number;
}

/** What the policy told by a connection: an incident's id, a source's silence; the empty subject says since when it tells at all. */
interface ToldTable {
  connection: string;
  subject: string;
  at: number;
}

/** A control's state from a moment on. */
/** One scan of a host: what it found in numbers, and what changed. */
interface ScanRunTable {
  host: string;
  at: number;
  body: JSONColumnType<ScanRun>;
}

/** A scan's result as its host signed it; `finished_at` as the host said it. */
interface SignedScanTable {
  host: string;
  finished_at: number;
  key: string;
  digest: string;
  body: Buffer;
}

interface ScanScheduleTable {
  agent: string;
  every_hours: number;
  by: string;
  at: number;
  next_at: number;
}

interface ControlStateTable {
  /** The empty text: of all models. */
  space: Generated<string>;
  name: string;
  at: number;
  state: "pass" | "fail" | "unknown" | "none";
  why: string;
}

export interface TokenTable {
  name: string;
  /** SHA-256 of the secret: a stolen database sends nothing. */
  id: string;
  /** The one source that it may send records of; null of one that asks. */
  source: string | null;
  /** The one host whose scans it may send; null of other tokens. */
  host: string | null;
  grant: JSONColumnType<Grant> | null;
  expires_at: number | null;
  created_at: number;
  created_by: string;
  last_used_at: number | null;
}

interface AgentTable {
  id: string;
  host: JSONColumnType<HostFacts>;
  public_key: string;
  /** The number of its last request: the next one's is higher. */
  counter: number;
  enrolled_at: number;
  enrolled_by: string;
  last_seen_at: number | null;
  health: JSONColumnType<AgentHealth> | null;
  revoked_at: number | null;
}

/** `id` is the SHA-256 of a token that enrols one host. */
interface EnrolmentTable {
  id: string;
  by: string;
  expires_at: number;
}

export interface AgentOrderTable {
  id: string;
  agent: string;
  body: JSONColumnType<Order>;
  by: string;
  reason: string;
  at: number;
  expires_at: number;
  state: "waiting" | "done" | "failed" | "refused";
  done_at: number | null;
  message: string | null;
  facts: JSONColumnType<Facts> | null;
  incident: string | null;
}

interface GatewayTable {
  id: string;
  facts: JSONColumnType<GatewayFacts>;
  public_key: string;
  /** The number of its last report: the next one's is higher. */
  counter: number;
  enrolled_at: number;
  enrolled_by: string;
  last_seen_at: number | null;
  revoked_at: number | null;
}

interface GatewayAskTable {
  id: string;
  gateway: string;
  body: JSONColumnType<GatewayAsk>;
  by: string;
  at: number;
  expires_at: number;
  state: "waiting" | "done" | "failed" | "refused";
  done_at: number | null;
  answer: JSONColumnType<GatewayResult> | null;
}

/** How one client of a gateway stood at one time. */
interface ClientPointTable {
  gateway: string;
  principal: string;
  at: number;
  body: JSONColumnType<object>;
}

/** A filter of events that somebody kept. */
interface HuntTable {
  name: string;
  filter: string;
  by: string;
  at: number;
}

/** What a person decided of how alerts stand together. */
export interface GroupingTable {
  id: string;
  kind: "merge" | "split";
  incident: string;
  others: string[];
  /** Which alerts each incident held before. */
  before: JSONColumnType<Held[]>;
  by: string;
  at: number;
  reason: string;
  undone_at: number | null;
  undone_by: string | null;
  undone_reason: string | null;
}

/** That a principal may take a model out: by the action that two people agreed to. */
export interface PermitTable {
  id: string;
  model: string;
  principal: string;
  address: string | null;
  by: string;
  agreed_by: string;
  reason: string;
  from_at: number;
  until_at: number;
  ended_by: string | null;
}

/** For which confirmed theft a model, principal, host, place or address is watched. */
interface WatchTable {
  kind: string;
  name: string;
  incident: string;
  from_at: number;
  until_at: number;
}

/** An exception or a rule that somebody wrote here. */
export interface OwnRuleTable {
  name: string;
  kind: "exception" | "rule";
  title: string;
  /** Of an exception: the rules and detectors it is for. */
  rules: string[];
  text: string;
  proof: string | null;
  space: string | null;
  days: number | null;
  stage: "draft" | "trial" | "published" | "ended";
  by: string;
  at: number;
  reason: string;
  stage_at: number;
  ends_at: number | null;
  digest: string;
  checked: JSONColumnType<OwnCheck> | null;
  action: string | null;
}

/** An event that a person tied to an incident. */
interface PinTable {
  incident: string;
  event: string;
  event_time: number;
  by: string;
  at: number;
  reason: string;
}

/** Objects of buckets within the look-back, and those that are tried again. */
interface CollectedTable {
  source: string;
  /** Of which store, and its name there. */
  bucket: string;
  object: string;
  /** The ETag: an object that was written anew is another one. */
  version: string;
  modified_at: number;
  state: "done" | "waiting" | "refused";
  size: number;
  attempts: number;
  next_at: number;
  problem: string | null;
  /** Where reading goes on, of one that was read in part. */
  body: JSONColumnType<object> | null;
  /** SHA-256 of its bytes, unpacked, of one that was read whole where digests are checked. */
  hash: string | null;
}

/** When the last listing began that saw all of a bucket's prefix. */
interface ListedTable {
  source: string;
  bucket: string;
  listed_at: number;
}
