/** Configuration of clouds that scans ask for, where somebody gave them credentials that read metadata alone. */
import { z } from "zod";

/** A reference to the environment. Secrets do not stand in files. */
const reference = z.string().regex(/^\$\{[A-Z_][A-Z0-9_]*\}$/, "expected ${NAME}, a variable of the environment");
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected lower-case letters, digits, dots, dashes");
const address = z
  .url({ protocol: /^https?$/ })
  .refine((it) => URL.canParse(it) && new URL(it).username === "", "expected an address without a name or password");

/** A token goes along with each request: in the clear, to this machine alone. */
const closed = address.refine(
  (it) =>
    URL.canParse(it) &&
    (it.startsWith("https:") || /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(new URL(it).hostname)),
  "expected https://, since a token goes along",
);

/** Access lists, policies, blocks and logging of the buckets that the register names. It needs no right to read an object. */
const s3 = z
  .strictObject({
    kind: z.literal("s3"),
    name,
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, "expected a region, as in eu-central-1")
      .default("us-east-1"),
    endpoint: address.optional(),
    forcePathStyle: z.boolean().default(false),
    accessKeyId: reference.optional(),
    secretAccessKey: reference.optional(),
  })
  .refine(
    (it) => (it.accessKeyId === undefined) === (it.secretAccessKey === undefined),
    "accessKeyId and secretAccessKey: expected both, or none",
  );

/** Roles, users and their policies of one AWS account, and when each used S3 last. It needs no right to change, and none to read an object. */
const iam = z
  .strictObject({
    kind: z.literal("iam"),
    name,
    /** The region that signs for the account's partition. */
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, "expected a region, as in us-east-1")
      .default("us-east-1"),
    endpoint: closed.default("https://iam.amazonaws.com"),
    accessKeyId: reference.optional(),
    secretAccessKey: reference.optional(),
    /** Of keys that end by themselves. */
    sessionToken: reference.optional(),
  })
  .refine(
    (it) => (it.accessKeyId === undefined) === (it.secretAccessKey === undefined),
    "accessKeyId and secretAccessKey: expected both, or none",
  )
  .refine(
    (it) => it.sessionToken === undefined || it.accessKeyId !== undefined,
    "sessionToken: expected accessKeyId and secretAccessKey beside it",
  );

/** Roles, bindings and pods of a cluster: the right to list those, and no secret. */
const kubernetes = z.strictObject({
  kind: z.literal("kubernetes"),
  name,
  server: closed,
  token: reference,
  /** PEM of who signs the server's certificate. */
  ca: z.string().min(1).optional(),
});

/** Whether repositories that the register names are public. */
const huggingface = z.strictObject({
  kind: z.literal("huggingface"),
  name,
  token: reference,
  endpoint: closed.default("https://huggingface.co"),
});

const github = z.strictObject({
  kind: z.literal("github"),
  name,
  token: reference,
  endpoint: closed.default("https://api.github.com"),
});

export const cloudEntry = z.discriminatedUnion("kind", [s3, iam, kubernetes, huggingface, github]);
export type CloudEntry = z.infer<typeof cloudEntry>;

/** Most requests of one scan: of a hundred roles and users when they used S3 last takes some five hundred. */
export const maxAsked = 1000;

/** One request as it was sent: all that is asked is one of these. */
export const asked = z.object({
  cloud: z.string().max(64),
  method: z.literal("GET"),
  url: z.string().max(2048),
  /** Of the answer; absent where there was none. */
  status: z.int().optional(),
  /** Why the answer is no use. */
  problem: z.string().max(500).optional(),
});
export type Asked = z.infer<typeof asked>;
