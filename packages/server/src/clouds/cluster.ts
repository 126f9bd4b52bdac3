// Roles, bindings and pods of a Kubernetes cluster, page by page. Source: the API reference of Kubernetes, list operations and chunking.
import { z } from "zod";
import { parseJson } from "../values.ts";
import type { Asker } from "./ask.ts";
import type { AnsweredFile } from "./clouds.ts";
import { maxPages, pageItems } from "./limits.ts";

const rbac = "apis/rbac.authorization.k8s.io/v1";
const lists = [
  { path: `${rbac}/clusterroles`, kind: "ClusterRole", apiVersion: "rbac.authorization.k8s.io/v1" },
  { path: `${rbac}/clusterrolebindings`, kind: "ClusterRoleBinding", apiVersion: "rbac.authorization.k8s.io/v1" },
  { path: `${rbac}/roles`, kind: "Role", apiVersion: "rbac.authorization.k8s.io/v1" },
  { path: `${rbac}/rolebindings`, kind: "RoleBinding", apiVersion: "rbac.authorization.k8s.io/v1" },
  { path: "api/v1/pods", kind: "Pod", apiVersion: "v1" },
] as const;

/** Of a pod, what says what it mounts: its variables may hold secrets. */
const podSpec = z.object({ serviceAccountName: z.unknown().optional(), volumes: z.unknown().optional() });
const item = z.looseObject({ metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }) });
const page = z.looseObject({
  metadata: z.looseObject({ continue: z.string().optional() }).optional(),
  items: z.array(item).nullable(),
});

/** As `kubectl get … -A -o json` prints them: a list whose items say what they are. A list that broke off is left out whole. */
export async function clusterFiles(name: string, ask: Asker): Promise<AnsweredFile[]> {
  const files: AnsweredFile[] = [];
  for (const { path, kind, apiVersion } of lists) {
    const found = await itemsOf(path, ask);
    if (!found) continue;
    const items = found.map(({ metadata, ...it }) => ({
      kind,
      apiVersion,
      metadata: { name: metadata.name, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) },
      ...(kind === "Pod" ? { spec: podSpec.safeParse(it["spec"]).data ?? {} } : it),
    }));
    files.push({ path: `${name}/${kind}.json`, text: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
  }
  return files;
}

async function itemsOf(path: string, ask: Asker): Promise<z.infer<typeof item>[] | undefined> {
  const found: z.infer<typeof item>[] = [];
  let next = "";
  for (let i = 0; i < maxPages; i++) {
    const query = new URLSearchParams({ limit: String(pageItems), ...(next !== "" && { continue: next }) });
    const answer = await ask.get(`${path}?${query}`);
    if (!("text" in answer)) return undefined;
    const read = page.safeParse(parseJson(answer.text));
    if (!read.success) return undefined;
    found.push(...(read.data.items ?? []));
    next = read.data.metadata?.continue ?? "";
    if (next === "") return found;
  }
  return undefined;
}
