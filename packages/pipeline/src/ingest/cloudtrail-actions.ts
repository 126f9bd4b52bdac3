/** What calls of AWS mean for a model: which artifact, what was done to it, and whom it was opened to. */
import { ociAddress, s3Address } from "../artifact.ts";
import type { TrailRecord } from "./cloudtrail.ts";
import { activity } from "./ocsf.ts";
import { folderOpened, sharedByAcl, sharedByPolicy } from "./sharing.ts";
import { isRecord, textAt } from "./source.ts";

export interface Action {
  readonly operation: string;
  readonly activity: readonly [number, number];
  readonly artifact?: string | undefined;
  readonly bucket?: string | undefined;
  /** The Range header, where the record has it. */
  readonly range?: string | undefined;
  /** What we conclude and OCSF has no place for: `copied_to`, `shared_with`, … */
  readonly extra?: Readonly<Record<string, unknown>>;
}

type Reader = (it: TrailRecord) => Action;

/** The meaning of a call; for what we do not know, its plain OCSF class. */
export function actionOf(it: TrailRecord): Action {
  const reader = known.get(`${it.eventSource.replace(/\.amazonaws\.com$/, "")}:${it.eventName}`);
  return reader ? reader(it) : other(it);
}

function other(it: TrailRecord): Action {
  if (it.eventSource === "signin.amazonaws.com" && it.eventName === "ConsoleLogin") {
    return { operation: "logon", activity: activity.logon };
  }
  const name = it.eventName;
  if (/^(Get|List|Describe|Head|BatchGet|Search|Lookup)/.test(name))
    return { operation: "read", activity: activity.apiRead };
  if (/^(Delete|Remove|Terminate|Deregister)/.test(name)) return { operation: "delete", activity: activity.apiDelete };
  if (/^(Create|Run|Start|Register)/.test(name)) return { operation: "create", activity: activity.apiCreate };
  if (/^(Update|Modify|Put|Set|Attach|Detach|Add)/.test(name))
    return { operation: "update", activity: activity.apiUpdate };
  return { operation: "call", activity: activity.apiOther };
}

const parameters = (it: TrailRecord) => it.requestParameters;
const bucketOf = (it: TrailRecord) => textAt(parameters(it), "bucketName");

function onObject(operation: string, as: readonly [number, number]): Reader {
  return (it) => {
    const bucket = bucketOf(it);
    const range = textAt(parameters(it), "Range") ?? textAt(parameters(it), "range");
    const key = textAt(parameters(it), "key");
    return {
      operation,
      activity: as,
      ...(bucket !== undefined && { bucket, artifact: s3Address(bucket, key) }),
      ...(range !== undefined && { range }),
    };
  };
}

function onListing(it: TrailRecord): Action {
  const bucket = bucketOf(it);
  const prefix = textAt(parameters(it), "prefix");
  return {
    operation: "list",
    activity: activity.datastoreList,
    ...(bucket !== undefined && { bucket, artifact: s3Address(bucket, prefix) }),
  };
}

/** A copy inside S3: bytes go from the source object into another one, and no byte leaves in an answer. */
function onCopy(it: TrailRecord): Action {
  const bucket = bucketOf(it);
  const from = copySource(textAt(parameters(it), "x-amz-copy-source"));
  const range = textAt(parameters(it), "x-amz-copy-source-range");
  const to = bucket === undefined ? undefined : s3Address(bucket, textAt(parameters(it), "key"));
  const key = textAt(parameters(it), "x-amz-server-side-encryption-aws-kms-key-id");
  const account = /^arn:aws[\w-]*:kms:[^:]*:(\d{12}):/.exec(key ?? "")?.[1];
  const own = it.recipientAccountId ?? undefined;
  return {
    operation: "copy",
    activity: activity.datastoreRead,
    ...(bucket !== undefined && { bucket: from?.bucket ?? bucket }),
    ...(from && { artifact: s3Address(from.bucket, from.key) }),
    ...(range !== undefined && { range }),
    extra: {
      ...(to !== undefined && { copied_to: to }),
      ...(bucket !== undefined &&
        from && { copied_to_other_bucket: bucket.toLowerCase() !== from.bucket.toLowerCase() }),
      ...(account !== undefined && own !== undefined && { foreign_key: account !== own }),
    },
  };
}

