import type { Looked, ModelEntry, ScannedCopy, ScannedModel, TheftKind, TheftPath } from "@outweigh/schema";
import type { Check, Control } from "./control.ts";

/** What is known of an installation, each part as it was seen. A part that nobody asked for is undefined: then nothing is concluded. */
export interface ControlFacts {
  readonly register: readonly ModelEntry[];
  readonly scans: readonly ScanFacts[];
  readonly sources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly isSilent: boolean;
    readonly lastEventAt?: number;
  }[];
  /** Ids of the rules and detectors in use. */
  readonly rules?: readonly string[];
  readonly agents?: readonly { readonly host: string; readonly tier?: string; readonly reports: boolean }[];
  /** Hosts whose first scan runs, or may be awaited yet: that they were not scanned is no failure so far. */
  readonly scanning?: readonly string[];
  /** In ms since 1970. */
  readonly now: number;
}

/** What controls need of a scan's report. */
export interface ScanFacts {
  readonly host?: string | undefined;
  readonly finishedAt: string;
  readonly models: readonly ScannedModel[];
  readonly paths: readonly TheftPath[];
  readonly looked?: readonly Looked[] | undefined;
}

/** `unknown`: could not tell. `none`: there is nothing that it concerns. */
export type ControlState = "pass" | "fail" | "unknown" | "none";

export interface ControlResult {
  readonly control: Control;
  readonly state: ControlState;
  /** One sentence: what was seen, or why it cannot be told. */
  readonly why: string;
  /** What proves it, the most important first, at most `maxEvidence`. */
  readonly evidence: readonly string[];
  /** Of the quickest theft path that it leaves open. */
  readonly minutes?: number;
  readonly fix?: string;
  /** Whether the fix is a command to run, of a theft path, or words of the control. */
  readonly fixIs?: "command" | "words";
}

/** Most lines of evidence of one result. */
const maxEvidence = 20;

type Answer = Omit<ControlResult, "control">;

/** Tests every control. Failed ones first, by time to steal; then what could not be told; then the rest. */
export function checkControls(controls: readonly Control[], facts: ControlFacts): ControlResult[] {
  const order: Readonly<Record<ControlState, number>> = { fail: 0, unknown: 1, pass: 2, none: 3 };
  return controls
    .map((control) => ({ control, ...answer(control, facts) }))
    .toSorted(
      (a, b) =>
        order[a.state] - order[b.state] ||
        (a.minutes ?? Infinity) - (b.minutes ?? Infinity) ||
        (a.control.name < b.control.name ? -1 : 1),
    );
}

function answer(control: Control, facts: ControlFacts): Answer {
  const { concerns, check } = control;
  const protectedOnes = facts.register.filter((it) => it.class !== "public" && it.class !== "base");
  const concerned =
    concerns === undefined
      ? protectedOnes
      : protectedOnes.filter((it) =>
          it.places.some((place) => concerns.some((scheme) => place.startsWith(`${scheme}:`))),
        );
  if (concerns !== undefined && concerned.length === 0) {
    if (protectedOnes.length === 0) return unknown("no model is registered: outweigh register or init");
    return { state: "none", why: `no registered model has a place of ${concerns.join(", ")}`, evidence: [] };
  }
  const told = test(check, facts, concerned);
  return told.state === "fail" && told.fix === undefined ? { ...told, fix: control.fix, fixIs: "words" } : told;
}

function test(check: Check, facts: ControlFacts, models: readonly ModelEntry[]): Answer {
  switch (check.test) {
    case "no-path":
      return noPath(check.kinds, facts);
    case "declared":
      return copiesAre(facts, models, (it) => it.declared !== false, "lies in no declared place");
    case "no-format":
      return copiesAre(
        facts,
        models,
        (it) => !check.formats.includes(it.format),
        `is in a format that runs code when it is loaded`,
      );
    case "registered":
      return registered(check.says, models);
    case "scanned":
      return scanned(check.days, facts);
    case "source":
      return source(check.kinds, facts);
    case "rules":
      return rules(check.names, facts);
    case "agents":
      return agents(facts);
    case "decoy":
      return facts.register.some((it) => it.class === "decoy")
        ? pass("a decoy is registered")
        : fail("no decoy is registered");
  }
}

const pass = (why: string, evidence: readonly string[] = []): Answer => ({
  state: "pass",
  why,
  evidence: evidence.slice(0, maxEvidence),
});
const fail = (why: string, evidence: readonly string[] = []): Answer => ({
  state: "fail",
  why,
  evidence: evidence.slice(0, maxEvidence),
});
const unknown = (why: string): Answer => ({ state: "unknown", why, evidence: [] });

function noPath(kinds: readonly TheftKind[], { scans }: ControlFacts): Answer {
  const paths = scans.flatMap((it) => it.paths).filter((it) => it.kind !== undefined && kinds.includes(it.kind));
  const [quickest] = paths.toSorted((a, b) => (a.minutes ?? Infinity) - (b.minutes ?? Infinity));
  if (quickest) {
    const evidence = paths.map(
      (it) =>
        `${it.model}: ${it.steps.map((step) => `${step.from} -> ${step.to} (${step.basis}${step.proof === undefined ? "" : `: ${step.proof}`})`).join(", ")}`,
    );
    return {
      ...fail(
        `${paths.length === 1 ? "1 theft path" : `${paths.length} theft paths`}, the quickest for ${quickest.steps[0]?.from ?? "somebody"}`,
        evidence,
      ),
      ...(quickest.minutes !== undefined && { minutes: quickest.minutes }),
      ...(quickest.fix !== undefined && { fix: quickest.fix, fixIs: "command" }),
    };
  }
  if (scans.length === 0) return unknown("nothing was scanned");
  // Each kind must have been looked for everywhere in one scan of each host, or once for what is no host's.
  const blind = kinds.flatMap((kind) => {
    const told = scans.map((scan) => scan.looked?.find((it) => it.kind === kind));
    const isOfHosts = !exportedKinds.has(kind);
    const ok = isOfHosts ? told.every((it) => it?.complete) : told.some((it) => it?.complete);
    if (ok) return [];
    const missing = told.find((it) => it !== undefined && !it.complete);
    return `${kind}: ${missing?.why ?? (isOfHosts ? "a scan did not look for it" : "nothing exported was given: outweigh scan --posture")}`;
  });
  return blind.length > 0
    ? unknown(blind.join("; ").slice(0, 1000))
    : pass(`no theft path of this kind in ${scans.length === 1 ? "1 scan" : `${scans.length} scans`}`);
}

