// What PostgreSQL holds, as Kysely sees it. Times are ms since 1970.
import type { Checkpoint, Entry, Head } from "@outweigh/evidence";
import type {
  GatewayAsk,
  GatewayFacts,
  GatewayResult,
  AgentHealth,
  Alert,
  Facts,
  Gap,
  HostFacts,
  Order,
  ScannedCopy,
  ScanReport,
} from "@outweigh/schema";
import type { Generated, JSONColumnType } from "kysely";

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
  token: TokenTable;
  agent: AgentTable;
  enrolment: EnrolmentTable;
  agent_order: AgentOrderTable;
  gateway: GatewayTable;
  gateway_ask: GatewayAskTable;
  client_point: ClientPointTable;
  hunt: HuntTable;
  pin: PinTable;
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
  alerts: string[];
  first_at: number;
  last_at: number;
  status: string;
  verdict: string | null;
  assignee: string | null;
  created_at: number;
  updated_at: number;
}

export interface CommentTable {
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
  body: JSONColumnType<Alert>;
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
}

export interface SourceTable {
  name: string;
  body: JSONColumnType<object>;
}

export interface GapTable {
  source: string;
  from_at: number;
  to_at: number | null;
  body: JSONColumnType<Gap>;
}

/** How far a stream of a source has been read: always as of the same moment as `line`. */
export interface PositionTable {
  stream: string;
  body: JSONColumnType<object>;
}

/** The detectors' state, one row. */
export interface LineTable {
  id: number;
  at: number;
  body: string;
}

/** What the line took since `line` was written: one row per batch, in order. Text, because NUL and half pairs must survive. */
export interface JournalTable {
  id: Generated<number>;
  body: string;
}

export interface ScanTable {
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
export interface EvidenceTable {
  seq: number;
  at: number;
  by: string;
  kind: string;
  subject: string | null;
  text: string;
  hash: string;
  entry: JSONColumnType<Entry>;
}

export interface CheckpointTable {
  size: number;
  at: number;
  body: JSONColumnType<Checkpoint>;
}

/** The end of the evidence log, one row: whoever appends locks it. */
export interface LogTable {
  id: number;
  head: JSONColumnType<Head>;
}

export interface SessionTable {
  /** SHA-256 of both of a session's secrets: a stolen database signs nobody in. */
  id: string;
  user: string;
  created_at: number;
  expires_at: number;
}

export interface TokenTable {
  name: string;
  /** SHA-256 of the secret: a stolen database sends nothing. */
  id: string;
  /** The one source that it may send records of. */
  source: string;
  created_at: number;
  created_by: string;
  last_used_at: number | null;
}

export interface AgentTable {
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
export interface EnrolmentTable {
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

export interface GatewayTable {
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

export interface GatewayAskTable {
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
export interface ClientPointTable {
  gateway: string;
  principal: string;
  at: number;
  body: JSONColumnType<object>;
}

/** A filter of events that somebody kept. */
export interface HuntTable {
  name: string;
  filter: string;
  by: string;
  at: number;
}

/** An event that a person tied to an incident. */
export interface PinTable {
  incident: string;
  event: string;
  event_time: number;
  by: string;
  at: number;
  reason: string;
}
