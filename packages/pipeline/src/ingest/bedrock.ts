import { z } from "zod";
import { askedOf, llmEvent, llmOperation, stripped } from "./llm.ts";
import { at, found, numberOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { quote, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** One entry of Amazon Bedrock's model invocation log. */
const entry = z.looseObject({
  schemaType: z.literal("ModelInvocationLog"),
  timestamp: z.string().max(64),
  operation: z.string().min(1).max(128),
  modelId: z.string().min(1).max(2048),
  requestId: z.string().max(256).optional(),
  accountId: z.string().max(64).optional(),
  region: z.string().max(64).optional(),
  errorCode: z.string().max(256).optional(),
});

const contents = new Set([
  "messages",
  "system",
  "prompt",
  "inputText",
  "texts",
  "images",
  "tools",
  "toolConfig",
  "outputBodyJson",
  "inputBodyS3Path",
  "outputBodyS3Path",
]);

export const bedrock: Source = {
  id: "bedrock",
  title: "Amazon Bedrock model invocation log",
  cannotSee: [
    "Anything while model invocation logging is off, as it is by default, or in regions where it was not switched on",
    "The client's address: the entry has none; CloudTrail's record of the same request does",
    "Bodies above 100 kB, which Bedrock writes to a bucket of their own; and all prompts and answers, which we drop",
    "Who stands behind a role that several share",
  ],
  requires: [
    "Model invocation logging to CloudWatch Logs or S3, in each region that is used",
    "CloudTrail beside it: DeleteModelInvocationLoggingConfiguration is the thief's first step",
  ],
  logsources: [{ category: "llm_gateway" }, { product: "aws", service: "bedrock" }],

  holdsContents: true,

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
      { quoting: false },
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = entry.safeParse(value);
  if (!read.success) return problemOf(read.error, "entry");
  const it = read.data;
  const time = timeOf(it.timestamp);
  if (time === undefined) return refuse(`timestamp: not a time: ${quote(it.timestamp)}`);
  const arn = textOf(value, "identity", "arn");
  const { raw, text } = stripped(value, contents);
  const asks = /^(InvokeModel|Converse)/.test(it.operation);
  return found(
    llmEvent({
      id: it.requestId === undefined ? idOf("bedrock", from.source, text) : idOf("bedrock", it.requestId),
      from,
      time,
      product: "Bedrock",
      principal: arn === undefined ? "anonymous@unknown" : (roleOf(arn) ?? arn),
      vouched: arn !== undefined,
      uid: it.requestId,
      originalTime: it.timestamp,
      raw: text,
      operation: asks ? llmOperation(undefined, it.modelId) : "request",
      model: it.modelId,
      provider: /^(?:[a-z]{2,6}\.)?([a-z0-9]+)\./.exec(it.modelId)?.[1] ?? "Bedrock",
      service: "bedrock.amazonaws.com",
      failed: it.errorCode !== undefined,
      promptTokens: numberOf(value, "input", "inputTokenCount"),
      completionTokens: numberOf(value, "output", "outputTokenCount"),
      detail: {
        ...askedOf(at(value, "input", "inputBodyJson")),
        call: it.operation,
        ...(arn !== undefined && { session: arn }),
        ...(it.region !== undefined && { region: it.region }),
        ...(it.accountId !== undefined && { account: it.accountId }),
      },
    }),
    raw,
  );
}

/** The role of a session, by the role's own ARN, as CloudTrail's records name it. A role with a path loses it in its sessions. */
function roleOf(arn: string): string | undefined {
  const it = /^arn:(aws[\w-]*):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  return it ? `arn:${it[1]}:iam::${it[2]}:role/${it[3]}` : undefined;
}
