import { grantsText, tokenBody, type NewToken, type TokenRow } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Tx } from "../store/state/state.ts";
import { ServerError } from "../error.ts";
import { agentSource, refusedSource } from "./agents.ts";
import { sendsScans } from "./scan-senders.ts";
import { decide, personOf, read, type Context } from "./context.ts";

const params = z.object({ name: z.string().min(1).max(64) });

function purpose({ source, host, grant }: TokenRow): string {
  if (source === undefined) return `to ask as ${grantsText(grant ? [grant] : [])}`;
  return `for the source ${source}${host === undefined ? "" : ` of the host ${host}`}`;
}

/** Tokens that programs send records or ask with. A secret is told once, in the answer that made it. */
export function tokens(app: FastifyInstance, context: Context): void {
  const { sourceTokens, agents, changes, config, now } = context;

  /** Stores a change of a token with who made it. */
  const onRecord =
    (kind: string, by: string, text: (it: TokenRow) => string) =>
    async (it: TokenRow, change: (tx: Tx) => Promise<void>): Promise<void> => {
      await decide(context, { kind, by, subject: it.source ?? `token:${it.name}`, text: text(it) }, change);
      if (it.source !== undefined) changes.tell("source", it.source);
    };

  app.get("/api/tokens", async () => {
    const items = sourceTokens.list();
    return { items, total: items.length };
  });

  app.post("/api/tokens", async (request): Promise<NewToken> => {
    const by = personOf(request);
    const body = read(tokenBody, request.body);
    const { space } = body.grant ?? {};
    if (space !== undefined && !config.spaces.some((it) => it.name === space))
      throw new ServerError("BAD_REQUEST", `outweigh.yml names no space ${space}`);
    const isTheirs = agents.list().some((it) => agentSource(it).name === body.source && it.revokedAt === undefined);
    if (isTheirs || body.source === refusedSource)
      throw new ServerError("CONFLICT", `${body.source} is an agent's: it signs what it sends, and needs no token`);
    const ofScans = body.source !== undefined && sendsScans(context, body.source);
    if (ofScans && body.host === undefined)
      throw new ServerError(
        "BAD_REQUEST",
        "say whose scans it sends, by the host's name: a scan replaces the one before",
      );
    if (!ofScans && body.host !== undefined)
      throw new ServerError("BAD_REQUEST", "a host is named for tokens of scans alone");
    const said = (it: TokenRow) => `made the token ${it.name} ${purpose(it)}`;
    return sourceTokens.create({ ...body, by, now: now() }, onRecord("token-created", by, said));
  });

  app.post("/api/tokens/:name/rotate", async (request): Promise<NewToken> => {
    const by = personOf(request);
    const { name } = read(params, request.params);
    const said = (it: TokenRow) => `gave the token ${it.name} ${purpose(it)} a new secret`;
    return sourceTokens.rotate(name, { by, now: now() }, onRecord("token-rotated", by, said));
  });

  app.post("/api/tokens/:name/revoke", async (request): Promise<TokenRow> => {
    const by = personOf(request);
    const { name } = read(params, request.params);
    const said = (it: TokenRow) => `revoked the token ${it.name} ${purpose(it)}`;
    return sourceTokens.revoke(name, onRecord("token-revoked", by, said));
  });
}
