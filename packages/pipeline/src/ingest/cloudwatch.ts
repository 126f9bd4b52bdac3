import { isRecord, skip, type Ingested, type Source, type SourceKind } from "./source.ts";
import { joined, readAs, readJson, refuse, textOf } from "./json-records.ts";

/** Finds the reader of one message by its content, as for a record that comes without an envelope. */
type ReaderOf = (message: string) => Source | undefined;

/**
 * CloudWatch Logs' envelope, as subscriptions and Firehose deliver it: whatever program wrote the messages, each is read by its own source.
 * The audit log of EKS and Bedrock's invocation log come this way.
 */
export function cloudwatchOf(readerOf: ReaderOf): Source {
  return {
    id: "cloudwatch",
    title: "CloudWatch Logs subscription (EKS audit, Bedrock and others in its envelope)",
    cannotSee: [
      "Log groups without a subscription, and messages that no source here reads",
      "What the source inside the envelope cannot see",
    ],
    requires: [
      "A subscription filter with an empty pattern on each log group, to Firehose and a bucket, or to a function that posts here",
      "For EKS: the control plane's log type `audit`, which is off by default",
    ],
    logsources: [{ product: "aws", service: "cloudwatch" }],
    // Bedrock's prompts may come in it.
    holdsContents: true,

    read: (record, from, around) =>
      readJson(
        record,
        () => undefined,
        (value) => {
          if (value.messageType === "CONTROL_MESSAGE")
            return skip("a message by which CloudWatch tests its destination");
          if (!Array.isArray(value.logEvents)) return refuse("logEvents: expected a list");
          if (value.logEvents.length === 0) return skip("an envelope without messages");
          return joined(
            value.logEvents.map((it): Ingested => {
              const message = isRecord(it) ? textOf(it, "message") : undefined;
              if (message === undefined) return refuse("logEvents: a message without text");
              const reader = readerOf(message);
              if (!reader) return skip("a message that no source reads");
              return readAs(reader.read(message, from, around), reader.id satisfies SourceKind);
            }),
          );
        },
      ),
  };
}
