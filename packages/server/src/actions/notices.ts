// Tells by itself what the policy says: of new incidents and of sources that fell silent. Many at once are one message with their number.
import { countText, toldOfIncident, toldOfSilence, unknownTeller, type Policy } from "@outweigh/pipeline";
import { isTelling, type Connection, type ConnectionRow, type IncidentRow, type Telling } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Changes } from "../changes.ts";
import type { Env } from "../env.ts";
import { ServerError } from "../error.ts";
import { self, type EvidenceLog } from "../evidence/log.ts";
import { incidentsSince, withDoubts } from "../store/incidents.ts";
import { setTold, toldSince, untold } from "../store/told.ts";
import type { Db } from "../store/state/state.ts";
import { messageOf } from "../values.ts";
import { tell } from "./drivers/tell.ts";
import { incidentFacts, incidentMessage, lineOf, linkTo, type Message } from "./message.ts";
import { plainLine } from "./outside.ts";

/** How often is looked for something to tell, in ms: what comes together is told together. */
const lookMs = 10_000;
/** Shortest pause between two messages by one connection, in ms: nobody reads one a minute. */
const pauseMs = 5 * 60_000;
/** Longest pause after messages that were not taken, in ms. */
const maxPauseMs = 3_600_000;
/** How long an incident may wait to be told, in ms: what is older was told, or is no news. */
const newsMs = 24 * 3_600_000;
/** A source that falls silent again within this is no news, in ms. */
const sameSilenceMs = 3_600_000;
/** Incidents of one message that are named one by one. */
const maxNamed = 10;

interface NoticesOptions {
  readonly db: Db;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly policy: Policy;
  readonly connections: readonly Connection[];
  readonly publicUrl: string | undefined;
  readonly env: Env;
  /** Sources that are silent now, and since when. */
  readonly silent: () => readonly { readonly name: string; readonly from: number }[];
  readonly log: FastifyBaseLogger;
  now(): number;
}

/** What one connection is told of at once. */
interface News {
  readonly incidents: readonly IncidentRow[];
  readonly silent: readonly { readonly name: string; readonly from: number }[];
}

interface Pace {
  readonly nextAt: number;
  readonly failures: number;
}

export class Notices {
  readonly #options: NoticesOptions;
  readonly #connections: readonly Telling[];
  readonly #pace = new Map<string, Pace>();
  readonly #told = new Map<string, NonNullable<ConnectionRow["told"]>>();
  #looking: Promise<void> = Promise.resolve();

  /** @throws {ServerError} CONNECTION_UNKNOWN for a policy that tells by a connection that is none, or that takes no messages. */
  constructor(options: NoticesOptions) {
    const { policy, connections } = options;
    this.#options = options;
    const names = new Set(policy.tells.flatMap((it) => it.tell));
    this.#connections = connections.filter(isTelling).filter((it) => names.has(it.name));
    const unknown = unknownTeller(
      policy,
      this.#connections.map((it) => it.name),
    );
    if (unknown !== undefined)
      throw new ServerError(
        "CONNECTION_UNKNOWN",
        `policy.yml tells by ${unknown}: outweigh.yml names no connection ${unknown} of the kind slack, mail or webhook`,
      );
  }

  /** The latest message by a connection. */
  toldBy(name: string): ConnectionRow["told"] {
    return this.#told.get(name);
  }

