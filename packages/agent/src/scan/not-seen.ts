import type { LeftOut, LeftOutCode } from "@outweigh/weights";
import { leastMemberBytes, maxExamples } from "./limits.ts";

/** What an allowance leaves out, in words. */
const leftOutWords: Readonly<Record<LeftOutCode, { readonly noun: string; readonly why: string }>> = {
  SMALL_MEMBER: {
    noun: "small file in archives",
    why: `not looked into: below ${leastMemberBytes} bytes; --hash=full looks into all`,
  },
  PACKED_PROGRAM: {
    noun: "program in archives",
    why: "whether weights stand at its end shows only once it is unpacked; --hash=full does",
  },
  BUDGET: {
    noun: "archive",
    why: "not looked into to its end: that means unpacking more than a quick scan does; --hash=full does",
  },
};

/** One line of "not seen": what, and why; for what was left out to save time also a code and how many. */
interface Unseen {
  readonly what: string;
  readonly why: string;
  readonly code?: LeftOutCode;
  readonly count?: number;
}

/** Counts of one reason, as a worker sends them. */
export interface ReasonCount {
  readonly noun: string;
  readonly why: string;
  readonly code?: LeftOutCode | undefined;
  readonly count: number;
  readonly examples: readonly string[];
}

/** Collects what could not be seen: thousands of unreadable folders become one line with a count and a few names. */
export class NotSeen {
  readonly #reasons = new Map<string, ReasonCount & { count: number; readonly examples: string[] }>();
  readonly #facts: Unseen[] = [];

  /** One thing of a kind. `noun` in the singular: "folder", "file". */
  add(noun: string, why: string, example: string): void {
    this.merge([{ noun, why, count: 1, examples: [example] }]);
  }

  /** What an archive's allowance left out. */
  addLeftOut({ code, members }: Pick<LeftOut, "code" | "members">, example: string): void {
    this.merge([{ ...leftOutWords[code], code, count: members, examples: [example] }]);
  }

  merge(counts: readonly ReasonCount[]): void {
    for (const { noun, why, code, count, examples } of counts) {
      const key = JSON.stringify([noun, why]);
      const reason = this.#reasons.get(key) ?? { noun, why, code, count: 0, examples: [] };
      reason.count += count;
      reason.examples.push(...examples.slice(0, maxExamples - reason.examples.length));
      this.#reasons.set(key, reason);
    }
  }

  /** What was said of one kind of thing, each reason a sentence. */
  nouns(noun: string): string[] {
    return this.counts().flatMap((it) => (it.noun === noun ? `${it.count} ${noun}s: ${it.why}` : []));
  }

  /** Something that stands for itself. */
  say(what: string, why: string): void {
    this.#facts.push({ what, why });
  }

  counts(): ReasonCount[] {
    return [...this.#reasons.values()];
  }

  list(): Unseen[] {
    const counted = [...this.#reasons.values()].map(({ noun, why, code, count, examples }) => {
      const coded = code === undefined ? {} : { code, count };
      const [only] = examples;
      if (count === 1 && only !== undefined) return { what: only, why, ...coded };
      const more = count > examples.length ? " and more" : "";
      const nouns = noun.replace(/^(.*?)( in .*)?$/, "$1s$2");
      const named = code === "SMALL_MEMBER" || code === "PACKED_PROGRAM" ? "e.g. in " : "";
      return { what: `${count} ${nouns}: ${named}${examples.join(", ")}${more}`, why, ...coded };
    });
    return [...counted, ...this.#facts];
  }
}
