/**
 * Answers the console's requests from the sample's made-up day, so that pages can be built, photographed and tested without
 * the platform. Not shipped. `node dev/server.ts [port]` serves it for `npm run dev`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { sessionHeader, type Change } from "@outweigh/schema";
import { answer } from "../src/sample/api.ts";
import { no, ok, type Answer, type Body } from "../src/sample/answer.ts";
import { sampleState, type State } from "../src/sample/state.ts";
import { emptyReport } from "../src/sample/world.ts";
import { file } from "./files.ts";

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
  const listeners = new Set<ServerResponse>();
  const state: State = { ...(mood === "empty" ? emptied() : sampleState()), previewSays: [] };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://fixture");
    if (pathname === "/api/sign-in") return reply(response, ok({ password: false }));
    if (pathname.startsWith("/api/") && request.headers[sessionHeader] !== fixtureKey) {
      return reply(response, no(401, "NOT_SIGNED_IN", "this request has no session's key"));
    }
    if (pathname === "/api/live") return live(response, listeners);
    if (!pathname.startsWith("/api/")) return file(pathname, response);
    void bodyOf(request).then((body) => {
      const { method = "GET" } = request;
      const own = method === "POST" ? made(state, pathname, body) : served(mood, pathname);
      reply(response, own ?? answer(state, { method, path: pathname, query: searchParams, body }));
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

/** What the sample has no answer for, and a server has: it fails, and it hands out files. */
function served(mood: Mood, path: string): Answer | undefined {
  if (path.startsWith("/api/events") && mood === "broken") {
    return no(503, "ENGINE_DOWN", "the event engine does not answer; it is started again every 5 s");
  }
  return path.endsWith("/pack") ? ok({}) : undefined;
}

/** What the sample refuses and a server does: it makes, asks and sends. */
function made(state: State, path: string, body: Body): Answer | undefined {
  const [, , noun = "", id = ""] = path.split("/").map(decodeURIComponent);
  switch (noun) {
    case "hosts":
      return ok({ id: "o-9" });
    case "hunts": {
      const others = state.hunts.filter((it) => it.name !== body["name"]);
      const kept = { name: body["name"] ?? "", filter: body["filter"] ?? "", by: "ana", at: Date.now() };
      state.hunts = id === "remove" ? others : [...others, kept];
      return ok(kept);
    }
    case "connections":
      return ok({
        ok: id !== "hub",
        text: id === "hub" ? "the environment has no HF_TOKEN" : "the token sees acme/acme-13b, acme/train",
      });
    case "invitations":
      return ok({
        name: "kim",
        grants: [{ role: "lead" }],
        secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        uri: "otpauth://totp/Outweigh:kim?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Outweigh",
      });
    case "tokens":
      state.tokens = state.tokens.filter((it) => it.name !== id);
      return ok({});
    default:
      return undefined;
  }
}

/** The first start: rules are loaded, a scan runs, nothing else happened. */
function emptied(): State {
  const { overview, posture, accounts, rules, previewSays } = sampleState();
  return {
    overview: {
      ...overview,
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
    },
    posture: {
      ...posture,
      controls: [],
      paths: [],
      pathCount: 0,
      scans: [],
      change: { gone: [], fresh: [] },
      spaces: [],
    },
    report: emptyReport,
    accounts: { ...accounts, items: [], total: 0 },
    connections: [],
    incidents: [],
    alerts: [],
    events: [],
    models: [],
    sources: [],
    tokens: [],
    hosts: [],
    watched: [],
    gateways: [],
    clients: [],
    "client-keys": [],
    rules,
    "own-rules": [],
    actions: [],
    evidence: [],
    hunts: [],
    comments: new Map(),
    previewSays,
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
