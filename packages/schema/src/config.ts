import { z } from "zod";
import { cloudEntry } from "./cloud.ts";
import { grant, spaceName } from "./account.ts";
import { bucketEntry, syslogEntry } from "./collect.ts";
import { connectionEntry, mayCarryToken, type Connection } from "./connection.ts";
import { gatewaySection } from "./gateway.ts";

/** Longest `outweigh.yml` we read, in bytes: a register of ten thousand models fits. */
export const maxConfigBytes = 16 * 1024 * 1024;

/** What a model is to its owner. `public` and `base` are silent; `delta` is ours on top of a base; nobody should touch a `decoy`. */
export const modelClasses = ["public", "base", "private", "delta", "decoy"] as const;
export const modelClass = z.enum(modelClasses);

const schemes = [
  "file",
  "s3",
  "gs",
  "az",
  "mlflow",
  "hf",
  "oci",
  "http",
  "git",
  "wandb",
  "databricks",
  "vertex",
  "k8s",
  "llm",
];

/** Names of Kubernetes: a DNS label; of a volume claim: labels joined by dots. */
const claim = /^k8s:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Where a copy of a model is declared to be: a prefix of artifact addresses, cut at whole path segments.
 * `s3://acme-models/acme-13b/`, `mlflow:7/9c2e/artifacts/model`, `hf:acme/acme-13b`, `oci:models/acme-13b`,
 * `http:/weights/acme-13b/`, `file:/srv/models/acme-13b`, `gs://bucket/prefix/`, `az://account/container/prefix/`,
 * `git:github.com/acme/acme-13b`, `wandb:entity/project/artifact`, `databricks:main.models.acme-13b`, `vertex:project/model-id`.
 * `k8s:namespace/claim` is the volume claim that holds a copy in a cluster, `llm:name` the name by which a gateway serves it.
 */
export const placeAddress = z
  .string()
  .min(3)
  .max(2048)
  .refine(
    (it) => schemes.includes(it.slice(0, it.indexOf(":"))),
    `expected an address that starts with one of ${schemes.map((it) => `${it}:`).join(" ")}`,
  )
  .refine((it) => !it.startsWith("k8s:") || claim.test(it), "expected k8s:namespace/claim, both names in lower case");

/** Who may read: a principal's id as its source gives it; `*` matches any run of characters. */
const principalPattern = z.string().min(1).max(512);

const digest = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

export const modelEntry = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "expected letters, digits, dots, dashes or underscores"),
  owner: z.string().max(256).optional(),
  class: modelClass,
  /** What it would cost to replace, in whole units of your currency. Orders incidents, never hides one. */
  value: z.number().nonnegative().optional(),
  /** Size of all its weights in bytes. Without it, fractions of a download cannot be told. */
  bytes: z.int().positive().optional(),
  /** The weights' own digest, as `outweigh scan` prints it. */
  digest: digest.optional(),
  /** Its files, relative to a place, so that ranged reads of shards add up exactly. */
  files: z
    .array(z.strictObject({ path: z.string().min(1), bytes: z.int().positive(), sha256: digest.optional() }))
    .optional(),
  /** Where copies are declared to be. A copy found anywhere else is undeclared. */
  places: z.array(placeAddress).min(1),
  /** Who may read it: their reads are accounted for by a declared copy. Everybody else's are accounted for by nobody. */
  readers: z.array(principalPattern).default([]),
});
export type ModelEntry = z.infer<typeof modelEntry>;

export const sourceKinds = [
  "auto",
  "agent",
  "auditd",
  "azure",
  "bedrock",
  "cloudtrail",
  "cloudwatch",
  "databricks",
  "entra",
  "falco",
  "gateway",
  "gcp-audit",
  "github-audit",
  "gitlab-audit",
  "http-access",
  "huggingface",
  "jupyter",
  "keycloak",
  "kubernetes-audit",
  "litellm",
  "minio",
  "oci-notification",
  "okta",
  "osquery",
  "otel",
  "s3-access",
  "scan",
  "slurm",
  "sysmon",
  "wandb",
  "zeek",
] as const;

