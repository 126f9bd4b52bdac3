// Every change of PostgreSQL's schema, in order. A migration that was released is never edited.
import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

const tables = `
create table incident (
  id text primary key,
  number integer generated always as identity unique,
  title text not null,
  severity smallint not null,
  reason text not null,
  act text,
  method text,
  principals text[] not null,
  models text[] not null,
  alerts text[] not null,
  first_at bigint not null,
  last_at bigint not null,
  status text not null,
  verdict text,
  assignee text,
  created_at bigint not null,
  updated_at bigint not null
);
create index incident_order on incident (severity desc, last_at desc, number desc);
create index incident_models on incident using gin (models);
create index incident_principals on incident using gin (principals);

create table comment (
  id integer generated always as identity primary key,
  incident text not null references incident (id),
  at bigint not null,
  by text not null,
  text text not null
);
create index comment_incident on comment (incident, at);

create table alert (
  id text primary key,
  incident text,
  rule text not null,
  severity smallint not null,
  principal text,
  model text,
  act text,
  method text,
  first_at bigint not null,
  last_at bigint not null,
  body jsonb not null
);
create index alert_order on alert (last_at desc, id desc);
create index alert_incident on alert (incident);
create index alert_rule on alert (rule, last_at);

create table action (
  id text primary key,
  verb text not null,
  target text not null,
  title text not null,
  incident text,
  state text not null,
  by text not null,
  reason text not null,
  at bigint not null,
  verified_at bigint,
  undone_at bigint,
  undoable boolean not null,
  problem text,
  record jsonb not null
);
create index action_order on action (at desc, id desc);

create table source (name text primary key, body jsonb not null);

create table gap (
  source text not null,
  from_at bigint not null,
  to_at bigint,
  body jsonb not null,
  primary key (source, from_at)
);

create table position (stream text primary key, body jsonb not null);

create table journal (id bigint generated always as identity primary key, body text not null);

create table line (id smallint primary key check (id = 1), at bigint not null, body text not null);

create table scan (host text primary key, at bigint not null, report jsonb not null);

create table copy (
  id text primary key,
  host text not null,
  path text not null,
  digest text not null,
  model text,
  state text not null,
  first_seen bigint not null,
  last_seen bigint not null,
  body jsonb not null
);
create index copy_model on copy (model);
create index copy_digest on copy (digest);

create table evidence (
  seq bigint primary key,
  at bigint not null,
  by text not null,
  kind text not null,
  subject text,
  text text not null,
  hash text not null,
  entry jsonb not null
);
create index evidence_subject on evidence (subject, seq);

create table checkpoint (size bigint primary key, at bigint not null, body jsonb not null);

create table log (id smallint primary key check (id = 1), head jsonb not null);

create table session (
  id text primary key,
  "user" text not null,
  created_at bigint not null,
  expires_at bigint not null
);
`;

const tokens = `
create table token (
  name text primary key,
  id text not null unique,
  source text not null,
  created_at bigint not null,
  created_by text not null,
  last_used_at bigint
);
`;

const agents = `
create table agent (
  id text primary key,
  host jsonb not null,
  public_key text not null,
  counter bigint not null,
  enrolled_at bigint not null,
  enrolled_by text not null,
  last_seen_at bigint,
  health jsonb,
  revoked_at bigint
);

create table enrolment (id text primary key, by text not null, expires_at bigint not null);

create table agent_order (
  id text primary key,
  agent text not null references agent (id),
  body jsonb not null,
  by text not null,
  reason text not null,
  at bigint not null,
  expires_at bigint not null,
  state text not null,
  done_at bigint,
  message text,
  facts jsonb,
  incident text
);
create index agent_order_agent on agent_order (agent, at desc);
`;

const hunts = `
create table hunt (
  name text primary key,
  filter text not null,
  by text not null,
  at bigint not null
);

create table pin (
  incident text not null references incident (id),
  event text not null,
  event_time bigint not null,
  by text not null,
  at bigint not null,
  reason text not null,
  primary key (incident, event)
);
`;

