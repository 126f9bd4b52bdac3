/** Nouns for tests: each overrides one thing. */
import { compileRules, type CompileOptions, type RuleDocument } from "../document.ts";
import { SigmaEngine, type EngineOptions } from "../engine.ts";
import type { SigmaMatch } from "../match.ts";
import type { Fields, SigmaEvent } from "../field.ts";

let made = 0;

/** Rule text with a detection given as plain data; JSON is YAML. */
export function ruleText(detection: unknown, others: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ title: "A rule", logsource: { category: "test" }, detection, ...others });
}

/** The text of a rule with one selection. */
export function selectionText(selection: unknown, others: Readonly<Record<string, unknown>> = {}): string {
  return ruleText({ selection, condition: "selection" }, others);
}

export function aRule(text: string, options?: CompileOptions): RuleDocument {
  const [document] = compileRules(text, options);
  if (document?.kind !== "rule") throw new TypeError("the text holds no rule");
  return document;
}

export function anEvent(fields: Fields, others: Partial<SigmaEvent> = {}): SigmaEvent {
  return { id: `event-${made++}`, time: 1_700_000_000_000, fields, logsources: [{ category: "test" }], ...others };
}

/** Whether a rule with this one selection matches an event with these fields. */
export function matches(selection: unknown, fields: Fields, options?: CompileOptions): boolean {
  return run([selectionText(selection)], [anEvent(fields)], options).length > 0;
}

/** All matches of some texts over some events. */
export function run(
  texts: readonly string[],
  events: readonly SigmaEvent[],
  options: CompileOptions & EngineOptions = {},
): SigmaMatch[] {
  const engine = new SigmaEngine(
    texts.flatMap((it) => compileRules(it, options)),
    options,
  );
  return events.flatMap((it) => engine.step(it));
}

/** Several documents as one text. */
export function texts(...documents: readonly string[]): string {
  return documents.join("\n---\n");
}
