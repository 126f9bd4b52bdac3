import { maxExamples } from "./limits.ts";

/** One line of "not seen": what, and why. */
export interface Unseen {
  readonly what: string;
  readonly why: string;
}

/** Counts of one reason, as a worker sends them. */
export interface ReasonCount {
  readonly noun: string;
  readonly why: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** Collects what could not be seen: thousands of unreadable folders become one line with a count and a few names. */
export class NotSeen {
  readonly #reasons = new Map<string, { noun: string; why: string; count: number; examples: string[] }>();
  readonly #facts: Unseen[] = [];

  /** One thing of a kind. `noun` in the singular: "folder", "file". */
  add(noun: string, why: string, example: string): void {
    this.merge([{ noun, why, count: 1, examples: [example] }]);
  }

  merge(counts: readonly ReasonCount[]): void {
    for (const { noun, why, count, examples } of counts) {
      const key = JSON.stringify([noun, why]);
      const reason = this.#reasons.get(key) ?? { noun, why, count: 0, examples: [] };
      reason.count += count;
      reason.examples.push(...examples.slice(0, maxExamples - reason.examples.length));
      this.#reasons.set(key, reason);
    }
  }

  /** Something that stands for itself. */
  say(what: string, why: string): void {
    this.#facts.push({ what, why });
  }

  counts(): ReasonCount[] {
    return [...this.#reasons.values()];
  }

  list(): Unseen[] {
    const counted = [...this.#reasons.values()].map(({ noun, why, count, examples }) => {
      const [only] = examples;
      if (count === 1 && only !== undefined) return { what: only, why };
      const more = count > examples.length ? " and more" : "";
      return { what: `${count} ${noun}s: ${examples.join(", ")}${more}`, why };
    });
    return [...counted, ...this.#facts];
  }
}
