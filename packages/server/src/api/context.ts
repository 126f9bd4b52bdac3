// What the routes of all nouns work with.
import type { Register } from "@outweigh/pipeline";
import type { Config, PlaybookText } from "@outweigh/schema";
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { CaptureKeys } from "../actions/capture.ts";
import type { Actions } from "../actions/actions.ts";
import type { Connected } from "../actions/connected.ts";
import type { Notices } from "../actions/notices.ts";
import type { Agents } from "../auth/agents.ts";
import type { Gateways } from "../auth/gateways.ts";
import type { Links } from "../auth/links.ts";
import type { Accounts } from "../auth/accounts.ts";
import type { Provider } from "../auth/provider.ts";
import { maskAll, maskFor } from "../auth/masked.ts";
import { checkNeeds, type Asker, type NeededRole, type Reach } from "../auth/rights.ts";
import type { Sessions } from "../auth/sessions.ts";
import type { SignIn } from "../auth/sign-in.ts";
import type { SourceTokens } from "../auth/source-tokens.ts";
import { bearerOf } from "../auth/tokens.ts";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import type { Decision, EvidenceLog } from "../evidence/log.ts";
import type { Gauges } from "../gauges.ts";
import type { Metrics } from "../metrics.ts";
import type { OwnRules } from "../own-rules/own-rules.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import type { Db, Tx } from "../store/state/state.ts";
import type { Controls } from "./controls.ts";
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
  readonly connected: Connected;
  readonly notices: Notices;
  readonly ownRules: OwnRules;
  readonly changes: Changes;
  readonly sessions: Sessions;
  readonly accounts: Accounts;
  readonly signIn: SignIn;
  /** Who vouches for people instead of a password; undefined: nobody. */
  readonly provider: Provider | undefined;
  readonly links: Links;
  readonly config: Config;
  readonly register: Register;
  readonly scanned: Scanned;
  /** Checked measures, as the content tells them. */
  readonly controls: Controls;
  readonly playbooks: ReadonlyMap<string, PlaybookText>;
  readonly metrics: Metrics;
  /** What is measured by looking, when somebody asks for it. */
  readonly gauges: Gauges;
  readonly version: string;
  readonly log: FastifyBaseLogger;
  readonly sourceTokens: SourceTokens;
  readonly agents: Agents;
  readonly gateways: Gateways;
  readonly captureKeys: CaptureKeys;
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

interface Admitted {
  readonly asker: Asker;
  readonly reach: Reach;
}

const admitted = new WeakMap<FastifyRequest, Admitted>();

/**
 * Finds out whose request it is and what it may reach: the one place where that is decided.
 *
 * @throws {ServerError} NOT_SIGNED_IN, FORBIDDEN
 */
export function admit(request: FastifyRequest, needs: NeededRole, context: Context): void {
  const asker = askerOf(request, context);
  admitted.set(request, { asker, reach: checkNeeds(asker, needs, context.config.spaces) });
}

/** A program shows a token and nothing else; a browser its session. */
function askerOf(request: FastifyRequest, { sessions, sourceTokens, now }: Context): Asker {
  if (request.headers.authorization === undefined) return sessions.require(request, now());
  const found = sourceTokens.asker(bearerOf(request.headers.authorization) ?? "", now());
  if (found) return found;
  throw new ServerError("NOT_SIGNED_IN", "this token asks for nothing here: it has ended, or sends records");
}

/** The name of who is signed in. */
export function personOf(request: FastifyRequest): string {
  return sessionOf(request).user;
}

export function sessionOf(request: FastifyRequest): Asker {
  return admittedOf(request).asker;
}

/** The models that the asker may see and touch by this route. */
export function reachOf(request: FastifyRequest): Reach {
  return admittedOf(request).reach;
}

/** An answer without the names of models that lie beyond what the asker may see. */
export function maskedAnswer<Answer>({ config }: Context, request: FastifyRequest, answer: Answer): Answer {
  const mask = maskFor(config.models, admitted.get(request)?.reach);
  return mask ? maskAll(answer, mask) : answer;
}

function admittedOf(request: FastifyRequest): Admitted {
  const found = admitted.get(request);
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
