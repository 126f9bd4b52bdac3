// Who may ask for what, in one place: every route stands in api/routes.ts with the role that it needs.
import { includesRole, type Config, type Grant, type OcsfEvent, type Role } from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../error.ts";

/** Models that somebody may see; undefined: all, and what belongs to none. */
export type Reach = ReadonlySet<string> | undefined;

/** What a route asks of whoever calls it. */
export type Needs =
  /** Answers everybody, signed in or not. */
  | "nobody"
  /** Its own hook checks the sender's token or the agent's signature. */
  | "program"
  /** A role everywhere: its answer is not cut to spaces. */
  | Role
  /** A role in some space: its answer holds only what lies in the spaces where the asker has it. */
  | `${Role} in a space`
  /** As above, and a person: a program decides nothing of the kind. */
  | `${Role} in a space, a person`
  | `${Role}, a person`;

export interface NeededRole {
  readonly role: Role;
  readonly inSpace: boolean;
  readonly person: boolean;
}

/** What a route's line says; undefined where no role is needed. */
export function neededRole(needs: Needs): NeededRole | undefined {
  if (needs === "nobody" || needs === "program") return undefined;
  const [role = ""] = needs.split(/[ ,]/, 1);
  return { role: role as Role, inSpace: needs.includes(" in a space"), person: needs.endsWith(", a person") };
}

/** Whoever asks, however they signed in. */
export interface Asker {
  /** Names the session or token, and is no secret. */
  readonly id: string;
  readonly user: string;
  readonly by: "link" | "password" | "provider" | "token";
  readonly grants: readonly Grant[];
}

/** What grants reach with a role. */
export function reachWith(grants: readonly Grant[], role: Role, spaces: Config["spaces"]): Reach | "nothing" {
  const fitting = grants.filter((it) => includesRole(it.role, role));
  if (fitting.some((it) => it.space === undefined)) return undefined;
  if (fitting.length === 0) return "nothing";
  const names = new Set(fitting.map((it) => it.space));
  return new Set(spaces.filter((it) => names.has(it.name)).flatMap((it) => it.models));
}

/** Whether all of these models are within reach. What belongs to no model is for those who see everything. */
export function isWithin(reach: Reach, models: readonly string[]): boolean {
  return reach === undefined || (models.length > 0 && models.every((it) => reach.has(it)));
}

/**
 * Of an incident's or an alert's events, those that somebody may see: correlations, and people who pin, may tie an event about a model of
 * another space to it. What is about no model belongs to what it is tied to.
 */
export function eventsWithin(reach: Reach, events: readonly OcsfEvent[]): OcsfEvent[] {
  return events.filter((it) => it.model === undefined || isWithin(reach, [it.model]));
}

/** Checks an asker against a route. @throws {ServerError} FORBIDDEN */
export function checkNeeds(asker: Asker, needs: NeededRole, spaces: Config["spaces"]): Reach {
  const reach = reachWith(asker.grants, needs.role, spaces);
  if (reach === "nothing") throw new ServerError("FORBIDDEN", `this needs the role ${needs.role}: ask an admin for it`);
  if (reach !== undefined && !needs.inSpace)
    throw new ServerError("FORBIDDEN", `this needs the role ${needs.role} in every space: ask an admin for it`);
  if (needs.person && asker.by === "token") throw new ServerError("FORBIDDEN", "a person decides this, not a token");
  return reach;
}

/** `GET /api/incidents/:id`. */
export function routeName(method: string, url: string): string {
  return `${method === "HEAD" ? "GET" : method} ${url}`;
}

/** Refuses to start with a route of which nobody said who may call it, and hands each request with its route's needs on. */
export function guardRoutes(
  app: FastifyInstance,
  needsOf: (route: string) => Needs | undefined,
  admit: (request: FastifyRequest, needs: NeededRole) => void,
): void {
  app.addHook("onRoute", ({ method, url }) => {
    for (const it of [method].flat()) {
      const name = routeName(it, url);
      if (needsOf(name) === undefined)
        throw new ServerError("INTERNAL", `nobody says who may call ${name}: add a line to api/routes.ts`);
    }
  });
  app.addHook("onRequest", async (request) => {
    const { url } = request.routeOptions;
    if (url === undefined) return;
    const needs = needsOf(routeName(request.method, url));
    // The console's files were served before this guard was set; nothing of the API was.
    if (needs === undefined && /^\/api(\/|$)/.test(url)) throw new ServerError("FORBIDDEN", "nobody may call this");
    const role = needs && neededRole(needs);
    if (role) admit(request, role);
  });
}
