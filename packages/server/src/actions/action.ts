// What every action offers. It knows how to do one thing to one target, and how to take it back; who agreed is not its business.
import type { ActionTerms, ActionVerb } from "@outweigh/schema";

/** What would be done, exactly. `plan` is all that doing it depends on: if it changes, what was agreed to is not done. */
export interface Plan {
  /** "Move /home/dev/holiday.bin (1.2 GB) to quarantine". */
  readonly title: string;
  readonly effects: readonly string[];
  readonly undoable: boolean;
  /** What it touches, as an artifact's address: by it the policy says who must agree. Absent: the target. */
  readonly touches?: string;
  /** Registered models that it concerns, where its incident does not say; none: it may concern any. */
  readonly models?: readonly string[];
  /** How long it holds, in ms, where it ends by itself. Absent: it is undone when its time by the policy is over. */
  readonly lasts?: number;
  /** It is not undone by itself, unless the policy says when: what it ended should not begin again unseen. */
  readonly stays?: boolean;
  /** Plain JSON, the same for the same circumstances. Stored as the action's record before anything is done. */
  readonly plan: object;
}

/** What an action answers: a plan, or why there is none. A refusal is an answer, not an error. */
export type Planned =
  { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly title: string; readonly refused: string };

/** What doing it is on record as. */
interface Agreed {
  /** The action's id. */
  readonly action: string;
  /** Who ordered it, why, and about which incident. */
  readonly by: string;
  readonly reason: string;
  readonly incident?: string | undefined;
}

/**
 * What a look at the real thing showed, as a sentence. `waiting`: whoever does it has not answered yet. Not being able to tell is no
 * answer: it throws.
 */
export interface Seen {
  readonly is: "done" | "not-done" | "waiting";
  readonly says: string;
}

export interface Act {
  readonly verb: ActionVerb;
  /** It reaches beyond this process: a failed `apply` may have done it all the same, which only a look can tell. */
  readonly outside?: boolean;
  /** What doing it would mean now. Changes nothing. */
  preview(target: string, incident: string | undefined, terms?: ActionTerms): Promise<Planned>;
  /** Does what the plan says, or throws. Answers with the record that undoing needs. Done again, it changes nothing more. */
  apply(plan: object, agreed: Agreed): Promise<object>;
  /** Whether it is done, by looking. A plan is a record too: of what may have been done. */
  verify(record: object): Promise<Seen>;
  /** Takes it back, or throws. What is as it was before stays so. */
  undo(record: object, by: string): Promise<void>;
}

/** The sentence of something done. */
export function done(says: string): Seen {
  return { is: "done", says };
}

export function notDone(says: string): Seen {
  return { is: "not-done", says };
}
