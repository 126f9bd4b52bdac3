import { theftKinds, type Effort, type Looked, type TheftKind, type TheftPath } from "@outweigh/schema";
import { maxWaysEach } from "./limits.ts";

type Step = TheftPath["steps"][number] & { readonly effort: Effort };

/** What a way ends at. */
export type Reach =
  /** Copies at or below one of these paths. */
  | { readonly at: "files"; readonly paths: readonly string[] }
  /** Every copy that this user can read: 0 reads all. */
  | { readonly at: "rights"; readonly uid: number }
  /** Models that the register declares at or below this address; a scheme alone, such as `hf:`, is all of it. */
  | { readonly at: "place"; readonly place: string };

/** A way from what an attacker has to some weights. The last step leads to them; its `to` is filled in for each model. */
export interface Way {
  readonly kind: TheftKind;
  readonly steps: readonly Step[];
  readonly reaches: Reach;
  /** One command that closes it. */
  readonly fix?: string;
}

/** Collects what the finders of ways say: the ways, and where they could not look. */
export class Ways {
  readonly #ways: Way[] = [];
  readonly #looked = new Map<TheftKind, { complete: boolean; why: string[] }>();

  add(way: Way): void {
    if (this.#ways.filter((it) => it.kind === way.kind).length < maxWaysEach) this.#ways.push(way);
    else this.missed(way.kind, `more than ${maxWaysEach} ways of this kind`);
  }

  /** This kind was looked for. */
  looked(...kinds: readonly TheftKind[]): void {
    for (const it of kinds) if (!this.#looked.has(it)) this.#looked.set(it, { complete: true, why: [] });
  }

  /** Something that could hold a weakness of this kind was not seen. */
  missed(kind: TheftKind, why: string): void {
    this.looked(kind);
    const it = this.#looked.get(kind);
    if (!it) return;
    it.complete = false;
    if (!it.why.includes(why) && it.why.length < 5) it.why.push(why);
  }

  list(): readonly Way[] {
    return this.#ways;
  }

  lookedFor(): Looked[] {
    return theftKinds.flatMap((kind) => {
      const it = this.#looked.get(kind);
      if (!it) return [];
      return [{ kind, complete: it.complete, ...(it.why.length > 0 && { why: it.why.join("; ") }) }];
    });
  }
}

/** Minutes that a step of each hardness takes. Made to put paths in order, not to be right: docs/guide/posture.md says so. */
const minutes: Readonly<Record<Effort, number>> = { hand: 1, trick: 10, look: 120, break: 4320 };

/** How much longer a step takes that was only inferred: it may need looking for. */
const doubt = 3;

/** Time to steal, in minutes: the sum over the steps. The same steps take the same time, whatever the model's size. */
export function minutesOf(steps: TheftPath["steps"]): number {
  return steps.reduce((sum, it) => sum + minutes[it.effort ?? "look"] * (it.basis === "verified" ? 1 : doubt), 0);
}

/** A path or name as one word of a POSIX shell; undefined if it holds what does not show, such as a line break. */
export function quoted(path: string): string | undefined {
  if (/[\p{C}\p{Zl}\p{Zp}\ufffd]/u.test(path)) return undefined;
  return /^[\w@%+=:,./-]+$/.test(path) && !path.startsWith("-") ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** A command from words, those of others as `{word}`; undefined if one of them cannot be shown. */
export function commandOf(parts: TemplateStringsArray, ...words: readonly string[]): string | undefined {
  const safe = words.map(quoted);
  if (safe.some((it) => it === undefined)) return undefined;
  return parts.map((it, i) => it + (safe[i] ?? "")).join("");
}

/** `{ fix }` where there is one. */
export function withFix(fix: string | undefined): { readonly fix?: string } {
  return fix === undefined ? {} : { fix };
}
