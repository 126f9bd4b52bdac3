import type { Booking } from "@outweigh/custody";
import type { Act, Method, ModelEntry, OcsfEvent, Severity } from "@outweigh/schema";
import type { z } from "zod";
import type { Permitted } from "../permits.ts";

/** What a detector saw. The line adds rule, times, principal and model, and makes it an alert. */
export interface Finding {
  /** One sentence with the numbers of this case. */
  readonly summary: string;
  /** Ids of the events that prove it. Never empty. */
  readonly events: readonly string[];
  /** How bad this case is, where it differs from the detector's own severity. */
  readonly severity?: Severity;
  readonly method?: Method;
  readonly act?: Act;
  /** Whom and what it concerns, where that is not the event's own principal or model; `null` for "no one in particular". */
  readonly principal?: string | null;
  readonly model?: string | null;
  /** When the first of its events happened, in ms since 1970, if that is not this one. */
  readonly since?: number | undefined;
  readonly matched?: readonly { readonly field: string; readonly value: string }[];
  /** Told before and unchanged since: an alert that is open says when it was seen last, and takes no event of it. */
  readonly again?: boolean;
}

/** What is known of an event beyond itself. */
export interface Context {
  /** The registered model that the event concerns. */
  readonly model?: ModelEntry | undefined;
  /** Whether the register lets this principal read that model: it is a reader, or the model is public or a base. */
  readonly declared: boolean;
  /** What the books say after this event, if it was a read. */
  readonly booking?: Booking | undefined;
  /** What it is to the permits of its principal. */
  readonly permitted?: Permitted | undefined;
}

/**
 * A behavioural detection: a small state machine per key, with no clock and no I/O,
 * so that replaying the same events always gives the same findings.
 */
export interface Detector<State, Options extends z.ZodType> {
  /** Names the file, and the rule in every alert. Never changes once released. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly act?: Act;
  readonly method?: Method;
  /** MITRE ATLAS (`AML.T0025`) and ATT&CK (`T1530`) techniques. */
  readonly techniques: readonly string[];
  /** What it cannot see, each a sentence. Never empty. */
  readonly blindspots: readonly string[];
  /** The stem of the page that says what a person should do. */
  readonly playbook: string;
  readonly options: Options;
  /** Which state an event belongs to, or undefined if this detector has no interest in it. */
  key(event: OcsfEvent, context: Context): string | undefined;
  start(options: z.infer<Options>): State;
  step(
    state: State,
    event: OcsfEvent,
    options: z.infer<Options>,
    context: Context,
  ): { state: State; finding?: Finding | undefined };
  /** How long a state matters after its last event, in ms. Older ones may be forgotten. */
  remembersMs(options: z.infer<Options>): number;
}

/** A detector whose state and options only it understands. The one `any` here: the type system can't say "some State". */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyDetector = Detector<any, any>;

/** Only helps inference: lets `State` and `Options` be read off the object. */
export function detector<State, Options extends z.ZodType>(it: Detector<State, Options>): Detector<State, Options> {
  return it;
}