export const sourceEntry = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected lower-case letters, digits, dots, dashes"),
    kind: z.enum(sourceKinds).default("auto"),
    /** Files or folders to watch. `*` matches within one path segment. */
    paths: z.array(z.string().min(1)).min(1).optional(),
    /** A bucket that the server reads by itself. */
    s3: bucketEntry.optional(),
    /** Syslog that the server listens to. */
    syslog: syslogEntry.optional(),
    /** Silence longer than this is a gap and an alert. */
    silenceMs: z.int().min(1000).optional(),
  })
  .refine(
    (it) => [it.paths, it.s3, it.syslog].filter((way) => way !== undefined).length <= 1,
    "expected one of paths, s3 and syslog: make a source of each",
  )
  // Whoever may write a log must not say where copies lie, nor speak for a host.
  .refine(
    (it) => (it.s3 === undefined && it.syslog === undefined) || (it.kind !== "scan" && it.kind !== "agent"),
    "kind: scans and agents report to the server themselves, not by a bucket or syslog",
  );
export type SourceEntry = z.infer<typeof sourceEntry>;

const own = /\$\{[A-Z_][A-Z0-9_]*\}/;

const webhookEntry = z.strictObject({
  name: z.string().min(1).max(64),
  url: z.url({ protocol: /^https?$/ }),
  /** Sent as `Authorization: Bearer …`. Only a reference to the environment, `${NAME}`: secrets do not stand in files. */
  token: z.string().regex(own, "expected ${NAME}, a variable of the environment").optional(),
});
export type WebhookEntry = z.infer<typeof webhookEntry>;

/** A set of models that an account's role may be limited to. */
const spaceEntry = z.strictObject({ name: spaceName, models: z.array(z.string().min(1)).min(1) });

/** Who vouches for people instead of a password here: an OpenID Connect provider. */
export const providerEntry = z.strictObject({
  /** What people call it: stands on the button. */
  name: z.string().min(1).max(64).default("your identity provider"),
  issuer: z.url({ protocol: /^https?$/ }),
  clientId: z.string().min(1).max(256),
  /** Only a reference to the environment: secrets do not stand in files. */
  clientSecret: z.string().regex(own, "expected ${NAME}, a variable of the environment"),
  /** With `email`, so that two accounts of one person are known as such. */
  scope: z.string().default("openid profile email"),
  /** The claim of the ID token that says what somebody is: a text or a list of texts. */
  claim: z.string().min(1).max(64).default("groups"),
  /** What each value of it gives. Who has none of them gets no entry. */
  roles: z.array(z.strictObject({ value: z.string().min(1).max(256), ...grant.shape })).min(1),
});
export type ProviderEntry = z.infer<typeof providerEntry>;

/** A receiver of OTLP over HTTP, to which our own measurements are pushed. */
const otlpPush = z
  .strictObject({
    /** The whole address, as in `http://collector:4318/v1/metrics`. */
    url: z.url({ protocol: /^https?$/ }),
    /** Sent as `Authorization: Bearer …`. */
    token: z.string().regex(own, "expected ${NAME}, a variable of the environment").optional(),
    /** Pause between two pushes, in ms. */
    everyMs: z.int().min(1000).max(3_600_000).default(60_000),
  })
  .refine((it) => it.token === undefined || mayCarryToken(it.url), {
    path: ["token"],
    message: "expected an https address, since a token is sent there",
  });
export type OtlpPush = z.infer<typeof otlpPush>;

/** Addresses that only this machine reaches. */
export const loopback = "127.0.0.1";

