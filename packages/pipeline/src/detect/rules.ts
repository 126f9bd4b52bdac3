import { reservedFields, type OcsfEvent } from "@outweigh/schema";
import { compileRules, escapeValue, SigmaEngine, SigmaError, type SigmaDocument } from "@outweigh/sigma";
import { weightSuffixes } from "../artifact.ts";
import type { Logsource, Raw } from "../ingest/source.ts";
import type { Register } from "../register.ts";
import type { Claim } from "./alert-book.ts";
import { detectors } from "./detectors.ts";
import { asTelling, methodOf, whoText } from "./events.ts";
import { ruleInfo, severityOf, type RuleInfo } from "./rule-info.ts";
import { failed } from "./run.ts";

/** A rule that was not loaded. */
export interface Refused {
  /** Its name, else the beginning of its text. */
  readonly rule: string;
  readonly reason: string;
}

/** The Sigma rules of one line: compiled once, tried on each event that comes from a logsource they name. */
export class Rules {
  readonly refused: readonly Refused[];
  readonly #engine: SigmaEngine;
  readonly #infos: ReadonlyMap<string, RuleInfo>;

  constructor(texts: readonly string[], register: Register) {
    const placeholders = placeholdersOf(register);
    const infos = new Map<string, RuleInfo>();
    const refused: Refused[] = [];
    const documents: SigmaDocument[] = [];
    for (const text of texts) {
      try {
        const compiled = compileRules(text, { placeholders });
        const loaded = compiled.filter(({ status }) => status !== "deprecated" && status !== "unsupported");
        // A correlation may name rules of other texts, so whether these fit together only all of them can tell: below.
        documents.push(...loaded);
        for (const it of loaded) {
          if (it.kind !== "filter") infos.set(labelOf(it), ruleInfo(it, text, compiled));
        }
      } catch (error) {
        if (!(error instanceof SigmaError)) throw error;
        refused.push({ rule: /^(?:name|title):\s*(.+)$/m.exec(text)?.[1] ?? text.slice(0, 60), reason: error.message });
      }
    }
    this.#engine = new SigmaEngine(documents, { reserved: reservedFields });
    this.#infos = infos;
    this.refused = refused;
  }

  step(event: OcsfEvent, raw: Raw, logsources: readonly Logsource[]): Claim[] {
    try {
      const matches = this.#engine.step({
        id: event.id,
        time: event.time,
        fields: event,
        raw,
        logsources: [...logsources, everywhere],
      });
      return matches.flatMap((it) => this.#claim(it, event));
    } catch (cause) {
      return [failed({ id: "sigma" }, event, cause)];
    }
  }

  #claim(match: ReturnType<SigmaEngine["step"]>[number], event: OcsfEvent): Claim[] {
    const info = this.#infos.get(match.rule) ?? (match.id === undefined ? undefined : this.#infos.get(match.id));
    // Informational rules are signals for correlations; by themselves they claim nothing.
    if (!info || info.level === "informational") return [];
    const times = match.events.length > 1 ? `, ${match.events.length} events` : "";
    const what = event.artifact === undefined ? "" : `: ${event.artifact}`;
    return [
      {
        rule: info.id,
        title: info.title,
        summary: `${info.title} by ${whoText(event)}${what}${times}`,
        severity: asTelling(event, severityOf(info)),
        principal: event.principal,
        model: event.model,
        act: info.act,
        method: info.method ?? methodOf(event),
        events: match.events.length > 0 ? match.events : [event.id],
        matched: match.matched,
        techniques: info.techniques,
        playbook: info.playbook,
      },
    ];
  }

  /** Rules and detectors, as they are described to people. */
  infos(): RuleInfo[] {
    const coded = detectors.map((it): RuleInfo => {
      const { id, title, severity, techniques, blindspots, playbook, act, method } = it;
      return {
        id,
        kind: "detector",
        title,
        level: severity,
        status: "test",
        techniques,
        blindspots,
        playbook,
        falsepositives: [],
        ...(act && { act }),
        ...(method && { method }),
      };
    });
    return [...coded, ...this.#infos.values()];
  }

  snapshot(): unknown {
    return this.#engine.snapshot();
  }

  restore(state: unknown): void {
    this.#engine.restore(state);
  }
}

/** Every event of ours, whatever the source: for rules on what all sources tell alike. */
const everywhere: Logsource = { product: "outweigh", category: "model_access" };

function labelOf({ name, id, title }: SigmaDocument): string {
  return name ?? id ?? title;
}

/** What `%name%` stands for in our rules: from the register, and the file name endings of weights. */
function placeholdersOf({ models }: Register): Record<string, string[]> {
  const places = models.flatMap((it) => it.places);
  const of = (scheme: string) => places.filter((it) => it.startsWith(`${scheme}:`));
  const buckets = of("s3").map((it) => /^s3:\/\/([^/]+)/.exec(it)?.[1] ?? "");
  return {
    weight_suffixes: weightSuffixes.map((it) => escapeValue(it)),
    model_buckets: [...new Set(buckets)].map((it) => escapeValue(it)),
    model_repos: of("oci").map((it) => escapeValue(it.slice("oci:".length))),
    // Readers are patterns already, with the same star.
    known_readers: [...new Set(models.flatMap((it) => it.readers))],
  };
}
