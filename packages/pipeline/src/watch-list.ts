// Which models are watched after a theft of them was confirmed: a state machine without a clock. What follows from being watched is
// the line's business.

/** One confirmed theft, and how long its model is watched for it. Times in ms since 1970; `until` is not included. */
export interface Theft {
  readonly incident: string;
  readonly from: number;
  readonly until: number;
}

/** Of each model, the thefts that it is watched for. A model without any is not in it. */
export type WatchList = ReadonlyMap<string, readonly Theft[]>;

/** What happens to it. */
export type WatchStep =
  /** An incident was closed as a true positive: its models are watched from now on. Confirmed again, its time starts anew. */
  | { readonly kind: "confirmed"; readonly models: readonly string[]; readonly theft: Theft }
  /** The incident was reopened, or is something else now: it is no reason any more. */
  | { readonly kind: "withdrawn"; readonly incident: string }
  /** A person ended the watch of a model. */
  | { readonly kind: "ended"; readonly model: string }
  | { readonly kind: "passed"; readonly now: number };

/** The list after a step. The same list when the step changes nothing. */
export function watchStep(list: WatchList, step: WatchStep): WatchList {
  switch (step.kind) {
    case "confirmed": {
      if (step.theft.until <= step.theft.from) return list;
      const next = new Map(list);
      for (const model of step.models) {
        const others = (list.get(model) ?? []).filter(({ incident }) => incident !== step.theft.incident);
        next.set(model, [...others, step.theft]);
      }
      return next.size === list.size && step.models.length === 0 ? list : next;
    }
    case "withdrawn":
      return without(list, (_, { incident }) => incident === step.incident);
    case "ended":
      return without(list, (model) => model === step.model);
    case "passed":
      return without(list, (_, { until }) => until <= step.now);
  }
}

/** From when until when a model is watched, all its thefts taken together; undefined: it is not. */
export function watchOf(list: WatchList, model: string): { readonly from: number; readonly until: number } | undefined {
  const thefts = list.get(model);
  if (thefts === undefined || thefts.length === 0) return undefined;
  return { from: Math.min(...thefts.map((it) => it.from)), until: Math.max(...thefts.map((it) => it.until)) };
}

function without(list: WatchList, isGone: (model: string, theft: Theft) => boolean): WatchList {
  const next = new Map<string, readonly Theft[]>();
  let changed = false;
  for (const [model, thefts] of list) {
    const left = thefts.filter((it) => !isGone(model, it));
    changed ||= left.length < thefts.length;
    if (left.length > 0) next.set(model, left);
  }
  return changed ? next : list;
}
