/** Which places of models a change in a cluster touches: what a pod mounts, what a claim or snapshot is a copy of. */
import { claimAddress } from "../artifact.ts";
import { at, textOf } from "./json-records.ts";
import { isRecord } from "./source.ts";

/** Most volumes of one pod that are looked at: a node attaches some 250 at most. */
const maxVolumes = 256;

/** Longest name of a claim: a DNS subdomain. */
const maxName = 253;

interface Volumes {
  readonly operation: "mount" | "copy";
  readonly artifact: string;
  readonly inputs: readonly string[];
  readonly copiedTo?: string | undefined;
}

/**
 * What the object of a request uses, as the API server got it. Undefined when it uses nothing, or when the policy logs no objects: then
 * it is not known.
 */
export function volumesOf(resource: string, verb: string, namespace: string, object: unknown): Volumes | undefined {
  if (verb !== "create" && verb !== "update" && verb !== "patch") return undefined;
  if (resource === "volumesnapshots") {
    return copyOf(namespace, textOf(object, "spec", "source", "persistentVolumeClaimName"), object);
  }
  if (resource === "persistentvolumeclaims") {
    const source = at(object, "spec", "dataSourceRef") ?? at(object, "spec", "dataSource");
    const whose = textOf(source, "namespace") ?? namespace;
    return textOf(source, "kind") === "PersistentVolumeClaim"
      ? copyOf(whose, textOf(source, "name"), object, namespace)
      : undefined;
  }
  const inputs = specs
    .flatMap((path) => at(object, ...path, "volumes"))
    .filter(isRecord)
    .slice(0, maxVolumes)
    .flatMap((it) => volumeAddress(namespace, it));
  const [artifact] = inputs;
  return artifact === undefined ? undefined : { operation: "mount", artifact, inputs };
}

/** Where a pod's specification stands in a pod, a workload, a cron job. */
const specs: readonly (readonly string[])[] = [
  ["spec"],
  ["spec", "template", "spec"],
  ["spec", "jobTemplate", "spec", "template", "spec"],
];

function volumeAddress(namespace: string, volume: unknown): string[] {
  const claim = textOf(volume, "persistentVolumeClaim", "claimName");
  if (claim !== undefined && claim.length <= maxName) return [claimAddress(namespace, claim)];
  const path = textOf(volume, "hostPath", "path");
  if (path !== undefined) return [`file:${path.slice(0, 4096)}`];
  const handle = textOf(volume, "nfs", "path");
  return handle === undefined ? [] : [`file:${handle.slice(0, 4096)}`];
}

function copyOf(namespace: string, claim: string | undefined, object: unknown, into = namespace): Volumes | undefined {
  if (claim === undefined || claim.length > maxName) return undefined;
  const artifact = claimAddress(namespace, claim);
  const name = textOf(object, "metadata", "name");
  return {
    operation: "copy",
    artifact,
    inputs: [artifact],
    copiedTo: name === undefined ? undefined : claimAddress(into, name.slice(0, maxName)),
  };
}
