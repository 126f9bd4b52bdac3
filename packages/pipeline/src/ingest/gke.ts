/** The audit log of GKE, whose events Google writes in a form of its own, as the API server would have written them. */
import type { LogEntry } from "./gcp-audit.ts";
import { numberOf, textOf } from "./json-records.ts";

/** Groups whose names stand in a method in parts: `io.k8s.authorization.rbac.v1.roles.create`. The version tells where they end. */
const version = /^v\d+((alpha|beta)\d+)?$/;

/**
 * An event of `audit.k8s.io` from `io.k8s.core.v1.pods.exec.create` and `core/v1/namespaces/serving/pods/llm-0/exec`. Which command ran in
 * a pod is not in Google's form.
 */
export function gkeEvent({ insertId, timestamp, protoPayload }: LogEntry): unknown {
  const parts = protoPayload.methodName.split(".");
  const cut = parts.findIndex((it) => version.test(it));
  const [resource = "unknown", ...rest] = parts.slice(cut + 1);
  const verb = rest.at(-1) ?? "unknown";
  const subresource = rest.length > 1 ? rest[0] : undefined;
  const path = (protoPayload.resourceName ?? "").split("/");
  const after = (name: string) => (path.includes(name) ? path[path.indexOf(name) + 1] : undefined);
  const namespace = after("namespaces");
  const name = after(resource);
  const address =
    textOf(protoPayload, "requestMetadata", "callerIp") ?? textOf(protoPayload, "requestMetadata", "callerIP");
  const code = numberOf(protoPayload, "status", "code") ?? 0;
  const agent = textOf(protoPayload, "requestMetadata", "callerSuppliedUserAgent");
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    ...(insertId !== undefined && { auditID: insertId.slice(0, 128) }),
    stage: "ResponseComplete",
    verb,
    user: { username: textOf(protoPayload, "authenticationInfo", "principalEmail") },
    ...(address !== undefined && { sourceIPs: [address] }),
    ...(agent !== undefined && { userAgent: agent }),
    objectRef: {
      resource,
      ...(subresource !== undefined && { subresource }),
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
    },
    // gRPC's codes: 0 is success; the others have no place in HTTP's except as failures.
    responseStatus: { code: code === 0 ? 200 : code === 7 || code === 16 ? 403 : 400 },
    requestURI: protoPayload.resourceName,
    requestObject: protoPayload.request,
    requestReceivedTimestamp: timestamp,
  };
}