const gateways = `
create table gateway (
  id text primary key,
  facts jsonb not null,
  public_key text not null,
  counter bigint not null,
  enrolled_at bigint not null,
  enrolled_by text not null,
  last_seen_at bigint,
  revoked_at bigint
);

create table gateway_ask (
  id text primary key,
  gateway text not null references gateway (id),
  body jsonb not null,
  by text not null,
  at bigint not null,
  expires_at bigint not null,
  state text not null,
  done_at bigint,
  answer jsonb
);
create index gateway_ask_waiting on gateway_ask (gateway, at) where state = 'waiting';

create table client_point (
  gateway text not null references gateway (id),
  principal text not null,
  at bigint not null,
  body jsonb not null,
  primary key (gateway, principal, at)
);
create index client_point_at on client_point (at);

alter table action add column ends_at bigint;
`;

const digests = `
alter table collected add column hash text;
`;

const collected = `
create table collected (
  source text not null,
  bucket text not null,
  object text not null,
  version text not null,
  modified_at bigint not null,
  state text not null,
  size bigint not null,
  attempts integer not null,
  next_at bigint not null,
  problem text,
  body jsonb,
  primary key (source, bucket, object, version)
);
create index collected_waiting on collected (source, bucket, next_at) where state = 'waiting';
create index collected_age on collected (source, bucket, modified_at);

create table listed (
  source text not null,
  bucket text not null,
  listed_at bigint not null,
  primary key (source, bucket)
);
`;

const accounts = `
create table account (
  name text primary key,
  grants jsonb not null,
  state text not null,
  password text,
  totp text,
  totp_step bigint not null default 0,
  recovery text[] not null default '{}',
  subject text unique,
  created_at bigint not null,
  created_by text not null,
  last_seen_at bigint
);

create table invitation (
  id text primary key,
  account text not null references account (name),
  totp text not null,
  expires_at bigint not null
);

alter table session add column by text not null default 'link';

alter table token
  alter column source drop not null,
  add column "grant" jsonb,
  add column expires_at bigint;

alter table action
  add column effects jsonb not null default '[]',
  add column approval text not null default 'person',
  add column digest text not null default '',
  add column lasts bigint,
  add column terms jsonb,
  add column ends_itself boolean not null default false,
  add column decide_by bigint,
  add column decided_by text,
  add column decided_at bigint,
  add column decided_reason text;
create index action_waiting on action (state) where state in ('pending', 'verified');
`;

/** What a control answered, a row for each change; whose host a token of scans is for. */
const posture = `
create table control_state (
  name text not null,
  at bigint not null,
  state text not null,
  why text not null,
  primary key (name, at)
);
alter table token add column host text;
`;

/** What a look at the real thing showed; by what two accounts are known as one person's; what was told to whom, and since when. */
const drivers = `
alter table action add column seen text;
alter table account add column address text;
create table told (
  connection text not null,
  subject text not null,
  at bigint not null,
  primary key (connection, subject)
);
`;

/** Scans over time and by the clock; what a control answered in each space. */
const scanRuns = `
create table scan_run (
  host text not null,
  at bigint not null,
  body jsonb not null,
  primary key (host, at)
);

create table scan_schedule (
  agent text primary key references agent (id),
  every_hours integer not null,
  by text not null,
  at bigint not null,
  next_at bigint not null
);

alter table control_state add column space text not null default '';
alter table control_state drop constraint control_state_pkey;
alter table control_state add primary key (space, name, at);
`;

/** What people decided of how alerts stand together; which models are watched after a theft. */
const merged = `
alter table incident add column merged_into text;
create index incident_merged on incident (merged_into) where merged_into is not null;

create table grouping (
  id text primary key,
  kind text not null,
  incident text not null references incident (id),
  others text[] not null,
  before jsonb not null,
  by text not null,
  at bigint not null,
  reason text not null,
  undone_at bigint,
  undone_by text,
  undone_reason text
);
create index grouping_incident on grouping (incident);

create table watch (
  model text not null,
  incident text not null references incident (id),
  from_at bigint not null,
  until_at bigint not null,
  primary key (model, incident)
);
`;

