// What an incident means, from what is on record: said in numbers where there are some, and said to be unknown where there are none.
import { bytesText, percentText, spanText } from "@outweigh/pipeline";
import {
  isUnproven,
  type AlertRow,
  type Holding,
  type Impact,
  type IncidentRow,
  type ModelEntry,
  type OcsfEvent,
  type Rests,
} from "@outweigh/schema";
import type { FoundCopy } from "../store/copies.ts";
import { fieldIn } from "../values.ts";

/** Copies or models that one line names; the others are counted. */
const maxNamed = 3;
/** Principals whose reach is told: those of an incident beyond them are in its list of entities. */
const maxReach = 20;

export interface Known {
  readonly incident: IncidentRow;
  readonly alerts: readonly AlertRow[];
  readonly events: readonly OcsfEvent[];
  /** How many of the events that prove its alerts are of each grade. */
  readonly rests: Rests;
  /** Of all models and principals. */
  readonly holdings: readonly Holding[];
  readonly models: readonly ModelEntry[];
  /** Found by scans, of all models. */
  readonly copies: readonly FoundCopy[];
  /** How many hosts sent a scan. */
  readonly hosts: number;
  readonly now: number;
  isReader(model: string, principal: string): boolean;
}

/**
 * What rests on events that nobody vouches for is said as what they say, and is not known; what a scan or the register tells beside
 * them stays.
 */
export function impactOf(known: Known): Impact {
  return {
    risks: [
      { risk: "ip-loss", ...asTold(known, taken(known)) },
      { risk: "competitive-disadvantage", ...value(known) },
      { risk: "attacker-research", ...asTold(known, learnt(known)) },
      { risk: "replication", ...copied(known) },
      { risk: "business-impact", ...concerned(known) },
    ],
    objectives: objectivesOf(known),
    reach: reachOf(known),
  };
}

interface Said {
  readonly said: string;
  readonly known: boolean;
}

const yes = (said: string): Said => ({ said, known: true });
const unknown = (said: string): Said => ({ said, known: false });

/** As it may be said where nothing but plain or ungraded events tells it. */
function asTold({ rests }: Known, it: Said): Said {
  return it.known && isUnproven(rests) ? unknown(`if its events are true: ${it.said}`) : it;
}

/** What undeclared principals of the incident hold, the largest share first. */
function heldOf({ incident, holdings }: Known): Holding[] {
  return holdings
    .filter((it) => !it.declared && incident.models.includes(it.model) && incident.principals.includes(it.principal))
    .toSorted((a, b) => (b.fraction ?? 0) - (a.fraction ?? 0) || b.bytes - a.bytes);
}

function strayOf({ incident, copies }: Known): FoundCopy[] {
  return copies.filter(
    (it) => it.declared === false && it.state === "present" && incident.models.includes(it.model ?? ""),
  );
}

function taken(known: Known): Said {
  const held = heldOf(known);
  if (held.length === 0) return unknown("no read is booked to its principals: how much they have is not known");
  const named = held.slice(0, maxNamed).map((it) => {
    const most = it.bound === "<=" ? "at most " : "";
    if (it.complete)
      return `${it.principal} ${it.bound === "<=" ? "may hold" : "holds"} all of ${it.model}, ${most}${bytesText(it.bytes)}: usable alone`;
    const share = it.fraction === undefined ? "" : `, ${percentText(it.fraction)}`;
    return `${it.principal} holds ${most}${bytesText(it.bytes)}${share} of ${it.model}`;
  });
  return yes(withRest(named, held.length));
}

function value(known: Known): Said {
  const { incident, models, now } = known;
  const valued = models.filter((it) => incident.models.includes(it.name) && it.value !== undefined);
  const isHeld = !isUnproven(known.rests) && heldOf(known).some((it) => it.complete);
  const isOut = isHeld || strayOf(known).length > 0;
  const since = isOut ? `; not exclusive any more for at least ${spanText(now - incident.lastAt)}` : "";
  if (valued.length > 0)
    return yes(`${valued.map((it) => `${it.name} would cost ${it.value} to replace`).join("; ")}${since}`);
  if (incident.models.length === 0) return unknown("it names no model");
  return unknown(`no value is declared for ${incident.models.join(", ")}: set it in outweigh.yml${since}`);
}

