/**
 * Answers the console's requests from a made-up world, so that pages can be built, photographed and tested without the
 * platform. Not shipped. `node dev/server.ts [port]` serves it for `npm run dev`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  accountPage,
  actionPage,
  alertDetail,
  alertPage,
  clientDetail,
  clientKeyPage,
  clientPage,
  countedField,
  entityDetail,
  evidencePage,
  eventPage,
  eventSummary,
  FilterError,
  gatewayPage,
  hostActivity,
  hostDetail,
  hostPage,
  hostProcessPage,
  hostScans,
  huntPage,
  incidentDetail,
  incidentGraph,
  incidentPage,
  isOpen,
  modelDetail,
  modelPage,
  overview,
  ownRulePage,
  posture,
  parseFilter,
  report,
  rulePage,
  session,
  sessionHeader,
  severities,
  sourcePage,
  tokenPage,
  type ActionPreview,
  type ActionRow,
  type Change,
  type CountedField,
  type EntityDetail,
  type EventSummary,
  type FilterTerm,
  type OcsfEvent,
} from "@outweigh/schema";
import { file } from "./files.ts";
import * as world from "./world.ts";

/** `busy` is a bad day; `empty` the first start; `broken` a server whose event engine is down. */
export type Mood = "busy" | "empty" | "broken";

/** The key of the one session that there is; `sessionScript` gives it to a page. */
const fixtureKey = "fixture";

/** Signs a page in, before its own scripts run. */
export const sessionScript = `sessionStorage.setItem(${JSON.stringify(sessionHeader)}, ${JSON.stringify(fixtureKey)})`;

export interface FixtureServer {
  readonly url: string;
  /** What it answers from: a test may change it, then `tell`. */
  readonly state: State;
  /** Tells every open page that something changed. */
  tell(change: Change): void;
  close(): Promise<void>;
}