/** What took part in a confirmed theft is watched too, and alerts say what of it made them worse. */
const watchedSubjects = `
alter table watch rename column model to name;
alter table watch add column kind text not null default 'model';
alter table watch alter column kind drop default;
alter table watch drop constraint watch_pkey;
alter table watch add primary key (kind, name, incident);
insert into watch (kind, name, incident, from_at, until_at)
  select distinct on (principal, incident.id) 'principal', principal, incident.id, watch.from_at, watch.until_at
  from watch join incident on incident.id = watch.incident, unnest(incident.principals) as principal
  order by principal, incident.id, watch.until_at desc;

alter table incident add column raised_by text[] not null default '{}';
`;

/** Exceptions and rules that people write here, from draft to end. */
const ownRules = `
create table own_rule (
  name text primary key,
  kind text not null,
  title text not null,
  rules text[] not null,
  text text not null,
  proof text,
  space text,
  days integer,
  stage text not null,
  by text not null,
  at bigint not null,
  reason text not null,
  stage_at bigint not null,
  ends_at bigint,
  digest text not null,
  checked jsonb,
  action text
);
`;

/** Permits to take a model out. */
const permits = `
create table permit (
  id text primary key,
  model text not null,
  principal text not null,
  address text,
  by text not null,
  agreed_by text not null,
  reason text not null,
  from_at bigint not null,
  until_at bigint not null,
  ended_by text
);
create index permit_until on permit (until_at);
create index permit_model on permit (model, from_at);
`;

/** When somebody closed an incident: what happens later was not judged. */
const closed = `
alter table incident add column closed_at bigint;
`;

/** Results of scans as hosts signed them. */
const signedScans = `
create table signed_scan (
  host text not null,
  finished_at bigint not null,
  key text not null,
  digest text not null,
  body bytea not null,
  primary key (host, finished_at)
);
`;

export const migrations: Record<string, Migration> = {
  "001-first": {
    async up(db: Kysely<unknown>) {
      await sql.raw(tables).execute(db);
    },
  },
  "002-tokens": {
    async up(db: Kysely<unknown>) {
      await sql.raw(tokens).execute(db);
    },
  },
  "003-agents": {
    async up(db: Kysely<unknown>) {
      await sql.raw(agents).execute(db);
    },
  },
  "004-undone": {
    async up(db: Kysely<unknown>) {
      await sql.raw("alter table action add column undone_by text, add column undone_reason text").execute(db);
    },
  },
  "009-hunts": {
    async up(db: Kysely<unknown>) {
      await sql.raw(hunts).execute(db);
    },
  },
  "005-collected": {
    async up(db: Kysely<unknown>) {
      await sql.raw(collected).execute(db);
    },
  },
  "006-gateways": {
    async up(db: Kysely<unknown>) {
      await sql.raw(gateways).execute(db);
    },
  },
  "007-accounts": {
    async up(db: Kysely<unknown>) {
      await sql.raw(accounts).execute(db);
    },
  },
  "008-posture": {
    async up(db: Kysely<unknown>) {
      await sql.raw(posture).execute(db);
    },
  },
  "010-merged": {
    async up(db: Kysely<unknown>) {
      await sql.raw(merged).execute(db);
    },
  },
  "011-exceptions": {
    async up(db: Kysely<unknown>) {
      await sql.raw(ownRules).execute(db);
    },
  },
  "012-drivers": {
    async up(db: Kysely<unknown>) {
      await sql.raw(drivers).execute(db);
    },
  },
  "013-digests": {
    async up(db: Kysely<unknown>) {
      await sql.raw(digests).execute(db);
    },
  },
  "014-watched": {
    async up(db: Kysely<unknown>) {
      await sql.raw(watchedSubjects).execute(db);
    },
  },
  "015-scan-runs": {
    async up(db: Kysely<unknown>) {
      await sql.raw(scanRuns).execute(db);
    },
  },
  "016-signed-scans": {
    async up(db: Kysely<unknown>) {
      await sql.raw(signedScans).execute(db);
    },
  },
  "017-permits": {
    async up(db: Kysely<unknown>) {
      await sql.raw(permits).execute(db);
    },
  },
  "018-closed": {
    async up(db: Kysely<unknown>) {
      await sql.raw(closed).execute(db);
    },
  },
};
