// The HTTP server: guards first, then one file of routes per noun.
import { randomBytes } from "node:crypto";
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import underPressure from "@fastify/under-pressure";
import { loopback } from "@outweigh/schema";
import Fastify, { LogController, type FastifyInstance } from "fastify";
import { guard, refuseUnknown } from "../auth/guard.ts";
import { guardRoutes } from "../auth/rights.ts";
import { sameSecret } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { maxBodyBytes, maxRequestsPerMinute } from "../limits.ts";
import { accounts } from "./accounts.ts";
import { actions } from "./actions.ts";
import { agents } from "./agents.ts";
import { alerts } from "./alerts.ts";
import { backtests } from "./backtests.ts";
import { connections } from "./connections.ts";
import { serveConsole } from "./console.ts";
import { controls } from "./controls.ts";
import { admit, maskedAnswer, sessionOf, tooMany, type Context } from "./context.ts";
import { entities } from "./entities.ts";
import { events } from "./events.ts";
import { evidence } from "./evidence.ts";
import { clients } from "./clients.ts";
import { captures } from "./captures.ts";
import { gatewayLink, gateways } from "./gateways.ts";
import { groupings } from "./groupings.ts";
import { health } from "./health.ts";
import { hostActivity } from "./host-activity.ts";
import { hosts } from "./hosts.ts";
import { hunts } from "./hunts.ts";
import { incidents } from "./incidents.ts";
import { ingest, shownUrl } from "./ingest.ts";
import { live } from "./live.ts";
import { models } from "./models.ts";
import { openapi } from "./openapi.ts";
import { overview } from "./overview.ts";
import { ownRules } from "./own-rules.ts";
import { playbooks } from "./playbooks.ts";
import { report } from "./report.ts";
import { routes } from "./routes.ts";
import { rules } from "./rules.ts";
import { scans } from "./scans.ts";
import { session } from "./session.ts";
import { signIn } from "./sign-in.ts";
import { sources } from "./sources.ts";
import { tokens } from "./tokens.ts";
import { watch } from "./watch.ts";

/** Longest that the event loop may lag, in ms, before new requests are told to come back later. */
const usualLagMs = 2000;
/** Time for a whole request to arrive, in ms: a slow sender must not hold a connection for ever. */
const requestMs = 120_000;

interface AppOptions {
  readonly consoleDir: string | undefined;
  readonly hosts: () => ReadonlySet<string>;
  readonly maxLagMs?: number | undefined;
}

/** Builds the server; it does not listen yet. */
export async function buildApp(
  context: Context,
  { consoleDir, hosts: ownNames, maxLagMs = usualLagMs }: AppOptions,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: context.log,
    // One line per request would bury what matters; what fails is logged.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    requestTimeout: requestMs,
    // A name in an address may be long: an ARN is a model's reader, not its id.
    routerOptions: { maxParamLength: 512 },
    // Behind the proxy that `server.url` names, the other end is who it says.
    trustProxy: context.config.server.url !== undefined && [loopback, ...context.config.trustedProxies],
    genReqId: () => randomBytes(8).toString("hex"),
    forceCloseConnections: true,
    return503OnClosing: true,
  });
  errors(app);
  measure(app, context);
  const { openToken, sourceTokens } = context;
  refuseUnknown(app, (secret) => sourceTokens.knows(secret) || sameSecret(secret, openToken));
  guard(app, ownNames);
  await serveConsole(app, consoleDir);
  await app.register(cookie);
  const known = new Map(Object.entries(routes));
  guardRoutes(
    app,
    (route) => known.get(route)?.needs,
    (request, needs) => admit(request, needs, context),
  );
  await app.register(underPressure, { maxEventLoopDelay: maxLagMs, exposeStatusRoute: false });

  openapi(app, context.version);
  health(app, context);
  signIn(app, context);
  await ingest(app, context);
  await agents(app, context);
  await gatewayLink(app, context);
  await app.register(async (inside) => {
    await inside.register(rateLimit, {
      max: maxRequestsPerMinute,
      timeWindow: "1 minute",
      // By session: whoever has none never comes this far, and so cannot use up the requests of those who have.
      keyGenerator: (request) => sessionOf(request).id,
      errorResponseBuilder: tooMany,
    });
    inside.addHook("preSerialization", async (request, _, answer) => maskedAnswer(context, request, answer));
    for (const noun of [
      session,
      overview,
      report,
      incidents,
      alerts,
      events,
      entities,
      hunts,
      models,
      sources,
      tokens,
      accounts,
      connections,
    ])
      noun(inside, context);
    for (const noun of [
      rules,
      ownRules,
      groupings,
      watch,
      backtests,
      actions,
      evidence,
      live,
      scans,
      playbooks,
      hosts,
      hostActivity,
      gateways,
      captures,
      clients,
      controls,
    ])
      noun(inside, context);
  });

  return app;
}

/** How long answers take. No address as a label: it comes from outside. A stream of news is no answer. */
function measure(app: FastifyInstance, { metrics }: Context): void {
  app.addHook("onResponse", async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    if (routeOptions.url === "/api/live") return;
    const known = ["GET", "HEAD", "POST"].includes(method) ? method : "other";
    metrics.requestSeconds.observe({ method: known, status: `${Math.floor(statusCode / 100)}xx` }, elapsedTime / 1000);
  });
}

/** Every error becomes a code and a sentence; what is ours to know stays in the log. */
function errors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof ServerError) {
      if (error.status >= 500) request.log.error({ err: error, url: shownUrl(request) }, error.message);
      return reply.code(error.status).send({ error: error.code, message: error.message });
    }
    const known = ofFastify(error);
    if (known) return reply.code(known.status).send({ error: known.code, message: known.message });
    request.log.error({ err: error, url: shownUrl(request) }, "a request failed");
    const message = `something went wrong; the log says what, under ${request.id}`;
    return reply.code(500).send({ error: "INTERNAL", message });
  });
}

/** What the framework itself refused. Its messages name no secret: they are about the request's form. */
function ofFastify(error: unknown): ServerError | undefined {
  if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") return undefined;
  switch (error.statusCode) {
    case 408:
      return new ServerError("TOO_SLOW", "the request took too long to arrive");
    case 413:
      return new ServerError("TOO_LARGE", "the request's body is too long");
    case 429:
      return tooMany();
    case 503:
      return new ServerError("BUSY", "the server is busy: try again in a moment");
    default:
      return error.statusCode < 500 ? new ServerError("BAD_REQUEST", error.message) : undefined;
  }
}
