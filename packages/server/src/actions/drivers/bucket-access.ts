// Who may reach a bucket: its policy, its access list and the store's block of public access, read and written by the official client.
import type { Grant, PublicAccessBlockConfiguration, S3Client } from "@aws-sdk/client-s3";
import type { BucketConnection } from "@outweigh/schema";
import type { Env } from "../../env.ts";
import { boundBody } from "../../collect/bucket-store.ts";
import { fieldIn } from "../../values.ts";
import { answerMs, plainLine, refusal, secretOf } from "../outside.ts";
import { grantLine, samePolicy, type GrantLine } from "./public-access.ts";

/** Longest policy that a bucket may have, in bytes: S3's own limit. */
const maxPolicyBytes = 20 * 1024;

type Block = Required<PublicAccessBlockConfiguration>;

/** All of it, as plain JSON. */
export interface Access {
  /** `all` four parts of the block are on, `none` was ever set, or these; `unknown` to this store. */
  readonly block: "all" | "none" | "unknown" | Block;
  readonly owner?: { readonly ID?: string; readonly DisplayName?: string };
  /** Absent where the store has no access lists. */
  readonly grants?: readonly GrantLine[];
  /** The policy's text, to the letter; absent where there is none. */
  readonly policy?: string;
}

/** One bucket, as far as it can be read by the public. */
export interface BucketAccess {
  /** @throws {ServerError} ACTION_REFUSED with what went wrong, in words. */
  read(): Promise<Access>;
  /** Writes what differs between the two, and nothing else. @throws as `read`. */
  write(now: Access, wanted: Access): Promise<void>;
  close(): void;
}

interface AccessOptions {
  readonly connection: BucketConnection;
  readonly bucket: string;
  readonly env: Env;
}

/** Nobody is contacted before the first `read`; whoever opened it closes it. @throws {ServerError} ACTION_REFUSED where the environment has no key. */
export async function accessOf({ connection, bucket, env }: AccessOptions): Promise<BucketAccess> {
  const sdk = await import("@aws-sdk/client-s3");
  const client = clientOf(sdk.S3Client, connection, env);
  const where = { Bucket: bucket };
  const send: Send = async (doing, absent, work) => {
    try {
      return await work(client, AbortSignal.timeout(answerMs));
    } catch (cause) {
      const name = cause instanceof Error ? cause.name : "";
      if (absent.includes(name)) return name;
      throw sentence(cause, `${connection.name} could not ${doing} of ${bucket}`);
    }
  };
  const sends = { sdk, where, send };
  return {
    read: () => read(sends),
    write: (now, wanted) => write(sends, now, wanted),
    close: () => client.destroy(),
  };
}

/** Does one request; the name of an error that means "there is none" is an answer. */
type Send = <T>(
  doing: string,
  absent: readonly string[],
  work: (client: S3Client, abortSignal: AbortSignal) => Promise<T>,
) => Promise<T | string>;

interface Sends {
  readonly sdk: typeof import("@aws-sdk/client-s3");
  readonly where: { readonly Bucket: string };
  readonly send: Send;
}

/** What stores answer that lack an operation. */
const unknown = ["NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented"];

async function read({ sdk, where, send }: Sends): Promise<Access> {
  const block = await send(
    "read the block of public access",
    ["NoSuchPublicAccessBlockConfiguration", ...unknown],
    (client, abortSignal) => client.send(new sdk.GetPublicAccessBlockCommand(where), { abortSignal }),
  );
  const list = await send("read the access list", unknown, (client, abortSignal) =>
    client.send(new sdk.GetBucketAclCommand(where), { abortSignal }),
  );
  const policy = await send("read the policy", ["NoSuchBucketPolicy", ...unknown], (client, abortSignal) =>
    client.send(new sdk.GetBucketPolicyCommand(where), { abortSignal }),
  );
  const text = typeof policy === "string" ? undefined : policy.Policy;
  if (text !== undefined && text.length > maxPolicyBytes)
    throw refusal(`the policy of ${where.Bucket} is longer than ${maxPolicyBytes} bytes`);
  return {
    block: blockOf(block),
    ...(typeof list !== "string" && {
      ...ownerOf(list.Owner),
      grants: (list.Grants ?? []).map((it) => grantLine.parse(it)),
    }),
    ...(text !== undefined && { policy: text }),
  };
}

function blockOf(
  answer: string | { PublicAccessBlockConfiguration?: PublicAccessBlockConfiguration | undefined },
): Access["block"] {
  if (typeof answer === "string") return unknown.includes(answer) ? "unknown" : "none";
  const {
    BlockPublicAcls: a,
    IgnorePublicAcls: b,
    BlockPublicPolicy: c,
    RestrictPublicBuckets: d,
  } = answer.PublicAccessBlockConfiguration ?? {};
  const it = {
    BlockPublicAcls: a === true,
    IgnorePublicAcls: b === true,
    BlockPublicPolicy: c === true,
    RestrictPublicBuckets: d === true,
  };
  return Object.values(it).every(Boolean) ? "all" : it;
}