export async function startFixture({ port = 0, mood = "busy" as Mood } = {}): Promise<FixtureServer> {
  checkWorld();
  const listeners = new Set<ServerResponse>();
  const state = worldOf(mood);
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://fixture");
    if (pathname === "/api/sign-in") return reply(response, ok({ password: false }));
    if (pathname.startsWith("/api/") && request.headers[sessionHeader] !== fixtureKey) {
      return reply(response, no(401, "NOT_SIGNED_IN", "this request has no session's key"));
    }
    if (pathname === "/api/live") return live(response, listeners);
    if (!pathname.startsWith("/api/")) return file(pathname, response);
    void bodyOf(request).then((body) => {
      const answer = answered(() => api(state, request.method ?? "GET", pathname, searchParams, body));
      reply(response, answer);
    });
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    state,
    tell: (change) => {
      for (const it of listeners) it.write(`data: ${JSON.stringify(change)}\n\n`);
    },
    close: () => {
      for (const it of listeners) it.end();
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** The fixtures must be what the schema says, or they prove nothing. */
function checkWorld(): void {
  session.parse(world.session);
  overview.parse(world.overview);
  incidentPage.parse(pageOf(world.incidents));
  for (const it of world.incidents) incidentDetail.parse(world.incidentDetail(it));
  alertPage.parse(pageOf(world.alerts));
  for (const it of world.alerts) alertDetail.parse(world.alertDetail(it));
  eventPage.parse(pageOf(world.events.slice(0, 100)));
  modelPage.parse(pageOf(world.models));
  for (const it of world.models) modelDetail.parse(world.modelDetail(it));
  sourcePage.parse(pageOf(world.sources));
  tokenPage.parse(pageOf(world.tokens));
  hostPage.parse(pageOf(world.hosts));
  for (const it of world.hosts) hostDetail.parse(world.hostDetail(it));
  hostActivity.parse(world.activity);
  hostProcessPage.parse({ ...pageOf(world.processes), left: 0 });
  hostScans.parse(world.hostScans);
  eventPage.parse(pageOf(world.hostEvents));
  clientPage.parse(pageOf(world.clients));
  for (const it of world.clients) clientDetail.parse(world.clientDetail(it));
  clientKeyPage.parse({ ...pageOf(world.clientKeys), gateways: [] });
  gatewayPage.parse(pageOf(world.gateways));
  rulePage.parse(pageOf(world.rules));
  ownRulePage.parse(pageOf(world.ownRules));
  actionPage.parse(pageOf(world.actions));
  accountPage.parse(world.accounts);
  evidencePage.parse(world.evidence);
  huntPage.parse(pageOf(world.hunts));
  incidentGraph.parse(world.incidentGraph);
  report.parse(world.report);
  report.parse(world.emptyReport);
  posture.parse(world.posture);
}

function worldOf(mood: Mood) {
  const empty = mood === "empty";
  return {
    mood,
    incidents: empty ? [] : structuredClone(world.incidents),
    alerts: empty ? [] : world.alerts,
    events: empty ? [] : [...world.events.slice(0, -world.hostEvents.length), ...world.hostEvents],
    models: empty ? [] : world.models,
    sources: empty ? [] : world.sources,
    tokens: empty ? [] : [...world.tokens],
    hosts: empty ? [] : world.hosts,
    gateways: empty ? [] : world.gateways,
    clients: empty ? [] : world.clients,
    "client-keys": empty ? [] : world.clientKeys,
    rules: world.rules,
    "own-rules": empty ? [] : [...world.ownRules],
    actions: empty ? [] : structuredClone(world.actions),
    evidence: empty ? [] : world.evidence.items,
    hunts: empty ? [] : structuredClone(world.hunts),
    comments: new Map<string, { at: number; by: string; text: string }[]>(),
  };
}
export type State = ReturnType<typeof worldOf>;

function answered(api: () => Answer): Answer {
  try {
    return api();
  } catch (error) {
    if (error instanceof FilterError) return no(400, "BAD_FILTER", error.message);
    throw error;
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
const ok = (body: unknown): Answer => ({ status: 200, body });
const no = (status: number, error: string, message: string): Answer => ({ status, body: { error, message } });

function api(state: State, method: string, path: string, query: URLSearchParams, body: Body): Answer {
  const [, , noun = "", id = "", verb = ""] = path.split("/").map(decodeURIComponent);
  if (method === "POST") return decide(state, noun, id, verb, body);
  if (noun === "session") return ok(world.session);
  if (noun === "overview") return ok(state.mood === "empty" ? nothing() : world.overview);
  if (noun === "events" && state.mood === "broken") {
    return no(503, "ENGINE_DOWN", "the event engine does not answer; it is started again every 5 s");
  }
  if (noun === "events" && id === "summary") {
    return ok(summaryOf(filtered(state.events, query.get("filter") ?? ""), countedField.parse(query.get("by"))));
  }
  if (noun === "events" && id === "rule") return ok({ text: world.ruleDraft, left: [] });
  if (noun === "posture") {
    return ok(
      state.mood === "empty"
        ? {
            ...world.posture,
            controls: [],
            paths: [],
            pathCount: 0,
            scans: [],
            change: { gone: [], fresh: [] },
            spaces: [],
          }
        : world.posture,
    );
  }
  if (noun === "report") return ok(state.mood === "empty" ? world.emptyReport : world.report);
  if (noun === "entity") return ok(entityOf(state, query.get("kind") ?? "", query.get("name") ?? ""));
  if (noun === "incidents" && verb === "graph") return ok(world.incidentGraph);
  if (noun === "hosts" && (verb === "processes" || verb === "activity")) return ofHost(id, verb, query);
  if (noun === "scans") return ok(world.hostScans);
  if (noun === "own-rules" && id !== "")
    return ok(world.ownRules.find((it) => it.name === id) ?? { text: world.ownRules[0]?.text ?? "" });
  if (id !== "") return one(state, noun, id);
  if (noun === "hunts") return ok(pageOf(state.hunts));
  if (noun === "tokens") return ok(pageOf(state.tokens));
  if (noun === "connections") return ok(pageOf(state.mood === "empty" ? [] : world.connections));
  if (noun === "accounts")
    return ok(state.mood === "empty" ? { ...world.accounts, items: [], total: 0 } : world.accounts);
  const rows = state[noun as "incidents"];
  if (!Array.isArray(rows)) return no(404, "NOT_FOUND", `there is no ${noun}`);
  const found = ordered(filtered(rows, query.get("filter") ?? ""), query.get("sort"));
  const page = pageOf(found, Number(query.get("limit") ?? 100), Number(query.get("after") ?? 0));
  if (noun === "client-keys") {
    const gateways = state.gateways.map(({ id: it, name }) => ({ id: it, name, plans: ["default", "batch"] }));
    return ok({ ...page, gateways });
  }
  if (noun === "rules") return ok({ ...page, inUse: { rules: 6, detectors: 4 }, refused: world.refused });
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
  if (noun === "incidents") {
    const it = state.incidents.find((row) => row.id === id);
    if (!it) return no(404, "NOT_FOUND", `there is no incident ${id}`);
    const detail = world.incidentDetail(it);
    const comments = [...detail.comments, ...(state.comments.get(id) ?? [])];
    return ok({ ...detail, comments, actions: state.actions.filter((row) => row.incident === id) });
  }
  if (noun === "alerts") {
    const it = state.alerts.find((row) => row.id === id);
    return it ? ok(world.alertDetail(it)) : no(404, "NOT_FOUND", `there is no alert ${id}`);
  }
  if (noun === "hosts") {
    const it = state.hosts.find((row) => row.id === id);
    return it ? ok(world.hostDetail(it)) : no(404, "NOT_FOUND", `there is no host ${id}`);
  }
  if (noun === "clients") {
    const it = state.clients.find((row) => row.id === id);
    return it ? ok(world.clientDetail(it)) : no(404, "NOT_FOUND", `there is no client ${id}`);
  }
  const it = state.models.find((row) => row.name === id);
  return it && noun === "models" ? ok(world.modelDetail(it)) : no(404, "NOT_FOUND", `there is no ${noun} ${id}`);
}

type Body = Readonly<Record<string, string | null>>;

function decide(state: State, noun: string, id: string, verb: string, body: Body): Answer {
  if (noun === "actions") return act(state, id, verb, body);
  if (noun === "hosts") return ok({ id: "o-9" });
  if (noun === "hunts") {
    const others = state.hunts.filter((it) => it.name !== body["name"]);
    const kept = { name: body["name"] ?? "", filter: body["filter"] ?? "", by: "ana", at: Date.now() };
    state.hunts = id === "remove" ? others : [...others, kept];
    return ok(kept);
  }
  if (noun === "connections")
    return ok({
      ok: id !== "hub",
      text: id === "hub" ? "the environment has no HF_TOKEN" : "the token sees acme/acme-13b, acme/train",
    });
  if (noun === "invitations")
    return ok({
      name: "kim",
      grants: [{ role: "lead" }],
      secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
      uri: "otpauth://totp/Outweigh:kim?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Outweigh",
    });
  if (noun === "tokens") {
    state.tokens = state.tokens.filter((it) => it.name !== id);
    return ok({});
  }
  const it = state.incidents.find((row) => row.id === id);
  if (!it) return no(404, "NOT_FOUND", `there is no incident ${id}`);
  if (verb === "assign") {
    if (body["assignee"]) it.assignee = body["assignee"];
    else delete it.assignee;
  }
  if (verb === "status")
    Object.assign(it, { status: body["status"], ...(body["verdict"] && { verdict: body["verdict"] }) });
  if (verb === "comments") {
    const said = state.comments.get(id) ?? [];
    state.comments.set(id, [...said, { at: Date.now(), by: "ana", text: body["text"] ?? "" }]);
  }
  return ok(it);
}

function act(state: State, id: string, verb: string, body: Body): Answer {
  if (id === "preview") return ok(previewOf(body));
  if (verb === "undo") {
    const it = state.actions.find((row) => row.id === id);
    if (!it) return no(404, "NOT_FOUND", `there is no action ${id}`);
    Object.assign(it, {
      state: "undone",
      undoneAt: Date.now(),
      undoneBy: "ana",
      undoneReason: body["reason"] ?? "",
      undoable: false,
    });
    return ok(it);
  }
  const preview = previewOf(body);
  const done: ActionRow = {
    id: `act-${state.actions.length + 1}`,
    verb: preview.verb,
    target: preview.target,
    title: preview.title,
    incident: body["incident"] ?? "inc-214",
    incidentNumber: 214,
    state: "verified",
    by: "ana",
    reason: body["reason"] ?? "",
    at: Date.now(),
    effects: preview.effects,
    approval: preview.approval,
    digest: preview.digest,
    verifiedAt: Date.now() + 700,
    undoable: preview.undoable,
  };
  state.actions.unshift(done);
  return ok(done);
}

function previewOf(body: Body): ActionPreview {
  if (body["verb"] === "label-only") return orderPreview(body["target"] ?? "");
  const moves = body["verb"] === "quarantine-file";
  return {
    verb: moves ? "quarantine-file" : "notify",
    target: body["target"] ?? "",
    title: moves ? "Move /home/dev/m.gguf (26.1 GB) to quarantine on gpu-9" : "Tell soc-webhook of INC-214",
    effects: moves
      ? [
          "The file leaves /home/dev/m.gguf; a note stays in its place.",
          "Nobody but the platform's user can read it any more.",
          "A program that has it open keeps its handle until it closes it.",
        ]
      : ["Title, severity, models and principals go to https://soc.example/hook; no event and no record does."],
    undoable: moves,
    approval: "person",
    digest: "agreed",
  };
}

function orderPreview(target: string): ActionPreview {
  return {
    verb: "label-only",
    target,
    title: "Give resell/eu labels without probabilities for 1 day",
    effects: [
      "The label gets 1, everything else 0; log-probabilities and logits are left out",
      "At the gateway main: 1 key of resell/eu, all models",
      "Not touched: 1 account linked with it, resell/us",
      'It is told: "this key is under review", the order\'s number, and to ask ml-security@acme.example',
      "It ends by itself, survives a restart of the gateway, and stands in the evidence of both",
    ],
    undoable: true,
    approval: "person",
    digest: "agreed",
  };
}

function entityOf(state: State, kind: string, name: string): EntityDetail {
  const events = state.events.filter((it) => String(it[kind]) === name);
  const summary = summaryOf(events, "operation");
  return entityDetail.parse({
    kind,
    name,
    summary,
    beside: (["model", "credential", "source"] as const).map((by) => summaryOf(events, by)),
    holdings: world.modelDetail(world.models[0]!).holdings.filter((it) => it.principal === name),
    mayRead: [],
    alerts: state.alerts.filter((it) => it.principal === name),
    incidents: state.incidents.filter((it) => it.principals.includes(name)),
    gaps: [],
  });
}

/** In bars of 15 minutes. */
function summaryOf(events: readonly OcsfEvent[], by: CountedField): EventSummary {
  const barMs = 900_000;
  const bars = new Map<number, number>();
  const values = new Map<string, EventSummary["values"][number]>();
  for (const event of events) {
    const { time, bytes = 0 } = event;
    const value = String(event[by] ?? "");
    const at = Math.floor(time / barMs) * barMs;
    bars.set(at, (bars.get(at) ?? 0) + 1);
    const it = values.get(value) ?? { value, events: 0, bytes: 0, firstAt: time, lastAt: time };
    values.set(value, {
      value,
      events: it.events + 1,
      bytes: it.bytes + bytes,
      firstAt: Math.min(it.firstAt, time),
      lastAt: Math.max(it.lastAt, time),
    });
  }
  return eventSummary.parse({
    events: events.length,
    barMs,
    bars: [...bars].sort(([a], [b]) => a - b).map(([at, n]) => ({ at, events: n })),
    by,
    values: [...values.values()].sort((a, b) => b.events - a.events).slice(0, 20),
    different: values.size,
  });
}

function pageOf<Row>(rows: readonly Row[], limit = 200, after = 0) {
  const items = rows.slice(after, after + limit);
  return { items, total: rows.length, ...(after + limit < rows.length && { next: String(after + limit) }) };
}

/** Just enough of an order for a fixture: by the field of that name, or `…At`. */
function ordered<Row>(rows: Row[], sort: string | null): Row[] {
  if (sort === null) return rows;
  const name = sort.replace("-", "");
  const value = (row: Row) => {
    const it = row as Record<string, unknown>;
    const found = it[name] ?? it[`${name}At`];
    return severities.includes(found as "low") ? severities.indexOf(found as "low") : found;
  };
  const rising = rows.toSorted((a, b) => (String(value(a)) < String(value(b)) ? -1 : 1));
  return sort.startsWith("-") ? rising.reverse() : rising;
}

/** Just enough of the grammar for a fixture. */
function filtered<Row>(rows: readonly Row[], filter: string): Row[] {
  const terms = parseFilter(filter);
  return rows.filter((row) => terms.every((term) => matches(row as Record<string, unknown>, term)));
}

function matches(row: Record<string, unknown>, { field, op, values, excluded }: FilterTerm): boolean {
  const found = values.some((value) => {
    if (field === undefined) return JSON.stringify(row).toLowerCase().includes(value.toLowerCase());
    if (field === "status" && value === "open") return isOpen(row["status"] as "new");
    if (field === "severity" && op === ">=") {
      return severities.indexOf(row["severity"] as "low") >= severities.indexOf(value as "low");
    }
    const here = row[field] ?? row[`${field}s`];
    return Array.isArray(here) ? here.includes(value) : String(here) === value;
  });
  return found !== excluded;
}

function nothing() {
  return {
    ...world.overview,
    openIncidents: 0,
    alerts: 0,
    models: 0,
    sources: 0,
    hosts: 0,
    clients: 0,
    actions: 0,
    sending: 0,
    events24h: 0,
    silent: [],
    booksBalanced: 0,
    booksTotal: 0,
    lastAlertAt: undefined,
    scan: { state: "running", message: "/srv, 48,112 files" },
  };
}

function live(response: ServerResponse, listeners: Set<ServerResponse>): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(": hello\n\n");
  listeners.add(response);
  response.on("close", () => listeners.delete(response));
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  let text = "";
  for await (const part of request) text += String(part);
  return text === "" ? {} : JSON.parse(text);
}

if (import.meta.main) {
  const { url } = await startFixture({
    port: Number(process.argv[2] ?? 7701),
    mood: (process.argv[3] ?? "busy") as Mood,
  });
  console.log(`fixtures at ${url}`);
}
