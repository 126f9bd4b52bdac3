// Groups of ways to take weights, as somebody else's report counts them, and which measures here stand against each.
import type { VectorGroup } from "@outweigh/schema";
import { parse } from "yaml";
import { z } from "zod";
import type { RuleInfo } from "../detect/rule-info.ts";
import { PipelineError } from "../error.ts";
import type { ControlResult } from "./check.ts";
import { seeing, type LogSources } from "./coverage.ts";

/** Longest text of one report's groups, in UTF-16 units: it is a page. */
const maxLength = 64 * 1024;

const group = z.strictObject({
  name: z.string().min(1).max(64),
  title: z.string().min(1).max(200),
  /** How many ways the report counts in it. */
  ways: z.int().positive(),
  /** Names of controls, and of rules and detectors. */
  controls: z.array(z.string()),
  rules: z.array(z.string()),
  /** What of it is beyond what can be seen here. */
  beyond: z.string().min(1).max(500),
});
const vectors = z.strictObject({
  source: z.string().min(1),
  title: z.string().min(1),
  groups: z.array(group).max(100),
});
export type Vectors = z.infer<typeof vectors>;

/** @throws {PipelineError} BAD_CONTROL */
export function readVectors(text: string): Vectors {
  const bad = (why: string) => new PipelineError("BAD_CONTROL", `ways to take weights: ${why}`);
  if (text.length > maxLength) throw bad(`${text.length} characters, at most ${maxLength} are read`);
  const read = vectors.safeParse(parse(text, { maxAliasCount: 0 }));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw bad(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a list"}`);
}

interface Enabled {
  readonly results: readonly ControlResult[];
  readonly rules: readonly RuleInfo[];
  readonly logSources: LogSources;
  /** Kinds of sources that send. */
  readonly sending: readonly string[];
}

/** Of each group, what stands against it now. No group is ever covered whole: what a report counts is wider than any measure. */
export function vectorCoverage({ groups }: Vectors, { results, rules, logSources, sending }: Enabled): VectorGroup[] {
  const byControl = new Map(results.map((it) => [it.control.name, it]));
  const byRule = new Map(rules.map((it) => [it.id, it]));
  const sees = seeing(rules, logSources, sending);
  const states = { pass: "holds", fail: "fails", unknown: "unknown", none: "none" } as const;
  return groups.map(({ name, title, ways, controls, rules: named, beyond }) => {
    const measures: VectorGroup["measures"] = [
      ...controls.flatMap((it) => {
        const found = byControl.get(it);
        return found
          ? [{ kind: "control" as const, name: it, title: found.control.title, state: states[found.state] }]
          : [];
      }),
      ...named.map((it) => {
        const state = sees.has(it) ? ("holds" as const) : ("fails" as const);
        return { kind: "rule" as const, name: it, title: byRule.get(it)?.title ?? it, state };
      }),
    ];
    return { name, title, ways, state: stateOf(measures), measures, beyond };
  });
}

function stateOf(measures: VectorGroup["measures"]): VectorGroup["state"] {
  if (measures.some((it) => it.state === "holds")) return "covered";
  return measures.some((it) => it.state === "unknown") ? "unknown" : "uncovered";
}
