import { createHash, generateKeyPairSync, sign } from "node:crypto";

/** A key as AWS would have one, for a test: the digests that it signs are ours. */
export function aDigestKey() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const value = publicKey.export({ format: "der", type: "pkcs1" }).toString("base64");
  const listed = JSON.stringify({ PublicKeyList: [{ Fingerprint: "f1", Value: value }] });
  return { privateKey, listed };
}

export interface MadeDigest {
  readonly object: string;
  readonly bytes: Buffer;
  readonly signature: string;
}

export const bucket = "acme-logs";
const folder = "AWSLogs/111122223333";

/** The name of the log file that was delivered at a minute of an hour. */
export function logName(hour: number, minute = 5): string {
  const two = (it: number) => String(it).padStart(2, "0");
  return `${folder}/CloudTrail/us-east-1/2026/11/24/111122223333_CloudTrail_us-east-1_20261124T${two(hour)}${two(minute)}Z_x${hour}.json.gz`;
}

/** One digest file for each hour from the first on, each of that hour's log files, tied to the one before. */
export function aDigestChain(
  hours: readonly (readonly { readonly name: string; readonly bytes: Uint8Array }[])[],
  { privateKey }: Pick<ReturnType<typeof aDigestKey>, "privateKey">,
  first = 0,
): MadeDigest[] {
  const made: MadeDigest[] = [];
  for (const [i, logs] of hours.entries()) {
    const hour = first + i;
    const at = (it: number) => `2026-11-24T${String(it).padStart(2, "0")}:00:00Z`;
    const object = `${folder}/CloudTrail-Digest/us-east-1/2026/11/24/111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_${at(hour + 1).replace(/[-:]/g, "")}.json.gz`;
    const before = made.at(-1);
    const content = {
      awsAccountId: "111122223333",
      digestStartTime: at(hour),
      digestEndTime: at(hour + 1),
      digestS3Bucket: bucket,
      digestS3Object: object,
      digestPublicKeyFingerprint: "f1",
      digestSignatureAlgorithm: "SHA256withRSA",
      previousDigestS3Bucket: before ? bucket : null,
      previousDigestS3Object: before?.object ?? null,
      previousDigestHashValue: before ? sha256(before.bytes) : null,
      previousDigestHashAlgorithm: before ? "SHA-256" : null,
      previousDigestSignature: before?.signature ?? null,
      logFiles: logs.map((it) => ({
        s3Bucket: bucket,
        s3Object: it.name,
        hashValue: sha256(it.bytes),
        hashAlgorithm: "SHA-256",
      })),
    };
    const bytes = Buffer.from(JSON.stringify(content));
    const text = `${at(hour + 1)}\n${bucket}/${object}\n${sha256(bytes)}\n${before?.signature ?? "null"}`;
    made.push({ object, bytes, signature: sign("sha256", Buffer.from(text), privateKey).toString("hex") });
  }
  return made;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
