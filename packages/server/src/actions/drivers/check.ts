// A look at the other side of a connection. Nothing is changed or sent there.
import type { Connection, ConnectionTest } from "@outweigh/schema";
import type { Env } from "../../env.ts";
import { ServerError } from "../../error.ts";
import { fieldIn } from "../../values.ts";
import { hostOf, unsetOf } from "../connections.ts";
import { answerMs, ask, plainLine, refusal, secretOf, wordsOf, type Answered } from "../outside.ts";
import { accessOf } from "./bucket-access.ts";
import { githubOf, repositoryPath } from "./github-api.ts";
import { checkMail } from "./tell.ts";

/** What only takes messages: no look shows whether it would. */
const takesAlone: ReadonlySet<Connection["kind"]> = new Set(["slack", "webhook", "ticket"]);

/** Buckets and repositories that one look goes through: the others have the same key. */
const maxLooked = 5;

/** What a look shows, as a sentence. Never throws for what is wrong on the other side or with the configuration. */
export async function lookAt(connection: Connection, env: Env): Promise<ConnectionTest> {
  const unset = unsetOf(connection, env);
  if (unset.length > 0) return { ok: false, text: `the environment has no ${unset.join(", ")}` };
  try {
    const text = await look(connection, env);
    return { ok: true, ...(takesAlone.has(connection.kind) && { unsure: true }), text };
  } catch (error) {
    if (error instanceof ServerError) return { ok: false, text: error.message };
    throw error;
  }
}

async function look(connection: Connection, env: Env): Promise<string> {
  switch (connection.kind) {
    case "bucket":
      return lookAtBuckets(connection, env);
    case "huggingface": {
      const url = `${connection.url.replace(/\/+$/, "")}/api/whoami-v2`;
      const headers = { authorization: `Bearer ${secretOf(connection.token, env)}` };
      const answer = expect200(await ask(connection, { url, headers }), connection.name);
      return `${hostOf(connection, env)} knows the token as ${plainLine(String(fieldIn(answer.json, "name") ?? "somebody"))}`;
    }
    case "github":
      return lookAtRepositories(connection, env);
    case "github-issues": {
      const { json } = await githubOf(connection, env).call({
        path: repositoryPath(connection.repository),
        wanted: 200,
      });
      if (fieldIn(json, "has_issues") === false) throw refusal(`${connection.repository} has issues switched off`);
      return `the token sees ${connection.repository}; no issue was opened`;
    }
    case "jira": {
      const { url, user, token, project, name } = connection;
      const secret = secretOf(token, env);
      const pair = Buffer.from(`${user ?? ""}:${secret}`).toString("base64");
      const headers = { authorization: user === undefined ? `Bearer ${secret}` : `Basic ${pair}` };
      expect200(
        await ask(connection, { url: `${url.replace(/\/+$/, "")}/rest/api/2/project/${project}`, headers }),
        name,
      );
      return `the token sees the project ${project}; no ticket was opened`;
    }
    case "mail":
      return checkMail(connection, env);
    case "slack":
      return knock(connection, secretOf(connection.url, env));
    case "webhook":
    case "ticket":
      return knock(connection, connection.url);
  }
}

async function lookAtBuckets(connection: Connection & { kind: "bucket" }, env: Env): Promise<string> {
  for (const bucket of connection.buckets.slice(0, maxLooked)) {
    const access = await accessOf({ connection, bucket, env });
    try {
      await access.read();
    } finally {
      access.close();
    }
  }
  return `the key reads who may reach ${listed(connection.buckets)}; whether it may change that shows when it does`;
}

async function lookAtRepositories(connection: Connection & { kind: "github" }, env: Env): Promise<string> {
  const github = githubOf(connection, env);
  const named = connection.repositories.filter((it) => !it.endsWith("/*"));
  for (const it of named.slice(0, maxLooked)) {
    const { json } = await github.call({ path: repositoryPath(it), wanted: 200 });
    if (fieldIn(fieldIn(json, "permissions"), "admin") === false)
      throw refusal(`the token sees ${it}, but may not administer it: it needs the permission Administration`);
  }
  if (named.length > 0) return `the token sees ${listed(named)}`;
  await github.call({ path: "/rate_limit", wanted: 200 });
  return `${hostOf(connection, env)} takes the token`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, maxLooked).join(", ");
  return names.length > maxLooked ? `${shown}; the other ${names.length - maxLooked} were not looked at` : shown;
}

/** What only takes messages cannot be asked whether it would: only that something answers is seen. */
async function knock({ name }: Connection, url: string): Promise<string> {
  try {
    const { status, body } = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(answerMs),
    });
    await body?.cancel();
    return `${new URL(url).host} answers (${status}); whether it takes a message shows when one is sent`;
  } catch (cause) {
    // Not the cause's text: it may quote the address with whatever secret stands in it.
    throw refusal(`${name} was not reached, or did not answer within ${answerMs / 1000} s`, cause);
  }
}

function expect200(answer: Answered, name: string): Answered {
  if (answer.status === 200) return answer;
  if (answer.status === 401 || answer.status === 403)
    throw refusal(`${name} does not take the token (${answer.status})`);
  throw refusal(`${name} answered ${answer.status}: ${wordsOf(answer)}`);
}
