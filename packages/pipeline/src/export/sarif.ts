// Theft paths and controls as SARIF 2.1.0, for whoever collects findings of many tools. Source: OASIS, sarif-v2.1.0.
import { createHash } from "node:crypto";
import type { ScanReport, TheftKind, TheftPath } from "@outweigh/schema";
import type { ControlResult } from "../controls/check.ts";

/** A location as SARIF writes it: a file with a line, or a name where there is no file. */
interface Location {
  readonly physicalLocation?: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
    readonly region?: { readonly startLine: number };
  };
  readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
  readonly message?: { readonly text: string };
}

interface Rule {
  readonly id: string;
  readonly shortDescription: { readonly text: string };
  readonly help?: { readonly text: string };
  readonly properties?: { readonly tags: readonly string[] };
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind: "fail" | "pass" | "open" | "notApplicable";
  readonly level: "error" | "warning" | "note" | "none";
  readonly message: { readonly text: string };
  readonly locations: readonly Location[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly codeFlows?: readonly {
    readonly threadFlows: readonly { readonly locations: readonly { readonly location: Location }[] }[];
  }[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface SarifLog {
  readonly $schema: string;
  readonly version: "2.1.0";
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly name: string; readonly version: string; readonly rules: readonly Rule[] };
    };
    readonly invocations: readonly {
      readonly executionSuccessful: boolean;
      readonly endTimeUtc?: string;
      readonly toolExecutionNotifications?: readonly {
        readonly level: "note";
        readonly message: { readonly text: string };
      }[];
    }[];
    readonly results: readonly Result[];
    readonly columnKind: "utf16CodeUnits";
  }[];
}

const schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** Most things not seen that are carried along. */
const maxNotes = 1000;

/** What each kind of theft path is, in a sentence. */
const kinds: Readonly<Record<TheftKind | "other", string>> = {
  "file-mode": "Weights can be read by any local user",
  "group-read": "Weights can be read by members of a group or by another user",
  "access-list": "An access list (ACL) lets another user or a group read weights",
  "docker-socket": "The socket of a container engine gives root's rights away",
  setuid: "A setuid program reads any file",
  "file-capability": "A program brings rights by which its user reads any file",
  sudo: "A rule of sudo gives another user's rights without a password",
  "container-mount": "A container mounts weights",
  "container-rights": "A container has the host's rights",
  listener: "A server of models asks nobody who is there",
  "nfs-export": "Weights are exported by NFS",
  share: "Weights are shared with everybody",
  "web-folder": "A web server gives weights away",
  "token-on-disk": "A token for a place of weights lies on the disk",
  "signed-link": "A signed link opens a place of weights",
  "bucket-public": "A bucket with weights is public",
  "iam-grant": "An IAM principal that is no declared reader may read weights",
  "iam-unused": "An IAM principal may read weights and does not",
  "cluster-grant": "An account of Kubernetes reaches a volume with weights",
  "cluster-mount": "A pod mounts weights",
  "repository-public": "A repository with weights is public",
  "ci-job": "A CI job runs a stranger's code with a secret that opens weights",
  other: "Weights can be taken",
};

/** A scan's theft paths. Each has the fingerprint of its model, kind and steps: the same path in the next scan is the same result. */
export function sarifOfScan({
  version,
  finishedAt,
  paths,
  notSeen,
}: Pick<ScanReport, "version" | "finishedAt" | "paths" | "notSeen">): SarifLog {
  const used = [...new Set(paths.map((it) => it.kind ?? "other"))].sort();
  const rules = used.map((id): Rule => ({ id: `theft-path/${id}`, shortDescription: { text: kinds[id] } }));
  const results = paths.map((it) => resultOf(it, used.indexOf(it.kind ?? "other")));
  const notes = notSeen
    .slice(0, maxNotes)
    .map(({ what, why }) => ({ level: "note" as const, message: { text: `not seen: ${what}: ${why}` } }));
  return logOf(version, finishedAt, rules, results, notes);
}

