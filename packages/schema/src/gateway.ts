import { z } from "zod";

/** The protocols of model servers that the gateway speaks: one adapter each. */
const gatewayProtocols = [
  "openai",
  "anthropic",
  "ollama",
  "vllm",
  "tgi",
  "open-inference",
  "tf-serving",
  "torchserve",
  "mlflow",
  "sagemaker",
] as const;
const gatewayProtocol = z.enum(gatewayProtocols);
export type GatewayProtocol = z.infer<typeof gatewayProtocol>;

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,127}$/, "expected letters, digits and ._@:/-, at most 128");
const own = z.string().regex(/^\$\{[A-Z_][A-Z0-9_]*\}$/, "expected ${NAME}, a variable of the environment");
const path = z.string().regex(/^\/[\w./~:{}-]*$/, "expected a path that starts with a slash");
/** Most accounts that one decision orders about: the gateway links no more to one group. */
const maxOrderedTogether = 64;
const perMinute = z.number().positive().max(1e12);

/** What an answer may give away: the dial. Each step gives less than the one before; `top-k` is the largest k, rounded. */
export const answerDial = z.enum(["full", "rounded", "top-k", "label-only"]);
export type AnswerDial = z.infer<typeof answerDial>;

/** How much a principal may ask for. Absent: no limit of that kind. */
export const gatewayLimits = z.strictObject({
  requestsPerMinute: perMinute.optional(),
  inputTokensPerMinute: perMinute.optional(),
  outputTokensPerMinute: perMinute.optional(),
  /** Upper bound of what answers tell of the model beyond their text, in bits a day: scores, probabilities, vectors. */
  informationBitsPerDay: perMinute.optional(),
  /** Requests that may run at once. */
  concurrent: z.int().min(1).max(100_000).optional(),
});
export type GatewayLimits = z.infer<typeof gatewayLimits>;

/** Most of a client's queries that may get the wrong label: what a client gets is still an answer. */
export const maxMarkShare = 0.02;
/** Farthest that an embedding may be turned, as the secret direction's share of it. */
export const maxMarkPull = 0.5;

const markShare = z.number().min(0).max(maxMarkShare);
const markPull = z.number().min(0).max(maxMarkPull);

/** Marks of ownership in answers. Absent: none. */
export const gatewayMarks = z.strictObject({
  /** Share of a classifier's queries that get the runner-up for a label. 0.005 costs a client half an answer in a hundred. */
  share: markShare.default(0.005),
  /** How far an embedding is turned whose text holds four of the secret words, as a share; fewer words turn it less. */
  pull: markPull.default(0.2),
});
export type GatewayMarks = z.infer<typeof gatewayMarks>;

/** What a kind of principal may ask, and how much. */
export const gatewayPlan = z.strictObject({
  limits: gatewayLimits.prefault({}),
  /** Whether log-probabilities are given at all. Never together with a way to force tokens. */
  logprobs: z.boolean().default(true),
  /** Most answers to one prompt: `n`, `best_of`. */
  answers: z.int().min(1).max(128).default(4),
  reasoning: z.boolean().default(true),
  probabilities: answerDial.default("full"),
  marks: gatewayMarks.optional(),
});
export type GatewayPlan = z.infer<typeof gatewayPlan>;

/** How the detectors look at one served model. Without it they see prompts as texts, and numbers not at all. */
export const gatewayModel = z.strictObject({
  /** As clients name it. */
  name,
  /** The register's name of its weights; what alerts speak of. Default: the same name. */
  register: z.string().max(128).optional(),
  /** How many classes a classifier answers with. */
  classes: z.int().min(2).max(100_000).optional(),
  /** An image of `shape` is averaged over blocks of `pool` before it is compared; absent: a vector as it is. */
  input: z
    .strictObject({
      shape: z.array(z.int().min(1).max(4096)).min(1).max(3),
      pool: z.int().min(1).max(256).default(1),
      /** What a value is multiplied by, e.g. 255 for images in 0…1. */
      scale: z.number().default(1),
    })
    .optional(),
  /** Which output tensor holds the probabilities, where there are several. */
  output: z.string().max(128).optional(),
  /**
   * An output tensor that the model server adds for the detectors alone, such as the embedding before the last layer: they see more by
   * it. It is taken out of every answer before that leaves.
   */
  features: z.string().max(128).optional(),
  /** Made by the owner from benign traffic: file, beside it `FILE.sig`. Without it detectors are calibrating: they page nobody. */
  calibration: z.string().optional(),
  /** Where the layer before the vocabulary is this wide, log-probabilities are counted against it. */
  hidden: z.int().min(2).max(65_536).optional(),
  vocabulary: z.int().min(2).max(10_000_000).optional(),
  /** Agreement of a clone, 0…1, that nobody's log may allow, whatever the intent. */
  budget: z.number().min(0).max(1).optional(),
  /** While detectors are blind, answer nothing for this model. */
  failClosed: z.boolean().default(false),
});
export type GatewayModel = z.infer<typeof gatewayModel>;

