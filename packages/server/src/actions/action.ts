// What every action offers. It knows how to do one thing to one target, and how to take it back; who agreed is not its business.
import type { ActionVerb, OrderTerms } from "@outweigh/schema";

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
  /** Plain JSON, the same for the same circumstances. Stored as the action's record before anything is done. */
  readonly plan: object;
}

/** What an action answers: a plan, or why there is none. A refusal is an answer, not an error. */
export type Planned =
  { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly title: string; readonly refused: string };

/** What doing it is on record as. */
export interface Agreed {
  /** The action's id. */
  readonly action: string;
  /** Who ordered it. */
  readonly by: string;
}

export interface Act {
  readonly verb: ActionVerb;
  /** What doing it would mean now. Changes nothing. */
  preview(target: string, incident: string | undefined, terms?: OrderTerms): Promise<Planned>;
  /** Does what the plan says, or throws and leaves everything as it was. Answers with the record that undoing needs. */
  apply(plan: object, agreed: Agreed): Promise<object>;
  /** Whether it is done: a sentence about what is wrong, or undefined. */
  verify(record: object): Promise<string | undefined>;
  /** Takes it back, or throws. */
  undo(record: object, by: string): Promise<void>;
}
