// Raw records in the shapes that real sources write, for worlds that are made from a seed.

const account = "111122223333";

/** Whole seconds, as CloudTrail writes them. */
const seconds = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

/** Who calls AWS: a role's session with its temporary key, or an IAM user with a lasting one. */
export interface AwsCaller {
  readonly role?: string;
  readonly user?: string;
  readonly session?: string;
  readonly key: string;
  readonly address: string;
  readonly agent?: string;
  /** The endpoint of a private network that the call came through. */
  readonly endpoint?: string;
}

export function roleArn(role: string): string {
  return `arn:aws:iam::${account}:role/${role}`;
}

function identityOf({ role, user, session, key }: AwsCaller): object {
  if (role === undefined && user === undefined)
    return { type: "AWSAccount", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" };
  if (role === undefined) {
    return {
      type: "IAMUser",
      principalId: "AIDAEXAMPLE",
      arn: `arn:aws:iam::${account}:user/${user}`,
      accountId: account,
      accessKeyId: key,
      userName: user,
    };
  }
  return {
    type: "AssumedRole",
    principalId: `AROAEXAMPLE:${session}`,
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
    accountId: account,
    accessKeyId: key,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: "AROAEXAMPLE",
        arn: roleArn(role),
        accountId: account,
        userName: role,
      },
    },
  };
}

interface AwsCall {
  readonly caller: AwsCaller;
  /** `s3:GetObject` */
  readonly call: string;
  readonly at: number;
  readonly asked: object;
  readonly extra?: object;
  readonly error?: string;
  readonly data?: boolean;
}

let serial = 0;

/** One record of CloudTrail. */
export function awsCall({ caller, call, at, asked, extra, error, data = false }: AwsCall): string {
  const [service, name] = call.split(":");
  serial++;
  return JSON.stringify({
    eventVersion: "1.11",
    userIdentity: identityOf(caller),
    eventTime: seconds(at),
    eventSource: `${service}.amazonaws.com`,
    eventName: name,
    awsRegion: "eu-central-1",
    sourceIPAddress: caller.address,
    userAgent: caller.agent ?? "aws-sdk-go-v2/1.30",
    ...(error !== undefined && { errorCode: error, errorMessage: "Access Denied" }),
    requestParameters: asked,
    responseElements: null,
    ...(extra && { additionalEventData: extra }),
    requestID: `R${serial}`,
    eventID: `00000000-0000-4000-8000-${String(serial).padStart(12, "0")}`,
    readOnly: /^(Get|List|Head|Describe)/.test(name ?? ""),
    eventType: "AwsApiCall",
    managementEvent: !data,
    recipientAccountId: account,
    ...(caller.endpoint !== undefined && { vpcEndpointId: caller.endpoint }),
    eventCategory: data ? "Data" : "Management",
  });
}

interface S3Get {
  readonly caller: AwsCaller;
  readonly bucket?: string;
  readonly key: string;
  readonly bytes: number;
  readonly at: number;
}

/** A data event: an object that was read whole. */
export function s3Get({ caller, bucket = "acme-models", key, bytes, at }: S3Get): string {
  return awsCall({
    caller,
    call: "s3:GetObject",
    at,
    data: true,
    asked: { bucketName: bucket, key, Host: `${bucket}.s3.eu-central-1.amazonaws.com` },
    extra: {
      bytesTransferredIn: 0,
      bytesTransferredOut: bytes,
      AuthenticationMethod: "AuthHeader",
      CipherSuite: "TLS_AES_128_GCM_SHA256",
    },
  });
}

interface WebRequest {
  readonly at: number;
  readonly address: string;
  readonly user?: string;
  readonly method?: string;
  readonly uri: string;
  readonly status?: number;
  readonly bytes: number;
  /** First byte, and the one after the last. */
  readonly range?: readonly [number, number];
  readonly agent?: string;
}

/** A line of nginx's JSON access log, in the guide's format. */
export function webRequest({
  at,
  address,
  user = "",
  method = "GET",
  uri,
  status,
  bytes,
  range,
  agent,
}: WebRequest): string {
  serial++;
  return JSON.stringify({
    time: new Date(at).toISOString(),
    remote_addr: address,
    remote_user: user,
    request_method: method,
    request_uri: uri,
    status: status ?? (range ? 206 : 200),
    body_bytes_sent: bytes,
    http_range: range ? `bytes=${range[0]}-${range[1] - 1}` : "",
    http_user_agent: agent ?? "huggingface_hub/0.30; python/3.11",
    request_id: serial.toString(16).padStart(32, "0"),
  });
}

/** An entry of Okta's System Log: an administrator closes somebody's account. */
export function accountClosed({ at, who, by }: { at: number; who: string; by: string }): string {
  serial++;
  return JSON.stringify({
    uuid: `okta-${serial}`,
    published: new Date(at).toISOString(),
    eventType: "user.lifecycle.deactivate",
    displayMessage: "Deactivate Okta user",
    severity: "INFO",
    actor: { id: "00u1", type: "User", alternateId: by, displayName: "Administrator" },
    client: { ipAddress: "10.0.0.4", userAgent: { rawUserAgent: "Mozilla/5.0" } },
    outcome: { result: "SUCCESS" },
    target: [{ id: "00u2", type: "User", alternateId: who, displayName: who }],
  });
}

/** An entry of GitHub's audit log: a repository's visibility was changed. */
export function repositoryOpened({ at, who, repository }: { at: number; who: string; repository: string }): string {
  serial++;
  return JSON.stringify({
    "@timestamp": at,
    _document_id: `github-${serial}`,
    action: "repo.access",
    actor: who,
    actor_ip: "10.0.0.21",
    org: repository.split("/")[0],
    repo: repository,
    visibility: "public",
    previous_visibility: "private",
  });
}

/** A line of Kubernetes' audit log: a pod was created that mounts a volume claim. */
export function podMounts({
  at,
  who,
  namespace,
  claim,
  pod,
}: {
  at: number;
  who: string;
  namespace: string;
  claim: string;
  pod: string;
}): string {
  serial++;
  const uri = `/api/v1/namespaces/${namespace}/pods`;
  return JSON.stringify({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Request",
    auditID: `audit-${serial}`,
    stage: "ResponseComplete",
    requestURI: uri,
    verb: "create",
    user: { username: who, groups: ["system:authenticated"] },
    sourceIPs: ["10.0.0.21"],
    userAgent: "kubectl/v1.31.0",
    objectRef: { resource: "pods", namespace, name: pod, apiVersion: "v1" },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: {
      kind: "Pod",
      apiVersion: "v1",
      metadata: { name: pod, namespace },
      spec: {
        containers: [
          { name: "main", image: "docker.io/library/debian:12", volumeMounts: [{ name: "w", mountPath: "/w" }] },
        ],
        volumes: [{ name: "w", persistentVolumeClaim: { claimName: claim } }],
      },
    },
    requestReceivedTimestamp: new Date(at).toISOString(),
    stageTimestamp: new Date(at).toISOString(),
  });
}
