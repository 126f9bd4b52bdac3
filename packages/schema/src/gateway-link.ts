// What a gateway and its server say to each other. The channel is the agent's: keys, numbers and signatures are in agent.ts.
import { z } from "zod";
import { answerDial, gatewayClient, gatewayLimits, gatewayOrder, gatewayRecord } from "./gateway.ts";

/** Most records, and most clients, in one report. */
const maxGatewayRecords = 1000;
export const maxGatewayClients = 1000;
/** Most keys that a report lists: each is a few hundred bytes. */
export const maxListedKeys = 20_000;

const time = z.int().nonnegative();
const short = z.string().max(256);
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** What a gateway says of itself when it enrols. `name` tells it from others of the installation. */
export const gatewayFacts = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "expected lower-case letters, digits, dashes"),
  /** The origin of its evidence chain. */
  origin: short,
  host: short,
});
export type GatewayFacts = z.infer<typeof gatewayFacts>;

export const gatewayEnrolBody = z.strictObject({
  token: z.string().min(16).max(128),
  /** Ed25519, SubjectPublicKeyInfo in DER, base64. */
  publicKey: z.base64().length(60),
  gateway: gatewayFacts,
});

export const clientKeyId = z.string().regex(/^key-[0-9a-f]{12}$/, "expected a key's id");

/** What a key says, and what may be seen of it. Never the key. */
const clientKey = z.object({
  id: clientKeyId,
  principal: z.string().min(1).max(256),
  tenant: z.string().min(1).max(128).optional(),
  plan: z.string().max(32),
  /** Models it may ask; `*` matches any run of characters. Empty: all. */
  models: z.array(z.string().min(1).max(128)).max(1000),
  last4: z.string().length(4),
  createdAt: time,
  expiresAt: time.optional(),
  revokedAt: time.optional(),
  /** The key that this one took over from. */
  replaces: z.string().optional(),
});
export type ClientKey = z.infer<typeof clientKey>;

/** A key that the server made: the gateway gets its digest alone, and the person the key. */
const newClientKey = z.strictObject({
  id: clientKeyId,
  /** SHA-256 of the key. */
  digest: hex(64),
  last4: z.string().length(4),
});

/** Most models that a gateway watches: as many as it can have configured. */
const maxWatchedModels = 1000;

/** Models of which a theft was confirmed, by their names in the register, each until when it is watched for that. */
export const watchedModels = z
  .array(z.strictObject({ model: z.string().min(1).max(256), until: time }))
  .max(maxWatchedModels);
export type WatchedModel = z.infer<typeof watchedModels>[number];

/** What a gateway may be told. Nothing else exists. */
export const gatewayAsk = z.discriminatedUnion("verb", [
  z.strictObject({ verb: z.literal("apply"), order: gatewayOrder }),
  z.strictObject({ verb: z.literal("undo"), order: z.string().max(128), by: z.string().max(128) }),
  z.strictObject({
    verb: z.literal("add-key"),
    key: newClientKey,
    by: z.string().max(128),
    principal: z.string().min(1).max(256),
    tenant: z.string().min(1).max(128).optional(),
    plan: z.string().max(32).optional(),
    models: z.array(z.string().min(1).max(128)).max(1000),
    expiresAt: time.optional(),
  }),
  z.strictObject({
    verb: z.literal("rotate-key"),
    id: clientKeyId,
    key: newClientKey,
    by: z.string().max(128),
    graceMs: time,
  }),
  /** All models that are watched from now on, and no other. */
  z.strictObject({ verb: z.literal("watch"), models: watchedModels, by: z.string().max(128) }),
  z.strictObject({ verb: z.literal("revoke-key"), id: clientKeyId, by: z.string().max(128) }),
]);
export type GatewayAsk = z.infer<typeof gatewayAsk>;

/** What the server signs: for one gateway, once, until it expires. */
export const gatewayAskText = z.strictObject({
  id: short,
  agent: short,
  issuedAt: time,
  expiresAt: time,
  order: gatewayAsk,
});
export type GatewayAskText = z.infer<typeof gatewayAskText>;

/** What came of it. `evidence` is the entry of the gateway's own chain that says so. */
const gatewayResult = z.strictObject({
  id: short,
  state: z.enum(["done", "failed", "refused"]),
  message: z.string().max(2000).optional(),
  evidence: z.strictObject({ seq: time, hash: z.string().max(128) }).optional(),
});
export type GatewayResult = z.infer<typeof gatewayResult>;

/** What one answer may tell at a position of the dial, in bits: the bound that budgets are charged by. */
const dialStep = z.object({ dial: answerDial, bits: z.number() });

/** What holds at a gateway by its configuration: shown, and changed in `outweigh.yml` alone. */
export const gatewaySettings = z.strictObject({
  epoch: time,
  contact: z.string().max(256),
  plans: z.record(
    z.string().max(32),
    z.object({ limits: gatewayLimits, logprobs: z.boolean(), probabilities: answerDial }),
  ),
  models: z
    .array(
      z.object({
        name: z.string().max(256),
        register: z.string().max(128).optional(),
        classes: z.int().optional(),
        calibrated: z.boolean(),
        /** Empty where nothing bounds an answer. */
        steps: z.array(dialStep).max(8),
      }),
    )
    .max(1000),
});
export type GatewaySettings = z.infer<typeof gatewaySettings>;

