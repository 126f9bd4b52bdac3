// Four questions of each bucket that the register names: who may read it by policy, by access list, what blocks that, and whether reads are logged.
import type { S3Client } from "@aws-sdk/client-s3";
import type { CloudEntry } from "@outweigh/schema";
import { maxAsked } from "@outweigh/schema";
import { boundBody } from "../collect/bucket-store.ts";
import { fieldIn } from "../values.ts";
import { secretOf, type AnsweredFile, type CloudTask } from "./clouds.ts";
import { answerMs, maxPlaces } from "./limits.ts";

type S3Cloud = Extract<CloudEntry, { kind: "s3" }>;

/** As `aws s3api` prints the answers, each in a file of the bucket's folder. */
export async function bucketFiles(cloud: S3Cloud, task: CloudTask): Promise<AnsweredFile[]> {
  const { register, env, signal } = task;
  const places = register.flatMap((it) => it.places).filter((it) => it.startsWith("s3://"));
  const named = places.map((it) => it.slice("s3://".length).split("/")[0] ?? "");
  const buckets = [...new Set(named)].filter((it) => /^[A-Za-z0-9][\w.-]{1,254}$/.test(it)).slice(0, maxPlaces);
  if (buckets.length === 0) return [];
  const sdk = await import("@aws-sdk/client-s3");
  const client = clientOf(sdk, cloud, env);
  tellAll(client, cloud.name, task);
  const until = { abortSignal: signal };
  const questions: Readonly<Record<string, (Bucket: string) => Promise<object>>> = {
    policy: (Bucket) => client.send(new sdk.GetBucketPolicyCommand({ Bucket }), until),
    acl: (Bucket) => client.send(new sdk.GetBucketAclCommand({ Bucket }), until),
    block: (Bucket) => client.send(new sdk.GetPublicAccessBlockCommand({ Bucket }), until),
    logging: (Bucket) => client.send(new sdk.GetBucketLoggingCommand({ Bucket }), until),
  };
  const files: AnsweredFile[] = [];
  try {
    for (const bucket of buckets) {
      for (const [what, question] of Object.entries(questions)) {
        if (task.asked.length >= maxAsked || signal.aborted) return files;
        const value = await answerOf(() => question(bucket), what);
        if (value === undefined) continue;
        files.push({ path: `${cloud.name}/s3/${bucket}/${what}.json`, text: JSON.stringify(value, undefined, 2) });
      }
    }
  } finally {
    client.destroy();
  }
  return files;
}

function clientOf(
  { S3Client: Client }: typeof import("@aws-sdk/client-s3"),
  { region, endpoint, forcePathStyle, accessKeyId, secretAccessKey }: S3Cloud,
  env: CloudTask["env"],
): S3Client {
  const credentials = accessKeyId !== undefined &&
    secretAccessKey !== undefined && {
      credentials: { accessKeyId: secretOf(accessKeyId, env), secretAccessKey: secretOf(secretAccessKey, env) },
    };
  return new Client({
    region,
    forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...credentials,
    maxAttempts: 1,
    // To the address that was configured, or nowhere.
    followRegionRedirects: false,
    disableMultiregionAccessPoints: true,
    requestHandler: { connectionTimeout: answerMs, requestTimeout: answerMs, throwOnRequestTimeout: true },
  });
}

/** What the client really sends is what is told, and no answer is read beyond its bound. */
function tellAll(client: S3Client, cloud: string, { asked }: CloudTask): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { request } = args;
      const part = (name: string) => String(fieldIn(request, name) ?? "");
      const query = Object.entries(fieldIn(request, "query") ?? {})
        .filter(([name]) => name !== "x-id")
        .map(([name]) => name)
        .join("&");
      const port = part("port") === "" ? "" : `:${part("port")}`;
      const url = `${part("protocol")}//${part("hostname")}${port}${part("path")}?${query}`.slice(0, 2048);
      try {
        const result = await next(args);
        boundBody(result.response, false);
        const status = Number(fieldIn(result.response, "statusCode"));
        // 404 says that something was never set.
        const isOf = status === 200 || status === 404;
        asked.push({ cloud, method: "GET", url, status, ...(!isOf && { problem: `it answers ${status}` }) });
        return result;
      } catch (error) {
        const problem = (error instanceof Error ? error.message : String(error)).slice(0, 500);
        asked.push({ cloud, method: "GET", url, problem });
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "outweighTell" },
  );
}

/** What S3 answers where something was never set: that is an answer too. */
const unset = new Set(["NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration"]);

async function answerOf(question: () => Promise<object>, what: string): Promise<unknown> {
  try {
    const answer = Object.fromEntries(Object.entries(await question()).filter(([name]) => name !== "$metadata"));
    return what === "logging" ? { LoggingEnabled: answer["LoggingEnabled"] ?? null } : answer;
  } catch (error) {
    const code = error instanceof Error ? error.name : "";
    return unset.has(code) ? { Error: { Code: code } } : undefined;
  }
}
