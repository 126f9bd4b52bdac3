/** What the audit logs of source hosts and model hubs share: a repository that was taken, opened to others, or given a new key. */
import type { OcsfEvent } from "@outweigh/schema";
import { activity, clientEndpoint, essentials, fileObject, type Essentials } from "./ocsf.ts";

interface RepositoryRecord extends Omit<Essentials, "activity"> {
  /**
   * `download` of all of it, `fetch` of what is new, `upload`, `configure` of who may see it, `grant` to one more person, `create-key`, `list`,
   * `delete`, `request` for the rest.
   */
  readonly operation: string;
  /** The host's own name of what happened. */
  readonly call: string;
  readonly service: string;
  readonly artifact?: string | undefined;
  /** Whether it holds weights, where the record itself can tell. */
  readonly weights?: boolean | undefined;
  readonly vouched?: boolean;
  readonly failed?: boolean | undefined;
  readonly credential?: string | undefined;
  readonly address?: string | undefined;
  readonly agent?: string | undefined;
  readonly digest?: string | undefined;
  readonly bytes?: number | undefined;
  readonly detail: Readonly<Record<string, unknown>>;
}

const activities: ReadonlyMap<string, readonly [number, number]> = new Map<string, readonly [number, number]>([
  ["download", activity.fileDownload],
  ["fetch", activity.fileSync],
  ["upload", activity.fileUpload],
  ["delete", activity.fileDelete],
  ["create-key", activity.apiCreate],
  ["configure", activity.apiUpdate],
  ["grant", activity.apiUpdate],
  ["list", activity.apiRead],
]);

/** One event of a host of repositories, models or artifacts. */
export function repositoryEvent(it: RepositoryRecord): OcsfEvent {
  const { operation, call, service, artifact, weights, failed, credential, address, agent, digest, bytes, detail } = it;
  const asked = activities.get(operation) ?? activity.apiOther;
  // A file is what OCSF wants of these; without a name of one it is a call like any other.
  const as = asked[0] === 6006 && artifact === undefined ? activity.apiOther : asked;
  return {
    ...essentials({ ...it, activity: as }),
    ...(failed !== undefined && { status_id: failed ? 2 : 1 }),
    operation,
    ...(artifact !== undefined && { artifact }),
    ...(weights !== undefined && { weights }),
    ...(credential !== undefined && { credential }),
    ...(it.vouched === false && { vouched: false }),
    ...(bytes !== undefined && { bytes }),
    actor: { user: { uid: it.principal, ...(credential !== undefined && { credential_uid: credential }) } },
    src_endpoint: clientEndpoint(address),
    api: { operation: call, service: { name: service } },
    ...(as[0] === 6006 && artifact !== undefined && { file: fileObject(artifact, { sha256: digest }) }),
    ...(as[0] !== 6006 && artifact !== undefined && { resources: [{ name: artifact }] }),
    ...(agent !== undefined && { http_request: { user_agent: agent } }),
    unmapped: detail,
  };
}
