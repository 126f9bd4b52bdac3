// What an incident offers to do.
import { recommend, type Policy } from "@outweigh/pipeline";
import type { ActionOption, IncidentRow } from "@outweigh/schema";
import { alertsOf } from "../store/alerts.ts";
import { allCopies } from "../store/copies.ts";
import type { Db } from "../store/state/state.ts";

/** Copies that one incident offers to quarantine. */
const maxOptions = 50;

interface Offering {
  readonly db: Db;
  readonly policy: Policy;
  readonly webhooks: readonly { readonly name: string }[];
  /** What could be ordered of gateways about these principals. */
  readonly orders: (principals: readonly string[]) => readonly ActionOption[];
}

/** What could be done about an incident now, what the policy recommends first. */
export async function optionsFor(incident: IncidentRow, offering: Offering): Promise<ActionOption[]> {
  const { db, policy, webhooks, orders } = offering;
  const [alerts, copies] = await Promise.all([alertsOf(db, incident.id), allCopies(db)]);
  const advised = recommend(policy, incident, alerts).map((it) => it.verb);
  const concerned = copies.filter(
    (it) =>
      it.state === "present" && it.declared !== true && it.model !== undefined && incident.models.includes(it.model),
  );
  const options: ActionOption[] = [
    ...concerned.slice(0, maxOptions).map((it): ActionOption => ({
      verb: "quarantine-file",
      target: it.id,
      label: `Quarantine ${it.container ?? it.path}`,
    })),
    ...orders(incident.principals).slice(0, maxOptions),
    ...webhooks.map((it): ActionOption => ({ verb: "notify", target: it.name, label: `Notify ${it.name}` })),
  ];
  const rank = ({ verb }: ActionOption) => (advised.includes(verb) ? advised.indexOf(verb) : advised.length);
  return options.sort((a, b) => rank(a) - rank(b));
}
