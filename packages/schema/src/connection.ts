// What actions reach outside by: buckets, repositories, people and ticket systems. Nothing else outside is ever contacted by one.
import { z } from "zod";
import type { CloudEntry } from "./cloud.ts";

/** A reference to the environment. Secrets do not stand in files. */
const reference = z.string().regex(/^\$\{[A-Z_][A-Z0-9_]*\}$/, "expected ${NAME}, a variable of the environment");

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected lower-case letters, digits, dots, dashes, at most 64");

const near = ["127.0.0.1", "localhost", "[::1]"];
/** An address that a secret is sent to: encrypted, unless it stays on this machine. */
const secretUrl = z
  .url({ protocol: /^https?$/ })
  .refine((it) => URL.canParse(it) && new URL(it).username === "" && new URL(it).password === "", {
    message: "expected no name or password in the address",
  })
  .refine(mayCarryToken, { message: "expected https: a secret is sent there" });

/** Repositories that may be touched: `acme/acme-13b`, or all of an owner, `acme/*`. */
const repositories = z
  .array(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/([A-Za-z0-9._-]{1,96}|\*)$/, "expected owner/name, or owner/*")
      .refine((it) => !/\/\.{1,2}$/.test(it), "expected owner/name, or owner/*"),
  )
  .min(1)
  .max(1000);

const address = z
  .string()
  .max(254)
  .regex(/^[^\s@<>,;:"()[\]\\]+@[A-Za-z0-9.-]+$/, "expected one address, as in soc@acme.example");

/** What a text of `fields` may name in braces. */
const ticketNames = ["id", "number", "title", "text", "severity", "models", "principals", "time", "link"] as const;

/** A JSON text with names in braces. Depth and size are the file's, which is the operator's own. */
const template: z.ZodType<unknown> = z.lazy(() =>
  z.union([
    z
      .string()
      .max(2000)
      .refine(
        (it) => [...it.matchAll(/\{([^{}]*)\}/g)].every(([, word]) => ticketNames.some((known) => known === word)),
        `expected in braces one of ${ticketNames.join(", ")}`,
      ),
    z.number(),
    z.boolean(),
    z.array(template).max(100),
    z.record(z.string().max(100), template),
  ]),
);

const bucketConnection = z
  .strictObject({
    name,
    kind: z.literal("bucket"),
    /** Buckets that may be touched. */
    buckets: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, "expected the name of a bucket, without s3://"))
      .min(1)
      .max(1000),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, "expected a region, as in eu-central-1")
      .default("us-east-1"),
    /** Of a store that is not Amazon's. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    /** The bucket's name stands in the path, not in the host: as MinIO wants it. */
    forcePathStyle: z.boolean().default(false),
    /** Both or none. Without them the SDK looks where it usually does: environment, profiles, the instance's role. */
    accessKeyId: reference.optional(),
    secretAccessKey: reference.optional(),
  })
  .refine(
    (it) => (it.accessKeyId === undefined) === (it.secretAccessKey === undefined),
    "accessKeyId and secretAccessKey: expected both, or none",
  );
export type BucketConnection = z.infer<typeof bucketConnection>;

const huggingfaceConnection = z.strictObject({
  name,
  kind: z.literal("huggingface"),
  url: secretUrl.default("https://huggingface.co"),
  /** A token that may write the repositories' settings. */
  token: reference,
  repositories,
});
export type HuggingfaceConnection = z.infer<typeof huggingfaceConnection>;

const githubConnection = z.strictObject({
  name,
  kind: z.literal("github"),
  /** Of GitHub Enterprise Server: `https://HOST/api/v3`. */
  url: secretUrl.default("https://api.github.com"),
  /** A token with the permission Administration on the repositories. */
  token: reference,
  repositories,
});
export type GithubConnection = z.infer<typeof githubConnection>;

/** Whether a secret may go along to an address: encrypted, or to this machine. */
export function mayCarryToken(url: string): boolean {
  return url.startsWith("https:") || (URL.canParse(url) && near.includes(new URL(url).hostname));
}

const webhookConnection = z
  .strictObject({
    name,
    kind: z.literal("webhook"),
    url: z.url({ protocol: /^https?$/ }),
    /** Sent as `Authorization: Bearer …`. */
    token: reference.optional(),
  })
  .refine((it) => it.token === undefined || mayCarryToken(it.url), {
    path: ["token"],
    message: "expected an https address, since a token is sent there",
  });

const slackConnection = z.strictObject({
  name,
  kind: z.literal("slack"),
  /** The whole address of the incoming webhook: it is the secret. Others that take `{ "text": … }` work too. */
  url: reference,
});
export type SlackConnection = z.infer<typeof slackConnection>;

const mailConnection = z
  .strictObject({
    name,
    kind: z.literal("mail"),
    host: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/, "expected a host's name or IPv4 address"),
    port: z.int().min(1).max(65535).default(587),
    /** `starttls` demands it after the greeting, `implicit` begins with TLS, `none` sends in the clear and takes no password. */
    tls: z.enum(["starttls", "implicit", "none"]).default("starttls"),
    user: z.string().min(1).max(256).optional(),
    password: reference.optional(),
    from: address,
    to: z.array(address).min(1).max(50),
  })
  .refine((it) => (it.user === undefined) === (it.password === undefined), "user and password: expected both, or none")
  .refine(
    (it) => it.tls !== "none" || it.password === undefined || near.includes(it.host),
    "tls: expected starttls or implicit, since a password is sent",
  );
