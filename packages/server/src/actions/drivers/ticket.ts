// Opens a ticket about an incident: in Jira, as a GitHub issue, or by a webhook with fields of one's own.
import type { Connection, IssuesConnection, JiraConnection, TicketConnection } from "@outweigh/schema";
import { z } from "zod";
import type { Env } from "../../env.ts";
import { incidentById } from "../../store/incidents.ts";
import type { Db } from "../../store/state/state.ts";
import { fieldIn } from "../../values.ts";
import { done, notDone, type Act, type Seen } from "../action.ts";
import { hostOf, unsetOf } from "../connections.ts";
import { incidentFacts, lineOf, namesText, textOf, type IncidentFacts } from "../message.ts";
import { ask, plainLine, refusal, secretOf, wordsOf } from "../outside.ts";
import { githubOf, repositoryPath } from "./github-api.ts";

/** Issues that are looked through for ours: it was made a moment ago. */
const lookedThrough = 100;

/** One kind of ticket system. `mark` stands in the ticket: by it, one is found whose answer was lost. */
interface Desk {
  /** What the ticket is called there. */
  open(facts: IncidentFacts, mark: string): Promise<string>;
  /** What is there under that name, or under the mark. */
  look(key: string | undefined, mark: string): Promise<Seen>;
}

type Ticketing = JiraConnection | IssuesConnection | TicketConnection;

export function isTicketing(it: Connection): it is Ticketing {
  return it.kind === "jira" || it.kind === "github-issues" || it.kind === "ticket";
}

const plan = z.object({ connection: z.string(), incident: z.string() });
/** `action` is what the ticket is marked with; `key` is what its system calls it. */
const record = plan.extend({ action: z.string(), key: z.string().optional() });

interface TicketOptions {
  readonly db: Db;
  readonly connections: readonly Connection[];
  readonly publicUrl: string | undefined;
  readonly env: Env;
}

export function openTicket({ db, connections, publicUrl, env }: TicketOptions): Act {
  const ticketing = connections.filter(isTicketing);
  const named = (name: string) => {
    const found = ticketing.find((it) => it.name === name);
    if (!found) throw refusal(`outweigh.yml names no connection ${name} any more`);
    return found;
  };
  return {
    verb: "open-ticket",
    outside: true,

    async preview(target, incident) {
      const title = `Open a ticket with ${target}`;
      const connection = ticketing.find((it) => it.name === target);
      if (!connection) return { ok: false, title, refused: "outweigh.yml names no connection that takes tickets so" };
      const row = incident === undefined ? undefined : await incidentById(db, incident);
      if (!row) return { ok: false, title, refused: "there is nothing to tell: it needs an incident" };
      const [unset] = unsetOf(connection, env);
      if (unset !== undefined) return { ok: false, title, refused: `the environment has no ${unset}` };
      return {
        ok: true,
        plan: {
          title: `Open a ticket with ${target} about INC-${row.number}`,
          effects: [
            `Of INC-${row.number}, number, title, reason, severity, principals, models and times go to ${whereOf(connection, env)}`,
            "It stays until somebody closes it there; what happens to the incident later is not told",
          ],
          undoable: false,
          plan: { connection: target, incident: row.id },
        },
      };
    },

    async apply(agreed, { action }) {
      const it = plan.parse(agreed);
      const connection = named(it.connection);
      const row = await incidentById(db, it.incident);
      if (!row) throw refusal("the incident is gone");
      const key = await deskOf(connection, env).open(incidentFacts(row, publicUrl), markOf(action));
      return { ...it, action, key };
    },

    async verify(it) {
      const read = record.safeParse(it);
      // A plan that no action had begun.
      if (!read.success) return notDone("no ticket was opened");
      const { connection, action, key } = read.data;
      return deskOf(named(connection), env).look(key, markOf(action));
    },

    async undo() {
      throw refusal("a ticket stays: close it there");
    },
  };
}

function whereOf(connection: Ticketing, env: Env): string {
  const host = hostOf(connection, env);
  if (connection.kind === "jira") return `the project ${connection.project} at ${host}`;
  return connection.kind === "github-issues" ? `the issues of ${connection.repository} at ${host}` : host;
}

function markOf(action: string): string {
  return `outweigh-${action.replace(/[^A-Za-z0-9-]/g, "")}`;
}

function deskOf(connection: Ticketing, env: Env): Desk {
  switch (connection.kind) {
    case "jira":
      return jira(connection, env);
    case "github-issues":
      return issues(connection, env);
    case "ticket":
      return webhook(connection, env);
  }
}

