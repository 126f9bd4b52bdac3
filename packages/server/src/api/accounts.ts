// Who may sign in by name, and what they may do.
import {
  accountBody,
  accountName,
  addressBody,
  grantsBody,
  type AccountPage,
  type AccountRow,
  type Grant,
  type Invitation,
} from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Store } from "../auth/accounts.ts";
import { ServerError } from "../error.ts";
import { decide, personOf, read, type Context } from "./context.ts";

const params = z.object({ name: z.string().min(1).max(128) });

export function accounts(app: FastifyInstance, context: Context): void {
  const { accounts: all, sessions, config, now } = context;

  app.get("/api/accounts", async (): Promise<AccountPage> => {
    const items = all.list();
    return { items, total: items.length, spaces: config.spaces };
  });

  app.post("/api/accounts", async (request): Promise<Invitation> => {
    const { name, grants, address } = read(accountBody, request.body);
    checkSpaces(grants, context);
    const made = { by: personOf(request), now: now() };
    const invited = { name: accountName.parse(name), grants, address };
    return all.invite(invited, made, onRecord(context, request, "account-invited", name));
  });

  app.post("/api/accounts/:name/reset", async (request): Promise<Invitation> => {
    const { name } = read(params, request.params);
    const made = { by: personOf(request), now: now() };
    const it = await all.reset(name, made, onRecord(context, request, "account-reset", name));
    sessions.forget(name);
    return it;
  });

  app.post("/api/accounts/:name/disable", async (request): Promise<AccountRow> => {
    const { name } = read(params, request.params);
    const it = await all.disable(name, onRecord(context, request, "account-disabled", name));
    sessions.forget(name);
    return it;
  });

  app.post("/api/accounts/:name/grants", async (request): Promise<AccountRow> => {
    const { name } = read(params, request.params);
    const { grants } = read(grantsBody, request.body);
    checkSpaces(grants, context);
    return all.setGrants(name, grants, onRecord(context, request, "account-grants", name));
  });

  app.post("/api/accounts/:name/address", async (request): Promise<AccountRow> => {
    const { name } = read(params, request.params);
    const { address } = read(addressBody, request.body);
    return all.setAddress(name, address, onRecord(context, request, "account-address", name));
  });
}

function onRecord(context: Context, request: FastifyRequest, kind: string, name: string): Store {
  return (text, change) =>
    decide(context, { kind, by: personOf(request), subject: `account:${name}`, text }, (tx) => change(tx));
}

function checkSpaces(grants: readonly Grant[], { config }: Context): void {
  for (const { space } of grants) {
    if (space !== undefined && !config.spaces.some((it) => it.name === space))
      throw new ServerError("BAD_REQUEST", `outweigh.yml names no space ${space}`);
  }
}