const gatewayStatus = z.strictObject({
  url: short,
  /** Its counters run since then. */
  startedAt: time,
  running: time,
  blind: z.boolean(),
  dropped: time,
  /** Entries of its evidence chain. */
  evidence: time,
  waitingBytes: time,
  lost: time,
  problems: z.array(z.string().max(500)).max(50),
});
export type GatewayStatus = z.infer<typeof gatewayStatus>;

export const gatewayReport = z.strictObject({
  sentAt: time,
  status: gatewayStatus,
  records: z.array(gatewayRecord).max(maxGatewayRecords),
  /** The same for the same records, however often they are sent. */
  batch: hex(64).optional(),
  /** Clients that changed since the last report; all, if the server asked for all. */
  clients: z.array(gatewayClient).max(maxGatewayClients),
  /** All standing orders. */
  orders: z.array(gatewayOrder).max(10_000),
  /** When they changed. */
  keys: z.array(clientKey).max(maxListedKeys).optional(),
  settings: gatewaySettings.optional(),
  /** The models that it watches. Absent from gateways that watch none by order. */
  watched: watchedModels.optional(),
  results: z.array(gatewayResult).max(50),
});
export type GatewayReport = z.infer<typeof gatewayReport>;

/** `all`: the server knows nothing of this gateway's clients, keys and settings: send all of them again. */
export const gatewayReportAnswer = z.strictObject({
  orders: z.array(z.strictObject({ text: z.string().max(512 * 1024), signature: z.string().max(128) })).max(20),
  all: z.boolean(),
});
export type GatewayReportAnswer = z.infer<typeof gatewayReportAnswer>;

// What people see of gateways and their clients.

export const gatewayRow = z.object({
  id: z.string(),
  name: z.string(),
  host: z.string(),
  state: z.enum(["reporting", "waiting", "silent", "revoked"]),
  enrolledAt: time,
  enrolledBy: z.string(),
  lastSeenAt: time.optional(),
  /** The source that its records are read as. */
  source: z.string(),
  status: gatewayStatus.optional(),
  settings: gatewaySettings.optional(),
});
export type GatewayRow = z.infer<typeof gatewayRow>;
export const gatewayPage = z.object({ items: z.array(gatewayRow), total: z.int() });

/** A client of one gateway. `id` is made of both. */
export const clientRow = gatewayClient.extend({
  id: z.string(),
  gateway: z.string(),
  gatewayName: z.string(),
  plan: z.string(),
  /** Keys that work now. */
  keys: z.int(),
  /** What holds now, with each order's end. */
  standing: z.array(gatewayOrder),
  /** What its answers give away now, by its plan and its orders: a position of the dial, or `suspended`. */
  dial: z.union([answerDial, z.literal("suspended")]),
});
export type ClientRow = z.infer<typeof clientRow>;
export const clientPage = z.object({ items: z.array(clientRow), total: z.int(), next: z.string().optional() });

/** How a client stood at one time; counters run since its gateway started. */
export const clientPoint = z.object({
  at: time,
  requests: z.int(),
  denied: z.int(),
  informationBits: z.number(),
  novelty: z.number().optional(),
  learning: z.number().optional(),
  progress: z.number().optional(),
});
export type ClientPoint = z.infer<typeof clientPoint>;

export const clientKeyRow = clientKey.extend({
  gateway: z.string(),
  gatewayName: z.string(),
  state: z.enum(["valid", "expired", "revoked"]),
  /** Whether its principal asked anything, as far as the gateway counts. */
  seen: z.boolean(),
});
export type ClientKeyRow = z.infer<typeof clientKeyRow>;
export const clientKeyPage = z.object({
  items: z.array(clientKeyRow),
  total: z.int(),
  next: z.string().optional(),
  gateways: z.array(z.object({ id: z.string(), name: z.string(), plans: z.array(z.string()) })),
});
export type ClientKeyPage = z.infer<typeof clientKeyPage>;

/** The private half of what a capture is sealed to: X25519, PKCS #8 in PEM. Until when it is given out. */
export const captureKey = z.object({ pem: z.string().max(1024), endsAt: time.optional() });
export type CaptureKey = z.infer<typeof captureKey>;

const reason = z.string().trim().min(1).max(2000);
export const newKeyBody = z.strictObject({
  gateway: z.string().max(64),
  principal: z.string().trim().min(1).max(256),
  tenant: z.string().trim().min(1).max(128).optional(),
  plan: z.string().max(32).optional(),
  models: z.array(z.string().trim().min(1).max(128)).max(1000).default([]),
  forMs: z.int().min(60_000).optional(),
  reason,
});
export const rotateKeyBody = z.strictObject({
  graceMs: z
    .int()
    .min(0)
    .max(90 * 86_400_000)
    .default(86_400_000),
  reason,
});
/** The secret is told once. */
export const madeKey = z.object({ id: z.string(), principal: z.string(), secret: z.string() });
export type MadeKey = z.infer<typeof madeKey>;
