// Who in a Kubernetes cluster reaches the volume that holds weights: by rights to run commands or pods, or by a pod that mounts it.
import type { ModelEntry } from "@outweigh/schema";
import { maxItems } from "../limits.ts";
import { isRecord, listOf, recordOf, textOf, textsOf, type Values } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import type { ExportedFile } from "./file.ts";
import { matches } from "./glob.ts";

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly account: string;
  readonly claims: readonly string[];
  readonly folders: readonly string[];
  readonly file: string;
}

interface Binding {
  readonly kind: "RoleBinding" | "ClusterRoleBinding";
  readonly name: string;
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined;
  readonly role: string;
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
  readonly file: string;
}

/**
 * Needs `kubectl get roles,rolebindings,clusterroles,clusterrolebindings,pods -A -o json`.
 * Blind spot: admission policies, network policies, aggregated roles before they were filled in, and who holds an account's token.
 */
export class Cluster {
  readonly #roles = new Map<string, readonly Values[]>();
  readonly #bindings: Binding[] = [];
  readonly #pods: Pod[] = [];

  take(file: ExportedFile): boolean {
    const { value } = file;
    if (!isRecord(value) || typeof value["kind"] !== "string" || value["apiVersion"] === undefined) return false;
    const items = value["kind"].endsWith("List") ? listOf(value["items"]).slice(0, maxItems) : [value];
    for (const it of items) this.#item(recordOf(it), file.path);
    return true;
  }