/**
 * An encoder of texts that the operator brings: prompts are then told apart by its vectors, which see meaning, and not by hashed
 * letters. Files on this machine; the packages `onnxruntime-web` and `@huggingface/tokenizers` must be installed.
 */
const gatewayEncoder = z.strictObject({
  /** An ONNX model from `input_ids` to one vector for each token, or one for all. */
  model: z.string().min(1).max(4096),
  /** The `tokenizer.json` that belongs to it. */
  tokenizer: z.string().min(1).max(4096),
  /** Which output; absent: `sentence_embedding` where there is one, else the first. */
  output: z.string().min(1).max(128).optional(),
  /** Tokens of a prompt that are looked at: the cost of one grows with them. */
  maxTokens: z.int().min(8).max(8192).default(256),
});
export type GatewayEncoder = z.infer<typeof gatewayEncoder>;

export const gatewayUpstream = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "expected lower-case letters, digits, dashes"),
  protocol: gatewayProtocol,
  url: z.url({ protocol: /^https?$/ }),
  /** Where clients reach it: `/` or `/fashion`. Two upstreams never share one. */
  mount: path.default("/"),
  /** Sent instead of the client's key, which never goes on. */
  credential: own.optional(),
  /** Routes that are closed by default and that this installation wants: `/score`. */
  open: z.array(path).max(64).default([]),
  connections: z.int().min(1).max(4096).default(128),
  /** Time to the first byte of an answer, in ms. */
  answerMs: z.int().min(100).max(3_600_000).default(300_000),
  /** Longest silence within an answer, in ms. */
  idleMs: z.int().min(100).max(3_600_000).default(120_000),
  /**
   * Has streams of OpenAI's interface end with their usage, so that budgets of tokens count what was used and not what was reserved. Its
   * chunk is taken out again where the client did not ask for it.
   */
  streamUsage: z.boolean().default(false),
  /** Where the model server counts what it answered, e.g. vLLM's `/metrics`: more than went through the gateway went around it. */
  counts: z
    .strictObject({ url: z.url({ protocol: /^https?$/ }), everySeconds: z.int().min(1).max(3600).default(60) })
    .optional(),
});
export type GatewayUpstream = z.infer<typeof gatewayUpstream>;

/** The part `gateway` of `outweigh.yml`. */
export const gatewaySection = z.strictObject({
  /** Tells it from other gateways of one server: its records are the source `gateway-NAME` there. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "expected lower-case letters, digits, dashes")
    .default("main"),
  host: z.string().max(256).default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(7780),
  /** That carry requests, beside the one with the detectors; 1: all in one. More need a system that deals out one port, as Linux does. */
  processes: z.int().min(1).max(64).default(1),
  /** Keys, orders, evidence and the spool lie here. */
  data: z.string().default("./outweigh-gateway"),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  /** Whom a client is told to ask when it is refused something. */
  contact: z.string().min(1).max(256).default("the owner of this gateway"),
  upstreams: z.array(gatewayUpstream).min(1).max(64),
  models: z.array(gatewayModel).max(1000).default([]),
  encoder: gatewayEncoder.optional(),
  /** By name; `default` holds where a key names none. */
  plans: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), gatewayPlan).default({}),
  /** All principals of one tenant together. */
  tenantLimits: gatewayLimits.prefault({}),
  /** Largest request in bytes. */
  maxBodyBytes: z
    .int()
    .min(1024)
    .max(512 * 1024 * 1024)
    .default(4 * 1024 * 1024),
  maxConnections: z.int().min(1).max(1_000_000).default(10_000),
  maxConnectionsPerAddress: z.int().min(1).max(1_000_000).default(1024),
});
export type GatewaySection = z.infer<typeof gatewaySection>;

/** What an order does to one principal. */
export const orderVerb = z.enum([
  "throttle",
  "strip-logprobs",
  "round",
  "top-k",
  "label-only",
  "strip-reasoning",
  "challenge",
  "suspend",
  "mark",
  "capture",
]);

export type OrderVerb = z.infer<typeof orderVerb>;