  watch(): { stop(): Promise<void> } {
    if (this.#connections.length === 0) return { stop: async () => undefined };
    const timer = setInterval(() => void this.look(), lookMs);
    timer.unref();
    return {
      stop: async () => {
        clearInterval(timer);
        await this.#looking;
      },
    };
  }

  /** What `watch` does each time. One look after the other. */
  look(): Promise<void> {
    return (this.#looking = this.#looking.then(async () => {
      for (const it of this.#connections)
        await this.#tell(it).catch((error: unknown) =>
          this.#options.log.warn({ err: error, connection: it.name }, "news could not be told"),
        );
    }));
  }

  async #tell(connection: Telling): Promise<void> {
    const { now } = this.#options;
    if ((this.#pace.get(connection.name)?.nextAt ?? 0) > now()) return;
    const news = await this.#newsFor(connection.name);
    const count = news.incidents.length + news.silent.length;
    if (count === 0) return;
    const message = newsMessage(news, this.#options.publicUrl);
    const id = `news-${now().toString(36)}-${connection.name}`;
    const problem = await tell(connection, message, { env: this.#options.env, id }).then(() => undefined, messageOf);
    await this.#note(connection.name, news, { subject: message.subject, problem });
  }

  async #newsFor(name: string): Promise<News> {
    const { db, policy, now, silent } = this.#options;
    const since = await toldSince(db, name, now());
    const from = Math.max(since, now() - newsMs);
    const fresh = await untold(db, name, await incidentsSince(db, from), (it) => it.id);
    // Of those alone: every few seconds all of a day are looked at.
    const incidents = await withDoubts(
      db,
      fresh.filter((it) => toldOfIncident(policy, it).has(name)),
    );
    if (!toldOfSilence(policy).has(name)) return { incidents, silent: [] };
    // This silence was told, or another one a moment ago.
    const toldAfter = ({ from }: { readonly from: number }) => Math.min(from, now() - sameSilenceMs);
    return { incidents, silent: await untold(db, name, silent(), silenceSubject, toldAfter) };
  }

  /** What was taken is never told again; what was not is told with whatever else there is by then. */
  async #note(
    name: string,
    news: News,
    { subject, problem }: { subject: string; problem: string | undefined },
  ): Promise<void> {
    const { db, evidence, changes, now } = this.#options;
    const at = now();
    const failures = problem === undefined ? 0 : (this.#pace.get(name)?.failures ?? 0) + 1;
    this.#pace.set(name, { failures, nextAt: at + Math.min(maxPauseMs, pauseMs * 2 ** Math.max(0, failures - 1)) });
    this.#told.set(name, { at, text: subject, ...(problem !== undefined && { problem }) });
    const text = problem === undefined ? `told ${name}: ${subject}` : `could not tell ${name}: ${problem}`;
    const decision = {
      kind: problem === undefined ? "notice-sent" : "notice-failed",
      by: self,
      subject: `connection:${name}`,
      text,
    };
    await db.transaction().execute(async (tx) => {
      if (problem === undefined) {
        const subjects = [...news.incidents.map((it) => it.id), ...news.silent.map(silenceSubject)];
        await setTold(tx, name, subjects, at);
      }
      await evidence.append(tx, [decision], at);
    });
    changes.tell("evidence");
  }
}

function silenceSubject({ name }: { readonly name: string }): string {
  return `silent:${name}`;
}

/** One message of all of it. A single incident is told whole. */
function newsMessage({ incidents, silent }: News, publicUrl: string | undefined): Message {
  const [only] = incidents;
  if (only && incidents.length === 1 && silent.length === 0) return incidentMessage(incidentFacts(only, publicUrl));
  const facts = incidents.slice(0, maxNamed).map((it) => incidentFacts(it, publicUrl));
  const parts = [
    ...(incidents.length > 0 ? [countText(incidents.length, "new incident")] : []),
    ...(silent.length > 0 ? [countText(silent.length, "silent source")] : []),
  ];
  const subject = `Outweigh: ${parts.join(", ")}`;
  const link = linkTo(incidents.length > 0 ? "/incidents" : "/sources", publicUrl);
  const silences = silent.slice(0, maxNamed).map((it) => ({ name: it.name, since: new Date(it.from).toISOString() }));
  const text = [
    subject,
    ...facts.map(lineOf),
    ...(incidents.length > maxNamed ? [`and ${incidents.length - maxNamed} more`] : []),
    ...silences.map((it) => `${plainLine(it.name)} is silent since ${it.since}: what happens there is not known`),
    ...(link === undefined ? [] : [link]),
  ].join("\n");
  const counts = { incidents: incidents.length, silent: silent.length };
  return {
    subject,
    text,
    json: { subject, counts, incidents: facts, silent: silences, ...(link !== undefined && { link }) },
  };
}
