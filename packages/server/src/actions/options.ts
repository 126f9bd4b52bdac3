// What an incident offers to do.
import { recommend, type Policy } from "@outweigh/pipeline";
import {
  includesAddress,
  touchedBy,
  type ActionOption,
  type Connection,
  type IncidentRow,
  type ModelEntry,
} from "@outweigh/schema";
import { capturesFor } from "../store/actions.ts";
import { alertsOf } from "../store/alerts.ts";
import { allCopies } from "../store/copies.ts";
import type { Db } from "../store/state/state.ts";
import { touchableOf, verbsOf } from "./drivers/acts.ts";

/** Of each kind that one incident offers: copies to quarantine, places to make private, orders. */
const maxOptions = 50;

interface Offering {
  readonly db: Db;
  readonly policy: Policy;
  readonly connections: readonly Connection[];
  /** Registered models, whose places can be made private. */
  readonly models: readonly ModelEntry[];
  /** What could be ordered of gateways about these principals. */
  readonly orders: (principals: readonly string[]) => readonly ActionOption[];
}

/** What could be done about an incident now, what the policy recommends first. */
export async function optionsFor(incident: IncidentRow, offering: Offering): Promise<ActionOption[]> {
  const { db, policy, orders } = offering;
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
    ...(await capturesFor(db, incident.id)).map((it): ActionOption => ({
      verb: "open-capture",
      target: it.id,
      label: `Open what was captured: ${it.title}`,
    })),
    ...placeOptions(incident, offering).slice(0, maxOptions),
    ...messageOptions(offering),
  ];
  const rank = ({ verb }: ActionOption) => (advised.includes(verb) ? advised.indexOf(verb) : advised.length);
  return options.sort((a, b) => rank(a) - rank(b));
}

/** What connections can do about the places of the incident's models. Nobody is asked: a preview looks. */
function placeOptions({ models }: IncidentRow, offering: Offering): ActionOption[] {
  const places = offering.models.filter((it) => models.includes(it.name)).flatMap((it) => it.places);
  const targets = new Set(places.flatMap((it) => touchableOf(it) ?? []));
  return [...targets].flatMap((target) => {
    const connection = offering.connections.find((it) =>
      touchedBy(it).some((touched) => includesAddress(touched, target)),
    );
    return (connection ? verbsOf(connection) : []).map((verb): ActionOption => ({
      verb,
      target,
      label: verb === "make-private" ? `Make ${target} private` : `Revoke the deploy keys of ${target}`,
    }));
  });
}

function messageOptions({ connections }: Offering): ActionOption[] {
  return connections.flatMap((it) =>
    verbsOf(it).flatMap((verb): ActionOption[] => {
      if (verb === "notify") return [{ verb, target: it.name, label: `Notify ${it.name}` }];
      return verb === "open-ticket" ? [{ verb, target: it.name, label: `Open a ticket with ${it.name}` }] : [];
    }),
  );
}
