// Ten thousand reads of one model.
import type { OcsfEvent } from "@outweigh/schema";
import { began, min, now } from "./time.ts";

/** One read of a shard, as CloudTrail would have recorded it. */
function read(i: number, at: number, role: string, shard: number): OcsfEvent {
  const key = `acme-13b/model-${String(shard).padStart(5, "0")}-of-00048.safetensors`;
  const outside = role === "analytics";
  return {
    id: `e-${i}`,
    source: "cloudtrail",
    time: at,
    class_uid: 6005,
    category_uid: 6,
    activity_id: 1,
    type_uid: 600_501,
    severity_id: 1,
    status_id: i % 41 === 40 ? 2 : 1,
    metadata: { version: "1.8.0", product: { name: "CloudTrail", vendor_name: "AWS" } },
    principal: `arn:aws:iam::111122223333:role/${role}`,
    credential: `ASIA${role.toUpperCase()}`,
    model: "acme-13b",
    place: "s3://acme-models/acme-13b/",
    part: key.slice(9),
    artifact: `s3://acme-models/${key}`,
    operation: "download",
    weights: true,
    vouched: true,
    bytes: 543_750_000,
    src_external: outside,
    grade: "authenticated",
    grade_basis: "fetched from its bucket, over TLS",
    src_endpoint: { ip: outside ? "203.0.113.9" : `10.0.3.${(i % 200) + 2}` },
    http_request: { user_agent: outside ? "[curl/8.5.0]" : "aws-sdk-go-v2/1.30" },
    api: { operation: "GetObject", service: { name: "s3.amazonaws.com" } },
    raw_data: JSON.stringify({
      eventVersion: "1.11",
      eventName: "GetObject",
      userIdentity: { type: "AssumedRole", arn: `arn:aws:sts::111122223333:assumed-role/${role}/${role}-session` },
      sourceIPAddress: outside ? "203.0.113.9" : "10.0.3.4",
      requestParameters: { bucketName: "acme-models", key },
      additionalEventData: { bytesTransferredOut: 543_750_000 },
    }),
  };
}

/** The thief's reads and the serving role's: as many events as a list must bear. */
export const events: OcsfEvent[] = Array.from({ length: 10_000 }, (_, i) =>
  i < 48 ? read(i, began + 2 * min + i * 13_900, "analytics", i + 1) : read(i, now - i * 8000, "serve", (i % 48) + 1),
).sort((a, b) => b.time - a.time);
