// The API described for other programs (OpenAPI 3.1), made from the very lines that the server starts with.
import * as nouns from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { neededRole, routeName } from "../auth/rights.ts";
import { codesOf } from "../error.ts";
import { routes, type Route } from "./routes.ts";
import { Shapes, type JsonSchema } from "./shapes.ts";

/** Answers that are errors, by name; what every route may also answer is `Failed`. */
const refusals = {
  BadRequest: { status: 400, when: "What was sent is not what is described here" },
  NotSignedIn: { status: 401, when: "No session, and no token that is good for this" },
  Forbidden: { status: 403, when: "The role is missing, or a person has to decide" },
  NotFound: { status: 404, when: "It is not there, or beyond the asker's spaces" },
} as const;
type Refusal = keyof typeof refusals;

/** Describes every route that is registered from here on, at /api/openapi.json. */
export function openapi(app: FastifyInstance, version: string): void {
  const served = new Set<string>();
  app.addHook("onRoute", ({ method, url }) => {
    for (const it of [method].flat()) served.add(routeName(it, url));
  });
  let text: string | undefined;
  app.get("/api/openapi.json", async (_, reply) => {
    // It never changes while the server runs.
    text ??= JSON.stringify(
      describe(
        Object.entries(routes).filter(([name]) => served.has(name)),
        version,
      ),
    );
    return reply.type("application/json; charset=utf-8").send(text);
  });
}

/** The whole API as OpenAPI 3.1: what a server of this version answers at /api/openapi.json. */
export function describeApi(version: string): JsonSchema {
  return describe(Object.entries(routes), version);
}

function describe(lines: readonly (readonly [name: string, Route])[], version: string): JsonSchema {
  const shapes = new Shapes({
    named: nouns,
    sent: lines.flatMap(([, it]) => [it.query, it.body].filter(isShape)),
    answered: [nouns.apiError, ...lines.flatMap(([, it]) => [it.answer, it.message].filter(isShape))],
  });
  const paths = new Map<string, Record<string, JsonSchema>>();
  for (const [name, route] of lines) {
    const [method = "", url = ""] = name.split(" ");
    const path = url.replaceAll(/:(\w+)/g, "{$1}");
    paths.set(path, { ...paths.get(path), [method.toLowerCase()]: operation(method, url, route, shapes) });
  }
  const error = shapes.use(nouns.apiError, "output");
  const failed = (description: string) => ({ description, content: { "application/json": { schema: error } } });
  return {
    openapi: "3.1.0",
    info: {
      title: "Outweigh",
      version,
      description:
        "What the console and the outweigh command use. Times are ms since 1970. A program shows a token made with `outweigh token create --role`; a browser has a session.",
    },
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        sender: {
          type: "http",
          scheme: "bearer",
          description: "The token of one source. One that enrols shows what it was given, and signs from then on",
        },
        session: {
          type: "apiKey",
          in: "header",
          name: nouns.sessionHeader,
          description: "A session's key; the cookie that belongs to it must come along",
        },
      },
      responses: {
        ...Object.fromEntries(
          Object.entries(refusals).map(([name, { status, when }]) => [
            name,
            failed(`${when}: ${codesOf(status).join(", ")}`),
          ]),
        ),
        Failed: failed("It was refused or failed; `error` is a code to tell errors apart by"),
      },
      schemas: shapes.used,
    },
  };
}

function operation(method: string, url: string, route: Route, shapes: Shapes): JsonSchema {
  const role = neededRole(route.needs);
  const inPath = [...url.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  const wanted = wantedText(route);
  const refused: readonly Refusal[] = [
    ...(inPath.length > 0 || route.query || route.body ? (["BadRequest"] as const) : []),
    ...(role ? (["NotSignedIn", "Forbidden"] as const) : []),
    ...(inPath.length > 0 ? (["NotFound"] as const) : []),
  ];
  const parameters = [
    ...inPath.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    ...(route.query ? inQuery(route.query, shapes) : []),
  ];
  return {
    operationId: operationId(method, url),
    summary: route.does,
    ...(wanted !== "" && { description: wanted }),
    tags: [url.split("/")[2] ?? "server"],
    security: shownBy(route),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== undefined && { requestBody: sent(route.body, shapes) }),
    responses: {
      ...answered(route, shapes),
      ...Object.fromEntries(refused.map((it) => [refusals[it].status, { $ref: `#/components/responses/${it}` }])),
      default: { $ref: "#/components/responses/Failed" },
    },
  };
}

/** `getIncidentsIdGraph` of `GET /api/incidents/:id/graph`: as stable as the address is. */
function operationId(method: string, url: string): string {
  const words = url.split(/[^A-Za-z0-9]+/).filter((it) => it !== "" && it !== "api");
  return method.toLowerCase() + words.map((it) => it.slice(0, 1).toUpperCase() + it.slice(1)).join("");
}

function wantedText({ needs }: Route): string {
  if (needs === "program") return "Asks for the sender's own token or signature.";
  const role = neededRole(needs);
  if (!role) return "";
  const inSpaces = role.inSpace ? " What lies beyond the asker's spaces is left out." : "";
  return `Needs the role ${role.role}${role.person ? ", held by a person" : ""}.${inSpaces}`;
}

/** What may be shown: one of these; nothing, where there is none. */
function shownBy({ needs }: Route): JsonSchema[] {
  if (needs === "program") return [{ sender: [] }];
  const role = neededRole(needs);
  if (!role) return [];
  return [...(role.person ? [] : [{ token: [] }]), { session: [] }];
}

function inQuery(query: z.ZodType, shapes: Shapes): object[] {
  const { properties = {}, required = [] } = queryShape.parse(shapes.writtenOut(query, "input"));
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    ...(required.includes(name) && { required: true }),
    schema,
  }));
}

const queryShape = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
});

function sent(body: z.ZodType | string, shapes: Shapes): JsonSchema {
  if (typeof body === "string") return { required: true, content: { [body]: { schema: textOf(body) } } };
  const schema = shapes.use(body, "input");
  return { required: !body.safeParse({}).success, content: { "application/json": { schema } } };
}

function answered({ answer, message }: Route, shapes: Shapes): JsonSchema {
  if (answer === undefined) return { 204: { description: "It was done" } };
  if (isShape(answer)) {
    const schema = shapes.use(answer, "output");
    return { 200: { description: "The answer", content: { "application/json": { schema } } } };
  }
  const each = message && { contentMediaType: "application/json", contentSchema: shapes.use(message, "output") };
  const content = [answer].flat().map((it) => [it, { schema: { ...textOf(it), ...each } }]);
  return { 200: { description: "Its text", content: Object.fromEntries(content) } };
}

/** A file or a stream; of JSON without a shape of ours nothing more is said. */
function textOf(media: string): JsonSchema {
  return media === "application/json" ? {} : { type: "string" };
}

function isShape(it: Route["answer"]): it is z.ZodType {
  return it instanceof z.ZodType;
}
