// What the routes of all nouns work with.
import type { Config, PlaybookText } from "@outweigh/schema";
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Actions } from "../actions/actions.ts";
import type { Agents } from "../auth/agents.ts";
import type { Links } from "../auth/links.ts";
import type { Sessions, SignedIn } from "../auth/sessions.ts";
import type { SourceTokens } from "../auth/source-tokens.ts";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import type { Decision, EvidenceLog } from "../evidence/log.ts";
import type { Metrics } from "../metrics.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import type { Db, Tx } from "../store/state/state.ts";
import type { Scanned } from "./scanned.ts";
import type { Collectors } from "../collect/collectors.ts";
import type { Worker } from "../worker/worker.ts";

export interface Context {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly evidence: EvidenceLog;
  readonly worker: Worker;
  readonly collectors: Collectors;
  readonly actions: Actions;
  readonly changes: Changes;
  readonly sessions: Sessions;
  readonly links: Links;
  readonly config: Config;
  readonly scanned: Scanned;
  readonly playbooks: ReadonlyMap<string, PlaybookText>;
  readonly metrics: Metrics;
  readonly version: string;
  readonly log: FastifyBaseLogger;
  readonly sourceTokens: SourceTokens;
  readonly agents: Agents;
  /** The secret that a program shows to ask for a sign-in link: it lies in the data folder. */
  readonly openToken: string;
  /** The OS user who started us: whoever opens a link is that person. */
  readonly owner: string;
  /** What the start-up scan is doing. */
  readonly scan: ScanState;
  now(): number;
}

export interface ScanState {
  state: "none" | "running" | "done" | "failed";
  finishedAt?: number;
  message?: string;
}

/** Reads what came in, or says exactly what is wrong with it. @throws {ServerError} BAD_REQUEST */
export function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value ?? {});
  if (success) return data;
  const said = error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`));
  throw new ServerError("BAD_REQUEST", said.slice(0, 10).join("; "));
}

const signedIn = new WeakMap<FastifyRequest, SignedIn>();

/** Says who a request is from: the one hook that lets nobody else through. */
export function admit(request: FastifyRequest, who: SignedIn): void {
  signedIn.set(request, who);
}

/** The name of who is signed in. */
export function personOf(request: FastifyRequest): string {
  return sessionOf(request).user;
}

export function sessionOf(request: FastifyRequest): SignedIn {
  const found = signedIn.get(request);
  if (!found) throw new ServerError("NOT_SIGNED_IN", "nobody is signed in");
  return found;
}

export function tooMany(): ServerError {
  return new ServerError("TOO_MANY", "too many requests: wait a minute");
}

/** Stores a person's decision together with its evidence: both or neither. */
export async function decide(
  { db, evidence, changes, now }: Context,
  decision: Decision | ((tx: Tx) => Promise<Decision>),
  store: (tx: Tx) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const it = typeof decision === "function" ? await decision(tx) : decision;
    await store(tx);
    await evidence.append(tx, [it], now());
  });
  changes.tell("evidence");
}

/** A signal that aborts when whoever asked has hung up. */
export function hangUp(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  if (request.raw.destroyed) gone.abort();
  return gone.signal;
}
