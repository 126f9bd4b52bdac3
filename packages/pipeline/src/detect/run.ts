import type { OcsfEvent } from "@outweigh/schema";
import { Remembered, type RememberedState } from "../remembered.ts";
import type { Claim } from "./alert-book.ts";
import type { AnyDetector, Context, Finding } from "./detector.ts";

/** Most states of one detector, e.g. pairs of principal and model. */
const maxStates = 50_000;

/** Runs detectors over events, one state for each detector and key. A detector that throws becomes an alert, never silence. */
export class Detectors {
  readonly #feeds: readonly Feed[];

  /** @param options By detector id, over each detector's own defaults. @throws {ZodError} for options that a detector refuses. */
  constructor(detectors: readonly AnyDetector[], options: Readonly<Record<string, object>> = {}) {
    this.#feeds = detectors.map((it) => {
      const parsed: unknown = it.options.parse(options[it.id] ?? {});
      return { it, options: parsed, states: new Remembered<unknown>(maxStates, it.remembersMs(parsed)) };
    });
  }

  step(event: OcsfEvent, context: Context): Claim[] {
    const claims: Claim[] = [];
    for (const feed of this.#feeds) {
      try {
        const finding = advance(feed, event, context);
        if (finding) claims.push(claimOf(feed.it, finding, event));
      } catch (cause) {
        claims.push(failed(feed.it, event, cause));
      }
    }
    return claims;
  }

  /** How many states were pushed out by newer ones. */
  get dropped(): number {
    let sum = 0;
    for (const { states } of this.#feeds) sum += states.dropped;
    return sum;
  }

  snapshot(): Readonly<Record<string, RememberedState>> {
    return Object.fromEntries(this.#feeds.map(({ it, states }) => [it.id, states.snapshot()]));
  }

  restore(state: Readonly<Record<string, unknown>>): void {
    for (const { it, states } of this.#feeds) if (state[it.id] !== undefined) states.restore(state[it.id]);
  }
}

interface Feed {
  readonly it: AnyDetector;
  readonly options: unknown;
  readonly states: Remembered<unknown>;
}

function advance({ it, options, states }: Feed, event: OcsfEvent, context: Context): Finding | undefined {
  const key = it.key(event, context);
  if (key === undefined) return undefined;
  const { state, finding } = it.step(states.recall(key, event.time) ?? it.start(options), event, options, context);
  states.keep(key, state, event.time);
  return finding;
}

function claimOf(it: AnyDetector, finding: Finding, event: OcsfEvent): Claim {
  return {
    rule: it.id,
    title: it.title,
    summary: finding.summary,
    severity: finding.severity ?? it.severity,
    principal: finding.principal === null ? undefined : (finding.principal ?? event.principal),
    model: finding.model === null ? undefined : (finding.model ?? event.model),
    act: finding.act ?? it.act,
    method: finding.method ?? it.method,
    events: finding.events,
    since: finding.since,
    matched: finding.matched ?? [],
    again: finding.again,
    techniques: it.techniques,
    playbook: it.playbook,
  };
}

/** Silence must never be the sign of a crash. */
export function failed({ id }: { readonly id: string }, event: OcsfEvent, cause: unknown): Claim {
  return {
    rule: "detector-failed",
    title: "A detection failed",
    summary: `${id} failed on an event of ${event.source}: ${cause instanceof Error ? cause.message : String(cause)}`,
    severity: "high",
    principal: `detector:${id}`,
    events: [event.id],
    matched: [],
    techniques: [],
    playbook: "detector-failed",
  };
}
