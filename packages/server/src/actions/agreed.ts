// What is agreed to, by whom it is wanted, and who has to agree.
import { createHash } from "node:crypto";
import { canonical } from "@outweigh/evidence";
import { demandOf, type Demand, type Policy } from "@outweigh/pipeline";
import type { ActionVerb, ActionTerms } from "@outweigh/schema";
import type { Reach } from "../auth/rights.ts";
import type { Plan } from "./action.ts";

/** What needs two people whatever the policy says: nobody reads alone what others wrote, or lets a model out. */
const twoPeople: ReadonlySet<ActionVerb> = new Set<ActionVerb>(["capture", "open-capture", "permit"]);

/** How long an action stays that can be undone, in ms, where neither it nor the policy says. */
const usualLastsMs = 7 * 86_400_000;

/** What a person wants. */
export interface Wanted {
  readonly verb: ActionVerb;
  readonly target: string;
  readonly incident?: string | undefined;
  /** How long and how strongly, for orders to the gateway; the order, for a host. */
  readonly terms?: ActionTerms | undefined;
}

/** Who wants it. */
export interface Wanting {
  readonly name: string;
  /** `person`: signed in by name; `operator`: whoever has the server's shell; `program`: a token. */
  readonly is: "person" | "operator" | "program";
  /** The models within reach by the route that was called. */
  readonly reach: Reach;
  /** Whether they are a lead for all of these models; for none known, whether they are one everywhere. */
  isLead(models: readonly string[]): boolean;
}

/** Who has to agree to a plan, and how long it lasts then; of one that is refused, as far as the policy says. */
export function demandFor(policy: Policy, { verb, target }: Wanted, plan: Plan | undefined): Demand {
  const { approval: asked, lasts } = demandOf(policy, verb, plan?.touches ?? target);
  const approval = twoPeople.has(verb) ? "two-people" : asked;
  const usual = plan?.stays === true ? undefined : usualLastsMs;
  const own = plan?.lasts ?? (plan?.undoable === true ? (lasts ?? usual) : undefined);
  return { approval, ...(own !== undefined && { lasts: own }) };
}

/** Names everything that is agreed to, to the letter. */
export function digestOf(wanted: Wanted, { title, effects, undoable, plan }: Plan, demand: Demand): string {
  const { verb, target, incident, terms } = wanted;
  const all = { verb, target, incident, terms, title, effects, undoable, plan, demand };
  return createHash("sha256")
    .update(canonical(JSON.parse(JSON.stringify(all))))
    .digest("hex");
}