function learnt({ events }: Known): Said {
  let best: number | undefined;
  let queries = 0;
  for (const { unmapped } of events) {
    const fidelity = fieldIn(unmapped, "fidelity");
    const asked = fieldIn(unmapped, "queries");
    if (typeof fidelity === "number") best = Math.max(best ?? 0, fidelity);
    if (typeof asked === "number") queries = Math.max(queries, asked);
  }
  if (best !== undefined)
    return yes(
      `a copy learnt from what they asked would agree with the model on ${percentText(best)} of held-out inputs`,
    );
  if (queries > 0) return unknown(`${queries} queries were seen; what they taught was not measured`);
  return unknown("no gateway or inference log tells what its principals asked");
}

function copied(known: Known): Said {
  const stray = strayOf(known);
  if (stray.length > 0)
    return yes(
      withRest(
        stray.slice(0, maxNamed).map((it) => `${it.host}:${it.path}`),
        stray.length,
      ),
    );
  if (known.hosts === 0) return unknown("no host was scanned: whether copies lie elsewhere is not known");
  return yes(
    `no undeclared copy on the ${known.hosts} scanned ${known.hosts === 1 ? "host" : "hosts"}; others were not seen`,
  );
}

function concerned({ incident, models }: Known): Said {
  const own = models.filter((it) => incident.models.includes(it.name));
  if (own.length === 0) return unknown("none of its models is in the register");
  const told = own.map((it) => `${it.name} (${it.class}${it.owner === undefined ? "" : `, ${it.owner}`})`);
  return yes(withRest(told.slice(0, maxNamed), told.length));
}

function withRest(named: readonly string[], all: number): string {
  const left = all - named.length;
  return `${named.join("; ")}${left > 0 ? `; and ${left} more` : ""}`;
}

function objectivesOf(known: Known): Impact["objectives"] {
  const { incident, alerts, events } = known;
  const found: { objective: Impact["objectives"][number]["objective"]; because: string }[] = [];
  const told = (because: string) => asTold(known, yes(because)).said;
  const complete = heldOf(known).find((it) => it.complete);
  if (complete)
    found.push({ objective: "gain-assets", because: told(`a complete copy of ${complete.model} was read`) });
  else if (strayOf(known).length > 0)
    found.push({ objective: "gain-assets", because: "a copy lies where none is declared" });
  if (incident.act === "replicate" || incident.method === "queries")
    found.push({
      objective: "avoid-cost",
      because: told("its function is being rebuilt from answers, without training it"),
    });
  if (learnt(known).known || alerts.some((it) => it.techniques.some((id) => study.has(id))))
    found.push({
      objective: "study-behaviour",
      because: told("answers were asked for in a way that teaches how it decides"),
    });
  const outside = events.find((it) => it.src_external === true);
  if (outside && (complete || incident.act === "replicate"))
    found.push({ objective: "competitive-advantage", because: told("it left to an address outside the own networks") });
  const hold = alerts.find((it) => it.techniques.some((id) => foothold.has(id)));
  if (hold) found.push({ objective: "later-attacks", because: told(`${hold.title}: that lasts beyond this theft`) });
  return found;
}

/** ATLAS: what one asks a model to learn how it decides. */
const study = new Set(["AML.T0024.001", "AML.T0063", "AML.T0069", "AML.T0042"]);
/** ATT&CK: keys, accounts and logs that were changed so as to come back. */
const foothold = new Set(["T1098", "T1098.001", "T1098.003", "T1136.003", "T1562.008", "T1550.001", "T1552.001"]);

function reachOf({ incident, models, holdings, isReader }: Known): Impact["reach"] {
  return incident.principals.slice(0, maxReach).flatMap((principal) => {
    const mayRead = models.filter((it) => isReader(it.name, principal)).map((it) => it.name);
    const holds = [...new Set(holdings.filter((it) => it.principal === principal).map((it) => it.model))];
    return mayRead.length + holds.length === 0 ? [] : [{ principal, mayRead, holds }];
  });
}