export type MailConnection = z.infer<typeof mailConnection>;

const jiraConnection = z.strictObject({
  name,
  kind: z.literal("jira"),
  /** `https://acme.atlassian.net`, or that of a Data Center. */
  url: secretUrl,
  /** Of Jira Cloud: whose token it is. Without it, the token is sent as `Bearer`, as Data Center wants it. */
  user: address.optional(),
  token: reference,
  project: z.string().regex(/^[A-Z][A-Z0-9_]{0,31}$/, "expected a project's key, as in SOC"),
  type: z.string().min(1).max(60).default("Task"),
});
export type JiraConnection = z.infer<typeof jiraConnection>;

const issuesConnection = z.strictObject({
  name,
  kind: z.literal("github-issues"),
  url: secretUrl.default("https://api.github.com"),
  token: reference,
  repository: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9._-]{1,96}$/, "expected owner/name"),
});
export type IssuesConnection = z.infer<typeof issuesConnection>;

const ticketConnection = z.strictObject({
  name,
  kind: z.literal("ticket"),
  url: secretUrl,
  token: reference.optional(),
  /** The JSON that is posted; names in braces are filled in. */
  fields: z.record(z.string().max(100), template).refine((it) => JSON.stringify(it).length <= 20_000, {
    message: "expected at most 20,000 characters",
  }),
});
export type TicketConnection = z.infer<typeof ticketConnection>;

export const connectionEntry = z.discriminatedUnion("kind", [
  bucketConnection,
  huggingfaceConnection,
  githubConnection,
  webhookConnection,
  slackConnection,
  mailConnection,
  jiraConnection,
  issuesConnection,
  ticketConnection,
]);
export type Connection = z.infer<typeof connectionEntry>;

/** Connections that a message can be sent by. */
export type Telling = WebhookConnection | SlackConnection | MailConnection;

export function isTelling(it: Connection): it is Telling {
  return it.kind === "webhook" || it.kind === "slack" || it.kind === "mail";
}
/** As an action takes it: webhooks of `policy.webhooks` have names that connections cannot have. */
export type WebhookConnection = z.infer<typeof webhookConnection>;
export type ConnectionKind = Connection["kind"];

/** Variables of the environment that a connection or a cloud names, by the field that names each. */
export function referencesOf(
  connection: Connection | CloudEntry,
): { readonly field: string; readonly variable: string }[] {
  return Object.entries(connection).flatMap(([field, value]) =>
    typeof value === "string" && reference.safeParse(value).success ? [{ field, variable: value.slice(2, -1) }] : [],
  );
}

/** What a connection may touch, as addresses of places; `*` at the end stands for all of an owner. None for those that tell somebody. */
export function touchedBy(connection: Connection): string[] {
  switch (connection.kind) {
    case "bucket":
      return connection.buckets.map((it) => `s3://${it.toLowerCase()}`);
    case "huggingface":
      return connection.repositories.map((it) => `hf:${it.toLowerCase()}`);
    case "github":
      return connection.repositories.map((it) => `git:${gitHost(connection.url)}/${it.toLowerCase()}`);
    case "webhook":
    case "slack":
    case "mail":
    case "jira":
    case "github-issues":
    case "ticket":
      return [];
  }
}

/** Where the repositories of an API lie: `https://api.github.com` serves github.com. */
function gitHost(url: string): string {
  const { host } = new URL(url);
  return host === "api.github.com" ? "github.com" : host;
}

/** Whether what a connection may touch, as `touchedBy` gives it, includes an address. */
export function includesAddress(touched: string, at: string): boolean {
  if (!touched.endsWith("/*")) return touched === at;
  if (!at.startsWith(touched.slice(0, -1))) return false;
  const repository = at.slice(touched.length - 1);
  // A name of dots alone leads elsewhere in an address.
  return /^[A-Za-z0-9._-]{1,96}$/.test(repository) && !/^\.{1,2}$/.test(repository);
}

const time = z.int().nonnegative();

/** One connection, as people see it. No secret, and no address that is one. */
const connectionRow = z.object({
  name: z.string(),
  kind: z.string(),
  /** The host that is contacted. */
  host: z.string(),
  /** Verbs that it carries out. */
  verbs: z.array(z.string()),
  /** What it may touch, as addresses of places. */
  touches: z.array(z.string()),
  /** Variables of the environment that it names and that are not set. */
  unset: z.array(z.string()),
  /** The latest message that the policy sent by it, or could not send. */
  told: z.object({ at: time, text: z.string(), problem: z.string().optional() }).optional(),
});
export type ConnectionRow = z.infer<typeof connectionRow>;
export const connectionPage = z.object({ items: z.array(connectionRow), total: z.int() });
export type ConnectionPage = z.infer<typeof connectionPage>;

/** What a look at the other side showed. Nothing was changed there. */
export const connectionTest = z.object({
  ok: z.boolean(),
  /** It answers, and whether it would do its work cannot be seen: what only takes messages. */
  unsure: z.literal(true).optional(),
  text: z.string(),
});
export type ConnectionTest = z.infer<typeof connectionTest>;
