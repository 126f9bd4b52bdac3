// The API described for other programs (OpenAPI 3.1), made from the very lines that the server starts with.
import swagger from "@fastify/swagger";
import { apiError, sessionHeader } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { neededRole, routeName } from "../auth/rights.ts";
import { routes, type Route } from "./routes.ts";

const failed = {
  description: "It was refused or failed",
  content: { "application/json": { schema: shapeOf(apiError, "output") } },
};

/** Describes every route that is registered from here on, at /api/openapi.json. */
export async function openapi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Outweigh",
        version,
        description:
          "What the console and the outweigh command use. Times are ms since 1970. A program shows a token made with `outweigh token create --role`; a browser has a session.",
      },
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer" },
          session: {
            type: "apiKey",
            in: "header",
            name: sessionHeader,
            description: "A session's key; the cookie that belongs to it must come along",
          },
        },
      },
    },
    transform: ({ url, route }) => {
      const [method = ""] = [route.method].flat();
      const found = routes[routeName(method, url)];
      // A HEAD that Fastify adds to each GET is no operation of its own.
      return { url, schema: found && method !== "HEAD" ? described(url, found) : { hide: true } };
    },
  });
  let text: string | undefined;
  app.get("/api/openapi.json", async (_, reply) => {
    // It never changes while the server runs.
    text ??= JSON.stringify(app.swagger());
    return reply.type("application/json; charset=utf-8").send(text);
  });
}

function described(url: string, { needs, does, query, body, answer }: Route) {
  const role = neededRole(needs);
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  const inSpaces = role?.inSpace ? " What lies beyond the asker's spaces is left out." : "";
  const wanted = role ? `Needs the role ${role.role}${role.person ? ", held by a person" : ""}.${inSpaces}` : "";
  return {
    summary: does,
    ...(wanted !== "" && { description: wanted }),
    tags: [url.split("/")[2] ?? "server"],
    ...(role && { security: [...(role.person ? [] : [{ token: [] }]), { session: [] }] }),
    ...(names.length > 0 && {
      params: {
        type: "object",
        required: names,
        properties: Object.fromEntries(names.map((it) => [it, { type: "string" }])),
      },
    }),
    ...(query && { querystring: shapeOf(query, "input") }),
    ...(body && { body: shapeOf(body, "input") }),
    response: { ...answered(answer), default: failed },
  };
}

function answered(answer: Route["answer"]) {
  if (answer === undefined) return { 204: { description: "It was done", type: "null" } };
  if (typeof answer === "string")
    return { 200: { description: "Its text", content: { [answer]: { schema: { type: "string" } } } } };
  return { 200: { description: "The answer", content: { "application/json": { schema: shapeOf(answer, "output") } } } };
}

/** A shape as JSON Schema; what no schema can say (a check by code) is left out. */
function shapeOf(shape: z.ZodType, io: "input" | "output"): object {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: "any" });
  return schema;
}