/** Kinds that are found in exported configuration alone. */
const exportedKinds: ReadonlySet<TheftKind> = new Set([
  "signed-link",
  "bucket-public",
  "iam-grant",
  "iam-unused",
  "cluster-grant",
  "cluster-mount",
  "repository-public",
  "ci-job",
]);

function copiesAre(
  { scans }: ControlFacts,
  models: readonly ModelEntry[],
  isWell: (copy: ScannedCopy) => boolean,
  wrong: string,
): Answer {
  const names = new Set(models.map((it) => it.name));
  if (names.size === 0) return unknown("no model is registered: outweigh register or init");
  if (scans.length === 0) return unknown("nothing was scanned");
  const copies = scans.flatMap((scan) =>
    scan.models
      .filter((it) => it.name !== undefined && names.has(it.name))
      .flatMap((model) => model.copies.map((copy) => ({ copy, model, scan }))),
  );
  if (copies.length === 0) return unknown("no scan found a copy of a registered model");
  const bad = copies.filter((it) => !isWell(it.copy));
  if (bad.length === 0) return pass(`${copies.length} copies were looked at`);
  return fail(
    `${bad.length} of ${copies.length} copies: each ${wrong}`,
    bad.map(
      ({ copy, model, scan }) =>
        `${model.name}: ${scan.host ?? "this host"}:${copy.container === undefined ? "" : `${copy.container}!/`}${copy.path}`,
    ),
  );
}

function registered(says: "digest" | "owner" | "readers" | "files", models: readonly ModelEntry[]): Answer {
  if (models.length === 0) return unknown("no model is registered: outweigh register or init");
  const bad = models.filter((it) => {
    const value = it[says];
    return value === undefined || value.length === 0;
  });
  return bad.length === 0
    ? pass(`${models.length} models say their ${says}`)
    : fail(
        `${bad.length} of ${models.length} models do not say their ${says}`,
        bad.map((it) => it.name),
      );
}

function scanned(days: number, { scans, agents, scanning = [], now }: ControlFacts): Answer {
  const late = scans
    .filter((it) => now - Date.parse(it.finishedAt) > days * 86_400_000)
    .map((it) => `${it.host ?? "this host"}: ${it.finishedAt}`);
  const seen = new Set(scans.map((it) => it.host?.toLowerCase()));
  const awaited = new Set(scanning.map((it) => it.toLowerCase()).filter((it) => !seen.has(it)));
  const never = (agents ?? [])
    .filter((it) => !seen.has(it.host.toLowerCase()) && !awaited.has(it.host.toLowerCase()))
    .map((it) => `${it.host}: never`);
  if (late.length + never.length > 0)
    return fail(`${late.length + never.length} hosts were not scanned for ${days} days`, [...never, ...late]);
  if (awaited.size > 0) return unknown(`the first scan of ${[...awaited].slice(0, 5).join(", ")} is not done yet`);
  return scans.length === 0 ? fail("nothing was scanned yet") : pass(`${scans.length} hosts within ${days} days`);
}

/** A source that is set up counts only if it sends. */
function source(kinds: readonly string[], { sources, now }: ControlFacts): Answer {
  if (!sources) return unknown("no server was asked: this is told by a running one");
  const fitting = sources.filter((it) => kinds.includes(it.kind));
  const alive = fitting.filter(
    (it) => !it.isSilent && it.lastEventAt !== undefined && now - it.lastEventAt < 86_400_000,
  );
  if (alive.length > 0)
    return pass(
      `${alive.map((it) => it.name).join(", ")} sent within a day`,
      alive.map((it) => `${it.name} (${it.kind})`),
    );
  if (fitting.length === 0) return fail(`no source of ${kinds.join(", ")}`);
  return fail(
    "it is set up, but sent nothing for a day",
    fitting.map((it) => `${it.name} (${it.kind})`),
  );
}

function rules(names: readonly string[], { rules: used }: ControlFacts): Answer {
  if (!used) return unknown("no server was asked: this is told by a running one");
  const off = names.filter((it) => !used.includes(it));
  return off.length === 0
    ? pass(`${names.length} rules are in use`, names)
    : fail(`${off.length} of ${names.length} rules are not in use`, off);
}

function agents({ agents: known, scans }: ControlFacts): Answer {
  if (!known) return unknown("no server was asked: this is told by a running one");
  const holders = scans
    .filter((it) => it.models.some((model) => model.name !== undefined))
    .map((it) => it.host ?? "this host");
  if (holders.length === 0) return unknown("no scan found a copy of a registered model");
  const reporting = new Set(known.filter((it) => it.reports).map((it) => it.host.toLowerCase()));
  const bare = holders.filter((it) => !reporting.has(it.toLowerCase()));
  return bare.length === 0
    ? pass(`${holders.length} hosts with copies have an agent that reports`)
    : fail(`${bare.length} of ${holders.length} hosts with copies have no agent that reports`, bare);
}