/** Longest life of an order: what should hold longer is policy. 90 days, in ms. */
export const maxOrderMs = 90 * 86_400_000;
/** Longest that a client's prompts and answers may be captured, in ms: long enough to see a day's rhythm. */
export const maxCaptureMs = 86_400_000;
/** Most that one capture writes: some ten thousand exchanges with a language model. */
export const maxCaptureMegabytes = 256;
export const usualCaptureMegabytes = 16;

/** How strongly an order works. Each number belongs to one verb. */
const strength = {
  /** Requests a minute, for `throttle`. */
  requestsPerMinute: perMinute.optional(),
  /** Decimals, for `round` and `top-k`. */
  decimals: z.int().min(0).max(6).optional(),
  /** How many of the largest probabilities are left, for `top-k`. */
  top: z.int().min(1).max(1000).optional(),
  /** Leading zero bits of the proof, for `challenge`: 18 take a script half a second. */
  bits: z.int().min(8).max(28).optional(),
  /** For `mark`, as in a plan. */
  share: markShare.optional(),
  pull: markPull.optional(),
  /** Most that `capture` writes, in megabytes. */
  megabytes: z.int().min(1).max(maxCaptureMegabytes).optional(),
};

/** What a person settles of an order: how long, how strongly, for which model, and what the client is told. */
export const orderTerms = z.strictObject({
  forMs: z.int().min(60_000).max(maxOrderMs).optional(),
  model: z.string().min(1).max(128).optional(),
  /** What the client is told. Not the reason that goes on record: that one may name a suspicion. */
  tell: z.string().trim().min(1).max(500).optional(),
  /** The same for these, by one decision: accounts that were found together with the first. */
  also: z
    .array(z.string().min(1).max(256))
    .max(maxOrderedTogether - 1)
    .optional(),
  ...strength,
});
export type OrderTerms = z.infer<typeof orderTerms>;

/** An order to the gateway. It always ends. */
export const gatewayOrder = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/),
  verb: orderVerb,
  /** Whom it concerns: a principal, or a tenant as `tenant:NAME`. */
  principal: z.string().min(1).max(256),
  /** Only for this model; absent: for all. */
  model: z.string().max(128).optional(),
  /** What the client is told. */
  reason: z.string().min(1).max(500),
  by: z.string().min(1).max(128),
  from: z.int().nonnegative(),
  until: z.int().positive(),
  /** X25519, SubjectPublicKeyInfo in DER, base64: what a capture is sealed to. Only who holds its private half reads it. */
  sealTo: z.base64().length(60).optional(),
  ...strength,
});
export type GatewayOrder = z.infer<typeof gatewayOrder>;

const record = {
  /** The same for the same record, however often it is sent. */
  id: z.string().min(8).max(128),
  /** In ms since 1970. */
  time: z.int().nonnegative(),
  /** Which gateway: its evidence chain's origin. */
  gateway: z.string().min(1).max(200),
};
const who = {
  principal: z.string().min(1).max(256),
  /** The key's id, never the key. */
  credential: z.string().max(128).optional(),
  model: z.string().max(128).optional(),
  address: z.string().max(64).optional(),
  /** What the client calls itself. */
  userAgent: z.string().max(256).optional(),
};

/** What links accounts: `linkFeatureText` says what each is. */
export const linkFeature = z.enum(["template", "timing", "dispersion", "turns", "infrastructure", "birth"]);
export type LinkFeature = z.infer<typeof linkFeature>;

/** Each in a word or two for a list, and as a sentence says it. */
export const linkFeatureText: Readonly<Record<LinkFeature, { readonly name: string; readonly is: string }>> = {
  template: { name: "wordings", is: "the same wordings come back in their prompts" },
  timing: { name: "hours", is: "busy at the same times" },
  dispersion: { name: "an even load", is: "together busier evenly than by chance" },
  turns: { name: "taking turns", is: "one asks, then the other" },
  infrastructure: { name: "network", is: "the same network or program" },
  birth: { name: "opened after a ban", is: "opened soon after a ban" },
};

/** Most links that are told of one group: the strongest. */
export const maxLinksTold = 64;

/** Why accounts are tested as one. A link is a reason to look, never a verdict: honest accounts share templates and networks too. */
export const accountLinks = z.object({
  /** All accounts of the group. */
  members: z.array(z.string().max(256)).min(2).max(1000),
  /** The strongest first. Absent `p`: behind one address, which says nothing of how seldom that is. */
  links: z
    .array(
      z.object({
        a: z.string().max(256),
        b: z.string().max(256),
        /** How seldom unrelated accounts are so alike, 0…1: all features together. */
        p: z.number().min(0).max(1).optional(),
        because: z.array(z.object({ feature: linkFeature, p: z.number().min(0).max(1).optional() })).max(8),
      }),
    )
    .max(maxLinksTold),
  /** Links between unrelated accounts that are to be expected each time `accounts` are compared, over all their pairs. */
  falseLinks: z.number().nonnegative(),
  accounts: z.int().nonnegative(),
  /** True if the group is full: there may be more. */
  capped: z.boolean(),
});
export type AccountLinks = z.infer<typeof accountLinks>;