function ownerOf(
  owner: { ID?: string | undefined; DisplayName?: string | undefined } | undefined,
): Pick<Access, "owner"> {
  const { ID, DisplayName } = owner ?? {};
  return { owner: { ...(ID !== undefined && { ID }), ...(DisplayName !== undefined && { DisplayName }) } };
}

/** The block's four parts; undefined where there is none. */
export function blockAll(block: Access["block"]): Block | undefined {
  if (block === "none" || block === "unknown") return undefined;
  if (block !== "all") return block;
  return { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
}

/** A block that is on refuses a policy or list for everybody: it comes last when it narrows, and goes first when it widens. */
async function write(sends: Sends, now: Access, wanted: Access): Promise<void> {
  if (wanted.block !== "all") await writeBlock(sends, now, wanted);
  await writePolicy(sends, now, wanted);
  await writeList(sends, now, wanted);
  if (wanted.block === "all") await writeBlock(sends, now, wanted);
}

async function writeBlock({ sdk, where, send }: Sends, now: Access, wanted: Access): Promise<void> {
  if (wanted.block === "unknown" || JSON.stringify(now.block) === JSON.stringify(wanted.block)) return;
  const block = blockAll(wanted.block);
  await send("set the block of public access", [], (client, abortSignal) =>
    block
      ? client.send(new sdk.PutPublicAccessBlockCommand({ ...where, PublicAccessBlockConfiguration: block }), {
          abortSignal,
        })
      : client.send(new sdk.DeletePublicAccessBlockCommand(where), { abortSignal }),
  );
}

async function writePolicy({ sdk, where, send }: Sends, now: Access, { policy }: Access): Promise<void> {
  if (samePolicy(now.policy, policy)) return;
  await send("set the policy", [], (client, abortSignal) =>
    policy === undefined
      ? client.send(new sdk.DeleteBucketPolicyCommand(where), { abortSignal })
      : client.send(new sdk.PutBucketPolicyCommand({ ...where, Policy: policy }), { abortSignal }),
  );
}

async function writeList({ sdk, where, send }: Sends, now: Access, { grants, owner = {} }: Access): Promise<void> {
  if (grants === undefined || JSON.stringify(now.grants) === JSON.stringify(grants)) return;
  // The SDK's own words for kinds of grantees and permissions: the store gave them to us.
  const Grants = grants as Grant[];
  await send("set the access list", [], (client, abortSignal) =>
    client.send(new sdk.PutBucketAclCommand({ ...where, AccessControlPolicy: { Owner: owner, Grants } }), {
      abortSignal,
    }),
  );
}

function clientOf(Client: typeof S3Client, connection: BucketConnection, env: Env): S3Client {
  const { region, endpoint, forcePathStyle, accessKeyId, secretAccessKey } = connection;
  const credentials =
    accessKeyId !== undefined && secretAccessKey !== undefined
      ? { accessKeyId: secretOf(accessKeyId, env), secretAccessKey: secretOf(secretAccessKey, env) }
      : undefined;
  const client: S3Client = new Client({
    region,
    forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    // Nothing is asked again unseen: whoever asks looks whether it was done.
    maxAttempts: 1,
    // To the address that was configured, or nowhere.
    followRegionRedirects: false,
    disableMultiregionAccessPoints: true,
    requestHandler: { connectionTimeout: answerMs, requestTimeout: answerMs, throwOnRequestTimeout: true },
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      boundBody(result.response, false);
      return result;
    },
    { step: "deserialize", priority: "low", name: "outweighBound" },
  );
  return client;
}

/** What went wrong, in words that say what to do. The codes are S3's. */
function sentence(cause: unknown, what: string): Error {
  const name = cause instanceof Error ? cause.name : "";
  const status = fieldIn(fieldIn(cause, "$metadata"), "httpStatusCode");
  const words = plainLine(cause instanceof Error ? cause.message : String(cause));
  const why =
    name === "NoSuchBucket"
      ? "there is no such bucket"
      : name === "InvalidAccessKeyId"
        ? "the store does not know this access key"
        : name === "SignatureDoesNotMatch"
          ? "the secret of the access key is wrong, or a proxy changes requests"
          : name === "CredentialsProviderError"
            ? "no credentials: set accessKeyId and secretAccessKey, or give this process a role or profile"
            : name === "TimeoutError" || name === "AbortError"
              ? `the store did not answer within ${answerMs / 1000} s`
              : typeof status === "number" && status >= 300 && status < 400
                ? `the store redirects (${status}), which is not followed: is the region right?`
                : status === 403
                  ? `the key may not: ${words}`
                  : `${typeof status === "number" ? `${status} ` : ""}${words}`;
  return refusal(`${what}: ${why}`, cause);
}
