// Takes the deploy keys of a repository on GitHub away: who clones or pushes with one is out.
import { includesAddress, touchedBy } from "@outweigh/schema";
import { z } from "zod";
import { done, notDone, type Planned } from "../action.ts";
import { plainLine, refusal } from "../outside.ts";
import type { Driver } from "./driver.ts";
import { githubOf, repositoryPath } from "./github-api.ts";
import { repositoryIn, type GithubOptions } from "./github-repository.ts";

/** Keys of one page, GitHub's most; and most pages that are read: a thousand deploy keys are no repository's. */
const perPage = 100;
const maxPages = 10;
/** Keys that a preview names one by one. */
const maxNamed = 10;

/** A public key: no secret. `id` is another one when the key is added again. */
const deployKey = z.object({
  id: z.int(),
  title: z.string(),
  key: z.string(),
  read_only: z.boolean(),
});
const told = deployKey.extend({ last_used: z.string().nullish(), added_by: z.string().nullish() });
type DeployKey = z.infer<typeof deployKey>;
const plan = z.object({ connection: z.string(), repository: z.string(), keys: z.array(deployKey) });

/** Undone, the same public keys get new numbers. Blind spot: personal tokens of members. */
export function revokeDeployKeys({ connection, modelsAt, env }: GithubOptions): Driver {
  const { name } = connection;
  const github = githubOf(connection, env);
  const keysOf = async (repository: string) => {
    const keys: z.infer<typeof told>[] = [];
    for (let page = 1; page <= maxPages; page++) {
      const path = `${repositoryPath(repository)}/keys?per_page=${perPage}&page=${page}`;
      const read = z.array(told).safeParse((await github.call({ path, wanted: 200 })).json);
      if (!read.success) throw refusal(`${name} answers about keys in another form than GitHub does`);
      keys.push(...read.data);
      if (read.data.length < perPage) return keys;
    }
    throw refusal(`${repository} has more than ${maxPages * perPage} deploy keys: look at it there`);
  };
  return {
    connection: name,
    covers: (target) => touchedBy(connection).some((it) => includesAddress(it, target)),

    async preview(target): Promise<Planned> {
      const repository = repositoryIn(target);
      const title = `Revoke the deploy keys of ${repository}`;
      const keys = await keysOf(repository);
      if (keys.length === 0) return { ok: false, title, refused: "it has none" };
      const named = keys.slice(0, maxNamed).map(lineOf);
      return {
        ok: true,
        plan: {
          title: `Revoke ${keys.length === 1 ? "the deploy key" : `all ${keys.length} deploy keys`} of ${repository}`,
          effects: [
            ...named,
            ...(keys.length > maxNamed ? [`and ${keys.length - maxNamed} more`] : []),
            "Machines and pipelines that clone or push with one of them stop doing so at once",
            "Undoing adds the same public keys again, under new numbers",
          ],
          undoable: true,
          stays: true,
          touches: target,
          models: modelsAt(target),
          plan: { connection: name, repository, keys: keys.map((it) => deployKey.parse(it)) },
        },
      };
    },

    async apply(agreed) {
      const it = plan.parse(agreed);
      const there = await keysOf(it.repository);
      for (const key of there.filter((one) => isAmong(one, it.keys)))
        await github.call({ method: "DELETE", path: `${repositoryPath(it.repository)}/keys/${key.id}`, wanted: 204 });
      return it;
    },

    async verify(record) {
      const { repository, keys } = plan.parse(record);
      const left = (await keysOf(repository)).filter((it) => isAmong(it, keys));
      return left.length === 0
        ? done(`${name} lists none of these ${keys.length} deploy keys any more`)
        : notDone(`${repository} still has ${left.length} of these ${keys.length} deploy keys`);
    },

    async undo(record) {
      const { repository, keys } = plan.parse(record);
      const there = await keysOf(repository);
      for (const { title, key, read_only } of keys.filter((it) => !isAmong(it, there)))
        await github.call({
          method: "POST",
          path: `${repositoryPath(repository)}/keys`,
          json: { title, key, read_only },
          wanted: 201,
        });
    },
  };
}

/** By the key itself: numbers and titles are given anew. */
function isAmong({ key }: DeployKey, keys: readonly DeployKey[]): boolean {
  return keys.some((it) => it.key === key);
}

/** Without when it was used last: that moves, and what is agreed to must not. */
function lineOf({ title, read_only: reads, added_by: by }: z.infer<typeof told>): string {
  return `${plainLine(title) || "a key without a title"}: ${reads ? "reads" : "reads and writes"}${typeof by === "string" ? `, added by ${plainLine(by)}` : ""}`;
}