function copySource(text: string | undefined): { bucket: string; key: string } | undefined {
  if (text === undefined) return undefined;
  // The header's value is URL-encoded by most clients; a version id may follow.
  const path = decodeLoose(text.replace(/\?versionId=.*$/, "")).replace(/^\//, "");
  const slash = path.indexOf("/");
  return slash < 1 ? undefined : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function decodeLoose(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A change of who may reach a bucket or an object. */
function onExposure(it: TrailRecord): Action {
  const bucket = bucketOf(it);
  const asked = parameters(it);
  const own = it.recipientAccountId ?? undefined;
  const policy = isRecord(asked) ? (asked.bucketPolicy ?? asked.policy) : undefined;
  const shared = [...sharedByPolicy(policy, own), ...sharedByAcl(asked), ...lifted(it), ...replicated(asked, own)];
  return {
    operation: "configure",
    activity: activity.datastoreWrite,
    ...(bucket !== undefined && {
      bucket,
      artifact: s3Address(bucket, textAt(asked, "key") ?? folderOpened(policy, bucket, own)),
    }),
    extra: { shared_with: [...new Set(shared)] },
  };
}

/** `block-lifted` when a bucket's or account's public access block was removed or any of its four switches turned off. */
function lifted(it: TrailRecord): string[] {
  if (it.eventName === "DeleteBucketPublicAccessBlock" || it.eventName === "DeleteAccountPublicAccessBlock") {
    return ["block-lifted"];
  }
  const asked = parameters(it);
  const block = isRecord(asked) ? asked.PublicAccessBlockConfiguration : undefined;
  const off = isRecord(block) && Object.values(block).some((value) => value === false || value === "false");
  return off ? ["block-lifted"] : [];
}

function replicated(asked: unknown, own: string | undefined): string[] {
  const configuration = isRecord(asked) ? asked.ReplicationConfiguration : undefined;
  const rules = isRecord(configuration) ? [configuration.Rule ?? configuration.Rules].flat() : [];
  return rules.flatMap((rule) => {
    const destination = isRecord(rule) ? rule.Destination : undefined;
    const account = textAt(destination, "Account");
    return account === undefined || account === own ? [] : [`account:${account}`];
  });
}

/** A pull from ECR: manifests name the image, layers its bytes, whose number no record says. */
function onEcr(operation: string): Reader {
  return (it) => {
    const repository = textAt(parameters(it), "repositoryName");
    const digest = textAt(parameters(it), "layerDigest");
    return {
      operation,
      activity: activity.apiRead,
      ...(repository !== undefined && { artifact: ociAddress(repository, digest) }),
    };
  };
}

/** The only trace that a read of an encrypted object leaves among management events: the key's use for it. */
function onDecrypt(it: TrailRecord): Action {
  const asked = parameters(it);
  const context = isRecord(asked) ? asked.encryptionContext : undefined;
  const arn = textAt(context, "aws:s3:arn");
  const path = arn === undefined ? undefined : /^arn:aws[\w-]*:s3:::([^/]+)(?:\/(.*))?$/s.exec(arn);
  return {
    operation: "decrypt",
    activity: path ? activity.datastoreDecrypt : activity.apiRead,
    ...(path?.[1] !== undefined && { bucket: path[1], artifact: s3Address(path[1], path[2]) }),
  };
}

/** Grants on images and snapshots: `add` names accounts, or the group `all`. */
function onAttribute(it: TrailRecord): Action {
  const asked = parameters(it);
  const own = it.recipientAccountId ?? undefined;
  const permission = isRecord(asked) ? (asked.createVolumePermission ?? asked.launchPermission) : undefined;
  const add = isRecord(permission) ? permission.add : undefined;
  const items = isRecord(add) && Array.isArray(add.items) ? add.items : [];
  const values = isRecord(asked) && Array.isArray(asked.valuesToAdd) ? asked.valuesToAdd : [];
  const accounts = [...items.map((item) => textAt(item, "userId")), ...values.map(String)];
  const everyone = items.some((item) => textAt(item, "group") === "all") || values.includes("all");
  const foreign = accounts.filter((account) => account !== undefined && /^\d{12}$/.test(account) && account !== own);
  return {
    operation: "share",
    activity: activity.apiUpdate,
    extra: {
      shared_with: [...(everyone ? ["public"] : []), ...new Set(foreign.map((account) => `account:${account}`))],
    },
  };
}

function onPackagePolicy(it: TrailRecord): Action {
  const asked = parameters(it);
  const policy = isRecord(asked) ? (asked.resourcePolicy ?? asked.policyText) : undefined;
  return {
    operation: "share",
    activity: activity.apiUpdate,
    extra: { shared_with: sharedByPolicy(policy, it.recipientAccountId ?? undefined) },
  };
}

/** An access key that was deleted or switched off must not be used any more; one that was switched on may. */
function onAccessKey(it: TrailRecord): Action {
  const asked = parameters(it);
  const off = it.eventName === "DeleteAccessKey" || textAt(asked, "status") !== "Active";
  const retired = textAt(asked, "accessKeyId");
  return {
    operation: off ? "retire-key" : "reinstate",
    activity: off && it.eventName === "DeleteAccessKey" ? activity.apiDelete : activity.apiUpdate,
    extra: { ...(retired !== undefined && { retired }) },
  };
}

/** A user that was deleted, or made again under the same name. */
const onUser =
  (operation: string, as: readonly [number, number]): Reader =>
  (it) => {
    const name = textAt(parameters(it), "userName");
    const account = it.recipientAccountId ?? undefined;
    const subject = name !== undefined && account !== undefined ? `arn:aws:iam::${account}:user/${name}` : undefined;
    return { operation, activity: as, extra: { ...(subject !== undefined && { subject }) } };
  };

const plain =
  (operation: string, as: readonly [number, number]): Reader =>
  () => ({ operation, activity: as });

const known: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["s3:GetObject", onObject("download", activity.datastoreRead)],
  ["s3:SelectObjectContent", onObject("download", activity.datastoreRead)],
  ["s3:GetObjectTorrent", onObject("download", activity.datastoreRead)],
  ["s3:HeadObject", onObject("stat", activity.datastoreRead)],
  ["s3:GetObjectAttributes", onObject("stat", activity.datastoreRead)],
  ["s3:PutObject", onObject("upload", activity.datastoreWrite)],
  ["s3:CompleteMultipartUpload", onObject("upload", activity.datastoreWrite)],
  ["s3:DeleteObject", onObject("delete", activity.datastoreDelete)],
  ["s3:ListObjects", onListing],
  ["s3:ListObjectsV2", onListing],
  ["s3:ListObjectVersions", onListing],
  ["s3:ListBucket", onListing],
  ["s3:ListBuckets", plain("catalog", activity.datastoreList)],
  ["s3:ListAllMyBuckets", plain("catalog", activity.datastoreList)],
  ["s3:CopyObject", onCopy],
  ["s3:UploadPartCopy", onCopy],
  ["s3:PutBucketPolicy", onExposure],
  ["s3:PutBucketAcl", onExposure],
  ["s3:PutObjectAcl", onExposure],
  ["s3:PutBucketPublicAccessBlock", onExposure],
  ["s3:DeleteBucketPublicAccessBlock", onExposure],
  ["s3:PutAccountPublicAccessBlock", onExposure],
  ["s3:DeleteAccountPublicAccessBlock", onExposure],
  ["s3:PutBucketReplication", onExposure],
  ["kms:Decrypt", onDecrypt],
  ["ecr:BatchGetImage", onEcr("manifest")],
  ["ecr:GetDownloadUrlForLayer", onEcr("download")],
  ["ecr:DescribeRepositories", plain("catalog", activity.apiRead)],
  ["ecr:ListImages", onEcr("list")],
  ["ecr:DescribeImages", onEcr("list")],
  ["ec2:ModifySnapshotAttribute", onAttribute],
  ["ec2:ModifyImageAttribute", onAttribute],
  ["rds:ModifyDBSnapshotAttribute", onAttribute],
  ["sagemaker:ListModels", plain("catalog", activity.apiRead)],
  ["sagemaker:ListModelPackages", plain("catalog", activity.apiRead)],
  ["sagemaker:ListModelPackageGroups", plain("catalog", activity.apiRead)],
  ["sagemaker:ListEndpoints", plain("catalog", activity.apiRead)],
  ["sagemaker:DescribeModel", plain("describe", activity.apiRead)],
  ["sagemaker:DescribeModelPackage", plain("describe", activity.apiRead)],
  ["sagemaker:PutModelPackageGroupPolicy", onPackagePolicy],
  ["sagemaker:CreatePresignedNotebookInstanceUrl", plain("presign", activity.apiCreate)],
  ["sagemaker:CreatePresignedDomainUrl", plain("presign", activity.apiCreate)],
  ["bedrock:ListCustomModels", plain("catalog", activity.apiRead)],
  ["bedrock:GetCustomModel", plain("describe", activity.apiRead)],
  ["iam:CreateAccessKey", plain("create-key", activity.apiCreate)],
  ["iam:DeleteAccessKey", onAccessKey],
  ["iam:UpdateAccessKey", onAccessKey],
  ["iam:DeleteUser", onUser("offboard", activity.apiDelete)],
  ["iam:CreateUser", onUser("reinstate", activity.apiCreate)],
  ["iam:CreateServiceSpecificCredential", plain("create-key", activity.apiCreate)],
  ["iam:DeactivateMFADevice", plain("mfa-change", activity.apiUpdate)],
  ["iam:EnableMFADevice", plain("mfa-change", activity.apiUpdate)],
  ["iam:CreateLoginProfile", plain("password-change", activity.apiCreate)],
  ["iam:UpdateLoginProfile", plain("password-change", activity.apiUpdate)],
  ["bedrock:CreateModelCopyJob", plain("copy", activity.apiCreate)],
]);