/**
 * What testing linked accounts as one gave, for one model. `calibrating`: no level is promised for so many. `link-only`: together they
 * ask nothing that benign groups do not. Only `evidence` may be acted on.
 */
export const retest = z.object({
  model: z.string().max(128),
  state: z.enum(["calibrating", "link-only", "evidence"]),
  /** Queries that were tested together. */
  queries: z.int().nonnegative(),
  /** The highest value over its level: 1 alarms. Absent where there is no level. */
  most: z.number().nonnegative().optional(),
});
export type Retest = z.infer<typeof retest>;

/** What detectors of the gateway can find. */
export const gatewayFindings = [
  "novel-queries",
  "fast-learning",
  "line-search",
  "budget-used",
  "bias-sweep",
  "output-layer",
  "unusual-prompts",
  "many-accounts",
] as const;

/** One record of the gateway's, as it is sent to the server's ingest, one a line. No prompt and no answer is in it. */
export const gatewayRecord = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("finding"),
    ...record,
    ...who,
    finding: z.enum(gatewayFindings),
    /** Answered queries so far. */
    queries: z.int().nonnegative(),
    since: z.int().nonnegative(),
    /** What was measured, and what it was compared with. */
    value: z.number(),
    level: z.number().optional(),
    /** Promised chance of this for a benign principal, as a share. */
    alpha: z.number().min(0).max(1).optional(),
    /** Only the stricter level of a watched model was passed: `level` and `alpha` are that one's. */
    watched: z.boolean().optional(),
    /** Agreement with the model that a clone trained on this log would reach at least, 0…1. */
    fidelity: z.number().min(0).max(1).optional(),
    /** Principals that were tested together. */
    group: z.array(z.string().max(256)).max(1000).optional(),
    /** Why they were. */
    linked: accountLinks.optional(),
    /** The policy the answers were given under. */
    epoch: z.int().nonnegative(),
  }),
  z.object({
    kind: z.literal("denied"),
    ...record,
    ...who,
    code: z.string().max(64),
    route: z.string().max(256),
    /** How many of the kind since the last such record. */
    count: z.int().positive(),
  }),
  z.object({
    kind: z.literal("blind"),
    ...record,
    from: z.int().nonnegative(),
    to: z.int().nonnegative(),
    cause: z.string().max(64),
    /** The model server that answered unseen, where that is the cause. */
    upstream: z.string().min(1).max(128).optional(),
    dropped: z.int().nonnegative(),
    principals: z.int().nonnegative(),
  }),
  z.object({
    kind: z.literal("order"),
    ...record,
    principal: z.string().min(1).max(256),
    verb: orderVerb,
    what: z.enum(["applied", "undone", "expired"]),
    by: z.string().max(128),
    reason: z.string().max(500),
    until: z.int().nonnegative(),
  }),
]);
export type GatewayRecord = z.infer<typeof gatewayRecord>;
export type GatewayFinding = Extract<GatewayRecord, { kind: "finding" }>;

/** What the gateway knows of one principal: `outweigh gateway clients --json`. */
export const gatewayClient = z.object({
  principal: z.string(),
  tenant: z.string().optional(),
  requests: z.int(),
  denied: z.int(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  /** Upper bound of bits given away, see `informationBitsPerDay`. */
  informationBits: z.number(),
  /** Bits a day that its plan allows, and the share of them that is used now, 0 to 1 and beyond. Absent: no such budget. */
  budget: z.object({ bitsPerDay: z.number(), used: z.number() }).optional(),
  lastAt: z.int().optional(),
  /** What detectors read; absent while nothing was read. */
  reading: z
    .object({
      model: z.string().optional(),
      queries: z.int(),
      /** Reading over alarm level: 1 alarms. Absent while calibrating. */
      novelty: z.number().optional(),
      learning: z.number().optional(),
      /** Agreement that a clone would reach at least, 0…1. */
      progress: z.number().optional(),
      state: z.enum(["calibrating", "ready"]),
    })
    .optional(),
  /** The other members of its linked group. */
  group: z.array(z.string()),
  /** Why it is in that group, by its own links alone, and what testing the group gave. */
  linked: accountLinks.extend({ retests: z.array(retest).max(64) }).optional(),
  orders: z.array(z.string()),
});
export type GatewayClient = z.infer<typeof gatewayClient>;
