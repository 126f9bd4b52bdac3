import { modelEntry, sourceKinds } from "@outweigh/schema";
import { parse } from "yaml";
import { z } from "zod";
import { detectKind } from "./ingest/sources.ts";
import type { SourceKind } from "./ingest/source.ts";
import { Line } from "./line.ts";
import { makeRegister } from "./register.ts";

/** Longest proof text, in UTF-16 units, most cases in it, and most records of one case, repeats included. */
const maxProofLength = 1024 * 1024;
const maxCases = 100;
const maxRecords = 10_000;

const record = z.union([z.string().min(1), z.record(z.string(), z.unknown())]);

const proofCase = z
  .strictObject({
    name: z.string().min(1),
    /** `attack` must raise an alert; `clean` and `twin`, which looks like the attack but is work, must not. */
    kind: z.enum(["attack", "clean", "twin"]),
    expect: z.enum(["alert", "nothing"]),
    /** The register that the case supposes; empty by default. */
    models: z.array(modelEntry).default([]),
    networks: z.array(z.string()).default([]),
    /** What the records are; told by their content when absent. */
    source: z.enum(sourceKinds).exclude(["auto"]).optional(),
    /** Records as their source writes them: a line as text, a JSON record as a map. */
    records: z.array(record).min(1),
    /** How often the list of records is repeated, with `{n}` replaced by the number of the round. */
    times: z.int().min(1).max(5000).default(1),
  })
  .refine((it) => (it.kind === "attack") === (it.expect === "alert"), {
    path: ["expect"],
    message: "an attack expects alert; clean and twin expect nothing",
  });

/** How one case of a proof went. */
export interface Proven {
  readonly rule: string;
  readonly case: string;
  readonly kind: "attack" | "clean" | "twin";
  readonly passed: boolean;
  /** Why it did not pass. */
  readonly problem?: string;
}

/**
 * Runs a rule's proof: each case is a list of raw records that goes through a line with this one rule, as in production.
 * A proof or rule that cannot be read is a case that does not pass, with the reason.
 *
 * @param name The rule's name, which is the stem of both files.
 * @param exceptions Filters that are applied: the proof must hold with them too.
 */
export function prove(name: string, rule: string, proof: string, exceptions: readonly string[] = []): Proven[] {
  const broken = (problem: string): Proven[] => [
    { rule: name, case: "(proof)", kind: "attack", passed: false, problem },
  ];
  if (proof.length > maxProofLength) return broken(`longer than ${maxProofLength} characters`);
  let value: unknown;
  try {
    value = parse(proof, { maxAliasCount: 1000 });
  } catch (error) {
    return broken(`not YAML: ${error instanceof Error ? error.message : "unknown"}`);
  }
  // The first entry may hold what others repeat by YAML aliases.
  const list = Array.isArray(value)
    ? value.filter((it) => !(typeof it === "object" && it !== null && "shared" in it))
    : value;
  const read = z.array(proofCase).min(1).max(maxCases).safeParse(list);
  if (!read.success) {
    const [issue] = read.error.issues;
    return broken(`${issue?.path.join(".") || "proof"}: ${issue?.message ?? "not a proof"}`);
  }
  return read.data.map((it) => {
    const problem = problemOf(name, [rule, ...exceptions], it);
    return {
      rule: name,
      case: it.name,
      kind: it.kind,
      passed: problem === undefined,
      ...(problem !== undefined && { problem }),
    };
  });
}

function problemOf(name: string, rules: readonly string[], it: z.infer<typeof proofCase>): string | undefined {
  const line = new Line({ register: makeRegister(it.models, { networks: it.networks }), rules });
  const [refused] = line.refused();
  // A rule that needs names of the register says nothing where the register has none.
  if (refused) return it.expect === "nothing" && it.models.length === 0 ? undefined : `refused: ${refused.reason}`;
  if (it.records.length * it.times > maxRecords) return `more than ${maxRecords} records`;
  let raised = false;
  let offset = 0;
  for (let round = 0; round < it.times; round++) {
    for (const entry of it.records) {
      const text = (typeof entry === "string" ? entry : JSON.stringify(entry)).replaceAll("{n}", String(round));
      const kind: SourceKind | undefined = it.source ?? detectKind(text);
      if (kind === undefined) return `no source reads ${text.slice(0, 80)}`;
      const outcome = line.run(text, { source: kind, kind, file: name, offset });
      if ("rejected" in outcome) return `rejected: ${outcome.rejected}`;
      if (outcome.events.length === 0)
        return `no event in ${text.slice(0, 80)}: ${outcome.skipped ?? "counted before"}`;
      raised ||= outcome.alerts.some((alert) => alert.rule === name);
      offset += text.length + 1;
    }
  }
  if (raised === (it.expect === "alert")) return undefined;
  return raised ? "raised an alert, expected nothing" : "raised nothing, expected an alert";
}
