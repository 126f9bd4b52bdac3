// The API over a made-up day: the same addresses and shapes as the server's, answered from memory.
import { countedField, entityDetail, FilterError, type EntityDetail } from "@outweigh/schema";
import { tried } from "./acts.ts";
import { no, ok, type Answer, type Body } from "./answer.ts";
import { filtered, ordered, pageOf, summaryOf } from "./lists.ts";
import type { State } from "./state.ts";
import * as world from "./world.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Body;
}

/** Answers from `state`, which what a person tries may change. What would make, ask or send something is refused with SAMPLE. */
export function answer(state: State, { method, path, query, body }: Asked): Answer {
  const [, , noun = "", id = "", verb = ""] = path.split("/").map(decodeURIComponent);
  if (method === "POST") return tried(state, noun, id, verb, body) ?? refused();
  // A file that leaves the page could be taken for evidence.
  if (id === "export" || verb === "export" || verb === "pack") return refused();
  try {
    return told(state, { noun, id, verb }, query);
  } catch (error) {
    if (error instanceof FilterError) return no(400, "BAD_FILTER", error.message);
    throw error;
  }
}

function refused(): Answer {
  return no(403, "SAMPLE", "this is the sample: nothing is made, asked, sent or exported from it");
}

interface Place {
  readonly noun: string;
  readonly id: string;
  readonly verb: string;
}

function told(state: State, { noun, id, verb }: Place, query: URLSearchParams): Answer {
  if (noun === "session") return ok(world.session);
  if (noun === "overview") return ok(state.overview);
  if (noun === "posture") return ok(state.posture);
  if (noun === "report") return ok(state.report);
  if (noun === "accounts") return ok(state.accounts);
  if (noun === "events" && id === "rule") return ok({ text: world.ruleDraft, left: [] });
  if (noun === "events" && id === "summary")
    return ok(summaryOf(filtered(state.events, query.get("filter") ?? ""), countedField.parse(query.get("by"))));
  if (noun === "entity") return entityOf(state, query.get("kind") ?? "", query.get("name") ?? "");
  if (noun === "incidents" && verb === "graph") return ok(world.incidentGraph);
  if (noun === "hosts" && (verb === "processes" || verb === "activity")) return ofHost(id, verb, query);
  if (noun === "scans") return ok(world.hostScans);
  if (noun === "own-rules" && id !== "")
    return ok(world.ownRules.find((it) => it.name === id) ?? { text: world.ownRules[0]?.text ?? "" });
  if (id !== "") return one(state, noun, id);
  return list(state, noun, query);
}

const listed = new Set(
  (
    "incidents alerts events models sources tokens hosts gateways clients client-keys rules own-rules actions evidence " +
    "hunts connections watched"
  ).split(" "),
);

function list(state: State, noun: string, query: URLSearchParams): Answer {
  if (!listed.has(noun)) return no(404, "NOT_FOUND", `there is no ${noun}`);
  const rows = state[noun as "incidents"];
  const found = ordered(filtered(rows, query.get("filter") ?? ""), query.get("sort"));
  const page = pageOf(found, Number(query.get("limit") ?? 100), Number(query.get("after") ?? 0));
  if (noun === "client-keys") {
    const gateways = state.gateways.map(({ id: it, name }) => ({ id: it, name, plans: ["default", "batch"] }));
    return ok({ ...page, gateways });
  }
  if (noun === "rules") {
    const sigma = state.rules.filter((it) => it.kind === "sigma").length;
    return ok({ ...page, inUse: { rules: sigma, detectors: state.rules.length - sigma }, refused: world.refused });
  }
  return ok(noun === "evidence" ? { ...page, chain: { ...world.evidence.chain, entries: rows.length } } : page);
}

/** One host handled weights; the others did not. */
function ofHost(id: string, what: "processes" | "activity", query: URLSearchParams): Answer {
  const isBusy = id === "h-1";
  if (what === "activity")
    return ok(isBusy ? world.activity : { events: 0, gaps: [], sights: [], egress: [], carried: [] });
  const rows = isBusy ? world.processes : [];
  return ok({ ...pageOf(rows, Number(query.get("limit") ?? 200), Number(query.get("after") ?? 0)), left: 0 });
}

function one(state: State, noun: string, id: string): Answer {
  const missing = no(404, "NOT_FOUND", `there is no ${noun} ${id}`);
  switch (noun) {
    case "incidents": {
      const it = state.incidents.find((row) => row.id === id);
      if (!it) return missing;
      const detail = world.incidentDetail(it);
      const comments = [...detail.comments, ...(state.comments.get(id) ?? [])];
      return ok({ ...detail, comments, actions: state.actions.filter((row) => row.incident === id) });
    }
    case "alerts": {
      const it = state.alerts.find((row) => row.id === id);
      return it ? ok(world.alertDetail(it)) : missing;
    }
    case "hosts": {
      const it = state.hosts.find((row) => row.id === id);
      return it ? ok(world.hostDetail(it)) : missing;
    }
    case "clients": {
      const it = state.clients.find((row) => row.id === id);
      return it ? ok(world.clientDetail(it)) : missing;
    }
    case "models": {
      const it = state.models.find((row) => row.name === id);
      return it ? ok(world.modelDetail(it)) : missing;
    }
    default:
      return missing;
  }
}

function entityOf(state: State, kind: string, name: string): Answer {
  const events = state.events.filter((it) => String(it[kind]) === name);
  const [first] = world.models;
  const it: EntityDetail = entityDetail.parse({
    kind,
    name,
    summary: summaryOf(events, "operation"),
    beside: (["model", "credential", "source"] as const).map((by) => summaryOf(events, by)),
    holdings: first ? world.modelDetail(first).holdings.filter((it) => it.principal === name) : [],
    mayRead: [],
    alerts: state.alerts.filter((it) => it.principal === name),
    incidents: state.incidents.filter((it) => it.principals.includes(name)),
    gaps: [],
  });
  const isHeardOf = [events, it.holdings, it.alerts, it.incidents].some((told) => told.length > 0);
  return isHeardOf ? ok(it) : no(404, "NOT_FOUND", `no event that is kept names the ${kind} ${name}`);
}
