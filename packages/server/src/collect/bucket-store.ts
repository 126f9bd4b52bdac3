// An S3-compatible store, by the official client: lists and reads, and says in words what went wrong. Nothing else is ever asked of it.
import { pipeline, Readable, Transform } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import type { BucketEntry } from "@outweigh/schema";
import { secretFrom, type Env } from "../env.ts";
import { lanes, maxListingBytes, storePauseMs } from "./limits.ts";
import { refused } from "./refused.ts";

/** How long a connection may take to come about, in ms. */
const connectMs = 10_000;
/** Idle time after which the client gives a connection up, in ms: ours may rest while the disk is busy. */
const idleSocketMs = 300_000;

/** One object of a listing. */
export interface Listed {
  readonly object: string;
  /** Its ETag; of stores that give none, when it was written and its size. */
  readonly version: string;
  readonly size: number;
  /** In ms. */
  readonly modifiedAt: number;
}

export interface Page {
  readonly objects: readonly Listed[];
  /** The last key of the page, where there are more. */
  readonly after?: string;
}

/** Why the store did not do what it was asked. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** `GONE`: removed or written anew since it was listed. `COLD`: in an archive, from which nobody reads. `FAILED`: it may work later. */
  readonly code: "GONE" | "COLD" | "FAILED";

  constructor(code: StoreError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface Got {
  readonly body: Readable;
  /** What its metadata calls its signature: nothing of it is believed. */
  readonly signature: string | undefined;
  /** Whether it came over TLS, from a store whose certificate was checked: what was really asked, not what was configured. */
  readonly isTls: boolean;
}

export interface BucketStore {
  /** Which store and bucket, in one text that never changes. */
  readonly id: string;
  /** Up to 1000 objects of a prefix, behind a key. @throws {StoreError} */
  list(prefix: string, after: string | undefined, signal: AbortSignal): Promise<Page>;
  /** The bytes of exactly this version. @throws {StoreError} */
  get(object: Listed | { readonly object: string; readonly version: string }, signal: AbortSignal): Promise<Got>;
  close(): void;
}

/** The store of an entry. Nobody is contacted yet. @throws {ServerError} SOURCE_REFUSED as `credentialsOf` does. */
export async function openBucket(source: string, entry: BucketEntry, env: Env): Promise<BucketStore> {
  const credentials = credentialsOf(source, entry, env);
  const { bucket, region, endpoint, forcePathStyle } = entry;
  // Loaded when it is wanted: without a bucket, no server pays for it.
  const { S3Client, ListObjectsV2Command, GetObjectCommand } = await import("@aws-sdk/client-s3");
  const client: S3Client = new S3Client({
    region,
    forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    maxAttempts: 2,
    // To the address that was configured, or nowhere.
    followRegionRedirects: false,
    disableMultiregionAccessPoints: true,
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: storePauseMs,
      throwOnRequestTimeout: true,
      socketTimeout: idleSocketMs,
      httpAgent: { maxSockets: lanes + 1, keepAlive: true },
      httpsAgent: { maxSockets: lanes + 1, keepAlive: true },
    },
  });
  // The SDK may be told another address by its own environment: so each request is looked at.
  const isChecked = env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0";
  let isTls = false;
  // The client reads listings and errors whole before it looks at them; objects are read piece by piece, elsewhere.
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        isTls = isChecked && isHttps(args.request);
        const result = await next(args);
        boundBody(result.response, commandName === "GetObjectCommand");
        return result;
      },
    { step: "deserialize", priority: "low", name: "outweighBound" },
  );
  return {
    id: `${endpoint ?? region}|${bucket}`,
    async list(prefix, after, abortSignal) {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        EncodingType: "url",
        ...(prefix !== "" && { Prefix: prefix }),
        ...(after !== undefined && { StartAfter: after }),
      });
      try {
        const { Contents = [], IsTruncated, EncodingType } = await client.send(command, { abortSignal });
        const objects = Contents.flatMap(({ Key, ETag, Size, LastModified }): Listed[] => {
          if (Key === undefined || LastModified === undefined) return [];
          const object = EncodingType === "url" ? plainKey(Key) : Key;
          const [size, modifiedAt] = [Size ?? 0, LastModified.getTime()];
          return [{ object, version: ETag ?? `${modifiedAt}:${size}`, size, modifiedAt }];
        });
        const last = objects.at(-1)?.object;
        return { objects, ...(IsTruncated === true && last !== undefined && { after: last }) };
      } catch (cause) {
        throw storeError(cause, "list", entry);
      }
    },
    async get({ object, version }, abortSignal) {
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: object,
        // The one that was listed: another one will be listed too.
        ...(version.startsWith('"') && { IfMatch: version }),
      });
      try {
        const { Body, Metadata } = await client.send(command, { abortSignal });
        if (Body && "pipe" in Body) return { body: Body as Readable, signature: Metadata?.["signature"], isTls };
        throw new Error("an answer without a body");
      } catch (cause) {
        throw storeError(cause, "get", entry, object);
      }
    },
    close: () => client.destroy(),
  };
}

