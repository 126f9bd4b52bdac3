import {
  exceptionQuery,
  listQuery,
  ownName,
  ownRuleBody,
  ownStageBody,
  type OwnDraft,
  type OwnRule,
} from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { personOf, read, type Context } from "./context.ts";

const params = z.object({ name: ownName });
/** Longest body of a draft, in bytes: a rule and its proof, each escaped. */
const maxDraftBytes = 256 * 1024;

const fields: RowFields<OwnRule> = {
  name: { kind: "text", of: (it) => it.name },
  title: { kind: "text", of: (it) => it.title },
  kind: { kind: "text", of: (it) => it.kind },
  stage: { kind: "text", of: (it) => it.stage },
  rule: { kind: "text", of: (it) => it.rules },
  space: { kind: "text", of: (it) => it.space },
  by: { kind: "text", of: (it) => it.by },
  matches: { kind: "number", of: (it) => it.count.matches },
  last: { kind: "time", of: (it) => it.count.lastAt },
  changed: { kind: "time", of: (it) => it.stageAt },
  ends: { kind: "time", of: (it) => it.endsAt },
};

/** What people write here beside the rules of the release. Publishing is an action: see publish-rule. */
export function ownRules(app: FastifyInstance, { ownRules: all, now }: Context): void {
  const nameOf = (request: FastifyRequest): string => read(params, request.params).name;

  app.get("/api/own-rules", async (request) => {
    const query = { ...read(listQuery, request.query), now: now() };
    return pageOfRows(await all.list(), query, fields, (it) => `${it.name} ${it.title} ${it.rules.join(" ")}`);
  });

  app.get("/api/own-rules/draft", async (request): Promise<OwnDraft> => {
    const { alert, rule } = read(exceptionQuery, request.query);
    return all.draft({ ...(alert !== undefined && { alert }), ...(rule !== undefined && { rule }) });
  });

  app.get("/api/own-rules/:name", async (request): Promise<OwnRule> => all.one(nameOf(request)));

  app.post("/api/own-rules", { bodyLimit: maxDraftBytes }, async (request): Promise<OwnRule> =>
    all.keep(read(ownRuleBody, request.body), personOf(request)),
  );

  app.post("/api/own-rules/:name/check", async (request): Promise<OwnRule> =>
    all.check(nameOf(request), personOf(request)),
  );

  app.post("/api/own-rules/:name/stage", async (request): Promise<OwnRule> =>
    all.move(nameOf(request), read(ownStageBody, request.body), personOf(request)),
  );
}
