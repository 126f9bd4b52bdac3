// What every action offers. It knows how to do one thing to one target, and how to take it back; who agreed is not its business.
import type { ActionVerb } from "@outweigh/schema";

/** What would be done, exactly. `plan` is all that doing it depends on: if it changes, what was agreed to is not done. */
export interface Plan {
  /** "Move /home/dev/holiday.bin (1.2 GB) to quarantine". */
  readonly title: string;
  readonly effects: readonly string[];
  readonly undoable: boolean;
  /** Plain JSON, the same for the same circumstances. Stored as the action's record before anything is done. */
  readonly plan: object;
}

/** What an action answers: a plan, or why there is none. A refusal is an answer, not an error. */
export type Planned =
  { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly title: string; readonly refused: string };

export interface Act {
  readonly verb: ActionVerb;
  /** What doing it would mean now. Changes nothing. */
  preview(target: string, incident: string | undefined): Promise<Planned>;
  /** Does what the plan says, or throws and leaves everything as it was. Answers with the record that undoing needs. */
  apply(plan: object): Promise<object>;
  /** Whether it is done: a sentence about what is wrong, or undefined. */
  verify(record: object): Promise<string | undefined>;
  /** Takes it back, or throws. */
  undo(record: object): Promise<void>;
}
