// Sends one message by a connection: webhook, Slack's incoming webhook, or mail. Answers with what the other side said.
import type { MailConnection, SlackConnection, Telling, WebhookConnection } from "@outweigh/schema";
import type { Env } from "../../env.ts";
import type { Message } from "../message.ts";
import { answerMs, ask, plainLine, refusal, secretOf, wordsOf } from "../outside.ts";

/** Longest text that Slack is sent, in characters: it cuts longer ones itself. */
const maxSlackText = 3000;

/**
 * @param id Names the message for good: who gets it twice can see that it is one.
 * @returns What became of it, as a sentence.
 * @throws {ServerError} ACTION_REFUSED with why it was not taken, or why that is not known.
 */
export async function tell(
  connection: Telling,
  message: Message,
  { env, id }: { env: Env; id: string },
): Promise<string> {
  switch (connection.kind) {
    case "webhook":
      return byWebhook(connection, message, env);
    case "slack":
      return bySlack(connection, message, env);
    case "mail":
      return byMail(connection, message, { env, id });
  }
}

async function byWebhook(connection: WebhookConnection, { json }: Message, env: Env): Promise<string> {
  const { name, url, token } = connection;
  const headers = token === undefined ? {} : { authorization: `Bearer ${secretOf(token, env)}` };
  const answer = await ask(connection, { method: "POST", url, headers, json, secretUrl: true });
  if (answer.status >= 200 && answer.status < 300) return `${name} answered ${answer.status}`;
  throw refusal(`the webhook ${name} answered ${answer.status}: ${wordsOf(answer)}`);
}

/** Source: Slack's incoming webhooks: 200 and "ok", else a status and one word. */
async function bySlack(connection: SlackConnection, { text }: Message, env: Env): Promise<string> {
  const { name } = connection;
  const url = secretOf(connection.url, env);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw refusal(`what the environment gives for ${name} is no address`);
  const json = { text: slackText(text).slice(0, maxSlackText) };
  const answer = await ask(connection, { method: "POST", url, json, secretUrl: true });
  if (answer.status === 200) return `${name} took it`;
  const words = wordsOf(answer);
  if (answer.status === 429) throw refusal(`${name} asks to come back later: too many messages`);
  throw refusal(`${name} answered ${answer.status}: ${words}`);
}

/** Names and titles come from whoever is watched: they must not make a link, or call a whole channel. */
function slackText(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  // Those that are like Slack call a channel by this alone.
  return escaped.replaceAll(/@(?=all|channel|everyone|here)/gi, "@\u200b");
}

async function byMail(
  connection: MailConnection,
  { subject, text }: Message,
  { env, id }: { env: Env; id: string },
): Promise<string> {
  const { name, from, to } = connection;
  const transport = await mailer(connection, env);
  try {
    const domain = from.slice(from.lastIndexOf("@") + 1);
    const { accepted, rejected } = await transport.sendMail({
      from,
      to,
      subject: plainLine(subject),
      text,
      messageId: `<${id}@${domain}>`,
      // Nothing of a message is ever read from a file or an address.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    if (rejected.length > 0 || accepted.length === 0)
      throw refusal(`${name} did not take it for ${rejected.map(String).map(plainLine).join(", ")}`);
    return `${name} took it for ${accepted.length === 1 ? "one address" : `${accepted.length} addresses`}`;
  } catch (cause) {
    throw mailProblem(name, cause);
  } finally {
    transport.close();
  }
}

/** A connection to the mail server, and nothing sent. @throws {ServerError} ACTION_REFUSED */
export async function checkMail(connection: MailConnection, env: Env): Promise<string> {
  const transport = await mailer(connection, env);
  try {
    await transport.verify();
    return `${connection.host} answers${connection.user === undefined ? "" : " and takes the password"}; nothing was sent`;
  } catch (cause) {
    throw mailProblem(connection.name, cause);
  } finally {
    transport.close();
  }
}

async function mailer(connection: MailConnection, env: Env) {
  const { host, port, tls, user, password } = connection;
  // Loaded when it is wanted: without mail, no server pays for it.
  const { createTransport } = await import("nodemailer");
  return createTransport({
    host,
    port,
    secure: tls === "implicit",
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    ...(user !== undefined && password !== undefined && { auth: { user, pass: secretOf(password, env) } }),
    connectionTimeout: answerMs,
    greetingTimeout: answerMs,
    socketTimeout: answerMs,
    dnsTimeout: answerMs,
    logger: false,
  });
}

/** In words that say what to do. The codes are nodemailer's. The server's own words may quote what it was sent: only its status is told. */
function mailProblem(name: string, cause: unknown): Error {
  if (cause instanceof Error && cause.name === "ServerError") return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const status = cause instanceof Error && "responseCode" in cause ? ` (${String(cause.responseCode)})` : "";
  const why: Readonly<Record<string, string>> = {
    EAUTH: "it does not take the user and password",
    ETLS: "TLS did not come about: is its certificate one that this machine trusts?",
    EENVELOPE: "it does not take the sender or an address",
    EMESSAGE: "it does not take the message",
    EDNS: "its name is not known",
  };
  const known = why[code] ?? "it was not reached, or did not answer in time: whether it took the message is not known";
  // Not the cause: it holds the server's own words, and causes are logged.
  return refusal(`${name} did not confirm the message${status}: ${known}`);
}