/** All of `outweigh.yml`. Unknown keys are errors. */
export const config = z
  .strictObject({
    models: z.array(modelEntry).default([]),
    sources: z.array(sourceEntry).default([]),
    /** Own networks in CIDR form: an address outside them is external. Empty: private address ranges count as own. */
    networks: z.array(z.union([z.cidrv4(), z.cidrv6()])).default([]),
    /** Proxies whose `X-Forwarded-For` we believe. */
    trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
    /** Folders with Sigma rules and exceptions of your own, used beside the rules that come with Outweigh. */
    rules: z.array(z.string().min(1)).default([]),
    policy: z
      .strictObject({
        /** The earlier form of a connection of the kind `webhook`. */
        webhooks: z.array(webhookEntry).default([]),
        /** Folders whose files the quarantine action may move. Empty: those the scan covered. */
        quarantineRoots: z.array(z.string()).default([]),
      })
      .prefault({}),
    /** What actions reach outside by. Nothing else outside is ever contacted by one. */
    connections: z.array(connectionEntry).max(100).default([]),
    /** Named sets of models. Empty: every role is for all of them. */
    spaces: z.array(spaceEntry).default([]),
    /** A folder of exported configuration, in which scans look for theft paths: docs/guide/posture.md says what belongs there. */
    posture: z.string().min(1).optional(),
    /** Clouds that scans of this machine ask for their configuration. Empty: nobody is contacted. */
    clouds: z.array(cloudEntry).max(50).default([]),
    /** The proxy before model servers. Absent: there is none. */
    gateway: gatewaySection.optional(),
    server: z
      .strictObject({
        data: z.string().default("./outweigh-data"),
        port: z.int().min(0).max(65535).default(7700),
        /** Where it listens. Anything but this machine alone demands accounts and `url`. */
        host: z.enum([loopback, "0.0.0.0", "::"]).default(loopback),
        /** Where browsers reach it through a TLS proxy: `https://outweigh.example`. Demands accounts. */
        url: z
          .url({ protocol: /^https$/ })
          .refine((it) => URL.canParse(it) && new URL(it).pathname === "/", "expected https://NAME, without a path")
          .optional(),
        /** `optional`: the operator's link is enough until a second person is invited. */
        accounts: z.enum(["optional", "required"]).default("optional"),
        provider: providerEntry.optional(),
        /** How long events are kept, in days from when they arrived; without it, for ever. What an alert or a person cites is never deleted. */
        keepDays: z.int().min(7).max(3650).optional(),
        /** Where our own measurements are sent to, beside `/metrics`. */
        metrics: z.strictObject({ otlp: otlpPush.optional() }).prefault({}),
        /** Folders that the start-up scan reads. Empty: this user's home and the usual model folders. */
        scan: z.array(z.string()).default([]),
      })
      .prefault({}),
  })
  .superRefine(({ models, spaces, server }, context) => {
    const names = new Set(models.map((it) => it.name));
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
    for (const [i, it] of spaces.entries()) {
      if (spaces.findIndex((other) => other.name === it.name) !== i)
        problem(["spaces", i, "name"], `${it.name} is there twice`);
      const unknown = it.models.find((model) => !names.has(model));
      if (unknown !== undefined) problem(["spaces", i, "models"], `no model is registered as ${unknown}`);
    }
    const known = new Set(spaces.map((it) => it.name));
    for (const [i, { space }] of (server.provider?.roles ?? []).entries())
      if (space !== undefined && !known.has(space))
        problem(["server", "provider", "roles", i, "space"], `there is no space ${space}`);
    if (server.host !== loopback && server.url === undefined)
      problem(["server", "url"], "needed where others reach the server: the https address of the proxy before it");
  });
export type Config = z.infer<typeof config>;

/** All connections of a configuration, in whichever form they stand there. */
export function connectionsOf({ connections, policy }: Pick<Config, "connections" | "policy">): Connection[] {
  return [...connections, ...policy.webhooks.map((it): Connection => ({ kind: "webhook", ...it }))];
}
export type ConfigInput = z.input<typeof config>;
