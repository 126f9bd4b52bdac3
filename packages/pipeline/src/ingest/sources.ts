import { agent } from "./agent.ts";
import { auditd } from "./auditd.ts";
import { azure } from "./azure.ts";
import { bedrock } from "./bedrock.ts";
import { cloudtrail } from "./cloudtrail.ts";
import { cloudwatchOf } from "./cloudwatch.ts";
import { databricks } from "./databricks.ts";
import { detectKind } from "./detect-kind.ts";
import { entra } from "./entra.ts";
import { falco } from "./falco.ts";
import { gateway } from "./gateway.ts";
import { gcpAudit } from "./gcp-audit.ts";
import { githubAudit } from "./github-audit.ts";
import { gitlabAudit } from "./gitlab-audit.ts";
import { httpAccess } from "./http-access.ts";
import { huggingface } from "./huggingface.ts";
import { jupyter } from "./jupyter.ts";
import { keycloak } from "./keycloak.ts";
import { kubernetesAudit } from "./kubernetes-audit.ts";
import { litellm } from "./litellm.ts";
import { minio } from "./minio.ts";
import { ociNotification } from "./oci-notification.ts";
import { okta } from "./okta.ts";
import { osquery } from "./osquery.ts";
import { otel } from "./otel.ts";
import { s3Access } from "./s3-access.ts";
import { scan } from "./scan.ts";
import { slurm } from "./slurm.ts";
import { sysmon } from "./sysmon.ts";
import { wandb } from "./wandb.ts";
import { zeek } from "./zeek.ts";
import type { Source, SourceKind } from "./source.ts";

export { detectKind } from "./detect-kind.ts";

/** Everything we can read, one entry for each kind. */
export const sources: readonly Source[] = [
  agent,
  auditd,
  azure,
  bedrock,
  cloudtrail,
  cloudwatchOf(insideEnvelope),
  databricks,
  entra,
  falco,
  gateway,
  gcpAudit,
  githubAudit,
  gitlabAudit,
  httpAccess,
  huggingface,
  jupyter,
  keycloak,
  kubernetesAudit,
  litellm,
  minio,
  ociNotification,
  okta,
  osquery,
  otel,
  s3Access,
  scan,
  slurm,
  sysmon,
  wandb,
  zeek,
];

const byKind: ReadonlyMap<SourceKind, Source> = new Map(sources.map((it) => [it.id, it]));

/** The reader of a kind. */
export function sourceOf(kind: SourceKind): Source {
  const found = byKind.get(kind);
  if (!found) throw new Error(`no source reads ${kind}`);
  return found;
}

/** What reads a message inside an envelope. Envelopes hold no envelopes, and no report of a host comes in one. */
function insideEnvelope(message: string): Source | undefined {
  const kind = detectKind(message);
  return kind === undefined || kind === "cloudwatch" || kind === "agent" || kind === "scan"
    ? undefined
    : sourceOf(kind);
}