function isHttps(request: unknown): boolean {
  return typeof request === "object" && request !== null && "protocol" in request && request.protocol === "https:";
}

/** Ends an answer that is longer than any listing; of an object, only what is no object. */
export function boundBody(response: unknown, isObject: boolean): void {
  if (typeof response !== "object" || response === null) return;
  if (!("body" in response) || !(response.body instanceof Readable)) return;
  if (isObject && "statusCode" in response && response.statusCode === 200) return;
  let left = maxListingBytes;
  const bound = new Transform({
    transform(chunk: Buffer, _, done) {
      left -= chunk.length;
      if (left < 0) done(new Error(`the store's answer is longer than ${maxListingBytes} bytes`));
      else done(null, chunk);
    },
  });
  pipeline(response.body, bound, () => undefined);
  response.body = bound;
}

/** The keys that the configuration names; undefined where it names none. @throws {ServerError} SOURCE_REFUSED when the environment has them not. */
export function credentialsOf(
  source: string,
  { accessKeyId, secretAccessKey }: BucketEntry,
  env: Env,
): { accessKeyId: string; secretAccessKey: string } | undefined {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const valueOf = (reference: string) => secretFrom(env, reference, (why) => refused(source, why));
  return { accessKeyId: valueOf(accessKeyId), secretAccessKey: valueOf(secretAccessKey) };
}

/** A key as listings escape it. */
function plainKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

/** Longest that the store's own words may be, in characters. */
const maxWords = 300;

/** What went wrong, in words that say what to do. The codes are S3's. */
function storeError(cause: unknown, doing: "list" | "get", entry: BucketEntry, object?: string): StoreError {
  const { bucket, prefix } = entry;
  const name = cause instanceof Error ? cause.name : "";
  const status = statusOf(cause);
  const words = (cause instanceof Error ? cause.message : String(cause)).slice(0, maxWords);
  const fail = (message: string, code: StoreError["code"] = "FAILED") => new StoreError(code, message, { cause });
  if (doing === "get" && (name === "NoSuchKey" || status === 404))
    return fail("it was removed before it was read", "GONE");
  if (doing === "get" && status === 412) return fail("it was written anew before it was read", "GONE");
  if (name === "InvalidObjectState") return fail("it lies in an archive class, from which nothing can be read", "COLD");
  if (name === "NoSuchBucket") return fail(`there is no bucket ${bucket}`);
  if (name === "InvalidAccessKeyId") return fail("the store does not know this access key");
  if (name === "SignatureDoesNotMatch")
    return fail("the secret of the access key is wrong, or a proxy changes requests");
  if (/^(ExpiredToken|TokenRefreshRequired|RequestTimeTooSkewed)/.test(name))
    return fail(`the store refuses the key's time: ${words}`);
  if (name === "CredentialsProviderError")
    return fail("no credentials: set accessKeyId and secretAccessKey, or give this process a role or profile");
  if (status !== undefined && status >= 300 && status < 400)
    return fail(`the store redirects (${status}), which is not followed: is ${entry.region} the bucket's region?`);
  if (status === 403 && /kms/i.test(words)) return fail(`the key may not decrypt: it needs kms:Decrypt. ${words}`);
  if (status === 403 && doing === "list")
    return fail(`the key may not list: it needs s3:ListBucket on arn:aws:s3:::${bucket}, for the prefix "${prefix}"`);
  if (status === 403)
    return fail(`the key may not read: it needs s3:GetObject on arn:aws:s3:::${bucket}/${object ?? ""}`);
  const what = doing === "list" ? "the bucket cannot be listed" : "it cannot be read";
  return fail(`${what}: ${status === undefined ? "" : `${status} `}${words}`);
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}