/** Source: Jira's REST API, version 2, which Cloud and Data Center both speak. The mark is a label. */
function jira(connection: JiraConnection, env: Env): Desk {
  const { name, url, user, token, project, type } = connection;
  const base = `${url.replace(/\/+$/, "")}/rest/api/2`;
  const secret = () => secretOf(token, env);
  const headers = () => ({
    authorization:
      user === undefined ? `Bearer ${secret()}` : `Basic ${Buffer.from(`${user}:${secret()}`).toString("base64")}`,
  });
  const get = (path: string) => ask(connection, { url: `${base}${path}`, headers: headers() });
  const keyOf = (value: unknown) => {
    const key = fieldIn(value, "key");
    return typeof key === "string" && /^[A-Z][A-Z0-9_]*-\d+$/.test(key) ? key : undefined;
  };
  return {
    async open(facts, mark) {
      const fields = {
        project: { key: project },
        issuetype: { name: type },
        summary: lineOf(facts).slice(0, 250),
        description: plainJira(textOf(facts)),
        labels: ["outweigh", mark],
      };
      const answer = await ask(connection, {
        method: "POST",
        url: `${base}/issue`,
        headers: headers(),
        json: { fields },
      });
      const key = keyOf(answer.json);
      if (answer.status === 201 && key !== undefined) return key;
      if (answer.status === 401 || answer.status === 403)
        throw refusal(`${name} does not take the token, or forbids it`);
      const detail = fieldIn(answer.json, "errors");
      const why = typeof detail === "object" && detail !== null ? plainLine(JSON.stringify(detail)) : wordsOf(answer);
      throw refusal(`${name} answered ${answer.status}: ${why}`);
    },
    async look(key, mark) {
      if (key !== undefined) {
        const answer = await get(`/issue/${key}?fields=summary`);
        if (answer.status === 200) return done(`${name} has ${key}`);
        if (answer.status === 404) return notDone(`${name} has no ${key}`);
        throw refusal(`${name} answered ${answer.status}: ${wordsOf(answer)}`);
      }
      const query = `jql=${encodeURIComponent(`labels = "${mark}"`)}&fields=summary&maxResults=1`;
      // Cloud has the one, Data Center the other.
      const cloud = await get(`/search/jql?${query}`);
      const answer = cloud.status === 200 ? cloud : await get(`/search?${query}`);
      const found = fieldIn(answer.json, "issues");
      if (answer.status !== 200 || !Array.isArray(found)) throw refusal(`${name} cannot be searched: ${answer.status}`);
      const at = keyOf(found[0]);
      return at === undefined ? notDone(`${name} has no ticket of this action`) : done(`${name} has ${at}`);
    },
  };
}

/** Names and titles come from whoever is watched: in this block Jira makes no link, image or mention of them. */
function plainJira(text: string): string {
  return `{noformat}\n${text.replaceAll(/\{(?=noformat)/gi, "(")}\n{noformat}`;
}

/** Source: docs.github.com/rest/issues. The mark is a line of the text. */
function issues(connection: IssuesConnection, env: Env): Desk {
  const { name, repository } = connection;
  const github = githubOf(connection, env);
  const path = `${repositoryPath(repository)}/issues`;
  return {
    async open(facts, mark) {
      const json = { title: lineOf(facts).slice(0, 250), body: `${quoted(textOf(facts))}\n\n${mark}` };
      const { json: made } = await github.call({ method: "POST", path, json, wanted: 201 });
      const number = fieldIn(made, "number");
      if (typeof number !== "number" || !Number.isSafeInteger(number))
        throw refusal(`${name} answers in another form than GitHub does`);
      return String(number);
    },
    async look(key, mark) {
      if (key !== undefined && /^\d+$/.test(key)) {
        await github.call({ path: `${path}/${key}`, wanted: 200 });
        return done(`${repository} has issue ${key}`);
      }
      const { json } = await github.call({
        path: `${path}?state=all&sort=created&direction=desc&per_page=${lookedThrough}`,
        wanted: 200,
      });
      if (!Array.isArray(json)) throw refusal(`${name} answers in another form than GitHub does`);
      const found = json.find((it: unknown) => String(fieldIn(it, "body") ?? "").includes(mark));
      const number = fieldIn(found, "number");
      return typeof number === "number"
        ? done(`${repository} has issue ${number}`)
        : notDone(`${repository} has no issue of this action`);
    },
  };
}

/** Names and titles come from whoever is watched: as code, they mention nobody and link nowhere. */
function quoted(text: string): string {
  return text
    .split("\n")
    .map((it) => `    ${it}`)
    .join("\n");
}

/** Whatever takes JSON. What it keeps, it shows nobody: its answer is all that is known. */
function webhook(connection: TicketConnection, env: Env): Desk {
  const { name, url, token, fields } = connection;
  return {
    async open(facts, mark) {
      const headers = token === undefined ? {} : { authorization: `Bearer ${secretOf(token, env)}` };
      const json = filled(fields, { ...valuesOf(facts), id: mark });
      const answer = await ask(connection, {
        method: "POST",
        url,
        headers: { ...headers, "idempotency-key": mark },
        json,
        secretUrl: true,
      });
      if (answer.status >= 200 && answer.status < 300) return String(answer.status);
      throw refusal(`${name} answered ${answer.status}: ${wordsOf(answer)}`);
    },
    async look(key) {
      return key === undefined
        ? notDone("nobody confirmed the ticket, and this system cannot be asked")
        : done(`${name} answered ${key}`);
    },
  };
}

/** What names in braces stand for. */
function valuesOf(facts: IncidentFacts): Readonly<Record<string, string>> {
  const { number, severity, models, principals, firstAt, link = "" } = facts;
  const names = { models: namesText(models), principals: namesText(principals) };
  return { number, title: lineOf(facts), text: textOf(facts), severity, ...names, time: firstAt, link };
}

/** A template with its names filled in. What is filled in is never looked through for names again. */
function filled(template: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof template === "string")
    return template.replaceAll(/\{([^{}]*)\}/g, (whole, word: string) => values[word] ?? whole);
  if (Array.isArray(template)) return template.map((it) => filled(it, values));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, it]) => [key, filled(it, values)]));
}
