import type { SigmaDocument } from "@outweigh/sigma";
import { act, method, technique, type Act, type Method, type Severity } from "@outweigh/schema";
import { z } from "zod";

/** What a rule says of itself beyond what it matches: our own attributes, which Sigma allows, and what follows from its tags. */
export interface RuleInfo {
  /** The rule's `name`, which is the stem of its file. */
  readonly id: string;
  readonly kind: "sigma" | "detector";
  readonly title: string;
  readonly level: Severity;
  /** `experimental` raises nothing above low. */
  readonly status: string;
  readonly techniques: readonly string[];
  readonly blindspots: readonly string[];
  readonly playbook: string;
  readonly falsepositives: readonly string[];
  readonly act?: Act;
  readonly method?: Method;
  /** The text it was compiled from; absent for a detector. */
  readonly text?: string;
}

const own = z.looseObject({
  playbook: z.string().default("unexplained"),
  blindspots: z.array(z.string()).default([]),
  falsepositives: z.union([z.string(), z.array(z.string())]).default([]),
  act: act.optional().catch(undefined),
  method: method.optional().catch(undefined),
});

/**
 * What to say when one of these documents matches. Tags stand on the rules that a correlation joins, since
 * correlations have none in Sigma 2.1: it inherits those of all rules in its text.
 */
export function ruleInfo(document: SigmaDocument, text: string, all: readonly SigmaDocument[]): RuleInfo {
  const { playbook, blindspots, falsepositives, act, method } = own.parse(document.attributes);
  const tags = document.kind === "correlation" ? all.flatMap((it) => it.tags) : document.tags;
  const { title, status = "test", level = "medium" } = document;
  return {
    id: document.name ?? document.id ?? title,
    kind: "sigma",
    title,
    level,
    status,
    techniques: techniquesOf(tags),
    blindspots,
    playbook,
    falsepositives: [falsepositives].flat(),
    ...(act && { act }),
    ...(method && { method }),
    text,
  };
}

/** `attack.t1530` → `T1530`, `atlas.aml.t0025` → `AML.T0025`; tags that name no technique are left out. */
function techniquesOf(tags: readonly string[]): string[] {
  const ids = tags.map((it) => it.replace(/^(attack|atlas)\./, "").toUpperCase());
  return [...new Set(ids.filter((it) => technique.safeParse(it).success))];
}

/** What a rule's alerts are worth: an experimental one may not wake anyone. */
export function severityOf({ level, status }: RuleInfo): Severity {
  return status === "experimental" && level !== "informational" ? "low" : level;
}