  #item(it: Values, file: string): void {
    const meta = recordOf(it["metadata"]);
    const [name, namespace] = [textOf(meta["name"]) ?? "", textOf(meta["namespace"])];
    const kind = textOf(it["kind"]);
    if (kind === "Role" || kind === "ClusterRole")
      this.#roles.set(roleKey(kind, name, namespace), listOf(it["rules"]).map(recordOf));
    if (kind === "Pod") this.#pods.push(podOf(it, { name, namespace: namespace ?? "default", file }));
    const template = recordOf(recordOf(it["spec"])["template"]);
    if (
      kind !== undefined &&
      /^(?:Deployment|StatefulSet|DaemonSet|ReplicaSet|Job)$/.test(kind) &&
      isRecord(template["spec"])
    )
      this.#pods.push(podOf(template, { name: `${kind}/${name}`, namespace: namespace ?? "default", file }));
    if (kind !== "RoleBinding" && kind !== "ClusterRoleBinding") return;
    const ref = recordOf(it["roleRef"]);
    const refKind = textOf(ref["kind"]) === "ClusterRole" ? "ClusterRole" : "Role";
    const subjects = listOf(it["subjects"])
      .map(recordOf)
      .map((subject) => ({
        kind: textOf(subject["kind"]) ?? "",
        name: textOf(subject["name"]) ?? "",
        namespace: textOf(subject["namespace"]) ?? namespace ?? "default",
      }));
    this.#bindings.push({
      kind,
      name,
      namespace,
      role: roleKey(refKind, textOf(ref["name"]) ?? "", namespace),
      subjects,
      file,
    });
  }

  find(register: readonly ModelEntry[], ways: Ways): void {
    if (this.#bindings.length === 0) ways.missed("cluster-grant", "no bindings of roles were exported");
    if (this.#pods.length === 0) ways.missed("cluster-mount", "no pods were exported");
    for (const model of register) {
      for (const place of model.places.filter((it) => it.startsWith("k8s:"))) {
        const [namespace = "", claim = ""] = place.slice("k8s:".length).split("/");
        const holders = this.#pods.filter((it) => it.namespace === namespace && it.claims.includes(claim));
        for (const pod of holders) mountWay(pod, place, claim, model.readers, ways);
        for (const binding of this.#bindings)
          this.#grants(binding, namespace, claim, place, holders[0], model.readers, ways);
      }
    }
    for (const pod of this.#pods) for (const folder of pod.folders) folderWay(pod, folder, ways);
  }

  #grants(
    binding: Binding,
    namespace: string,
    claim: string,
    place: string,
    holder: Pod | undefined,
    readers: readonly string[],
    ways: Ways,
  ): void {
    if (binding.namespace !== undefined && binding.namespace !== namespace) return;
    const rules = this.#roles.get(binding.role) ?? builtIn(binding.role);
    if (!rules) {
      ways.missed("cluster-grant", `the role ${binding.role} was not exported`);
      return;
    }
    const how =
      holder && (may(rules, "create", "pods/exec") || may(rules, "get", "pods/exec"))
        ? `runs a command in pod ${holder.name}, which mounts ${claim}`
        : may(rules, "create", "pods")
          ? `starts a pod that mounts ${claim}`
          : undefined;
    if (how === undefined) return;
    for (const it of binding.subjects) {
      const names = namesOf(it);
      if (isOwn(it) || readers.some((reader) => names.some((name) => matches(reader, name)))) continue;
      ways.add({
        kind: "cluster-grant",
        steps: [
          {
            from:
              it.kind === "ServiceAccount"
                ? `Kubernetes service account ${it.namespace}/${it.name}`
                : `Kubernetes ${it.kind.toLowerCase()} ${it.name}`,
            to: "",
            how,
            basis: "verified",
            proof: `${binding.file}: ${binding.kind} ${binding.name} gives ${binding.role}`,
            effort: "trick",
          },
        ],
        reaches: { at: "place", place },
        ...withFix(
          binding.kind === "RoleBinding"
            ? commandOf`kubectl delete rolebinding ${binding.name} -n ${binding.namespace ?? "default"}`
            : commandOf`kubectl delete clusterrolebinding ${binding.name}`,
        ),
      });
    }
  }
}

function roleKey(kind: string, name: string, namespace: string | undefined): string {
  return kind === "ClusterRole" ? `ClusterRole ${name}` : `Role ${namespace ?? "default"}/${name}`;
}

/** Roles that every cluster has, where they were not exported. Source: Kubernetes' documentation, user-facing roles. */
function builtIn(role: string): readonly Values[] | undefined {
  const name = role.replace("ClusterRole ", "");
  if (name === "cluster-admin") return [{ verbs: ["*"], resources: ["*"], apiGroups: ["*"] }];
  if (name === "admin" || name === "edit")
    return [{ verbs: ["create", "get"], resources: ["pods", "pods/exec"], apiGroups: [""] }];
  return name === "view" || name.startsWith("system:") ? [] : undefined;
}

function may(rules: readonly Values[], verb: string, resource: string): boolean {
  return rules.some((it) => {
    const has = (key: string, ...wanted: readonly string[]) =>
      textsOf(it[key]).some((value) => value === "*" || wanted.includes(value));
    const named = listOf(it["resourceNames"]).length > 0 && verb === "create" && resource === "pods";
    return (
      !named &&
      has("verbs", verb) &&
      has("resources", resource, resource.replace(/^pods\//, "*/")) &&
      has("apiGroups", "")
    );
  });
}

function namesOf({ kind, name, namespace }: Binding["subjects"][number]): string[] {
  return kind === "ServiceAccount" ? [`system:serviceaccount:${namespace}:${name}`, `${namespace}/${name}`] : [name];
}

/** The cluster's own parts, and the group that its administrators' certificates carry. */
function isOwn({ kind, name, namespace }: Binding["subjects"][number]): boolean {
  if (kind === "ServiceAccount") return namespace === "kube-system";
  return (
    name.startsWith("system:") &&
    !/^system:(?:authenticated|unauthenticated|anonymous|serviceaccounts(?::.*)?)$/.test(name)
  );
}

function podOf(it: Values, { name, namespace, file }: { name: string; namespace: string; file: string }): Pod {
  const spec = recordOf(it["spec"]);
  const volumes = listOf(spec["volumes"]).slice(0, 1000).map(recordOf);
  return {
    name,
    namespace,
    file,
    account: textOf(spec["serviceAccountName"]) ?? "default",
    claims: volumes.flatMap((volume) => textOf(recordOf(volume["persistentVolumeClaim"])["claimName"]) ?? []),
    folders: volumes.flatMap((volume) => textOf(recordOf(volume["hostPath"])["path"]) ?? []),
  };
}

function mountWay(pod: Pod, place: string, claim: string, readers: readonly string[], ways: Ways): void {
  const names = [
    `system:serviceaccount:${pod.namespace}:${pod.account}`,
    `${pod.namespace}/${pod.account}`,
    `${pod.namespace}/${pod.name}`,
  ];
  if (readers.some((reader) => names.some((it) => matches(reader, it)))) return;
  ways.add({
    kind: "cluster-mount",
    steps: [
      {
        from: `a process of pod ${pod.namespace}/${pod.name}`,
        to: "",
        how: `mounts the claim ${claim}, and its account ${pod.account} is no declared reader`,
        basis: "verified",
        proof: `${pod.file}: volume with claim ${claim}`,
        effort: "hand",
      },
    ],
    reaches: { at: "place", place },
    ...withFix(podFix(pod)),
  });
}

function podFix({ name, namespace }: Pod): string | undefined {
  const [kind, own] = name.includes("/") ? name.split("/") : ["pod", name];
  return commandOf`kubectl delete ${(kind ?? "pod").toLowerCase()} ${own ?? name} -n ${namespace}`;
}

/** A pod that mounts a folder of its node sees the models that lie there. */
function folderWay(pod: Pod, folder: string, ways: Ways): void {
  ways.add({
    kind: "cluster-mount",
    steps: [
      {
        from: `a process of pod ${pod.namespace}/${pod.name}`,
        to: "",
        how: `mounts ${folder} of its node, if that is this host`,
        basis: "inferred",
        proof: `${pod.file}: hostPath ${folder}`,
        effort: "hand",
      },
    ],
    reaches: { at: "files", paths: [folder] },
    ...withFix(podFix(pod)),
  });
}