function resultOf(path: TheftPath, ruleIndex: number): Result {
  const { model, kind = "other", steps, minutes, fix } = path;
  const verified = steps.every((it) => it.basis === "verified");
  const way = steps.map((it) => `${it.from} -> ${it.to}: ${it.how} (${it.basis})`).join("; ");
  const places = steps.map((it) => locationOf(it));
  return {
    ruleId: `theft-path/${kind}`,
    ruleIndex,
    kind: "fail",
    level: verified ? "error" : "warning",
    message: { text: `${model} can be taken: ${way}${fix === undefined ? "" : `. Fix: ${fix}`}` },
    locations: [places.find((it) => it.physicalLocation) ?? places[0] ?? named(model)],
    partialFingerprints: {
      "theftPath/v1": digestOf([model, kind, ...steps.flatMap((it) => [it.from, it.to.replace(/ and \d+ more$/, "")])]),
    },
    codeFlows: [
      {
        threadFlows: [
          { locations: steps.map((it) => ({ location: { ...locationOf(it), message: { text: it.how } } })) },
        ],
      },
    ],
    properties: {
      model,
      verified,
      ...(minutes !== undefined && { minutesToSteal: minutes }),
      ...(fix !== undefined && { fix }),
    },
  };
}

/** Where a step can be mended: the line that its proof names, or what it leads to. */
function locationOf({ to, proof }: TheftPath["steps"][number]): Location {
  const [, file, line] = /^(?:remove )?([^\s:#]+):(\d{1,9})(?=[:#\s])/.exec(proof ?? "") ?? [];
  if (file !== undefined) return physical(file, Number(line));
  const path = to.replace(/ and \d+ more$/, "");
  return path.startsWith("/") ? physical(path.split("!/")[0] ?? path) : named(to === "" ? "somewhere" : to);
}

function physical(path: string, startLine?: number): Location {
  const uri = path.split("/").map(encodeURIComponent).join("/");
  const artifactLocation = path.startsWith("/") ? { uri: `file://${uri}` } : { uri, uriBaseId: "EXPORTED" };
  return {
    physicalLocation: { artifactLocation, ...(startLine !== undefined && startLine > 0 && { region: { startLine } }) },
  };
}

function named(fullyQualifiedName: string): Location {
  return { logicalLocations: [{ fullyQualifiedName }] };
}

const states = { pass: "pass", fail: "fail", unknown: "open", none: "notApplicable" } as const;

/** What controls answered: failed ones as errors, what could not be told as open. */
export function sarifOfControls(
  results: readonly ControlResult[],
  { version, at }: { readonly version: string; readonly at: string },
): SarifLog {
  const rules = results.map(({ control }): Rule => ({
    id: `control/${control.name}`,
    shortDescription: { text: control.title },
    help: { text: control.about },
    properties: { tags: [control.stage, control.plane, ...control.mitigations] },
  }));
  const told = results.map((it, ruleIndex): Result => ({
    ruleId: `control/${it.control.name}`,
    ruleIndex,
    kind: states[it.state],
    level: it.state === "fail" ? "error" : "none",
    message: { text: `${it.why}${it.fix === undefined ? "" : `. Fix: ${it.fix}`}` },
    locations: [named(`${it.control.stage}/${it.control.name}`)],
    partialFingerprints: { "control/v1": digestOf([it.control.name]) },
    properties: { evidence: it.evidence, ...(it.minutes !== undefined && { minutesToSteal: it.minutes }) },
  }));
  return logOf(version, at, rules, told, []);
}

function logOf(
  version: string,
  endTimeUtc: string,
  rules: readonly Rule[],
  results: readonly Result[],
  notes: readonly { readonly level: "note"; readonly message: { readonly text: string } }[],
): SarifLog {
  const invocation = {
    executionSuccessful: true,
    endTimeUtc,
    ...(notes.length > 0 && { toolExecutionNotifications: notes }),
  };
  const driver = { name: "Outweigh", version, rules };
  return {
    $schema: schema,
    version: "2.1.0",
    runs: [{ tool: { driver }, invocations: [invocation], results, columnKind: "utf16CodeUnits" }],
  };
}

function digestOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
