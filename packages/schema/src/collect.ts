import { z } from "zod";
import type { ModelEntry } from "./config.ts";

/** A reference to the environment. Secrets do not stand in files. */
const reference = z.string().regex(/^\$\{[A-Z_][A-Z0-9_]*\}$/, "expected ${NAME}, a variable of the environment");

const port = z.int().min(0).max(65535);

const keyPrefix = z
  .string()
  .max(1024)
  .refine((it) => !it.startsWith("/") && !it.startsWith("s3:"), "expected the beginning of keys, as in AWSLogs/")
  .refine((it) => !/[{}]/.test(it.replace(/\{(?:yyyy|mm|dd)\}/g, "")), "expected no braces but {yyyy}, {mm} and {dd}");

/** Log objects of an S3-compatible bucket, which the server lists and reads. It needs `s3:ListBucket` and `s3:GetObject` on the prefix. */
export const bucketEntry = z
  .strictObject({
    bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, "expected the name of a bucket, without s3://"),
    /** Objects below it are logs, all of them. `{yyyy}`, `{mm}` and `{dd}` stand for each day, in UTC, that is looked back to. */
    prefix: keyPrefix.default(""),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, "expected a region, as in eu-central-1")
      .default("us-east-1"),
    /** Of a store that is not Amazon's. Nobody else is contacted: a redirect elsewhere is not followed. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    /** The bucket's name stands in the path, not in the host: as MinIO wants it. */
    forcePathStyle: z.boolean().default(false),
    /** CloudTrail's digest files: where they lie, and the file with AWS's keys, as `aws cloudtrail list-public-keys` prints them. */
    digests: z.strictObject({ prefix: keyPrefix, keys: z.string().min(1) }).optional(),
    /** Pause between two listings, in ms. */
    everyMs: z.int().min(1000).max(86_400_000).default(60_000),
    /** How much later than others an object may arrive, in ms, and how far back the first listing goes. */
    lookBackMs: z
      .int()
      .min(600_000)
      .max(400 * 86_400_000)
      .default(86_400_000),
    /** Both or none. Without them the SDK looks where it usually does: environment, profiles, the instance's role. */
    accessKeyId: reference.optional(),
    secretAccessKey: reference.optional(),
    /** Models of which a declared place overlaps this prefix. Only those named here may: we should hold no key to the vault. */
    overlaps: z.array(z.string().min(1)).max(1000).default([]),
  })
  .refine(
    (it) => (it.accessKeyId === undefined) === (it.secretAccessKey === undefined),
    "accessKeyId and secretAccessKey: expected both, or none",
  );
export type BucketEntry = z.infer<typeof bucketEntry>;

/** Syslog that the server listens to: RFC 5424, and the older form of RFC 3164. One source, one set of ports. */
export const syslogEntry = z
  .strictObject({
    /** Where to listen. Anything but this machine alone needs `from`. */
    address: z.union([z.ipv4(), z.ipv6()]).default("127.0.0.1"),
    tcp: port.optional(),
    udp: port.optional(),
    /** Paths of PEM files. With `clientCa` a sender must show a certificate that it signed. */
    tls: z
      .strictObject({ port, cert: z.string().min(1), key: z.string().min(1), clientCa: z.string().min(1).optional() })
      .optional(),
    /** Networks whose senders are heard. */
    from: z
      .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
      .min(1)
      .max(1000)
      .optional(),
  })
  .refine((it) => it.tcp !== undefined || it.udp !== undefined || it.tls !== undefined, "expected tcp, udp or tls")
  .refine(
    ({ address, from }) => from !== undefined || address === "::1" || address.startsWith("127."),
    "from: expected the networks whose senders are heard, since others than this machine can reach the address",
  );
export type SyslogEntry = z.infer<typeof syslogEntry>;

const time = z.int().nonnegative();

/** How one collector fares: what fetches or receives a source's records by itself. Counts are since the server's start. */
export const collectorHealth = z.object({
  way: z.enum(["bucket", "syslog"]),
  /** What it reads or where it listens: `s3://bucket/prefix`, `tcp 127.0.0.1:6514`. */
  at: z.string(),
  /** How far it is: the newest object that was read whole. */
  position: z.string().optional(),
  /** When a bucket was listed last, and when last with success. */
  lastPollAt: time.optional(),
  lastOkAt: time.optional(),
  /** Objects, or messages, that are on our disk. */
  taken: z.int(),
  /** Objects that are tried again. */
  waiting: z.int(),
  /** CloudTrail's digest files that hold, with all log files that they name, and up to when the newest tells. */
  digests: z.object({ held: z.int(), upTo: z.string().optional() }).optional(),
  /** What was sent and not taken: too fast, too long, from elsewhere, or while we were busy. Each reason with its count. */
  shed: z.array(z.object({ reason: z.string(), count: z.int() })),
  lastError: z.object({ at: time, message: z.string() }).optional(),
  /** The next of the objects that are tried again. */
  failing: z.array(z.object({ object: z.string(), attempts: z.int(), nextAt: time, reason: z.string() })),
});
export type CollectorHealth = z.infer<typeof collectorHealth>;

/** A model with a declared place that a bucket's prefix overlaps, and that the entry does not name. */
export interface Overlap {
  readonly model: string;
  readonly place: string;
}

/** Places of protected models that a key for this prefix would open. Classes `public` and `base` are not protected. */
export function overlapsOf(
  { bucket, prefix, digests, overlaps }: BucketEntry,
  models: readonly ModelEntry[],
): Overlap[] {
  // Only what stands before the first day is certain.
  const ours = [prefix, ...(digests ? [digests.prefix] : [])].map((it) => {
    const [certain = ""] = it.split("{");
    return `${bucket.toLowerCase()}/${certain}`;
  });
  return models
    .filter((it) => it.class !== "public" && it.class !== "base" && !overlaps.includes(it.name))
    .flatMap(({ name, places }) =>
      places
        .filter((it) => spellingsOf(it).some((at) => ours.some((one) => at.startsWith(one) || one.startsWith(at))))
        .map((place) => ({ model: name, place })),
    );
}

/** `bucket/key/` of a place in S3, as it is written and without escapes: a listing's prefix has none. */
function spellingsOf(place: string): string[] {
  const [, bucket = "", key = ""] = /^s3:\/*([^/]+)\/*(.*?)\/*$/s.exec(place) ?? [];
  if (bucket === "") return [];
  const spellings = [key];
  try {
    spellings.push(decodeURIComponent(key));
  } catch {
    // Not escaped, then.
  }
  return spellings.map((it) => `${bucket.toLowerCase()}/${it === "" ? "" : `${it}/`}`);
}
